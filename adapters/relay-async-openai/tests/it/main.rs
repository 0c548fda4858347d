//! Tools of Relay in the types of async-openai, as its users see them.

mod chat;
mod responses;

use mcp_testkit::{Bearer, Builder, CallAnswer, TestServer, Tool};
use relay::{Relay, Server, Toolset};
use serde_json::{Value, json};

const ALICE: &str = "alice-token";
const BOB: &str = "bob-token";

/// A server that takes Alice's token, and her toolset, of these tools.
async fn alice(tools: impl IntoIterator<Item = Tool>) -> (TestServer, Relay, Toolset) {
    let server = TestServer::builder().bearer(Bearer::tokens([ALICE]));
    let server = tools.into_iter().fold(server, Builder::tool);
    let server = server.start().await.expect("a free port");
    let relay = Relay::builder().server("main", Server::http(server.url()));
    let relay = relay.build().expect("usable settings");
    let toolset = relay.with_token(ALICE).toolset().required(["main"]).await.expect("a list");
    (server, relay, toolset)
}

/// One tool for each kind of output.
fn tools() -> Vec<Tool> {
    let image = json!({ "type": "image", "data": "aGk=", "mimeType": "image/png" });
    let pdf = json!({ "uri": "file:///a.pdf", "mimeType": "application/pdf", "blob": "aGk=" });
    let text = json!({ "type": "text", "text": "a chart" });
    vec![
        tool("text", CallAnswer::text("sunny")),
        tool("image", CallAnswer::content([text, image.clone()])),
        tool("pdf", CallAnswer::content([json!({ "type": "resource", "resource": pdf })])),
        tool("json", CallAnswer::structured(json!({ "sum": 3 }))),
        tool("failure", CallAnswer::failure("no such city")),
        tool("failed-image", CallAnswer::content([image]).member("isError", true)),
    ]
}

/// A tool that takes anything, and always gives this answer.
fn tool(name: &str, answer: CallAnswer) -> Tool {
    Tool::new(name, json!({ "type": "object" }), move |_| answer.clone())
}

/// A tool whose schema is another one in strict mode, and which says what it was called with.
fn echo() -> Tool {
    let schema = json!({
        "type": "object", "properties": { "days": { "type": "integer" } },
        "additionalProperties": false,
    });
    let echo = |arguments: &serde_json::Map<String, Value>| {
        CallAnswer::text(Value::from(arguments.clone()).to_string())
    };
    Tool::new("echo", schema, echo).description("Says it again")
}

/// The values as JSON, a line each.
fn lines<T: serde::Serialize>(values: &[T]) -> String {
    values.iter().map(|value| format!("{}\n", json!(value))).collect()
}
