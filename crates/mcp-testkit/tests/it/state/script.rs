//! Which requests a scripted fault applies to.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use mcp_testkit::{CallAnswer, Fault, On, Reply, TestServer, Tool};
use serde_json::json;

use crate::support::{Peer, header, start_stateful};

#[tokio::test]
async fn faults_come_when_it_is_their_turn() {
    let server = start_stateful().await;
    let mut peer = Peer::open(&server).await;
    server.script(On::method("ping").nth(2), Reply::status(503).header("retry-after", "7"));
    server.script(On::method("tools/list").first(2), Reply::status(500).chunk("oops"));
    server.script(On::any().nth(3), Reply::status(429));

    assert_eq!(peer.request("ping", json!({})).await.status(), 200);
    let response = peer.request("ping", json!({})).await;
    assert_eq!((response.status().as_u16(), header(&response, "retry-after")), (503, "7"));
    assert_eq!(peer.request("ping", json!({})).await.status(), 429);
    for expected in [500, 500, 200] {
        assert_eq!(peer.request("tools/list", json!({})).await.status(), expected);
    }
    server.script(On::method("ping"), Reply::status(500));
    server.clear_script();
    assert_eq!(peer.request("ping", json!({})).await.status(), 200);
}

#[tokio::test]
async fn a_reply_may_depend_on_the_request() {
    let server = start_stateful().await;
    let mut peer = Peer::new(&server);
    let echo = |request: &mcp_testkit::Recorded| {
        let method = request.method();
        Reply::json(&json!({ "id": request.id(), "method": method, "params": request.params() }))
    };
    server.script(On::any(), Fault::reply_with(echo));
    let answer = peer.ask("ping", json!({ "a": 1 })).await;
    assert_eq!(answer, json!({ "id": 1, "method": "ping", "params": { "a": 1 } }));
}

#[tokio::test]
async fn replies_come_in_place_of_handling() {
    let runs = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&runs);
    let tool = Tool::new("count", json!({ "type": "object" }), move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        CallAnswer::content([])
    });
    let server = TestServer::builder().tool(tool).start().await.unwrap();
    let mut peer = Peer::open(&server).await;

    server.script(On::method("tools/call").nth(1), Reply::status(503));
    server.script(On::method("tools/call").nth(2), Fault::Close);
    assert_eq!(peer.request("tools/call", json!({ "name": "count" })).await.status(), 503);
    assert_eq!(runs.load(Ordering::Relaxed), 0);

    let call = peer.message("tools/call", json!({ "name": "count" }));
    assert!(peer.post(&call).send().await.is_err(), "the connection closes without an answer");
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    assert_eq!(server.count("tools/call"), 2);
}
