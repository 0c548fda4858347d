//! The results of tools.

use mcp_testkit::{CallResult, TestServer, TestTool};
use serde_json::{Value, json};

use crate::support::StatefulClient;

#[tokio::test]
async fn returns_structured_content_tool_errors_rpc_errors_and_empty_results() {
    let schema = json!({ "type": "object" });
    let responses = |name: &str, response: CallResult| {
        TestTool::new(name, schema.clone(), move |_| response.clone())
    };
    let server = TestServer::builder()
        .tool(TestTool::new("echo", schema.clone(), |args| {
            CallResult::structured(Value::Object(args.clone()))
        }))
        .tool(responses("fails", CallResult::tool_error("out of paper")))
        .tool(responses(
            "error",
            CallResult::rpc_error(-32042, "sign in").member("data", json!([1])),
        ))
        .tool(responses("empty", CallResult::content([])))
        .start()
        .await
        .unwrap();
    let mut stateful = StatefulClient::connect(&server).await;

    let echo = json!({ "name": "echo", "arguments": { "a": [1] } });
    let response = stateful.request_json("tools/call", echo).await;
    assert_eq!(response["result"]["structuredContent"], json!({ "a": [1] }));
    assert_eq!(response["result"]["content"][0]["text"], r#"{"a":[1]}"#);
    let response = stateful.request_json("tools/call", json!({ "name": "echo" })).await;
    assert_eq!(response["result"]["structuredContent"], json!({}));

    assert_eq!(stateful.call_tool("fails").await["result"]["isError"], true);
    let error = json!({ "code": -32042, "message": "sign in", "data": [1] });
    assert_eq!(stateful.call_tool("error").await["error"], error);
    assert_eq!(stateful.call_tool("empty").await["result"], json!({ "content": [] }));
}
