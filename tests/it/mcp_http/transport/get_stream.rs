//! The GET stream, on which a server sends messages on its own.

use std::time::Duration;

use futures_util::StreamExt;
use insta::assert_snapshot;
use mcp_client::{
    Error, MessageContext, MessageKind, MessageStream, OutgoingMessage, SessionId, Transport,
};
use mcp_http::HttpTransport;
use mcp_testkit::{On, Reply, TestServer};
use mcp_types::Revision;
use serde_json::json;
use tokio::time;

use crate::support::{
    ALICE, BOB, ReceivedRequest, ScriptedTokenSource, advance_time, advance_until, describe_error,
    full_request_log, start_test_server, with_timeout,
};

const EVENT: &str = "id: b-1\ndata: {\"n\":1}\n\n";

fn transport(server: &TestServer) -> HttpTransport {
    HttpTransport::builder(server.url()).bearer_token(ALICE).build().expect("a usable URL")
}

fn session_context() -> MessageContext {
    let mut context = MessageContext::default();
    context.revision = Some(Revision::V2025_11_25);
    context.session = SessionId::new(b"s-1");
    context
}

/// A server that gives these responses to GET requests, in turn.
async fn server_with_get_replies(replies: &[Reply]) -> TestServer {
    let server = start_test_server().await;
    for (index, reply) in replies.iter().enumerate() {
        server.script(On::method("GET").nth(index + 1), reply.clone());
    }
    server
}

/// The messages of a stream, its final error, and the time it took.
async fn collect(messages: MessageStream) -> (String, Duration) {
    let shown = messages.map(|message| match message {
        Ok(message) if message.is_empty() => "(a gap)".to_owned(),
        Ok(message) => String::from_utf8_lossy(&message).into_owned(),
        Err(error) => describe_error(&Error::from(error)),
    });
    let (shown, passed) = advance_until(shown.collect::<Vec<_>>()).await;
    (shown.join("\n"), passed)
}

#[tokio::test]
async fn listen_returns_none_if_there_is_no_get_stream() {
    // HTTP-21
    for reply in [
        Reply::status(405),
        Reply::status(404),
        Reply::status(400),
        Reply::status(204),
        Reply::html_page(),
    ] {
        let server = server_with_get_replies(&[reply]).await;
        let stream = transport(&server).listen(MessageContext::default()).await.unwrap();
        assert!(stream.is_none());
        assert_eq!(server.count("GET"), 1);
    }
}

#[tokio::test]
async fn listen_reports_other_statuses_as_errors() {
    // HTTP-26, HTTP-31, AUTH-07
    let mut shown = String::new();
    for reply in [
        Reply::unauthorized("Bearer"),
        Reply::status(404),
        Reply::status(403),
        Reply::status(500),
        Reply::redirect("/elsewhere"),
    ] {
        let server = server_with_get_replies(&[reply]).await;
        let Err(error) = transport(&server).listen(session_context()).await else {
            panic!("no error")
        };
        shown += &describe_error(&Error::from(error));
        shown += "\n";
    }
    assert_snapshot!(shown, @"
    [server]/mcp rejected the access token
    -> Unauthorized, did not run
    [server]/mcp lost the session: HTTP status 404 Not Found
    -> SessionEnded, did not run
    [server]/mcp returned HTTP status 403 Forbidden
    -> Status(403)
    [server]/mcp returned HTTP status 500 Internal Server Error
    -> Status(500)
    [server]/mcp lost the session: HTTP status 404 Not Found
    -> SessionEnded, did not run
    ");
}

#[tokio::test]
async fn get_stream_delivers_messages_unchanged() {
    // HTTP-20, HTTP-30, AUTH-02
    let server = server_with_get_replies(&[Reply::sse([EVENT]), Reply::status(405)]).await;
    let stream = transport(&server).listen(session_context()).await.unwrap().unwrap();
    assert_snapshot!(collect(stream).await.0, @r#"
    {"n":1}
    [server]/mcp returned HTTP status 405 Method Not Allowed
    -> Status(405)
    "#);
    let sent: Vec<_> = server.requests().iter().map(ReceivedRequest::from).collect();
    assert_snapshot!(full_request_log(&sent), @"
    GET /mcp
    accept: text/event-stream
    authorization: Bearer [alice]
    mcp-protocol-version: 2025-11-25
    mcp-session-id: s-1

    GET /mcp
    accept: text/event-stream
    authorization: Bearer [alice]
    last-event-id: b-1
    mcp-protocol-version: 2025-11-25
    mcp-session-id: s-1
    ");
}

#[tokio::test]
async fn get_stream_is_reopened_from_the_last_event_id() {
    // HTTP-13, HTTP-14, HTTP-15, HTTP-23: or from now on, if no event had an id
    let replies = [
        Reply::sse(["retry: 20000\n\n"]),
        Reply::sse(["data: {\"n\":0}\n\n"]).abort(),
        Reply::sse([EVENT]),
        Reply::status(503),
        Reply::sse(["id: b-2\ndata: {\"n\":2}\n\n"]),
        Reply::status(405),
    ];
    let server = server_with_get_replies(&replies).await;
    let stream = transport(&server).listen(session_context()).await.unwrap().unwrap();
    let (shown, passed) = collect(stream).await;
    assert_snapshot!(shown, @r#"
    (a gap)
    {"n":0}
    (a gap)
    {"n":1}
    {"n":2}
    [server]/mcp returned HTTP status 405 Method Not Allowed
    -> Status(405)
    "#);
    assert!(passed >= Duration::from_secs(5 * 20), "{passed:?}");
    let requests = server.requests();
    let ids: Vec<_> =
        requests.iter().map(|get| get.header("last-event-id").unwrap_or_default()).collect();
    assert_eq!(ids, ["", "", "", "b-1", "b-1", "b-2"]);
}

#[tokio::test]
async fn get_stream_gives_up_after_five_failed_attempts() {
    // HTTP-19
    let replies = [vec![Reply::sse([EVENT])], vec![Reply::status(502); 9]].concat();
    let server = server_with_get_replies(&replies).await;
    let stream = transport(&server).listen(session_context()).await.unwrap().unwrap();
    let (shown, passed) = collect(stream).await;
    assert_snapshot!(shown, @r#"
    {"n":1}
    cannot resume the event stream of [server]/mcp: gave up after 5 attempts
      [server]/mcp returned HTTP status 502 Bad Gateway
    -> Interrupted
    "#);
    assert_eq!(server.count("GET"), 1 + 5);
    assert!(passed >= Duration::from_secs(1 + 2 + 4 + 8 + 16), "{passed:?}");
}

/// Opens a session on the server.
async fn open_session(transport: &HttpTransport) -> MessageContext {
    let initialize = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{
        "protocolVersion":"2025-11-25","capabilities":{},
        "clientInfo":{"name":"tests","version":"1"}}}"#;
    let opening = OutgoingMessage::new(initialize, MessageKind::Request, MessageContext::default());
    let mut context = session_context();
    context.session = transport.send(opening).await.expect("it succeeds").session;
    let initialized = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    let initialized = OutgoingMessage::new(initialized, MessageKind::OneWay, context.clone());
    transport.send(initialized).await.expect("the notification is accepted");
    context
}

#[tokio::test]
async fn quiet_get_streams_do_not_count_as_failed_attempts() {
    let server = TestServer::builder().allow_get(true).start().await.unwrap();
    let transport = transport(&server);
    let context = open_session(&transport).await;
    let mut stream = transport.listen(context).await.unwrap().unwrap();
    let changed = || server.notify("notifications/tools/list_changed", &json!({}));
    let quiet = async {
        for turn in 1..=7 {
            with_timeout(server.wait_for_requests("GET", turn)).await;
            // The client sees the stream before the clock advances.
            advance_until(time::sleep(Duration::from_millis(500))).await;
            advance_time(Duration::from_secs(31)).await;
            server.close_streams();
            advance_until(server.wait_for_requests("GET", turn + 1)).await;
        }
        assert_eq!(changed(), 1);
    };
    let message = async {
        loop {
            let message = stream.next().await.unwrap().unwrap();
            if !message.is_empty() {
                break String::from_utf8(message.to_vec()).unwrap();
            }
        }
    };
    let (message, ()) = tokio::join!(message, quiet);
    assert!(message.contains("notifications/tools/list_changed"), "{message}");
    // A dropped stream is closed at once.
    drop(stream);
    let gone = async {
        while changed() > 0 {
            tokio::task::yield_now().await;
        }
    };
    with_timeout(gone).await;
}

#[tokio::test]
async fn get_stream_ends_with_unauthorized_if_the_new_token_is_rejected() {
    // AUTH-02, AUTH-07
    let unauthorized = Reply::unauthorized("Bearer error=\"invalid_token\"");
    let replies = [
        Reply::sse([EVENT]),
        unauthorized.clone(),
        Reply::sse([EVENT]),
        unauthorized.clone(),
        unauthorized,
    ];
    let server = server_with_get_replies(&replies).await;
    let source = ScriptedTokenSource::with_replacement(ALICE, BOB);
    let transport = HttpTransport::builder(server.url()).token_source(source);
    let stream = transport.build().unwrap().listen(session_context()).await.unwrap().unwrap();
    assert_snapshot!(collect(stream).await.0, @r#"
    {"n":1}
    {"n":1}
    [server]/mcp rejected the access token (invalid_token)
    -> Unauthorized, did not run
    "#);
}

#[tokio::test]
async fn get_stream_ends_if_the_session_ends() {
    // HTTP-26
    let server = server_with_get_replies(&[Reply::sse([EVENT]), Reply::status(404)]).await;
    let stream = transport(&server).listen(session_context()).await.unwrap().unwrap();
    assert_snapshot!(collect(stream).await.0, @r#"
    {"n":1}
    [server]/mcp lost the session: HTTP status 404 Not Found
    -> SessionEnded, did not run
    "#);
}
