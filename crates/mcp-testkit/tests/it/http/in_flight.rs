//! Requests that their client gives up.

use mcp_testkit::{CallAnswer, Fault, Gate, On, TestServer, Tool, Turn};
use mcp_types::Revision;
use serde_json::{Value, json};

use crate::support::{Complete, Events, Peer, read, tool};

/// A tool that tells of its progress and then waits.
fn slow(gate: &Gate) -> Tool {
    let gate = gate.clone();
    Tool::asking("slow", json!({ "type": "object" }), move |_| {
        let begun = json!({ "jsonrpc": "2.0", "method": "notifications/begun" });
        Turn::answer(CallAnswer::text("done")).message(begun).hold(&gate)
    })
}

async fn server(gate: &Gate) -> TestServer {
    let revisions = [Revision::V2025_11_25, Revision::V2026_07_28];
    let builder = TestServer::builder().revisions(revisions);
    builder.tool(slow(gate)).tool(tool("hello", "hi")).start().await.expect("a start")
}

fn cancelled(server: &TestServer) -> Vec<String> {
    let requests = server.cancelled_requests();
    requests.iter().map(|it| format!("{} {:?}", it.method(), it.id())).collect()
}

#[tokio::test]
async fn with_a_session_it_is_told() {
    // CANC-01, CANC-02, CANC-06, HTTP-09
    let gate = Gate::new();
    let server = server(&gate).await;
    let mut peer = Peer::open(&server).await;
    let mut events = Events::of(peer.request("tools/call", json!({ "name": "slow" })).await);
    events.message().await;
    let cancel = |id: Value| json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } });
    for id in [json!("2"), json!(1), json!(2), json!(2)] {
        assert_eq!(peer.post(&cancel(id)).send().await.unwrap().status(), 202);
    }
    server.cancelled(1).await;
    assert_eq!(events.next().await, None, "nothing comes any more");
    assert_eq!(cancelled(&server), ["tools/call Some(Number(2))"]);
    assert_eq!(server.violations(), [""; 0]);
    peer.post(&cancel(Value::Null)).send().await.unwrap();
    let expected = ["notifications/cancelled: requestId is missing or of the wrong type"];
    assert_eq!(server.violations(), expected);
}

#[tokio::test]
async fn with_a_session_a_lost_connection_is_no_sign() {
    let gate = Gate::new();
    let server = server(&gate).await;
    let mut peer = Peer::open(&server).await;
    let mut events = Events::of(peer.request("tools/call", json!({ "name": "slow" })).await);
    events.message().await;
    drop(events);
    let cancel = json!({ "requestId": 2 });
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancel });
    peer.post(&cancel).send().await.unwrap();
    server.cancelled(1).await;
    assert_eq!(cancelled(&server), ["tools/call Some(Number(2))"], "it was still on its way");
}

#[tokio::test]
async fn with_a_session_an_answer_that_nobody_reads_may_still_be_cancelled() {
    // LIFE-13: a client that has waited long enough stops to read, and says so afterwards
    let server = server(&Gate::new()).await;
    let mut peer = Peer::open(&server).await;
    server.script(On::method("tools/call"), Fault::Hold(Gate::new()));
    let call = peer.message("tools/call", json!({ "name": "hello" }));
    let held = tokio::spawn(peer.post(&call).send());
    server.received("tools/call", 1).await;
    let open = server.counts().open_connections;
    held.abort();
    server.when(|counts| counts.open_connections < open).await;
    assert_eq!(cancelled(&server), [""; 0]);
    assert_eq!(server.counts().open_requests, 1);
    let cancel = json!({ "requestId": 2 });
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancel });
    peer.post(&cancel).send().await.unwrap();
    assert_eq!(cancelled(&server), ["tools/call Some(Number(2))"]);
    server.when(|counts| counts.open_requests == 0).await;
}

#[tokio::test]
async fn an_answer_that_is_held_comes_late() {
    // CANC-04, CANC-07
    let gate = Gate::new();
    let server = server(&gate).await;
    let mut peer = Peer::open(&server).await;
    server.script(On::method("tools/call"), Fault::Hold(gate.clone()));
    let call = peer.message("tools/call", json!({ "name": "hello" }));
    let held = tokio::spawn(peer.post(&call).send());
    gate.reached(1).await;
    let cancel = json!({ "requestId": 2 });
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancel });
    peer.post(&cancel).send().await.unwrap();
    server.cancelled(1).await;
    gate.open();
    assert_eq!(read(held.await.unwrap().unwrap()).await["id"], 2);
}

#[tokio::test]
async fn without_one_the_stream_is_closed() {
    let gate = Gate::new();
    let server = server(&gate).await;
    let mut client = Complete::new(&server);
    let mut events = Events::of(client.request("tools/call", json!({ "name": "slow" })).await);
    events.message().await;
    drop(events);
    server.cancelled(1).await;

    server.script(On::method("tools/call"), Fault::Hold(Gate::new()));
    let call = client.message("tools/call", json!({ "name": "hello" }));
    let held = tokio::spawn(client.post(&call).send());
    server.received("tools/call", 2).await;
    held.abort();
    server.cancelled(2).await;
    let expected = ["tools/call Some(Number(1))", "tools/call Some(Number(2))"];
    assert_eq!(cancelled(&server), expected);
}

#[tokio::test]
async fn without_one_http_2_resets_the_stream() {
    let gate = Gate::new();
    let server = server(&gate).await;
    let http = reqwest::Client::builder().no_proxy().http2_prior_knowledge();
    let http = http.tls_certs_only([]).build().unwrap();
    let mut client = Complete::new(&server);
    for count in 1..=2 {
        let call = client.message("tools/call", json!({ "name": "slow" }));
        let request = client.post(&call).build().unwrap();
        let mut response = http.execute(request).await.unwrap();
        assert_eq!(response.version(), reqwest::Version::HTTP_2);
        response.chunk().await.unwrap();
        drop(response);
        server.cancelled(count).await;
    }
    assert_eq!(server.counts().open_connections, 1, "only streams were closed");
}

#[tokio::test]
async fn what_was_answered_is_not_cancelled() {
    let gate = Gate::new();
    gate.open();
    let server = server(&gate).await;
    let mut client = Complete::new(&server);
    for tool in ["hello", "slow"] {
        assert_eq!(client.request("tools/call", json!({ "name": tool })).await.status(), 200);
    }
    server.script(On::method("tools/call"), Fault::Close);
    let call = client.message("tools/call", json!({ "name": "hello" }));
    assert!(client.post(&call).send().await.is_err());
    let list = client.request("tools/list", json!({})).await;
    assert_eq!(list.status(), 200);
    assert_eq!(cancelled(&server), [""; 0]);
}

#[tokio::test]
async fn ids_of_one_client_differ_while_they_wait() {
    // N-BASE-03
    let gate = Gate::new();
    let builder = TestServer::builder().revisions([Revision::V2026_07_28]);
    let server = builder.tool(tool("hello", "hi")).one_client().start().await.unwrap();
    server.script(On::method("tools/call").nth(1), Fault::Hold(gate.clone()));
    let mut client = Complete::new(&server);
    let call = client.message("tools/call", json!({ "name": "hello" }));
    let held = tokio::spawn(client.post(&call).send());
    gate.reached(1).await;
    assert_eq!(client.post(&call).send().await.unwrap().status(), 400);
    gate.open();
    assert_eq!(held.await.unwrap().unwrap().status(), 200);
    assert_eq!(client.post(&call).send().await.unwrap().status(), 200, "the id is free again");
    assert_eq!(server.violations(), ["tools/call: the id 1 waits for an answer already"]);
}
