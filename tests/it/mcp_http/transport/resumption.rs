//! Resumption of event streams that break off.

use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use insta::assert_snapshot;
use mcp_client::{
    CallOptions, Client, Error, MessageContext, MessageKind, MessageStream, OutgoingMessage,
    ResponseMessages, SessionId, Transport, TransportErrorKind,
};
use mcp_http::{AccessToken, Headers, HttpTransport, Unauthorized};
use mcp_testkit::{Barrier, CallResult, Fault, On, Reply, ResponseMode, TestServer, TestTool};
use mcp_types::Revision;
use serde_json::json;

use crate::support::{
    ALICE, BOB, ReceivedRequest, ScriptedTokenSource, advance_time, advance_until, describe_error,
    full_request_log, start_test_server, stateful_client,
};

const FIRST: &str = "id: a-1\ndata: {\"n\":1}\n\n";
const PRIMING: &str = "id: a-0\ndata:\n\n";
const SECOND: &str = "id: a-2\ndata: {\"n\":2}\n\n";

fn transport(server: &TestServer) -> HttpTransport {
    HttpTransport::builder(server.url()).bearer_token(ALICE).build().expect("a usable URL")
}

/// A resumable request in a session.
fn resumable_message() -> OutgoingMessage {
    let mut context = MessageContext::default();
    context.revision = Some(Revision::V2025_11_25);
    context.session = SessionId::new(b"s-1");
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#;
    let mut message = OutgoingMessage::new(body, MessageKind::Request, context);
    message.resumable = true;
    message
}

async fn send(transport: &HttpTransport, message: OutgoingMessage) -> MessageStream {
    match transport.send(message).await.expect("a stream").messages {
        ResponseMessages::Stream(messages) => messages,
        other => panic!("{other:?}"),
    }
}

/// The messages of a stream, and how it ends.
async fn collect(messages: MessageStream) -> String {
    let shown = messages.map(|message| match message {
        Ok(message) => String::from_utf8_lossy(&message).into_owned(),
        Err(error) => describe_error(&Error::from(error)),
    });
    let mut shown: Vec<_> = shown.collect().await;
    shown.push("it is over".to_owned());
    shown.join("\n")
}

/// Sends a call to which the server responds with `first`, and with `then` to the GET requests.
///
/// Returns what the stream delivers, the time it took, and the server.
async fn call_and_resume(first: Reply, then: &[Reply]) -> (String, Duration, TestServer) {
    let server = start_test_server().await;
    server.script(On::method("tools/call"), first);
    for (index, reply) in then.iter().enumerate() {
        server.script(On::method("GET").nth(index + 1), reply.clone());
    }
    let transport = transport(&server);
    let called = async { collect(send(&transport, resumable_message()).await).await };
    let (shown, passed) = advance_until(called).await;
    // A POST is never repeated.
    assert_eq!(server.count("tools/call"), 1);
    (shown, passed, server)
}

#[tokio::test]
async fn ended_stream_is_resumed_with_get() {
    // HTTP-10, HTTP-13, HTTP-14, HTTP-15, HTTP-17, HTTP-30
    let first = Reply::sse([format!("retry: 700\n{FIRST}")]);
    let (shown, passed, server) =
        call_and_resume(first, &[Reply::sse([SECOND]), Reply::status(405)]).await;
    assert_snapshot!(shown, @r#"
    {"n":1}
    {"n":2}
    it is over
    "#);
    assert!(passed >= Duration::from_millis(1_400), "{passed:?}");
    let sent: Vec<_> = server.requests().iter().map(ReceivedRequest::from).collect();
    assert_snapshot!(full_request_log(&sent[1..]), @"
    GET /mcp
    accept: text/event-stream
    authorization: Bearer [alice]
    last-event-id: a-1
    mcp-protocol-version: 2025-11-25
    mcp-session-id: s-1

    GET /mcp
    accept: text/event-stream
    authorization: Bearer [alice]
    last-event-id: a-2
    mcp-protocol-version: 2025-11-25
    mcp-session-id: s-1
    ");
}

#[tokio::test]
async fn broken_stream_is_resumed_with_get() {
    // HTTP-10, HTTP-11: an incomplete event is sent again
    let first = Reply::sse([FIRST, "id: a-2\ndata: {\"n\""]).abort();
    let (shown, passed, server) =
        call_and_resume(first, &[Reply::sse([SECOND]), Reply::status(405)]).await;
    assert_snapshot!(shown, @r#"
    {"n":1}
    {"n":2}
    it is over
    "#);
    assert!(passed >= Duration::from_secs(2), "{passed:?}");
    let ids: Vec<_> = server.requests()[1..]
        .iter()
        .map(|get| get.header("last-event-id").unwrap_or_default().to_owned())
        .collect();
    assert_eq!(ids, ["a-1", "a-2"]);
}

#[tokio::test]
async fn event_with_only_an_id_allows_resumption() {
    // HTTP-12, HTTP-13
    let first = Reply::sse([PRIMING]);
    let (shown, _, server) =
        call_and_resume(first, &[Reply::sse([FIRST]), Reply::status(405)]).await;
    assert_snapshot!(shown, @r#"
    {"n":1}
    it is over
    "#);
    assert_eq!(server.requests()[1].header("last-event-id"), Some("a-0"));
}

#[tokio::test]
async fn stream_without_event_ids_is_not_resumed() {
    // HTTP-10: the outcome is unknown
    for first in ["data: {\"n\":1}\n\n", "id: a-1\ndata: {\"n\":1}\n\nid\ndata: {\"n\":2}\n\n"] {
        let (shown, _, server) = call_and_resume(Reply::sse([first]), &[]).await;
        assert!(shown.ends_with("}\nit is over"), "{shown}");
        let (shown, _, aborted) = call_and_resume(Reply::sse([first]).abort(), &[]).await;
        assert!(shown.ends_with("-> Interrupted\nit is over"), "{shown}");
        assert_eq!((server.count("GET"), aborted.count("GET")), (0, 0));
    }
}

#[tokio::test]
async fn stream_is_not_resumed_if_the_message_is_not_resumable() {
    let server = start_test_server().await;
    server.script(On::method("tools/call"), Reply::sse([FIRST]));
    let mut message = resumable_message();
    message.resumable = false;
    let messages = send(&transport(&server), message).await;
    assert_snapshot!(collect(messages).await, @r#"
    {"n":1}
    it is over
    "#);
    assert_eq!(server.count("GET"), 0);
}

#[tokio::test]
async fn stream_is_not_resumed_unless_it_is_read() {
    let server = start_test_server().await;
    server.script(On::method("tools/call"), Reply::sse([FIRST]));
    server.script(On::method("GET"), Reply::sse([SECOND]));
    let mut messages = send(&transport(&server), resumable_message()).await;
    messages.next().await.unwrap().unwrap();
    assert!(messages.next().now_or_never().is_none());
    advance_time(Duration::from_secs(60)).await;
    assert_eq!(server.count("GET"), 0);
    // Dropping the stream sends no GET.
    drop(messages);
    advance_time(Duration::from_secs(60)).await;
    assert_eq!(server.count("GET"), 0);
}

#[tokio::test]
async fn server_without_resumption_leaves_the_original_ending() {
    // HTTP-10, HTTP-21
    for code in [400, 403, 405, 406, 410] {
        let (shown, ..) = call_and_resume(Reply::sse([FIRST]), &[Reply::status(code)]).await;
        assert_eq!(shown, "{\"n\":1}\nit is over", "{code}");
        let (shown, ..) =
            call_and_resume(Reply::sse([FIRST]).abort(), &[Reply::status(code)]).await;
        assert!(shown.contains("the connection to [server]/mcp was lost"), "{code}: {shown}");
    }
    for other in [Reply::status(204), Reply::html_page(), Reply::redirect("http://localhost:1/")] {
        let (shown, _, server) = call_and_resume(Reply::sse([FIRST]), &[other]).await;
        assert_eq!(shown, "{\"n\":1}\nit is over");
        assert_eq!(server.count("GET"), 1);
    }
}

#[tokio::test]
async fn resumption_gives_up_after_five_failed_attempts() {
    // HTTP-19, traps 4
    let failing = vec![Reply::status(503).chunk("restarting"); 9];
    let (shown, passed, server) = call_and_resume(Reply::sse([FIRST]), &failing).await;
    assert_snapshot!(shown, @r#"
    {"n":1}
    cannot resume the event stream of [server]/mcp: gave up after 5 attempts
      [server]/mcp returned HTTP status 503 Service Unavailable: restarting
    -> Interrupted
    it is over
    "#);
    assert_eq!(server.count("GET"), 5);
    assert!(passed >= Duration::from_secs(1 + 2 + 4 + 8 + 16), "{passed:?}");
}

#[tokio::test]
async fn empty_streams_count_as_failed_attempts() {
    let empty = vec![Reply::sse([": nothing yet\n\n"]); 9];
    let (shown, _, server) = call_and_resume(Reply::sse([FIRST]).abort(), &empty).await;
    assert_snapshot!(shown, @r#"
    {"n":1}
    cannot resume the event stream of [server]/mcp: gave up after 5 attempts
    -> Interrupted
    it is over
    "#);
    assert_eq!(server.count("GET"), 5);
}

#[tokio::test]
async fn error_events_count_as_failed_attempts() {
    let event = Reply::sse(["event: error\ndata: no such event id\n\n"]);
    let (shown, _, server) = call_and_resume(Reply::sse([FIRST]).abort(), &vec![event; 9]).await;
    assert_snapshot!(shown, @r#"
    {"n":1}
    cannot resume the event stream of [server]/mcp: gave up after 5 attempts
      [server]/mcp reported an error on the event stream: no such event id
    -> Interrupted
    it is over
    "#);
    assert_eq!(server.count("GET"), 5);
}

#[tokio::test]
async fn received_event_resets_the_attempt_count() {
    let failing = || vec![Reply::status(503); 4];
    let then =
        [failing(), vec![Reply::sse([SECOND])], failing(), vec![Reply::status(405)]].concat();
    let (shown, _, server) = call_and_resume(Reply::sse([FIRST]), &then).await;
    assert_snapshot!(shown, @r#"
    {"n":1}
    {"n":2}
    it is over
    "#);
    assert_eq!(server.count("GET"), 10);
}

#[tokio::test]
async fn server_may_let_the_client_poll() {
    // HTTP-13, HTTP-14: the server sets the delay, and ends each stream properly
    let first = Reply::sse([format!("retry: 300\n{FIRST}")]);
    let later = vec![Reply::sse([": nothing yet\n\n"]); 20];
    let then = [later, vec![Reply::sse([SECOND]), Reply::status(405)]].concat();
    let (shown, passed, server) = call_and_resume(first, &then).await;
    assert_snapshot!(shown, @r#"
    {"n":1}
    {"n":2}
    it is over
    "#);
    assert_eq!(server.count("GET"), 22);
    assert!(passed >= 22 * Duration::from_millis(300), "{passed:?}");
}

#[tokio::test]
async fn polling_ends_after_1000_attempts() {
    // HTTP-19
    let server = start_test_server().await;
    server.script(On::method("tools/call"), Reply::sse([format!("retry: 0\n{FIRST}")]));
    server.script(On::method("GET"), Reply::sse([PRIMING]));
    let transport = transport(&server);
    let called = async { collect(send(&transport, resumable_message()).await).await };
    let (shown, passed) = advance_until(called).await;
    assert_snapshot!(shown, @r#"
    {"n":1}
    cannot resume the event stream of [server]/mcp: gave up after 1000 attempts
    -> Interrupted
    it is over
    "#);
    assert!(passed >= Duration::from_secs(60), "no server is asked without a pause: {passed:?}");
}

#[tokio::test]
async fn retry_delay_is_never_shorter_than_the_server_asks() {
    // HTTP-14, traps 4: also after failures, and if the failure itself sets a delay
    let first = || Reply::sse([format!("retry: 20000\n{FIRST}")]);
    let done = || Reply::status(405);
    let (_, passed, _) = call_and_resume(first(), &[Reply::status(503), done()]).await;
    assert!(passed >= Duration::from_secs(40), "{passed:?}");
    let busy = Reply::status(429).header("retry-after", "90");
    let (_, passed, _) = call_and_resume(first(), &[busy, done()]).await;
    assert!(passed >= Duration::from_secs(20 + 90), "{passed:?}");
}

#[tokio::test]
async fn retry_delay_is_at_most_one_hour() {
    let first = Reply::sse([format!("retry: 99999999999999999999\n{FIRST}")]);
    let (shown, passed, _) =
        call_and_resume(first, &[Reply::sse([SECOND]), Reply::status(405)]).await;
    assert_snapshot!(shown, @r#"
    {"n":1}
    {"n":2}
    it is over
    "#);
    assert!(passed >= Duration::from_secs(2 * 60 * 60), "{passed:?}");
}

#[tokio::test]
async fn rejected_token_is_refreshed_during_resumption() {
    // HTTP-15, AUTH-02
    let server = start_test_server().await;
    server.script(On::method("tools/call"), Reply::sse([FIRST]));
    server.script(On::method("GET").nth(1), Reply::unauthorized("Bearer"));
    server.script(On::method("GET").nth(2), Reply::sse([SECOND]));
    server.script(On::method("GET").nth(3), Reply::status(405));
    let source = ScriptedTokenSource::with_replacement(ALICE, BOB);
    let transport = HttpTransport::builder(server.url()).token_source(source.clone());
    let transport = transport.build().unwrap();
    let called = async { collect(send(&transport, resumable_message()).await).await };
    assert_snapshot!(advance_until(called).await.0, @r#"
    {"n":1}
    {"n":2}
    it is over
    "#);
    let tokens: Vec<_> =
        server.requests().iter().map(|sent| sent.bearer_token() == Some(BOB)).collect();
    assert_eq!(tokens, [false, false, true, true]);
}

#[tokio::test]
async fn a_401_during_resumption_does_not_mean_that_the_call_did_not_run() {
    // AUTH-07: it is `Unauthorized`, as on any request
    let unauthorized = Reply::unauthorized("Bearer error=\"invalid_token\"");
    let (shown, _, server) = call_and_resume(Reply::sse([FIRST]), &[unauthorized]).await;
    assert_snapshot!(shown, @r#"
    {"n":1}
    [server]/mcp rejected the access token (invalid_token)
    -> Unauthorized
    it is over
    "#);
    assert_eq!(server.count("GET"), 1);

    server.clear_script();
    server.script(On::method("tools/call"), Reply::sse([FIRST]));
    server.script(On::method("GET"), Reply::unauthorized("Bearer"));
    let transport = transport(&server);
    let messages = send(&transport, resumable_message()).await;
    let (mut messages, _) = advance_until(messages.collect::<Vec<_>>()).await;
    let error = Error::from(messages.pop().unwrap().unwrap_err());
    let unauthorized = Unauthorized::find_in(&error).unwrap();
    assert!(!unauthorized.did_not_run() && !error.did_not_run());
}

#[tokio::test]
async fn token_and_headers_of_the_call_are_sent_during_resumption() {
    let server = start_test_server().await;
    server.script(On::method("tools/call"), Reply::sse([FIRST]));
    server.script(On::method("GET"), Reply::unauthorized("Bearer"));
    let mut message = resumable_message();
    message.extensions.insert(AccessToken::new(BOB));
    message.extensions.insert(Headers::new().with("x-tenant", "blue"));
    let transport = transport(&server);
    let called = async { collect(send(&transport, message).await).await };
    assert_snapshot!(advance_until(called).await.0, @r#"
    {"n":1}
    [server]/mcp rejected the access token
    -> Unauthorized
    it is over
    "#);
    // The call's own token is its only one, and was rejected.
    assert_eq!(server.count("GET"), 1);
    let get = &server.requests()[1];
    assert_eq!((get.bearer_token(), get.header("x-tenant")), (Some(BOB), Some("blue")));
}

/// A server with resumable streams and the tool `wait`.
async fn resumable_server() -> (TestServer, Client) {
    let tool = TestTool::new("wait", json!({ "type": "object" }), |_| CallResult::text("done"));
    let server =
        TestServer::builder().response_mode(ResponseMode::Sse).resumable(Duration::from_millis(50));
    let server = server.tool(tool).start().await.expect("a free port");
    let client = stateful_client(transport(&server));
    (server, client)
}

#[tokio::test]
async fn call_survives_repeated_disconnects() {
    // HTTP-13, HTTP-15, HTTP-16, HTTP-17, HTTP-18
    let (server, client) = resumable_server().await;
    client.connect().await.unwrap();
    server.script(On::method("tools/call"), Fault::CutStream(0));
    server.script(On::method("GET").first(3), Fault::CutStream(0));
    let (result, _) = advance_until(client.call_tool("wait", ())).await;
    assert_eq!(json!(result.unwrap().content), json!([{ "type": "text", "text": "done" }]));
    assert_eq!((server.count("tools/call"), server.count("GET")), (1, 4));
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn concurrent_streams_resume_independently() {
    // HTTP-16, HTTP-22
    let (server, client) = resumable_server().await;
    client.connect().await.unwrap();
    server.script(On::method("tools/call"), Fault::CutStream(0));
    let calls = futures_util::future::join_all((0..8).map(|_| client.call_tool("wait", ())));
    let (outcomes, _) = advance_until(calls).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!((server.count("tools/call"), server.count("GET")), (8, 8));
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn session_lost_during_resumption_does_not_repeat_the_call() {
    // HTTP-26, traps 3: the tool may have run
    let (server, client) = resumable_server().await;
    client.connect().await.unwrap();
    server.script(On::method("tools/call"), Fault::CutStream(0));
    server.script(On::method("GET"), Reply::status(404));
    let (outcome, _) = advance_until(client.call_tool("wait", ())).await;
    assert_snapshot!(describe_error(&outcome.unwrap_err()), @"
    [server]/mcp lost the session: HTTP status 404 Not Found
    -> SessionEnded
    ");
    assert_eq!(server.count("tools/call"), 1);
    // The next call opens a new session.
    server.clear_script();
    client.call_tool("wait", ()).await.unwrap();
    assert_eq!(server.count("initialize"), 2);
}

#[tokio::test]
async fn failure_to_reconnect_is_the_error_of_a_call_that_times_out() {
    for timeout in [Duration::from_secs(5), Duration::from_secs(300)] {
        let (server, client) = resumable_server().await;
        client.connect().await.unwrap();
        let barrier = Barrier::new();
        server.script(On::method("tools/call"), Reply::sse([PRIMING]).hold(&barrier));
        let client = client.with_options(CallOptions::new().timeout(timeout));
        let killed = async {
            barrier.wait_for_arrivals(1).await;
            drop(server);
        };
        let call = async { tokio::join!(client.call_tool("wait", ()), killed).0 };
        let (outcome, _) = advance_until(call).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.transport_kind(), Some(TransportErrorKind::Unreachable), "{error:?}");
        assert!(!error.did_not_run());
        let shown = describe_error(&error);
        assert!(shown.starts_with("cannot resume the event stream of [server]/mcp: gave up after"));
        assert!(shown.contains("\n  cannot connect to [server]/mcp\n"), "{shown}");
    }
}

#[tokio::test]
async fn timeout_after_a_reconnect_is_a_timeout() {
    let (server, client) = resumable_server().await;
    client.connect().await.unwrap();
    let barrier = Barrier::new();
    server.script(On::method("tools/call"), Reply::sse([PRIMING]));
    server.script(On::method("GET").nth(1), Reply::status(503));
    server.script(On::method("GET").nth(2), Reply::sse([PRIMING]).hold(&barrier));
    let client = client.with_options(CallOptions::new().timeout(Duration::from_secs(20)));
    let (outcome, _) = advance_until(client.call_tool("wait", ())).await;
    let error = outcome.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
}

#[tokio::test]
async fn dropped_call_is_not_resumed() {
    let barrier = Barrier::new();
    let (server, client) = resumable_server().await;
    client.connect().await.unwrap();
    server.script(On::method("tools/call"), Reply::sse([PRIMING]));
    server.script(On::method("GET"), Reply::sse([SECOND]).hold(&barrier));
    {
        let call = client.call_tool("wait", ());
        let requested = barrier.wait_for_arrivals(1);
        let waited =
            advance_until(futures_util::future::select(Box::pin(call), Box::pin(requested)));
        drop(waited.await);
    }
    advance_time(Duration::from_secs(60)).await;
    assert_eq!((server.count("tools/call"), server.count("GET")), (1, 1));
}
