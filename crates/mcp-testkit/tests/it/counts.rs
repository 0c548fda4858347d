//! What is open, and what was.

use mcp_testkit::{Gate, On, Reply, TestServer};
use serde_json::json;

use crate::{events::Events, peer::Peer};

#[tokio::test]
async fn connections_and_streams_are_counted() {
    let server = TestServer::builder().allow_get(true).start().await.unwrap();
    assert_eq!(server.counts().connections, 0);
    let mut peer = Peer::open(&server).await;
    for _ in 0..3 {
        peer.request("ping", json!({})).await.bytes().await.unwrap();
    }
    let counts = server.counts();
    assert_eq!((counts.connections, counts.open_connections, counts.open_streams), (1, 1, 0));

    let first = Events::of(peer.listen(None).await);
    let _second = Events::of(peer.listen(None).await);
    let counts = server.when(|counts| counts.open_streams == 2).await;
    assert!(counts.open_connections >= 2, "{counts:?}");
    drop(first);
    server.when(|counts| counts.open_streams == 1).await;
    server.close_streams();
    server.when(|counts| counts.open_streams == 0).await;

    drop(peer);
    let counts = server.when(|counts| counts.open_connections == 0).await;
    assert!(counts.connections >= 2, "{counts:?}");
}

#[tokio::test]
async fn replies_are_no_streams_of_the_server() {
    let server = TestServer::builder().start().await.unwrap();
    let gate = Gate::new();
    server.script(On::any(), Reply::sse(["data: 1\n\n"]).hold(&gate));
    let mut peer = Peer::new(&server);
    let mut response = peer.request("ping", json!({})).await;
    response.chunk().await.unwrap();
    assert_eq!(server.counts().open_streams, 0);
}
