//! A server that can hold, break and cut what it sends.

use mcp_client::Client;
use mcp_http::HttpTransport;
use mcp_testkit::{CallAnswer, TestServer, Tool};
use serde_json::json;

use super::client;

/// A strict server with one tool, `wait`.
pub(crate) async fn strict() -> TestServer {
    let tool = Tool::new("wait", json!({ "type": "object" }), |_| CallAnswer::text("done"));
    TestServer::builder().tool(tool).start().await.expect("a free port")
}

/// A client, without a token, of the server at `url`.
pub(crate) fn client_of(url: &str) -> Client {
    client(HttpTransport::builder(url).build().expect("a usable URL"))
}
