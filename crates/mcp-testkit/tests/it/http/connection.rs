//! Connections that are reset or closed.

use std::io::ErrorKind;

use mcp_testkit::{Barrier, Fault, On, Reply, ResponseMode, TestServer};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{ANSWER_MODES, StatefulClient, call_in_both_eras, start_with_mode};

/// Sends bytes and reads until the connection ends; returns the text and how it ended.
async fn raw(server: &TestServer, bytes: &str) -> (String, Option<ErrorKind>) {
    let address = server.url().trim_start_matches("http://").trim_end_matches("/mcp");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let mut text = Vec::new();
    let sent = stream.write_all(bytes.as_bytes()).await;
    let end = match sent {
        Ok(()) => stream.read_to_end(&mut text).await.err(),
        Err(error) => Some(error),
    };
    (String::from_utf8(text).expect("UTF-8"), end.map(|error| error.kind()))
}

fn request(body: &str) -> String {
    let length = body.len();
    let types = "accept: application/json, text/event-stream\r\ncontent-type: application/json";
    format!("POST /mcp HTTP/1.1\r\nhost: a\r\n{types}\r\ncontent-length: {length}\r\n\r\n{body}")
}

#[tokio::test]
async fn resets_the_next_connections_before_reading_a_request() {
    let server = start_with_mode(ResponseMode::Json).await;
    server.reset_next_connections(2);
    for _ in 0..2 {
        let (text, end) = raw(&server, &request("{}")).await;
        assert_eq!((&*text, end), ("", Some(ErrorKind::ConnectionReset)));
    }
    assert_eq!(server.requests().len(), 0);
    StatefulClient::connect(&server).await;
}

#[tokio::test]
async fn resets_or_closes_the_connection_after_handling_the_request() {
    let server = start_with_mode(ResponseMode::Json).await;
    server.script(On::any(), Fault::Reset);
    let initialize = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": { "name": "raw", "version": "1" },
    } });
    let (text, end) = raw(&server, &request(&initialize.to_string())).await;
    assert_eq!((&*text, end), ("", Some(ErrorKind::ConnectionReset)));
    assert_eq!(server.open_sessions(), 1, "the request was handled");

    server.clear_script();
    server.script(On::any(), Fault::Close);
    let (text, end) = raw(&server, &request(&initialize.to_string())).await;
    assert_eq!((&*text, end), ("", None), "closing is another thing");
}

#[tokio::test]
async fn resets_a_connection_in_the_middle_of_a_body() {
    let server = start_with_mode(ResponseMode::Json).await;
    server.script(On::any().nth(1), Reply::status(200).chunk("abc").reset());
    let (text, end) = raw(&server, &request("{}")).await;
    assert!(text.contains("abc"), "{text}");
    assert_eq!(end, Some(ErrorKind::ConnectionReset));

    for mode in ANSWER_MODES {
        let server = start_with_mode(mode).await;
        for mut response in call_in_both_eras(&server, Fault::ResetMidBody).await {
            let half = response.chunk().await.unwrap().unwrap();
            assert!(!half.is_empty());
            assert!(response.chunk().await.is_err(), "{mode:?}");
        }
        assert_eq!(server.cancelled_requests().len(), 0);
    }
}

#[tokio::test]
async fn resets_all_open_connections() {
    let server = start_with_mode(ResponseMode::Json).await;
    let barrier = Barrier::new();
    server.script(On::method("tools/list"), Fault::Hold(barrier.clone()));
    let mut stateful = StatefulClient::connect(&server).await;
    let list = stateful.message("tools/list", json!({}));
    let held = tokio::spawn(stateful.post(&list).send());
    barrier.wait_for_arrivals(1).await;
    server.reset_connections();
    assert!(held.await.unwrap().is_err());
    assert_eq!(stateful.request("ping", json!({})).await.status(), 200);
}
