//! Counters of open connections, streams and requests.

use mcp_testkit::{
    Barrier, CallResult, On, Reply, ResponseMode, ServerRequest, Step, TestServer, TestTool,
};
use mcp_types::Revision;
use serde_json::json;

use crate::support::{EventReader, StatefulClient, StatelessClient, tool};

#[tokio::test]
async fn counts_open_connections_and_streams() {
    let server = TestServer::builder().allow_get(true).start().await.unwrap();
    assert_eq!(server.counts().connections, 0);
    let mut stateful = StatefulClient::connect(&server).await;
    for _ in 0..3 {
        stateful.request("ping", json!({})).await.bytes().await.unwrap();
    }
    let counts = server.counts();
    assert_eq!((counts.connections, counts.open_connections, counts.open_streams), (1, 1, 0));

    let first = EventReader::new(stateful.listen(None).await);
    let _second = EventReader::new(stateful.listen(None).await);
    let counts = server.wait_for_counts(|counts| counts.open_streams == 2).await;
    assert!(counts.open_connections >= 2, "{counts:?}");
    drop(first);
    server.wait_for_counts(|counts| counts.open_streams == 1).await;
    server.close_streams();
    server.wait_for_counts(|counts| counts.open_streams == 0).await;

    drop(stateful);
    let counts = server.wait_for_counts(|counts| counts.open_connections == 0).await;
    assert!(counts.connections >= 2, "{counts:?}");
}

#[tokio::test]
async fn does_not_count_scripted_replies_as_streams() {
    let server = TestServer::builder().start().await.unwrap();
    let barrier = Barrier::new();
    server.script(On::any(), Reply::sse(["data: 1\n\n"]).hold(&barrier));
    let mut stateful = StatefulClient::new(&server);
    let mut response = stateful.request("ping", json!({})).await;
    response.chunk().await.unwrap();
    assert_eq!(server.counts().open_streams, 0);
}

#[tokio::test]
async fn leaves_no_request_or_stream_open_after_many_calls() {
    let ask =
        TestTool::with_steps("ask", json!({ "type": "object" }), |context| match context.round() {
            0 => Step::request("ping", ServerRequest::other("ping", json!({}))),
            _ => CallResult::text("done").into(),
        });
    for mode in [ResponseMode::Json, ResponseMode::Sse] {
        let builder = TestServer::builder().response_mode(mode).tool(ask.clone());
        let builder = builder.revisions([Revision::V2025_11_25, Revision::V2026_07_28]);
        let server = builder.tool(tool("hello", "hi")).start().await.unwrap();
        let mut stateful = StatefulClient::connect(&server).await;
        let mut stateless = StatelessClient::new(&server);
        for _ in 0..100 {
            stateful.call_tool("hello").await;
            stateless.request_json("tools/call", json!({ "name": "hello" })).await;
            stateless.request_json("tools/call", json!({ "name": "ask" })).await;
            let mut events =
                EventReader::new(stateful.request("tools/call", json!({ "name": "ask" })).await);
            let ping = events.message().await;
            stateful.respond(&ping["id"], json!({})).await;
            assert_eq!(events.remaining_messages().await.len(), 1);
        }
        let counts = server.wait_for_counts(|counts| counts.open_requests == 0).await;
        assert_eq!((counts.open_streams, counts.open_requests), (0, 0));
        assert_eq!(server.cancelled_requests().len(), 0);
        assert_eq!(server.violations(), [""; 0]);
    }
}
