//! The first messages of a session: `initialize`, `notifications/initialized`, then requests.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{
    Script, ScriptedServer, describe_result, initialize_response, json, result, sse, status,
};

#[tokio::test]
async fn first_call_sends_initialize_then_initialized() {
    // RPC-01, RPC-02, RPC-06, LIFE-01, LIFE-05, LIFE-06, LIFE-08, LIFE-10, HTTP-01, HTTP-02, HTTP-03,
    // HTTP-04, HTTP-24, HTTP-30, AUTH-02
    let server = ScriptedServer::start().await;
    server.client().call_tool("add", json!({ "a": 1, "b": 2 })).await.unwrap();
    assert_snapshot!(server.full_request_log().await, @r#"
    POST /mcp
    accept: application/json, text/event-stream
    authorization: Bearer [alice]
    content-type: application/json
    {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"tests","version":"1"}}}

    POST /mcp
    accept: application/json, text/event-stream
    authorization: Bearer [alice]
    content-type: application/json
    mcp-protocol-version: 2025-11-25
    mcp-session-id: session-1
    {"jsonrpc":"2.0","method":"notifications/initialized"}

    POST /mcp
    accept: application/json, text/event-stream
    authorization: Bearer [alice]
    content-type: application/json
    mcp-protocol-version: 2025-11-25
    mcp-session-id: session-1
    {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"add","arguments":{"a":1,"b":2},"_meta":{"progressToken":2}}}
    "#);
}

#[tokio::test]
async fn initialize_works_over_event_streams() {
    // HTTP-06, HTTP-24: an event stream also has the session id in a header
    let opening =
        initialize_response("2025-11-25").header("mcp-session-id", "s").into_event_stream();
    let response = result(&json!({ "content": [] })).into_event_stream();
    let script = Script::new().on("initialize", opening).on("tools/call", response);
    let server = script.start().await;
    let client = server.client();
    client.call_tool("add", ()).await.unwrap();
    client.call_tool("add", ()).await.unwrap();
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], s, 2025-11-25
    tools/call 2, [alice], s, 2025-11-25
    tools/call 3, [alice], s, 2025-11-25
    ");
}

#[tokio::test]
async fn initialize_is_sent_once_per_client() {
    // RPC-02: request ids are unique
    let server = ScriptedServer::start().await;
    let client = server.client();
    client.connect().await.unwrap();
    client.list_tools().await.unwrap();
    client.clone().call_tool("add", ()).await.unwrap();
    client.call_tool("add", ()).await.unwrap();
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    tools/list 2, [alice], session-1, 2025-11-25
    tools/call 3, [alice], session-1, 2025-11-25
    tools/call 4, [alice], session-1, 2025-11-25
    ");
}

#[tokio::test]
async fn concurrent_first_calls_share_one_initialize() {
    let server = ScriptedServer::start().await;
    let client = server.client();
    let (a, b, c) =
        tokio::join!(client.call_tool("add", ()), client.list_tools(), client.call_tool("add", ()));
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(server.requests_of("initialize").await.len(), 1);
    assert_eq!(server.requests_of("notifications/initialized").await.len(), 1);
    assert_eq!(server.requests_of("tools/call").await.len(), 2);
}

#[tokio::test]
async fn next_call_retries_a_failed_initialize() {
    let server = Script::new()
        .on("initialize", status(503))
        .on("initialize", status(500))
        .on("initialize", initialize_response("2025-11-25"))
        .on("notifications/initialized", status(503))
        .on("notifications/initialized", status(202))
        .start()
        .await;
    let client = server.client();
    // HTTP-05: with an error status, `notifications/initialized` was not delivered
    let mut outcomes = Vec::new();
    for _ in 0..4 {
        outcomes.push(describe_result(client.call_tool("add", ()).await));
    }
    assert_snapshot!(outcomes.join("\n"), @"
    [server]/mcp returned HTTP status 503 Service Unavailable
    -> Status(503), did not run
    [server]/mcp returned HTTP status 500 Internal Server Error
    -> Status(500), did not run
    [server]/mcp returned HTTP status 503 Service Unavailable
    -> Status(503), did not run
    it went well
    ");
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    initialize 1, [alice]
    initialize 1, [alice]
    notifications/initialized, [alice], 2025-11-25
    initialize 1, [alice]
    notifications/initialized, [alice], 2025-11-25
    tools/call 2, [alice], 2025-11-25
    ");
}

#[tokio::test]
async fn initialized_accepts_any_success_status() {
    // Traps 10: some servers respond with 200 or 204; the body is ignored
    for response in [status(200), status(204), status(202), json("broken"), sse("data: {}\n\n")] {
        let server = Script::new().on("notifications/initialized", response.clone()).start().await;
        assert_eq!(
            describe_result(server.client().call_tool("add", ()).await),
            "it went well",
            "{response:?}"
        );
    }
}

#[tokio::test]
async fn initialize_result_is_exposed_as_server_info() {
    // LIFE-11, RPC-08: unknown members are kept or ignored
    let response = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": { "tools": { "listChanged": true }, "x-own": {}, "experimental": { "a": {} } },
        "serverInfo": { "name": "peer", "version": "1", "title": "A peer", "x": 1 },
        "instructions": "Be brief",
        "_meta": { "a": 1 },
        "more": true,
    });
    let server = Script::new().on("initialize", result(&response)).start().await;
    let server_info = server.client().connect().await.unwrap();
    let capabilities = serde_json::Value::Object(server_info.capabilities.as_object().clone());
    assert_snapshot!(capabilities, @r#"{"experimental":{"a":{}},"tools":{"listChanged":true},"x-own":{}}"#);
    assert_eq!(server_info.implementation.as_ref().unwrap().name, "peer");
    assert_eq!(server_info.instructions.as_deref(), Some("Be brief"));
    assert_eq!(server_info.revision.to_string(), "2025-11-25");
    // Without a session, there is no session header.
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], 2025-11-25
    ");
}

#[tokio::test]
async fn invalid_initialize_result_is_an_error() {
    let mut outcomes = String::new();
    for result in [
        r#""result":{}"#,
        r#""result":{"protocolVersion":"2025-11-25","capabilities":{}}"#,
        r#""result":{"protocolVersion":20251125,"capabilities":{},"serverInfo":{"name":"a","version":"1"}}"#,
        r#""result":null"#,
        r#""error":{"code":-32603,"message":"down for maintenance"}"#,
    ] {
        let response = json(&format!(r#"{{"jsonrpc":"2.0","id":$id,{result}}}"#));
        let server = Script::new().on("initialize", response).start().await;
        outcomes += &describe_result(server.client().list_tools().await);
        outcomes += "\n";
        assert_eq!(server.request_log().await, "initialize 1, [alice]");
    }
    assert_snapshot!(outcomes, @r#"
    "initialize": invalid response
      result.capabilities: missing, required by InitializeResult at line 1 column 35
    -> InvalidResponse, did not run
    "initialize": invalid response
      result.serverInfo: missing, required by InitializeResult at line 1 column 83
    -> InvalidResponse, did not run
    "initialize": invalid response
      result.protocolVersion: invalid type: integer `20251125`, expected a string at line 1 column 60
    -> InvalidResponse, did not run
    "initialize": invalid response
      result: invalid type: null, expected an object (InitializeResult) at line 1 column 38
    -> InvalidResponse, did not run
    "initialize" failed: down for maintenance (code -32603)
    -> Rpc, did not run
    "#);
}
