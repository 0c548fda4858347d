//! JSON-RPC batches, which exist in 2025-03-26 only.

use insta::assert_snapshot;

use crate::support::{
    Script, ScriptedServer, describe_result, initialize_response, json, request_log, sse,
};

const RESPONSE: &str = r#"{"jsonrpc":"2.0","id":$id,"result":{"content":[]}}"#;
const LOG: &str =
    r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}"#;
const CHANGE: &str = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;
const PING: &str = r#"{"jsonrpc":"2.0","id":"p","method":"ping"}"#;

async fn server_with_batch(version: &str, messages: &[&str], streamed: bool) -> ScriptedServer {
    let batch = format!("[{}]", messages.join(","));
    let response = if streamed { sse(&format!("data: {batch}\n\n")) } else { json(&batch) };
    let script =
        Script::new().on("initialize", initialize_response(version)).on("tools/call", response);
    script.start().await
}

#[tokio::test]
async fn batches_are_accepted_under_2025_03_26_only() {
    // LIFE-17
    let mut shown = String::new();
    for version in ["2025-03-26", "2025-06-18", "2025-11-25", "2024-11-05"] {
        for streamed in [false, true] {
            let server = server_with_batch(version, &[LOG, RESPONSE], streamed).await;
            let outcome = describe_result(server.client().call_tool("add", ()).await);
            shown += &format!("{version}: {outcome}\n");
        }
    }
    assert_snapshot!(shown, @r#"
    2025-03-26: it went well
    2025-03-26: it went well
    2025-06-18: "tools/call": invalid response
      invalid type: sequence, expected a JSON-RPC message at line 1 column 0
    -> InvalidResponse
    2025-06-18: "tools/call": invalid response
      invalid type: sequence, expected a JSON-RPC message at line 1 column 0
    -> InvalidResponse
    2025-11-25: "tools/call": invalid response
      invalid type: sequence, expected a JSON-RPC message at line 1 column 0
    -> InvalidResponse
    2025-11-25: "tools/call": invalid response
      invalid type: sequence, expected a JSON-RPC message at line 1 column 0
    -> InvalidResponse
    2024-11-05: "tools/call": invalid response
      invalid type: sequence, expected a JSON-RPC message at line 1 column 0
    -> InvalidResponse
    2024-11-05: "tools/call": invalid response
      invalid type: sequence, expected a JSON-RPC message at line 1 column 0
    -> InvalidResponse
    "#);
}

#[tokio::test]
async fn batch_without_the_response_is_an_error() {
    let mut shown = String::new();
    for messages in
        [&[][..], &[LOG], &[PING], &["1"], &[r#"{"jsonrpc":"2.0","id":77,"result":{}}"#]]
    {
        let server = server_with_batch("2025-03-26", messages, false).await;
        shown += &describe_result(server.client().call_tool("add", ()).await);
        shown += "\n";
    }
    assert_snapshot!(shown, @r#"
    "tools/call": invalid response
      "tools/call": the stream ended before the response
    -> InvalidResponse
    "tools/call": invalid response
      "tools/call": the stream ended before the response; last message: expected a response, got the notification "notifications/message"
    -> InvalidResponse
    "tools/call": invalid response
      "tools/call": the stream ended before the response
    -> InvalidResponse
    "tools/call": invalid response
      "tools/call": the stream ended before the response; last message: expected a response, got the text "1"
    -> InvalidResponse
    "tools/call": invalid response
      "tools/call": the stream ended before the response; last message: expected a response to request 2, got one to request 77
    -> InvalidResponse
    "#);
}

#[tokio::test]
async fn server_requests_in_a_batch_are_answered() {
    // PING-01: before the response to the call, and after it
    for messages in [[CHANGE, PING, RESPONSE], [RESPONSE, PING, CHANGE]] {
        for streamed in [true, false] {
            let server = server_with_batch("2025-03-26", &messages, streamed).await;
            let client = server.client();
            client.call_tool("add", ()).await.unwrap();
            assert_eq!(client.tool_list_change_count(), 1);
            let responses = server.wait_for_requests("response", 1).await;
            let answered = r#"{"jsonrpc":"2.0","id":"p","result":{}}, [alice], 2025-03-26"#;
            assert_eq!(request_log(&responses), answered);
        }
    }
}

#[tokio::test]
async fn batched_response_to_initialize_is_an_error() {
    let opening = initialize_response("2025-03-26");
    let server = Script::new().on("initialize", opening.into_batch()).start().await;
    assert_snapshot!(describe_result(server.client().list_tools().await), @r#"
    "initialize": invalid response
      invalid type: sequence, expected a JSON-RPC message at line 1 column 0
    -> InvalidResponse, did not run
    "#);
}
