//! A server, a client of it, and one function that sends any request.

use mcp_client::{Client, Error, mcp_types::Revision};
use mcp_http::HttpTransport;
use mcp_testkit::{CallResult, ResponseMode, TestServer, TestTool};
use serde_json::json;

use crate::support::ErrorReport;

pub(super) const PROTOCOL_VERSIONS: [Revision; 2] = [Revision::V2026_07_28, Revision::V2025_11_25];
/// The maximum message size of the clients.
pub(super) const MAX_MESSAGE_SIZE: usize = 64 * 1024;

pub(super) async fn server(revision: Revision, mode: ResponseMode) -> TestServer {
    let tool = TestTool::new("add", json!({ "type": "object" }), |_| CallResult::text("3"));
    let server = TestServer::builder().revisions([revision]).tool(tool).response_mode(mode);
    server.start().await.expect("a free port")
}

/// A client that knows the protocol version of the server.
pub(super) fn client(server: &TestServer, revision: Revision) -> Client {
    let transport = HttpTransport::builder(server.url()).max_message_size(MAX_MESSAGE_SIZE).build();
    Client::builder(transport.expect("a usable URL")).protocol_version(revision).build()
}

/// Calls the client method that sends `method` to the server.
pub(super) async fn send_request(client: &Client, method: &str) -> Result<(), Error> {
    match method {
        "tools/call" => client.call_tool("add", ()).await.map(drop),
        "tools/list" => client.list_tools().await.map(drop),
        _ => client.connect().await.map(drop),
    }
}

pub(super) fn describe_outcome(outcome: &Result<(), Error>) -> String {
    outcome.as_ref().map_or_else(ErrorReport::summary, |()| "it went well".to_owned())
}

/// The methods of requests that can fail in a protocol version.
pub(super) fn request_methods(revision: Revision) -> &'static [&'static str] {
    match revision {
        Revision::V2026_07_28 => &["server/discover", "tools/list", "tools/call"],
        _ => &["initialize", "notifications/initialized", "tools/list", "tools/call"],
    }
}
