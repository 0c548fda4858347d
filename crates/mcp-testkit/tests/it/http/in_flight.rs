//! Cancellation of requests in flight, in both eras.

use mcp_testkit::{Barrier, CallResult, Fault, On, Step, TestServer, TestTool};
use mcp_types::Revision;
use serde_json::{Value, json};

use crate::support::{EventReader, StatefulClient, StatelessClient, read, tool};

/// Returns a tool that sends a notification and then waits for the barrier.
fn slow(barrier: &Barrier) -> TestTool {
    let barrier = barrier.clone();
    TestTool::with_steps("slow", json!({ "type": "object" }), move |_| {
        let begun = json!({ "jsonrpc": "2.0", "method": "notifications/begun" });
        Step::finish(CallResult::text("done")).message(begun).hold(&barrier)
    })
}

async fn server(barrier: &Barrier) -> TestServer {
    let revisions = [Revision::V2025_11_25, Revision::V2026_07_28];
    let builder = TestServer::builder().revisions(revisions);
    builder.tool(slow(barrier)).tool(tool("hello", "hi")).start().await.expect("the server starts")
}

fn cancelled(server: &TestServer) -> Vec<String> {
    let requests = server.cancelled_requests();
    requests.iter().map(|it| format!("{} {:?}", it.method(), it.id())).collect()
}

#[tokio::test]
async fn stateful_notification_cancels_the_request_with_that_id() {
    // CANC-01, CANC-02, CANC-06, HTTP-09
    let barrier = Barrier::new();
    let server = server(&barrier).await;
    let mut stateful = StatefulClient::connect(&server).await;
    let mut events =
        EventReader::new(stateful.request("tools/call", json!({ "name": "slow" })).await);
    events.message().await;
    let cancel = |id: Value| json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } });
    for id in [json!("2"), json!(1), json!(2), json!(2)] {
        assert_eq!(stateful.post(&cancel(id)).send().await.unwrap().status(), 202);
    }
    server.wait_for_cancelled(1).await;
    assert_eq!(events.next().await, None, "nothing comes any more");
    assert_eq!(cancelled(&server), ["tools/call Some(Number(2))"]);
    assert_eq!(server.violations(), [""; 0]);
    stateful.post(&cancel(Value::Null)).send().await.unwrap();
    let expected = [r#"notifications/cancelled: "requestId" missing or invalid"#];
    assert_eq!(server.violations(), expected);
}

#[tokio::test]
async fn stateful_disconnect_does_not_cancel_the_request() {
    let barrier = Barrier::new();
    let server = server(&barrier).await;
    let mut stateful = StatefulClient::connect(&server).await;
    let mut events =
        EventReader::new(stateful.request("tools/call", json!({ "name": "slow" })).await);
    events.message().await;
    drop(events);
    let cancel = json!({ "requestId": 2 });
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancel });
    stateful.post(&cancel).send().await.unwrap();
    server.wait_for_cancelled(1).await;
    assert_eq!(cancelled(&server), ["tools/call Some(Number(2))"], "it was still on its way");
}

#[tokio::test]
async fn stateful_request_can_be_cancelled_after_the_client_stops_reading() {
    // LIFE-13: a client that has waited long enough stops to read, and says so afterwards
    let server = server(&Barrier::new()).await;
    let mut stateful = StatefulClient::connect(&server).await;
    server.script(On::method("tools/call"), Fault::Hold(Barrier::new()));
    let call = stateful.message("tools/call", json!({ "name": "hello" }));
    let held = tokio::spawn(stateful.post(&call).send());
    server.wait_for_requests("tools/call", 1).await;
    let open = server.counts().open_connections;
    held.abort();
    server.wait_for_counts(|counts| counts.open_connections < open).await;
    assert_eq!(cancelled(&server), [""; 0]);
    assert_eq!(server.counts().open_requests, 1);
    let cancel = json!({ "requestId": 2 });
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancel });
    stateful.post(&cancel).send().await.unwrap();
    assert_eq!(cancelled(&server), ["tools/call Some(Number(2))"]);
    server.wait_for_counts(|counts| counts.open_requests == 0).await;
}

#[tokio::test]
async fn sends_a_held_response_even_after_cancellation() {
    // CANC-04, CANC-07
    let barrier = Barrier::new();
    let server = server(&barrier).await;
    let mut stateful = StatefulClient::connect(&server).await;
    server.script(On::method("tools/call"), Fault::Hold(barrier.clone()));
    let call = stateful.message("tools/call", json!({ "name": "hello" }));
    let held = tokio::spawn(stateful.post(&call).send());
    barrier.wait_for_arrivals(1).await;
    let cancel = json!({ "requestId": 2 });
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancel });
    stateful.post(&cancel).send().await.unwrap();
    server.wait_for_cancelled(1).await;
    barrier.open();
    assert_eq!(read(held.await.unwrap().unwrap()).await["id"], 2);
}

#[tokio::test]
async fn stateless_disconnect_cancels_the_request() {
    let barrier = Barrier::new();
    let server = server(&barrier).await;
    let mut stateless = StatelessClient::new(&server);
    let mut events =
        EventReader::new(stateless.request("tools/call", json!({ "name": "slow" })).await);
    events.message().await;
    drop(events);
    server.wait_for_cancelled(1).await;

    server.script(On::method("tools/call"), Fault::Hold(Barrier::new()));
    let call = stateless.message("tools/call", json!({ "name": "hello" }));
    let held = tokio::spawn(stateless.post(&call).send());
    server.wait_for_requests("tools/call", 2).await;
    held.abort();
    server.wait_for_cancelled(2).await;
    let expected = ["tools/call Some(Number(1))", "tools/call Some(Number(2))"];
    assert_eq!(cancelled(&server), expected);
}

#[tokio::test]
async fn stateless_http_2_stream_reset_cancels_the_request() {
    let barrier = Barrier::new();
    let server = server(&barrier).await;
    let http = reqwest::Client::builder().no_proxy().http2_prior_knowledge();
    let http = http.tls_certs_only([]).build().unwrap();
    let mut stateless = StatelessClient::new(&server);
    for count in 1..=2 {
        let call = stateless.message("tools/call", json!({ "name": "slow" }));
        let request = stateless.post(&call).build().unwrap();
        let mut response = http.execute(request).await.unwrap();
        assert_eq!(response.version(), reqwest::Version::HTTP_2);
        response.chunk().await.unwrap();
        drop(response);
        server.wait_for_cancelled(count).await;
    }
    assert_eq!(server.counts().open_connections, 1, "only streams were closed");
}

#[tokio::test]
async fn does_not_record_a_finished_request_as_cancelled() {
    let barrier = Barrier::new();
    barrier.open();
    let server = server(&barrier).await;
    let mut stateless = StatelessClient::new(&server);
    for tool in ["hello", "slow"] {
        assert_eq!(stateless.request("tools/call", json!({ "name": tool })).await.status(), 200);
    }
    server.script(On::method("tools/call"), Fault::Close);
    let call = stateless.message("tools/call", json!({ "name": "hello" }));
    assert!(stateless.post(&call).send().await.is_err());
    let list = stateless.request("tools/list", json!({})).await;
    assert_eq!(list.status(), 200);
    assert_eq!(cancelled(&server), [""; 0]);
}

#[tokio::test]
async fn assume_single_client_rejects_an_id_that_is_in_flight() {
    // N-BASE-03
    let barrier = Barrier::new();
    let builder = TestServer::builder().revisions([Revision::V2026_07_28]);
    let server = builder.tool(tool("hello", "hi")).assume_single_client().start().await.unwrap();
    server.script(On::method("tools/call").nth(1), Fault::Hold(barrier.clone()));
    let mut stateless = StatelessClient::new(&server);
    let call = stateless.message("tools/call", json!({ "name": "hello" }));
    let held = tokio::spawn(stateless.post(&call).send());
    barrier.wait_for_arrivals(1).await;
    assert_eq!(stateless.post(&call).send().await.unwrap().status(), 400);
    barrier.open();
    assert_eq!(held.await.unwrap().unwrap().status(), 200);
    assert_eq!(stateless.post(&call).send().await.unwrap().status(), 200, "the id is free again");
    assert_eq!(server.violations(), ["tools/call: id 1 already in use by a pending request"]);
}
