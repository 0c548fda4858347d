//! Tests of several protocol versions.

use mcp_client::{Client, Negotiation, Transport, mcp_types::Revision};
use mcp_http::HttpTransport;
use mcp_testkit::{TestServer, TestServerBuilder};

/// The newest stateful and the newest stateless protocol version.
pub(crate) const PROTOCOL_VERSIONS: [Revision; 2] = [Revision::V2025_11_25, Revision::V2026_07_28];

/// Starts a server of this version, and connects a client to it.
pub(crate) async fn start_and_connect(
    builder: TestServerBuilder,
    revision: Revision,
) -> (TestServer, Client) {
    let server = builder.revisions([revision]).start().await.expect("a free port");
    let transport = HttpTransport::builder(server.url()).build().expect("a usable URL");
    let client = client_with_version(transport, revision);
    client.connect().await.expect("the server is running");
    (server, client)
}

/// A client which knows that the server supports this version.
pub(crate) fn client_with_version(transport: impl Transport, revision: Revision) -> Client {
    let known = Negotiation::with_revision(revision);
    Client::builder(transport).client_info("tests", "1").negotiation(known).build()
}
