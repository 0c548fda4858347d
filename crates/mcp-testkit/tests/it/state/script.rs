//! Which requests a scripted fault applies to.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use mcp_testkit::{CallResult, Fault, On, Reply, TestServer, TestTool};
use serde_json::json;

use crate::support::{StatefulClient, header, start_stateful};

#[tokio::test]
async fn applies_faults_only_to_the_selected_requests() {
    let server = start_stateful().await;
    let mut stateful = StatefulClient::connect(&server).await;
    server.script(On::method("ping").nth(2), Reply::status(503).header("retry-after", "7"));
    server.script(On::method("tools/list").first(2), Reply::status(500).chunk("oops"));
    server.script(On::any().nth(3), Reply::status(429));

    assert_eq!(stateful.request("ping", json!({})).await.status(), 200);
    let response = stateful.request("ping", json!({})).await;
    assert_eq!((response.status().as_u16(), header(&response, "retry-after")), (503, "7"));
    assert_eq!(stateful.request("ping", json!({})).await.status(), 429);
    for expected in [500, 500, 200] {
        assert_eq!(stateful.request("tools/list", json!({})).await.status(), expected);
    }
    server.script(On::method("ping"), Reply::status(500));
    server.clear_script();
    assert_eq!(stateful.request("ping", json!({})).await.status(), 200);
}

#[tokio::test]
async fn builds_a_reply_from_the_request() {
    let server = start_stateful().await;
    let mut stateful = StatefulClient::new(&server);
    let echo = |request: &mcp_testkit::RecordedRequest| {
        let method = request.method();
        Reply::json(&json!({ "id": request.id(), "method": method, "params": request.params() }))
    };
    server.script(On::any(), Fault::reply_with(echo));
    let response = stateful.request_json("ping", json!({ "a": 1 })).await;
    assert_eq!(response, json!({ "id": 1, "method": "ping", "params": { "a": 1 } }));
}

#[tokio::test]
async fn reply_skips_the_tool_and_close_runs_it() {
    let runs = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&runs);
    let tool = TestTool::new("count", json!({ "type": "object" }), move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        CallResult::content([])
    });
    let server = TestServer::builder().tool(tool).start().await.unwrap();
    let mut stateful = StatefulClient::connect(&server).await;

    server.script(On::method("tools/call").nth(1), Reply::status(503));
    server.script(On::method("tools/call").nth(2), Fault::Close);
    assert_eq!(stateful.request("tools/call", json!({ "name": "count" })).await.status(), 503);
    assert_eq!(runs.load(Ordering::Relaxed), 0);

    let call = stateful.message("tools/call", json!({ "name": "count" }));
    assert!(stateful.post(&call).send().await.is_err(), "the connection closes without an answer");
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    assert_eq!(server.count("tools/call"), 2);
}
