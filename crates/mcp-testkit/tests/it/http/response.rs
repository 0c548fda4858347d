//! Scripted replies: status, headers and body.

use mcp_testkit::{Gate, On, Reply};
use serde_json::json;

use crate::support::{Peer, header, start_stateful};

#[tokio::test]
async fn replies_are_sent_as_they_are() {
    let server = start_stateful().await;
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
    let server = start_stateful().await;
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
    let server = start_stateful().await;
    let mut peer = Peer::new(&server);
    server.script(On::any(), Reply::sse(["id: 1\ndata:\n\n"]).abort());
    let mut response = peer.request("ping", json!({})).await;
    assert_eq!(response.chunk().await.unwrap().unwrap(), "id: 1\ndata:\n\n");
    assert!(response.chunk().await.is_err());
}
