//! A server of `mcp-testkit` with one tool, and clients of it.

use mcp_client::Client;
use mcp_http::HttpTransport;
use mcp_testkit::{CallResult, TestServer, TestTool};
use serde_json::json;

use super::stateful_client;

/// Starts a `TestServer` with the tool `wait`. It checks every request and can inject faults.
pub(crate) async fn start_test_server() -> TestServer {
    let tool = TestTool::new("wait", json!({ "type": "object" }), |_| CallResult::text("done"));
    TestServer::builder().tool(tool).start().await.expect("a free port")
}

/// A client without a token, which knows that the server at `url` is stateful.
pub(crate) fn client_for_url(url: &str) -> Client {
    stateful_client(HttpTransport::builder(url).build().expect("a usable URL"))
}
