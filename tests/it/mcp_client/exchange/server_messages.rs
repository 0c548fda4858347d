//! Server requests, notifications and other responses that arrive during a call.

use insta::assert_snapshot;
use mcp_testkit::{Barrier, Fault, On};
use serde_json::{Value, json};

use crate::support::{
    ReceivedRequest, Script, ScriptedServer, client_for_url, describe_result, initialize_response,
    request_log, sse, start_test_server, status, with_timeout,
};

const RESPONSE: &str = r#"{"jsonrpc":"2.0","id":$id,"result":{"content":[]}}"#;

async fn server_with_messages(before: &[Value]) -> ScriptedServer {
    let before: String = before.iter().map(|message| format!("data: {message}\n\n")).collect();
    Script::new().on("tools/call", sse(&format!("{before}data: {RESPONSE}\n\n"))).start().await
}

fn ping(id: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "ping" })
}

#[tokio::test]
async fn server_requests_are_answered_before_the_response_arrives() {
    // HTTP-07, PING-01, RPC-10: the server responds to the call after the client's responses
    let server = start_test_server().await;
    let barrier = Barrier::new();
    let requests = vec![
        ping(&json!("p-1")),
        ping(&json!(7)),
        json!({ "jsonrpc": "2.0", "id": 8, "method": "roots/list", "params": {} }),
    ];
    server.script(On::method("tools/call"), Fault::MessagesBefore(requests));
    server.script(On::method("tools/call"), Fault::Hold(barrier.clone()));
    let client = client_for_url(server.url());
    let open = async {
        with_timeout(server.wait_for_requests("POST", 3)).await;
        barrier.open();
    };
    let (called, ()) = tokio::join!(client.call_tool("wait", ()), open);
    assert_snapshot!(describe_result(called), @"it went well");
    let mut responses: Vec<_> = server.requests().iter().map(ReceivedRequest::from).collect();
    responses.retain(|sent| sent.kind() == "response");
    responses.sort_by_key(|response| response.json()["id"].to_string());
    // N-BASE-08: only codes of JSON-RPC are used
    assert_snapshot!(without_session(&request_log(&responses)), @r#"
    {"jsonrpc":"2.0","id":"p-1","result":{}}, 2025-11-25
    {"jsonrpc":"2.0","id":7,"result":{}}, 2025-11-25
    {"jsonrpc":"2.0","id":8,"error":{"code":-32601,"message":"this client does not support \"roots/list\""}}, 2025-11-25
    "#);
    assert_eq!(server.violations(), Vec::<String>::new());
}

/// Removes the session ids, which are random.
fn without_session(outline: &str) -> String {
    let lines = outline.lines().map(|line| {
        let (response, facts) = line.split_once("}, ").expect("a session and a version");
        let (session, version) = facts.split_once(", ").expect("a version");
        assert!(!session.is_empty());
        format!("{response}}}, {version}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn server_requests_are_answered_if_the_response_follows_at_once() {
    // PING-01
    let server = server_with_messages(&[ping(&json!("p-1")), ping(&json!("p-2"))]).await;
    server.client().call_tool("add", ()).await.unwrap();
    let mut responses = server.wait_for_requests("response", 2).await;
    responses.sort_by_key(|response| response.json()["id"].to_string());
    assert_snapshot!(request_log(&responses), @r#"
    {"jsonrpc":"2.0","id":"p-1","result":{}}, [alice], session-1, 2025-11-25
    {"jsonrpc":"2.0","id":"p-2","result":{}}, [alice], session-1, 2025-11-25
    "#);
}

#[tokio::test]
async fn rejected_response_to_a_server_request_does_not_fail_the_call() {
    let server = Script::new()
        .on("tools/call", sse(&format!("data: {}\n\ndata: {RESPONSE}\n\n", ping(&json!(1)))))
        .on("response", status(500))
        .start()
        .await;
    let client = server.client();
    assert_snapshot!(describe_result(client.call_tool("add", ()).await), @"it went well");
    server.wait_for_requests("response", 1).await;
    assert_snapshot!(describe_result(client.call_tool("add", ()).await), @"it went well");
}

#[tokio::test]
async fn notifications_before_the_response_are_ignored() {
    // RPC-11, LOG-02, PROG-02, CANC-06
    let server = server_with_messages(&[
        json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": { "level": "info", "data": [1] } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": { "progressToken": 9, "progress": 0.5 } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 9 } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/of/our/own" }),
    ])
    .await;
    let client = server.client();
    assert_snapshot!(describe_result(client.call_tool("add", ()).await), @"it went well");
    client.close().await.unwrap();
    // RPC-06: notifications are not answered
    assert_eq!(server.requests_of("response").await.len(), 0);
}

#[tokio::test]
async fn responses_to_other_requests_are_ignored() {
    // HTTP-18, RPC-03: whatever the results contain
    let server = server_with_messages(&[
        json!({ "jsonrpc": "2.0", "id": 99, "result": { "content": [] } }),
        json!({ "jsonrpc": "2.0", "id": "02", "result": {} }),
        json!({ "jsonrpc": "2.0", "id": 98, "result": { "tools": [] } }),
        json!({ "jsonrpc": "2.0", "id": 97, "error": { "code": 1, "message": "late" } }),
    ])
    .await;
    assert_snapshot!(describe_result(server.client().call_tool("add", ()).await), @"it went well");
}

#[tokio::test]
async fn server_requests_during_initialize_are_answered() {
    // LIFE-07, HTTP-24: in the session that the headers have already assigned
    let opening =
        initialize_response("2025-11-25").header("mcp-session-id", "s").into_event_stream();
    let opening = opening.with_prefix(&format!("data: {}\n\n", ping(&json!(5))));
    let server = Script::new().on("initialize", opening).start().await;
    server.client().connect().await.unwrap();
    assert_snapshot!(request_log(&server.wait_for_requests("response", 1).await), @r#"{"jsonrpc":"2.0","id":5,"result":{}}, [alice], s"#);
}
