//! Servers that echo secrets of the request: the token and the session id.

use insta::assert_snapshot;
use mcp_types::v2025_11_25::ContentBlock;
use relay::{Relay, Server};
use serde_json::json;

use crate::support::{
    ALICE, Script, ScriptedResponse, ScriptedServer, TraceCapture, describe_result, error,
    initialize_response, json, result, status,
};

/// The id of every session in this file. Like the tokens, it must not be shown.
const SESSION: &str = "5ecret-session";

/// A server that responds to tool calls like this.
async fn server_with_response(response: ScriptedResponse) -> ScriptedServer {
    let opening = initialize_response("2025-11-25").header("mcp-session-id", SESSION);
    Script::new().on("initialize", opening).on("tools/call", response).start().await
}

/// Errors that contain the token and the session id wherever a server can put them.
fn echoing_failures() -> [(&'static str, ScriptedResponse); 11] {
    let echo = format!("{SESSION} of {ALICE}");
    let rpc = || error(-32000, &echo, &json!({ "seen": [ALICE, SESSION] }));
    let with_result = error(-32000, &echo, &json!({ "result": ALICE }));
    let with_challenge = |code, error: &str| {
        let challenge =
            format!("Bearer realm=\"{SESSION}\", error={error}, error_description=\"{echo}\"");
        status(code).header("www-authenticate", challenge)
    };
    [
        ("a text", status(500).body(&echo)),
        ("a JSON-RPC error with 400", rpc().with_status(400)),
        ("a JSON-RPC error", rpc()),
        ("a JSON-RPC error on a stream", rpc().into_event_stream()),
        ("a JSON-RPC error that has a result", with_result.clone()),
        ("the same on a stream", with_result.into_event_stream()),
        ("a long JSON-RPC error", error(-32000, &echo, &json!("~".repeat(70_000)))),
        ("a challenge", with_challenge(401, "invalid_token")),
        ("a challenge of scope", with_challenge(403, "insufficient_scope")),
        (
            "a result of the wrong type",
            json(&format!(r#"{{"jsonrpc":"2.0","id":$id,"result":"{ALICE}"}}"#)),
        ),
        ("a flag of the wrong type", result(&json!({ "content": [], "isError": ALICE }))),
    ]
}

#[tokio::test]
async fn errors_and_traces_redact_echoed_token_and_session() {
    // AUTH-05, HTTP-25: errors, causes and traces
    let mut shown = String::new();
    for (what, response) in echoing_failures() {
        let server = server_with_response(response).await;
        let trace = TraceCapture::start();
        // `describe_result` panics if any form of the error contains a secret.
        let failed = describe_result(server.client().call_tool("add", ()).await);
        let trace = trace.finish();
        assert!(trace.contains("tools/call"), "{what}: nothing is traced");
        assert!(!trace.contains("5ecret"), "{what}: {trace}");
        shown += &format!("{what}: {}\n", failed.replace('~', ""));
    }
    assert_snapshot!(shown, @r#"
    a text: [server]/mcp returned HTTP status 500 Internal Server Error: **** of ****
    -> Status(500)
    a JSON-RPC error with 400: "tools/call" failed: **** of **** (code -32000), data {"seen":["****","****"]}, HTTP status 400
    -> Rpc
    a JSON-RPC error: "tools/call" failed: **** of **** (code -32000), data {"seen":["****","****"]}
    -> Rpc
    a JSON-RPC error on a stream: "tools/call" failed: **** of **** (code -32000), data {"seen":["****","****"]}
    -> Rpc
    a JSON-RPC error that has a result: "tools/call" failed: **** of **** (code -32000), data {"result":"****"}
    -> Rpc
    the same on a stream: "tools/call" failed: **** of **** (code -32000), data {"result":"****"}
    -> Rpc
    a long JSON-RPC error: "tools/call" failed: **** of **** (code -32000), data "…
    -> Rpc
    a challenge: [server]/mcp rejected the access token (**** of ****)
    -> Unauthorized, did not run
    a challenge of scope: [server]/mcp requires an access token with a wider scope (**** of ****)
    -> Unauthorized, did not run
    a result of the wrong type: "tools/call": invalid response
      result: invalid type: string, expected an object (CallToolResult or InputRequiredResult) at line 1 column 50
    -> InvalidResponse
    a flag of the wrong type: "tools/call": invalid response
      result.isError: invalid type: string, expected a boolean at line 1 column 74
    -> InvalidResponse
    "#);
}

#[tokio::test]
async fn relay_errors_and_traces_redact_echoed_token_and_session() {
    // AUTH-05, HTTP-25
    for (what, response) in echoing_failures() {
        let server = server_with_response(response).await;
        let relay = Relay::builder().server("main", Server::http(server.url())).build().unwrap();
        let tools = relay.with_token(ALICE).tools("main").await.unwrap();
        let trace = TraceCapture::start();
        let failed = describe_result(tools.call("add", json!({})).await);
        assert_ne!(failed, "it went well", "{what}");
        let trace = trace.finish();
        assert!(!trace.contains("5ecret"), "{what}: {trace}");
    }
}

#[tokio::test]
async fn results_are_not_redacted() {
    // A tool's result belongs to its caller, even if it contains the caller's own token.
    let text = format!("{SESSION} of {ALICE}");
    let response = result(&json!({ "content": [{ "type": "text", "text": text }] }));
    for response in [response.clone(), response.into_event_stream()] {
        let server = server_with_response(response).await;
        let trace = TraceCapture::start();
        let result = server.client().call_tool("add", ()).await.unwrap();
        let trace = trace.finish();
        let [ContentBlock::Text(block)] = &result.content[..] else { panic!("{result:?}") };
        assert_eq!(block.text, text);
        assert!(trace.contains("**** of ****") && !trace.contains("5ecret"), "{trace}");
    }
}
