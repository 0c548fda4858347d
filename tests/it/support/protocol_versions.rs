//! The same server in each era of the protocol.

use mcp_client::{Client, Negotiation, Transport, mcp_types::Revision};
use mcp_http::HttpTransport;
use mcp_testkit::{Builder, TestServer};

/// The newest revision of each era.
pub(crate) const ERAS: [Revision; 2] = [Revision::V2025_11_25, Revision::V2026_07_28];

/// A server of this revision, with a client that knows what it can do.
pub(crate) async fn serve(builder: Builder, revision: Revision) -> (TestServer, Client) {
    let server = builder.revisions([revision]).start().await.expect("a free port");
    let transport = HttpTransport::builder(server.url()).build().expect("a usable URL");
    let client = client_at(transport, revision);
    client.connect().await.expect("it is there");
    (server, client)
}

/// A client by the name of these tests, which knows that the server speaks this revision.
pub(crate) fn client_at(transport: impl Transport, revision: Revision) -> Client {
    let known = Negotiation::known(revision);
    Client::builder(transport).client_info("tests", "1").negotiation(known).build()
}
