//! A token and headers for a single call.

use insta::assert_snapshot;
use mcp_client::{
    CallOptions, MessageContext, MessageKind, OutgoingMessage, Transport,
    mcp_types::v2025_11_25::RootsListChangedNotification,
};
use mcp_http::{AccessToken, Headers, HttpCallOptions, HttpTransport};
use mcp_testkit::{Barrier, Fault, On};
use serde_json::json;

use crate::support::{
    ALICE, BOB, ReceivedRequest, Script, ScriptedServer, ScriptedTokenSource, client_for_url,
    describe_result, full_request_log, start_test_server, status, with_timeout,
};

fn message() -> OutgoingMessage {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    OutgoingMessage::new(body, MessageKind::Request, MessageContext::default())
}

async fn send(transport: &HttpTransport, message: OutgoingMessage) -> String {
    describe_result(transport.send(message).await.map_err(mcp_client::Error::from))
}

#[tokio::test]
async fn token_of_a_call_overrides_the_token_source() {
    let server = ScriptedServer::start().await;
    let source = ScriptedTokenSource::new(|_, _| Ok(Some(ALICE.into())));
    let transport = HttpTransport::builder(server.url()).token_source(source.clone());
    let transport = transport.build().unwrap();
    let mut with_token = message();
    with_token.extensions.insert(AccessToken::new(BOB));
    assert_eq!(send(&transport, with_token).await, "it went well");
    assert_eq!(source.requests(), "");
    assert_eq!(send(&transport, message()).await, "it went well");
    assert_snapshot!(server.request_log().await, @"
    ping 1, [bob]
    ping 1, [alice]
    ");
}

#[tokio::test]
async fn call_options_apply_to_their_own_requests_only() {
    let server = ScriptedServer::start().await;
    let client = server.client();
    client.connect().await.unwrap();
    let options =
        CallOptions::new().bearer_token(BOB).headers(Headers::new().with("x-team", "red"));
    client.with_options(options).call_tool("add", ()).await.unwrap();
    client.call_tool("add", ()).await.unwrap();
    assert_snapshot!(full_request_log(&server.requests_of("tools/call").await), @r#"
    POST /mcp
    accept: application/json, text/event-stream
    authorization: Bearer [bob]
    content-type: application/json
    mcp-protocol-version: 2025-11-25
    mcp-session-id: session-1
    x-team: red
    {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"add","arguments":{},"_meta":{"progressToken":2}}}

    POST /mcp
    accept: application/json, text/event-stream
    authorization: Bearer [alice]
    content-type: application/json
    mcp-protocol-version: 2025-11-25
    mcp-session-id: session-1
    {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"add","arguments":{},"_meta":{"progressToken":3}}}
    "#);
}

#[tokio::test]
async fn messages_of_a_call_carry_its_token() {
    // Responses to server requests, the cancellation, and notifications
    let server = start_test_server().await;
    let barrier = Barrier::new();
    let ping = json!({ "jsonrpc": "2.0", "id": "p-1", "method": "ping" });
    server.script(On::method("tools/call"), Fault::MessagesBefore(vec![ping]));
    server.script(On::method("tools/call"), Fault::Hold(barrier));
    let client = client_for_url(server.url()).with_options(CallOptions::new().bearer_token(BOB));
    client.connect().await.unwrap();
    client.send_notification::<RootsListChangedNotification>(&Default::default()).await.unwrap();
    let call = tokio::spawn(async move { client.call_tool("wait", ()).await.map(drop) });
    with_timeout(server.wait_for_requests("POST", 1)).await;
    call.abort();
    with_timeout(server.wait_for_requests("notifications/cancelled", 1)).await;
    let mut shown: Vec<_> = server.requests().iter().map(ReceivedRequest::from).collect();
    shown.retain(|sent| !["initialize", "notifications/initialized"].contains(&&*sent.kind()));
    for sent in shown {
        let token = sent.header("authorization");
        assert_eq!(token.as_deref(), Some("Bearer [bob]"), "{}", sent.kind());
    }
}

#[tokio::test]
async fn rejected_token_of_a_call_is_not_refreshed() {
    let server = Script::new().on("ping", status(401)).start().await;
    let source = ScriptedTokenSource::with_replacement(ALICE, ALICE);
    let transport = HttpTransport::builder(server.url()).token_source(source.clone());
    let mut message = message();
    message.extensions.insert(AccessToken::new(BOB));
    let sent = message.sent.clone();
    assert_snapshot!(send(&transport.build().unwrap(), message).await, @"
    [server]/mcp rejected the access token
    -> Unauthorized, did not run
    ");
    assert!(!sent.get());
    assert_eq!(source.requests(), "");
    assert_eq!(server.requests().await.len(), 1);
}

#[tokio::test]
async fn headers_of_a_call_replace_configured_headers() {
    let server = ScriptedServer::start().await;
    let transport = HttpTransport::builder(server.url())
        .header("X-Team", "blue")
        .header("X-Team", "green")
        .header("X-Trace", "1")
        .build()
        .unwrap();
    let mut with_headers = message();
    with_headers.extensions.insert(Headers::new().with("x-team", "red").with("X-Only", "2"));
    assert_eq!(send(&transport, with_headers).await, "it went well");
    assert_eq!(send(&transport, message()).await, "it went well");
    assert_snapshot!(full_request_log(&server.requests().await), @r#"
    POST /mcp
    accept: application/json, text/event-stream
    content-type: application/json
    x-only: 2
    x-team: red
    x-trace: 1
    {"jsonrpc":"2.0","id":1,"method":"ping"}

    POST /mcp
    accept: application/json, text/event-stream
    content-type: application/json
    x-team: blue
    x-team: green
    x-trace: 1
    {"jsonrpc":"2.0","id":1,"method":"ping"}
    "#);
}

#[tokio::test]
async fn protocol_headers_cannot_be_set_per_call() {
    let server = ScriptedServer::start().await;
    let mut shown = String::new();
    for (name, value) in [
        ("Authorization", "Bearer 5ecret"),
        ("Accept", "*/*"),
        ("Last-Event-ID", "1"),
        ("Mcp-Method", "ping"),
        ("x y", "1"),
        ("x-a", "5ecret\r\nx-b: 2"),
    ] {
        let mut message = message();
        message.extensions.insert(Headers::new().with(name, value));
        assert!(!format!("{:?}", message.extensions.get::<Headers>()).contains("5ecret"));
        shown += &send(&server.transport(), message).await;
        shown += "\n";
    }
    assert_snapshot!(shown, @r#"
    cannot set header "Authorization": the transport sets it
    -> Blocked, did not run
    cannot set header "Accept": the transport sets it
    -> Blocked, did not run
    cannot set header "Last-Event-ID": the transport sets it
    -> Blocked, did not run
    cannot set header "Mcp-Method": the transport sets it
    -> Blocked, did not run
    cannot set header "x y": invalid header name
    -> Blocked, did not run
    cannot set header "x-a": its value contains a character that is not allowed in a header
    -> Blocked, did not run
    "#);
    assert_eq!(server.requests().await.len(), 0);
}

#[tokio::test]
async fn token_and_headers_of_a_call_are_not_sent_unencrypted() {
    // AUTH-05, AUTH-06: nothing is sent, so this address is not connected to
    let transport = HttpTransport::builder("http://192.0.2.1/mcp").build().unwrap();
    let mut with_token = message();
    with_token.extensions.insert(AccessToken::new(ALICE));
    let mut with_header = message();
    with_header.extensions.insert(Headers::new().with("x-key", "5ecret"));
    let mut shown = String::new();
    for message in [with_token, with_header] {
        shown += &send(&transport, message).await;
        shown += "\n";
    }
    assert_snapshot!(shown, @"
    credentials would be sent unencrypted to http://192.0.2.1/mcp; use https, or allow insecure HTTP for this server
    -> Blocked, did not run
    credentials would be sent unencrypted to http://192.0.2.1/mcp; use https, or allow insecure HTTP for this server
    -> Blocked, did not run
    ");
}
