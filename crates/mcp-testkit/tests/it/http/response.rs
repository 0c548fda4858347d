//! Scripted replies: status, headers and body.

use mcp_testkit::{Barrier, On, Reply};
use serde_json::json;

use crate::support::{StatefulClient, header, start_stateful};

#[tokio::test]
async fn sends_status_headers_and_body_of_a_reply_unchanged() {
    let server = start_stateful().await;
    let mut stateful = StatefulClient::new(&server);
    let other = "http://127.0.0.1:9/mcp";
    for (reply, status, name, value, body) in [
        (Reply::status(502).chunk("bad"), 502, "content-length", "3", "bad"),
        (Reply::body("text/plain", "?"), 200, "content-type", "text/plain", "?"),
        (Reply::json(&json!([1])), 200, "content-type", "application/json", "[1]"),
        (Reply::redirect(other), 307, "location", other, ""),
        (Reply::unauthorized("Bearer"), 401, "www-authenticate", "Bearer", ""),
        (Reply::sse(["data: 1\n", "\n"]), 200, "content-type", "text/event-stream", "data: 1\n\n"),
        (Reply::sse(["data: 1\n\n"]), 200, "transfer-encoding", "chunked", "data: 1\n\n"),
        (Reply::status(200).padding(3).chunk("1"), 200, "transfer-encoding", "chunked", "   1"),
    ] {
        server.clear_script();
        server.script(On::any(), reply);
        let response = stateful.request("ping", json!({})).await;
        assert_eq!((response.status().as_u16(), header(&response, name)), (status, value));
        assert_eq!(response.text().await.unwrap(), body);
    }
    server.clear_script();
    server.script(On::any(), Reply::html_page());
    let response = stateful.request("ping", json!({})).await;
    assert_eq!(header(&response, "content-type"), "text/html; charset=utf-8");
    assert!(response.text().await.unwrap().starts_with("<!doctype html>"));
}

#[tokio::test]
async fn sends_each_chunk_of_a_reply_separately() {
    let server = start_stateful().await;
    let mut stateful = StatefulClient::new(&server);
    let barrier = Barrier::new();
    server.script(On::any(), Reply::sse(["da", "ta: 1\r"]).hold(&barrier).chunk("\n\r\n"));
    let mut response = stateful.request("ping", json!({})).await;
    assert_eq!(response.chunk().await.unwrap().unwrap(), "da");
    assert_eq!(response.chunk().await.unwrap().unwrap(), "ta: 1\r");
    barrier.wait_for_arrivals(1).await;
    barrier.open();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "\n\r\n");
    assert_eq!(response.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn aborts_the_connection_in_the_middle_of_a_reply() {
    let server = start_stateful().await;
    let mut stateful = StatefulClient::new(&server);
    server.script(On::any(), Reply::sse(["id: 1\ndata:\n\n"]).abort());
    let mut response = stateful.request("ping", json!({})).await;
    assert_eq!(response.chunk().await.unwrap().unwrap(), "id: 1\ndata:\n\n");
    assert!(response.chunk().await.is_err());
}
