//! Tests of the public interface.

mod chat;
mod responses;

use mcp_testkit::{Bearer, CallResult, TestServer, TestServerBuilder, TestTool};
use relay::{Relay, Server, Toolset};
use serde_json::{Value, json};

const ALICE: &str = "alice-token";
const BOB: &str = "bob-token";

/// Starts a server with these tools that accepts Alice's token, and returns her toolset.
async fn alice(tools: impl IntoIterator<Item = TestTool>) -> (TestServer, Relay, Toolset) {
    let server = TestServer::builder().bearer(Bearer::tokens([ALICE]));
    let server = tools.into_iter().fold(server, TestServerBuilder::tool);
    let server = server.start().await.expect("a free port");
    let relay = Relay::builder().server("main", Server::http(server.url()));
    let relay = relay.build().expect("usable settings");
    let toolset = relay.with_token(ALICE).toolset().required(["main"]).await.expect("a list");
    (server, relay, toolset)
}

/// Returns one tool for each kind of output.
fn tools() -> Vec<TestTool> {
    let image = json!({ "type": "image", "data": "aGk=", "mimeType": "image/png" });
    let pdf = json!({ "uri": "file:///a.pdf", "mimeType": "application/pdf", "blob": "aGk=" });
    let text = json!({ "type": "text", "text": "a chart" });
    vec![
        tool("text", CallResult::text("sunny")),
        tool("image", CallResult::content([text, image.clone()])),
        tool("pdf", CallResult::content([json!({ "type": "resource", "resource": pdf })])),
        tool("json", CallResult::structured(json!({ "sum": 3 }))),
        tool("failure", CallResult::tool_error("no such city")),
        tool("failed-image", CallResult::content([image]).member("isError", true)),
    ]
}

/// Returns a tool that accepts any arguments and always returns this result.
fn tool(name: &str, result: CallResult) -> TestTool {
    TestTool::new(name, json!({ "type": "object" }), move |_| result.clone())
}

/// Returns a tool that returns its arguments. Its schema differs in strict mode.
fn echo() -> TestTool {
    let schema = json!({
        "type": "object", "properties": { "days": { "type": "integer" } },
        "additionalProperties": false,
    });
    let echo = |arguments: &serde_json::Map<String, Value>| {
        CallResult::text(Value::from(arguments.clone()).to_string())
    };
    TestTool::new("echo", schema, echo).description("Says it again")
}

/// Returns the values as JSON, one on each line.
fn lines<T: serde::Serialize>(values: &[T]) -> String {
    values.iter().map(|value| format!("{}\n", json!(value))).collect()
}
