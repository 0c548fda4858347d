//! What is open, and what was.

use mcp_testkit::{AnswerMode, Ask, CallAnswer, Gate, On, Reply, TestServer, Tool, Turn};
use mcp_types::Revision;
use serde_json::json;

use crate::support::{Complete, Events, Peer, tool};

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

#[tokio::test]
async fn nothing_stays_open_after_many_calls() {
    let ask = Tool::asking("ask", json!({ "type": "object" }), |round| match round.number() {
        0 => Turn::ask("ping", Ask::other("ping", json!({}))),
        _ => CallAnswer::text("done").into(),
    });
    for mode in [AnswerMode::Json, AnswerMode::Sse] {
        let builder = TestServer::builder().answers(mode).tool(ask.clone());
        let builder = builder.revisions([Revision::V2025_11_25, Revision::V2026_07_28]);
        let server = builder.tool(tool("hello", "hi")).start().await.unwrap();
        let mut peer = Peer::open(&server).await;
        let mut client = Complete::new(&server);
        for _ in 0..100 {
            peer.call("hello").await;
            client.ask("tools/call", json!({ "name": "hello" })).await;
            client.ask("tools/call", json!({ "name": "ask" })).await;
            let mut events = Events::of(peer.request("tools/call", json!({ "name": "ask" })).await);
            let ping = events.message().await;
            peer.answer(&ping["id"], json!({})).await;
            assert_eq!(events.rest().await.len(), 1);
        }
        let counts = server.when(|counts| counts.open_requests == 0).await;
        assert_eq!((counts.open_streams, counts.open_requests), (0, 0));
        assert_eq!(server.cancelled_requests().len(), 0);
        assert_eq!(server.violations(), [""; 0]);
    }
}
