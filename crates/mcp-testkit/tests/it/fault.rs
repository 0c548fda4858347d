//! Every way of going wrong.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use mcp_testkit::{AnswerMode, CallAnswer, Fault, Gate, On, Reply, TestServer, Tool};
use serde_json::json;

use crate::peer::{Peer, header, names, read, tool};

async fn server() -> TestServer {
    TestServer::builder().tool(tool("hello", "hi")).start().await.expect("a start")
}

#[tokio::test]
async fn faults_come_when_it_is_their_turn() {
    let server = server().await;
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
async fn replies_are_sent_as_they_are() {
    let server = server().await;
    let mut peer = Peer::new(&server);
    let other = "http://127.0.0.1:9/mcp";
    for (reply, status, name, value, body) in [
        (Reply::status(502).chunk("bad"), 502, "content-length", "3", "bad"),
        (Reply::body("text/plain", "?"), 200, "content-type", "text/plain", "?"),
        (Reply::json(&json!([1])), 200, "content-type", "application/json", "[1]"),
        (Reply::redirect(other), 307, "location", other, ""),
        (Reply::unauthorized("Bearer"), 401, "www-authenticate", "Bearer", ""),
        (Reply::sse(["data: 1\n", "\n"]), 200, "content-type", "text/event-stream", "data: 1\n\n"),
        (Reply::sse(["data: 1\n\n"]), 200, "transfer-encoding", "chunked", "data: 1\n\n"),
        (Reply::status(200).fill(3).chunk("1"), 200, "transfer-encoding", "chunked", "   1"),
    ] {
        server.clear_script();
        server.script(On::any(), reply);
        let response = peer.request("ping", json!({})).await;
        assert_eq!((response.status().as_u16(), header(&response, name)), (status, value));
        assert_eq!(response.text().await.unwrap(), body);
    }
    server.clear_script();
    server.script(On::any(), Reply::html_page());
    let response = peer.request("ping", json!({})).await;
    assert_eq!(header(&response, "content-type"), "text/html; charset=utf-8");
    assert!(response.text().await.unwrap().starts_with("<!doctype html>"));
}

#[tokio::test]
async fn chunks_are_sent_on_their_own() {
    let server = server().await;
    let mut peer = Peer::new(&server);
    let gate = Gate::new();
    server.script(On::any(), Reply::sse(["da", "ta: 1\r"]).hold(&gate).chunk("\n\r\n"));
    let mut response = peer.request("ping", json!({})).await;
    assert_eq!(response.chunk().await.unwrap().unwrap(), "da");
    assert_eq!(response.chunk().await.unwrap().unwrap(), "ta: 1\r");
    gate.reached(1).await;
    gate.open();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "\n\r\n");
    assert_eq!(response.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn a_reply_can_break_off() {
    let server = server().await;
    let mut peer = Peer::new(&server);
    server.script(On::any(), Reply::sse(["id: 1\ndata:\n\n"]).abort());
    let mut response = peer.request("ping", json!({})).await;
    assert_eq!(response.chunk().await.unwrap().unwrap(), "id: 1\ndata:\n\n");
    assert!(response.chunk().await.is_err());
}

#[tokio::test]
async fn a_reply_may_depend_on_the_request() {
    let server = server().await;
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

#[tokio::test]
async fn answers_are_held_until_the_gate_opens() {
    let server = server().await;
    let mut peer = Peer::open(&server).await;
    let gate = Gate::new();
    server.script(On::method("ping").nth(1), Fault::Hold(gate.clone()));
    let ping = peer.message("ping", json!({}));
    let held = tokio::spawn(peer.post(&ping).send());
    gate.reached(1).await;
    assert_eq!(server.count("ping"), 1);
    assert_eq!(peer.request("ping", json!({})).await.status(), 200, "others are not held");
    assert!(!held.is_finished());
    gate.open();
    assert_eq!(read(held.await.unwrap().unwrap()).await["id"], 2);
}

#[tokio::test]
async fn answers_can_have_the_wrong_id() {
    let server = server().await;
    let mut peer = Peer::open(&server).await;
    server.script(On::method("ping"), Fault::WrongId);
    assert_ne!(peer.ask("ping", json!({})).await["id"], 2);
    let ping = json!({ "jsonrpc": "2.0", "id": "two", "method": "ping" });
    assert_eq!(read(peer.post(&ping).send().await.unwrap()).await["id"], "two-other");
}

#[tokio::test]
async fn cursors_can_repeat() {
    let builder = TestServer::builder().tool(tool("a", "")).tool(tool("b", "")).page_size(1);
    let server = builder.start().await.unwrap();
    let mut peer = Peer::open(&server).await;
    server.script(On::method("tools/list"), Fault::RepeatCursor);
    let page = peer.ask("tools/list", json!({})).await;
    assert_eq!(names(&page), ["a"]);
    let cursor = page["result"]["nextCursor"].clone();
    for _ in 0..2 {
        let page = peer.ask("tools/list", json!({ "cursor": cursor })).await;
        assert_eq!((names(&page), &page["result"]["nextCursor"]), (vec!["b"], &cursor));
    }

    server.remove_tool("b");
    let page = peer.ask("tools/list", json!({})).await;
    let cursor = page["result"]["nextCursor"].clone();
    let page = peer.ask("tools/list", json!({ "cursor": cursor })).await;
    assert_eq!((names(&page), &page["result"]["nextCursor"]), (vec!["a"], &cursor));
}

#[tokio::test]
async fn streams_can_end_inside_an_event() {
    let server = server().await;
    let mut peer = Peer::open(&server).await;
    server.script(On::method("tools/call"), Fault::TruncatedSse);
    let response = peer.request("tools/call", json!({ "name": "hello" })).await;
    assert_eq!(header(&response, "content-type"), "text/event-stream");
    let text = response.text().await.expect("a clean end");
    assert!(text.starts_with("event: message\ndata: {"), "{text}");
    assert_eq!(text.matches('\n').count(), 1, "{text}");
}

#[tokio::test]
async fn answers_can_be_too_long() {
    const SIZE: usize = 1_000_000;
    for mode in [AnswerMode::Json, AnswerMode::Sse] {
        let server = TestServer::builder().answers(mode).start().await.unwrap();
        let mut peer = Peer::open(&server).await;
        server.script(On::method("ping"), Fault::Oversized(SIZE));
        let response = peer.request("ping", json!({})).await;
        assert_eq!(header(&response, "content-length"), "", "its length is not announced");
        let text = response.text().await.unwrap();
        assert!(text.len() > SIZE);
        let json = text.trim_start_matches("event: message\ndata: ");
        let answer = serde_json::from_str::<serde_json::Value>(json).unwrap();
        assert_eq!(answer["result"], json!({}));
    }
}

#[tokio::test]
async fn messages_can_come_before_the_answer() {
    let server = server().await;
    let mut peer = Peer::open(&server).await;
    let gate = Gate::new();
    let ping = json!({ "jsonrpc": "2.0", "id": "s1", "method": "ping" });
    server.script(On::method("tools/call"), Fault::Interject(vec![ping.clone()]));
    server.script(On::method("tools/call"), Fault::Hold(gate.clone()));

    let mut response = peer.request("tools/call", json!({ "name": "hello" })).await;
    let event = response.chunk().await.unwrap().unwrap();
    assert_eq!(event, format!("event: message\ndata: {ping}\n\n"));
    let pong = json!({ "jsonrpc": "2.0", "id": "s1", "result": {} });
    assert_eq!(peer.post(&pong).send().await.unwrap().status(), 202);
    server.received("POST", 1).await;
    gate.open();
    assert_eq!(read(response).await["result"]["content"][0]["text"], "hi");
    assert_eq!(server.violations(), [""; 0]);
}
