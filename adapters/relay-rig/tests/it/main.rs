//! Tests of the public interface.

#[cfg(feature = "agent")]
mod agent;
mod tools;

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

/// Returns a tool that accepts any arguments and always returns this result.
fn tool(name: &str, result: CallResult) -> TestTool {
    TestTool::new(name, json!({ "type": "object" }), move |_| result.clone())
}

fn image() -> Value {
    json!({ "type": "image", "data": "aGk=", "mimeType": "image/png" })
}
