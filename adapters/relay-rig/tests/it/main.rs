//! Tools of Relay in the hands of rig, as its users see them.

#[cfg(feature = "agent")]
mod agent;
mod tools;

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

/// A tool that takes anything, and always gives this answer.
fn tool(name: &str, answer: CallAnswer) -> Tool {
    Tool::new(name, json!({ "type": "object" }), move |_| answer.clone())
}

fn image() -> Value {
    json!({ "type": "image", "data": "aGk=", "mimeType": "image/png" })
}
