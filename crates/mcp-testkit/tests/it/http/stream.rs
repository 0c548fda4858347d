//! Resumable event streams.

use std::time::Duration;

use mcp_testkit::{
    Barrier, CallResult, Fault, On, ResponseMode, ServerRequest, Step, TestServer,
    TestServerBuilder, TestTool,
};
use mcp_types::Revision;
use serde_json::json;

use crate::support::{EventReader, StatefulClient, StatelessClient, tool};

fn builder() -> TestServerBuilder {
    let builder = TestServer::builder().response_mode(ResponseMode::Sse).tool(tool("hello", "hi"));
    builder.resumable(Duration::from_millis(20))
}

/// Returns a tool that sends a message, disconnects, sends another and waits for the barrier.
fn disconnecting_tool(barrier: &Barrier) -> TestTool {
    let barrier = barrier.clone();
    TestTool::with_steps("breaks", json!({ "type": "object" }), move |context| {
        match context.round() {
            0 => Step::request("p", ServerRequest::other("ping", json!({})))
                .message(json!({ "n": 1 }))
                .disconnect()
                .message(json!({ "n": 2 }))
                .hold(&barrier),
            _ => CallResult::text("done").into(),
        }
    })
}

#[tokio::test]
async fn resumable_streams_begin_with_a_unique_id_and_a_retry_time() {
    // HTTP-12, HTTP-14, HTTP-16
    let server = builder().start().await.unwrap();
    let mut stateful = StatefulClient::connect(&server).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let mut events =
            EventReader::new(stateful.request("tools/call", json!({ "name": "hello" })).await);
        let priming = events.next().await.unwrap();
        assert_eq!((&*priming.retry, &*priming.data), ("20", ""));
        let response = events.next().await.unwrap();
        assert_eq!(response.message()["result"]["content"][0]["text"], "hi");
        assert_eq!(events.next().await, None);
        ids.extend([priming.id, response.id]);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4, "{ids:?}");
}

#[tokio::test]
async fn resumes_a_stream_after_the_last_event_id() {
    // HTTP-10, HTTP-13, HTTP-15, HTTP-17
    let barrier = Barrier::new();
    let server = builder().tool(disconnecting_tool(&barrier)).start().await.unwrap();
    let mut stateful = StatefulClient::connect(&server).await;
    let mut events =
        EventReader::new(stateful.request("tools/call", json!({ "name": "breaks" })).await);
    events.next().await.unwrap();
    let first = events.next().await.unwrap();
    assert_eq!(first.message()["n"], 1);
    assert_eq!(events.next().await, None);

    barrier.wait_for_arrivals(1).await;
    let mut resumed = EventReader::new(stateful.listen(Some(&first.id)).await);
    assert_eq!(resumed.message().await["n"], 2);
    barrier.open();
    let ping = resumed.next().await.unwrap();
    assert_eq!(ping.message()["method"], "ping");
    drop(resumed);
    assert_eq!(stateful.respond(&ping.message()["id"], json!({})).await.status(), 202);

    // All events with an id can be read again, including the response.
    for (after, expected) in [(&ping.id, 1), (&first.id, 3)] {
        let mut resumed = EventReader::new(stateful.listen(Some(after)).await);
        let messages = resumed.remaining_messages().await;
        assert_eq!(messages.len(), expected);
        assert_eq!(messages[expected - 1]["result"]["content"][0]["text"], "done");
    }
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn resumes_a_stream_that_is_cut_repeatedly() {
    // HTTP-10, HTTP-19
    let server = builder().start().await.unwrap();
    let mut stateful = StatefulClient::connect(&server).await;
    server.script(On::method("tools/call"), Fault::CutStream(0));
    server.script(On::method("GET").first(2), Fault::CutStream(0));
    let mut events =
        EventReader::new(stateful.request("tools/call", json!({ "name": "hello" })).await);
    let priming = events.next().await.unwrap();
    assert_eq!(events.next().await, None);
    for _ in 0..2 {
        assert_eq!(EventReader::new(stateful.listen(Some(&priming.id)).await).next().await, None);
    }
    let response = EventReader::new(stateful.listen(Some(&priming.id)).await).message().await;
    assert_eq!(response["result"]["content"][0]["text"], "hi");
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn redeliver_fault_sends_a_stream_from_its_beginning() {
    // HTTP-18
    let server = builder().start().await.unwrap();
    let mut stateful = StatefulClient::connect(&server).await;
    let mut events =
        EventReader::new(stateful.request("tools/call", json!({ "name": "hello" })).await);
    events.next().await.unwrap();
    let response = events.next().await.unwrap();
    server.script(On::method("GET"), Fault::Redeliver);
    let mut again = EventReader::new(stateful.listen(Some(&response.id)).await);
    again.next().await.unwrap();
    assert_eq!(again.next().await, Some(response));
    assert_eq!(again.next().await, None);
}

#[tokio::test]
async fn rejects_event_ids_of_other_sessions() {
    let server = builder().start().await.unwrap();
    let mut stateful = StatefulClient::connect(&server).await;
    let mut events =
        EventReader::new(stateful.request("tools/call", json!({ "name": "hello" })).await);
    let priming = events.next().await.unwrap();
    let other = StatefulClient::connect(&server).await;
    assert_eq!(other.listen(Some(&priming.id)).await.status(), 400);
    let past = format!("{}9", priming.id);
    assert_eq!(stateful.listen(Some(&past)).await.status(), 400);
    assert_eq!(stateful.listen(None).await.status(), 405, "that is another matter");
    let expected = [r#"GET: header "last-event-id": unknown event id in this session"#; 2];
    assert_eq!(server.violations(), expected);
}

#[tokio::test]
async fn resumes_a_get_stream() {
    let server = builder().allow_get(true).start().await.unwrap();
    let stateful = StatefulClient::connect(&server).await;
    let mut events = EventReader::new(stateful.listen(None).await);
    let priming = events.next().await.unwrap();
    server.close_streams();
    assert_eq!(events.next().await, None);
    assert_eq!(server.notify("notifications/tools/list_changed", &json!({})), 1);
    let mut events = EventReader::new(stateful.listen(Some(&priming.id)).await);
    assert_eq!(events.message().await["method"], "notifications/tools/list_changed");
    server.end_sessions();
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn stateless_streams_have_no_event_ids_and_end_on_disconnect() {
    // N-HTTP-14, N-HTTP-15
    let barrier = Barrier::new();
    let builder = builder().revisions([Revision::V2026_07_28]);
    let server = builder.tool(disconnecting_tool(&barrier)).start().await.unwrap();
    let mut stateless = StatelessClient::new(&server);
    let mut events =
        EventReader::new(stateless.request("tools/call", json!({ "name": "breaks" })).await);
    let event = events.next().await.unwrap();
    assert_eq!((&*event.id, &event.message()["n"]), ("", &json!(1)));
    assert_eq!(events.next().await, None);
    assert_eq!(server.cancelled_requests().len(), 0, "the client did not cancel");
}
