//! Helpers of these tests: a server, a client of it, and what sends a request.

use mcp_client::{Client, Error, mcp_types::Revision};
use mcp_http::HttpTransport;
use mcp_testkit::{AnswerMode, CallAnswer, TestServer, Tool};
use serde_json::json;

use crate::support::ErrorReport;

pub(super) const ERAS: [Revision; 2] = [Revision::V2026_07_28, Revision::V2025_11_25];
/// The largest message that the clients of these tests take.
pub(super) const LARGEST: usize = 64 * 1024;

pub(super) async fn server(revision: Revision, answers: AnswerMode) -> TestServer {
    let tool = Tool::new("add", json!({ "type": "object" }), |_| CallAnswer::text("3"));
    let server = TestServer::builder().revisions([revision]).tool(tool).answers(answers);
    server.start().await.expect("a free port")
}

/// A client that knows how to speak with the server.
pub(super) fn client(server: &TestServer, revision: Revision) -> Client {
    let transport = HttpTransport::builder(server.url()).message_limit(LARGEST).build();
    Client::builder(transport.expect("a usable URL")).protocol(revision).build()
}

/// Does what sends `method` to the server.
pub(super) async fn send(client: &Client, method: &str) -> Result<(), Error> {
    match method {
        "tools/call" => client.call_tool("add", ()).await.map(drop),
        "tools/list" => client.list_tools().await.map(drop),
        _ => client.connect().await.map(drop),
    }
}

pub(super) fn shown(outcome: &Result<(), Error>) -> String {
    outcome.as_ref().map_or_else(ErrorReport::summary, |()| "it went well".to_owned())
}

/// The methods of an era that can go wrong.
pub(super) fn steps(revision: Revision) -> &'static [&'static str] {
    match revision {
        Revision::V2026_07_28 => &["server/discover", "tools/list", "tools/call"],
        _ => &["initialize", "notifications/initialized", "tools/list", "tools/call"],
    }
}
