//! HTTP+SSE, the transport of 2024-11-05: as a fallback or configured.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{FutureExt, StreamExt};
use http::{HeaderMap, Method, StatusCode};
use insta::assert_snapshot;
use mcp_client::{
    BoxError, Client, HandlerCapabilities, MessageContext, MessageKind, Negotiation,
    OutgoingMessage, ServerChange, SessionId, SubscriptionFilter, Transport, TransportErrorKind,
    mcp_types::{RequestId, Revision},
};
use mcp_http::{AccessToken, HttpTransport, RequestSigner, SseTransport};
use serde_json::json;
use tokio::{net::TcpListener, task};
use url::Url;

use crate::support::{
    ALICE, HandlerBehavior, RecordingHandler, ScriptedServer, SseServer, SseServerConfig,
    advance_until, describe_result, with_timeout,
};

fn http_transport(url: &str) -> HttpTransport {
    HttpTransport::builder(url).bearer_token(ALICE).build().expect("a usable URL")
}

/// A client that has to detect the transport.
fn negotiating_client(url: &str, known: &Negotiation) -> Client {
    Client::builder(http_transport(url))
        .client_info("tests", "1")
        .negotiation(known.clone())
        .build()
}

/// A client that is configured for HTTP+SSE.
fn sse_client(server: &SseServer) -> Client {
    Client::builder(SseTransport::new(http_transport(&server.url())))
        .client_info("tests", "1")
        .build()
}

/// The requests of a server, with the name in place of the token.
fn requests_of(server: &SseServer) -> String {
    server.request_log().replace(&format!("Bearer {ALICE}"), "alice")
}

#[tokio::test]
async fn falls_back_to_http_sse_after_400_404_or_405() {
    // LEG-01, LEG-02, LEG-03, LEG-04
    let mut shown = String::new();
    for post in [405, 404, 400] {
        let server = SseServerConfig { post, ..SseServerConfig::default() }.start().await;
        let known = Negotiation::new();
        let client = negotiating_client(&server.url(), &known);
        assert_eq!(client.connect().await.unwrap().revision, Revision::V2024_11_05);
        client.call_tool("add", ()).await.unwrap();
        // The negotiated transport is shared with other clients.
        negotiating_client(&server.url(), &known).list_tools().await.unwrap();
        shown += &format!("--- {post}\n{}\n", requests_of(&server));
    }
    assert_snapshot!(shown, @"
    --- 405
    POST /mcp server/discover [alice], mcp-protocol-version, mcp-method
    POST /mcp initialize [alice]
    GET /mcp [alice]
    POST /messages initialize [alice]
    POST /messages notifications/initialized [alice]
    POST /messages tools/call [alice]
    GET /mcp [alice]
    POST /messages initialize [alice]
    POST /messages notifications/initialized [alice]
    POST /messages tools/list [alice]
    --- 404
    POST /mcp server/discover [alice], mcp-protocol-version, mcp-method
    POST /mcp initialize [alice]
    GET /mcp [alice]
    POST /messages initialize [alice]
    POST /messages notifications/initialized [alice]
    POST /messages tools/call [alice]
    GET /mcp [alice]
    POST /messages initialize [alice]
    POST /messages notifications/initialized [alice]
    POST /messages tools/list [alice]
    --- 400
    POST /mcp server/discover [alice], mcp-protocol-version, mcp-method
    POST /mcp initialize [alice]
    GET /mcp [alice]
    POST /messages initialize [alice]
    POST /messages notifications/initialized [alice]
    POST /messages tools/call [alice]
    GET /mcp [alice]
    POST /messages initialize [alice]
    POST /messages notifications/initialized [alice]
    POST /messages tools/list [alice]
    ");
}

#[tokio::test]
async fn known_http_sse_server_is_not_probed() {
    let server = SseServerConfig::default().start().await;
    let client = sse_client(&server);
    assert_eq!(client.list_tools().await.unwrap().tools.len(), 1);
    assert_snapshot!(requests_of(&server), @"
    GET /mcp [alice]
    POST /messages initialize [alice]
    POST /messages notifications/initialized [alice]
    POST /messages tools/list [alice]
    ");
}

#[tokio::test]
async fn server_without_either_transport_reports_both_failures() {
    let mut shown = String::new();
    for (post, get, first_events) in [
        (404, 404, ""),
        (405, 405, ""),
        (404, 200, "data: {}\n\n"),
        (405, 200, "data: {}\n\n"),
        (404, 200, "event: endpoint\ndata: http://localhost:1/messages\n\n"),
        (405, 200, "event: endpoint\ndata: http://localhost:1/messages\n\n"),
        (405, 200, "event: error\ndata: no more streams\n\n"),
        (404, 401, ""),
        (404, 503, ""),
    ] {
        let first_events = first_events.to_owned();
        let server =
            SseServerConfig { post, get, first_events, ..SseServerConfig::default() }.start().await;
        let error = negotiating_client(&server.url(), &Negotiation::new()).list_tools().await;
        shown += &format!("--- {post}, {get}\n{}\n", describe_result(error));
    }
    assert_snapshot!(shown, @r#"
    --- 404, 404
    not an MCP server: "server/discover" failed: [server]/mcp returned HTTP status 404 Not Found; the fallback transport failed: [server]/mcp returned HTTP status 404 Not Found; "initialize" failed
      [server]/mcp returned HTTP status 404 Not Found
    -> Status(404), did not run
    --- 405, 405
    not an MCP server: "server/discover" failed: [server]/mcp returned HTTP status 405 Method Not Allowed; the fallback transport failed: [server]/mcp returned HTTP status 405 Method Not Allowed; "initialize" failed
      [server]/mcp returned HTTP status 405 Method Not Allowed
    -> Status(405), did not run
    --- 404, 200
    not an MCP server: "server/discover" failed: [server]/mcp returned HTTP status 404 Not Found; the fallback transport failed: invalid response from [server]/mcp: expected an "endpoint" event first; "initialize" failed
      [server]/mcp returned HTTP status 404 Not Found
    -> Status(404), did not run
    --- 405, 200
    not an MCP server: "server/discover" failed: [server]/mcp returned HTTP status 405 Method Not Allowed; the fallback transport failed: invalid response from [server]/mcp: expected an "endpoint" event first; "initialize" failed
      [server]/mcp returned HTTP status 405 Method Not Allowed
    -> Status(405), did not run
    --- 404, 200
    the "endpoint" event of [server]/mcp contains a URL of another origin, "http://localhost:1", which would receive the access token
    -> Blocked, did not run
    --- 405, 200
    the "endpoint" event of [server]/mcp contains a URL of another origin, "http://localhost:1", which would receive the access token
    -> Blocked, did not run
    --- 405, 200
    [server]/mcp reported an error on the event stream: no more streams
    -> Interrupted, did not run
    --- 404, 401
    [server]/mcp rejected the access token
    -> Unauthorized, did not run
    --- 404, 503
    [server]/mcp returned HTTP status 503 Service Unavailable
    -> Status(503), did not run
    "#);
}

#[tokio::test]
async fn messages_are_not_sent_to_another_origin() {
    // LEG-05
    let other = ScriptedServer::start().await;
    for elsewhere in [
        other.url(),
        other.url().replace("http:", ""),
        other.url().replace("http:/", "\\").replace('/', "\\"),
        other.url().replace("http://", "http://[here]@"),
        "https://[here]/messages".to_owned(),
        "javascript:alert(1)".to_owned(),
    ] {
        let first_events = format!("event: endpoint\ndata: {elsewhere}\n\n");
        let server = SseServerConfig { first_events, ..SseServerConfig::default() }.start().await;
        let shown = describe_result(sse_client(&server).list_tools().await);
        assert!(shown.contains("contains a URL of another origin"), "{elsewhere}: {shown}");
        assert!(shown.ends_with("-> Blocked, did not run"), "{shown}");
        assert_eq!(requests_of(&server), "GET /mcp [alice]");
    }
    assert_eq!(other.requests().await.len(), 0);
    // A URL with a user name and a password is invalid.
    let first_events = "event: endpoint\ndata: http://me:s3cret@[here]/messages\n\n".to_owned();
    let server = SseServerConfig { first_events, ..SseServerConfig::default() }.start().await;
    assert_snapshot!(describe_result(sse_client(&server).list_tools().await), @r#"
    invalid response from [server]/mcp: the "endpoint" event contains no valid URL
    -> Protocol, did not run
    "#);
}

#[tokio::test]
async fn messages_are_sent_to_the_url_of_the_first_endpoint_event() {
    // LEG-03, LEG-04
    for named in ["/messages?a=1", "./messages", "HTTP://[here]/messages", "http:messages"] {
        let first_events = format!(": hello\nretry: 10\n\nevent: endpoint\ndata: {named}\n\n");
        let server = SseServerConfig { first_events, ..SseServerConfig::default() }.start().await;
        let client = sse_client(&server);
        client.list_tools().await.unwrap();
        server.send_events("event: endpoint\ndata: /elsewhere\n\n");
        client.call_tool("add", ()).await.unwrap();
        assert!(
            requests_of(&server).ends_with("POST /messages tools/call [alice]"),
            "{}",
            requests_of(&server)
        );
    }
}

#[tokio::test]
async fn configured_headers_are_sent_with_stream_and_messages() {
    let server = SseServerConfig::default().start().await;
    let http = HttpTransport::builder(server.url()).header("X-Team", "blue").build().unwrap();
    Client::new(SseTransport::new(http)).connect().await.unwrap();
    assert_snapshot!(requests_of(&server), @"
    GET /mcp, x-team
    POST /messages initialize, x-team
    POST /messages notifications/initialized, x-team
    ");
}

#[tokio::test]
async fn body_of_a_post_response_is_ignored() {
    // LEG-06
    let server = SseServerConfig { message: 200, ..SseServerConfig::default() }.start().await;
    let client = sse_client(&server);
    client.connect().await.unwrap();
    assert!(!client.call_tool("add", ()).await.unwrap().is_error);
}

#[tokio::test]
async fn redirects_to_another_origin_are_not_followed() {
    // AUTH-06
    let other = ScriptedServer::start().await;
    let mut shown = String::new();
    for (get, message) in [(307, 202), (200, 308)] {
        let server = SseServerConfig {
            get,
            message,
            redirect_target: other.url(),
            ..SseServerConfig::default()
        };
        let server = server.start().await;
        shown += &format!("{}\n", describe_result(sse_client(&server).list_tools().await));
    }
    assert_eq!(other.requests().await.len(), 0);
    assert_snapshot!(shown, @"
    [server]/mcp redirects to [server]/mcp, which is not followed; configure that URL if it is correct
    -> Status(307), did not run
    [server]/mcp redirects to [server]/mcp, which is not followed; configure that URL if it is correct
    -> Status(308), did not run
    ");
}

#[tokio::test]
async fn error_event_is_the_reason_if_the_stream_ends() {
    let server = SseServerConfig::default().start().await;
    let client = sse_client(&server);
    client.connect().await.unwrap();
    let ending = async {
        while !server.request_log().contains("tools/call") {
            task::yield_now().await;
        }
        server.send_events(&format!("event: error\ndata: no quota for {ALICE}\n\n"));
        server.end_stream();
    };
    let called = async { tokio::join!(client.call_tool("silent", ()), ending).0 };
    let called = with_timeout(called).await;
    assert_snapshot!(describe_result(called), @"
    the connection to [server]/mcp was lost
      [server]/mcp reported an error on the event stream: no quota for ****
    -> Interrupted
    ");
}

#[tokio::test]
async fn redirects_within_the_origin_are_followed_three_times() {
    for (get, message, target, request) in
        [(307, 202, "/mcp?a", "GET /mcp"), (200, 308, "/messages?a", "POST /messages initialize")]
    {
        let redirect_target = target.to_owned();
        let server =
            SseServerConfig { get, message, redirect_target, ..SseServerConfig::default() };
        let server = server.start().await;
        assert!(sse_client(&server).list_tools().await.is_err());
        assert_eq!(server.request_log().matches(request).count(), 4, "{request}");
    }
}

#[tokio::test]
async fn oversized_event_ends_the_connection() {
    let server = SseServerConfig::default().start().await;
    let http = HttpTransport::builder(server.url()).bearer_token(ALICE).max_message_size(10_000);
    let client = Client::new(SseTransport::new(http.build().unwrap()));
    client.connect().await.unwrap();
    let flood = async {
        while !requests_of(&server).contains("tools/call") {
            task::yield_now().await;
        }
        server.send_events(&format!("data: {}", "x".repeat(20_000)));
    };
    let (called, ()) =
        with_timeout(async { tokio::join!(client.call_tool("silent", ()), flood) }).await;
    assert_snapshot!(describe_result(called), @"
    the connection to [server]/mcp was lost
      [server]/mcp sent a message of more than 10000 bytes
    -> Interrupted
    ");
    client.call_tool("add", ()).await.unwrap();
}

#[tokio::test]
async fn a_401_is_unauthorized_on_stream_and_message() {
    // LEG-08
    let mut shown = String::new();
    for (get, message) in [(401, 202), (200, 401)] {
        let server = SseServerConfig { get, message, ..SseServerConfig::default() }.start().await;
        shown += &format!("{}\n", describe_result(sse_client(&server).list_tools().await));
    }
    assert_snapshot!(shown, @"
    [server]/mcp rejected the access token
    -> Unauthorized, did not run
    [server]/mcp rejected the access token
    -> Unauthorized, did not run
    ");
}

#[tokio::test]
async fn stream_without_an_endpoint_event_times_out() {
    let server =
        SseServerConfig { first_events: ": wait\n\n".to_owned(), ..SseServerConfig::default() }
            .start()
            .await;
    let (listed, waited) = advance_until(sse_client(&server).list_tools()).await;
    assert!(waited < Duration::from_secs(6), "{waited:?}");
    assert_snapshot!(describe_result(listed), @r#"
    invalid response from [server]/mcp: timed out waiting for the "endpoint" event
    -> Protocol, did not run
    "#);
}

/// A listener whose connections are never answered, and a transport to it.
async fn silent_server() -> (TcpListener, SseTransport) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/sse", listener.local_addr().expect("an address"));
    (listener, SseTransport::new(http_transport(&url)))
}

#[tokio::test]
async fn stream_without_a_response_times_out() {
    let (_listener, transport) = silent_server().await;
    let (listed, waited) = advance_until(Client::new(transport).list_tools()).await;
    assert!(waited < Duration::from_secs(6), "{waited:?}");
    assert_snapshot!(describe_result(listed), @r#"
    invalid response from [server]/sse: timed out waiting for the headers of the response
    -> Protocol, did not run
    "#);
}

#[tokio::test]
async fn close_does_not_wait_for_a_stream_that_is_being_opened() {
    let (listener, transport) = silent_server().await;
    let client = Client::new(transport.clone());
    let listing = tokio::spawn(async move { client.list_tools().await });
    let _connection = with_timeout(listener.accept()).await.expect("a connection");
    let closed = transport.close(MessageContext::default()).now_or_never();
    assert!(closed.expect("it does not wait").is_ok());
    listing.abort();
}

#[tokio::test]
async fn end_of_the_stream_ends_the_connection() {
    // LEG-07
    let server = SseServerConfig::default().start().await;
    let client = sse_client(&server);
    client.connect().await.unwrap();
    let cut = async {
        while !requests_of(&server).contains("tools/call") {
            task::yield_now().await;
        }
        server.end_stream();
    };
    let (called, ()) =
        with_timeout(async { tokio::join!(client.call_tool("silent", ()), cut) }).await;
    assert_snapshot!(describe_result(called), @"
    the connection to [server]/mcp was lost
      the server closed the event stream
    -> Interrupted
    ");
    client.call_tool("add", ()).await.unwrap();
    assert_snapshot!(requests_of(&server), @"
    GET /mcp [alice]
    POST /messages initialize [alice]
    POST /messages notifications/initialized [alice]
    POST /messages tools/call [alice]
    GET /mcp [alice]
    POST /messages initialize [alice]
    POST /messages notifications/initialized [alice]
    POST /messages tools/call [alice]
    ");
}

#[tokio::test]
async fn server_requests_are_answered() {
    // LEG-06, PING-01
    let server = SseServerConfig::default().start().await;
    let handler =
        RecordingHandler::new(HandlerCapabilities::none().roots(), HandlerBehavior::Accept);
    let transport = SseTransport::new(http_transport(&server.url()));
    let client = Client::builder(transport).handler(handler.clone()).build();
    client.connect().await.unwrap();
    server.send_message(&json!({ "jsonrpc": "2.0", "id": 7, "method": "roots/list" }));
    let answered = async {
        while requests_of(&server).matches("POST /messages").count() < 3 {
            task::yield_now().await;
        }
    };
    with_timeout(answered).await;
    assert_eq!(handler.requests().len(), 1);
}

#[tokio::test]
async fn change_notifications_arrive_on_the_stream() {
    let server = SseServerConfig::default().start().await;
    let mut changes =
        sse_client(&server).subscribe(SubscriptionFilter::new().tools()).await.unwrap();
    server.send_message(&json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" }));
    assert_eq!(with_timeout(changes.next()).await.unwrap().unwrap(), ServerChange::Tools);
}

#[tokio::test]
async fn message_of_another_session_is_not_sent() {
    // LEG-07: a session ends with its stream
    let server = SseServerConfig::default().start().await;
    let transport = SseTransport::new(http_transport(&server.url()));
    let send = |session: Option<SessionId>| {
        let mut context = MessageContext::default();
        context.session = session;
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        let mut message = OutgoingMessage::new(body, MessageKind::Request, context);
        message.id = Some(RequestId::Number(1));
        transport.send(message)
    };
    let session = send(None).await.unwrap().session;
    let error = send(SessionId::new(b"another")).await.err().map(|error| error.kind());
    assert_eq!(error, Some(TransportErrorKind::SessionEnded));
    send(session).await.unwrap();
    assert_eq!(requests_of(&server).matches("POST /messages ping").count(), 2);
}

/// Records the URL of each request that it signs.
#[derive(Default)]
struct RecordingSigner(Mutex<Vec<String>>);

impl RequestSigner for RecordingSigner {
    fn scheme(&self) -> &'static str {
        "Signed"
    }

    fn sign(&self, method: &Method, url: &Url) -> Result<HeaderMap, BoxError> {
        let signed = format!("{method} {}", url.path());
        self.0.lock().map_err(|_| "a thread panicked")?.push(signed);
        Ok(HeaderMap::new())
    }

    fn on_response(&self, _: &Url, _: StatusCode, _: &HeaderMap) -> bool {
        false
    }
}

#[tokio::test]
async fn each_message_is_signed_for_the_url_that_it_is_sent_to() {
    // RFC 9449, section 4.2
    let server = SseServerConfig::default().start().await;
    let signer = Arc::<RecordingSigner>::default();
    let token = AccessToken::with_signer(ALICE, signer.clone());
    let http = HttpTransport::builder(server.url()).bearer_token(token).build().unwrap();
    Client::new(SseTransport::new(http)).list_tools().await.unwrap();
    let signed = signer.0.lock().unwrap().join("\n");
    assert_eq!(signed, "GET /mcp\nPOST /messages\nPOST /messages\nPOST /messages");
}

#[tokio::test]
async fn a_version_that_is_set_does_not_prevent_the_fallback() {
    for post in [405, 404, 400] {
        let server = SseServerConfig { post, ..SseServerConfig::default() }.start().await;
        let client = Client::builder(http_transport(&server.url()))
            .protocol_version(Revision::V2024_11_05)
            .build();
        assert!(client.call_tool("add", ()).await.is_ok(), "{post}");
        client.list_tools().await.unwrap();
        // The fallback is remembered.
        assert_eq!(server.request_log().matches("POST /mcp initialize").count(), 1, "{post}");
    }
    // Without HTTP+SSE, the error is that of `initialize`.
    let server = SseServerConfig { post: 404, get: 404, ..SseServerConfig::default() };
    let server = server.start().await;
    let client = Client::builder(http_transport(&server.url()))
        .protocol_version(Revision::V2024_11_05)
        .build();
    assert_eq!(client.list_tools().await.unwrap_err().status(), Some(404));
}
