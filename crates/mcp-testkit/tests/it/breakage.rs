//! Connections and answers that break, stall or never end, in both eras.

use std::{io::ErrorKind, time::Duration};

use mcp_testkit::{AnswerMode, Bearer, Fault, Gate, On, Reply, TestServer};
use mcp_types::Revision;
use reqwest::Response;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};

use crate::{
    complete::Complete,
    events::Events,
    peer::{Peer, read, tool},
};

const MODES: [AnswerMode; 2] = [AnswerMode::Json, AnswerMode::Sse];

async fn server(mode: AnswerMode) -> TestServer {
    let revisions = [Revision::V2025_11_25, Revision::V2026_07_28];
    let builder = TestServer::builder().revisions(revisions).answers(mode);
    builder.tool(tool("hello", "hi")).start().await.expect("a start")
}

/// A call whose answer meets a fault, in either era.
async fn calls(server: &TestServer, fault: Fault) -> [Response; 2] {
    server.script(On::method("tools/call"), fault);
    let old = Peer::open(server).await.request("tools/call", json!({ "name": "hello" })).await;
    let new = Complete::new(server).request("tools/call", json!({ "name": "hello" })).await;
    [old, new]
}

/// Sends some bytes and reads until the connection ends; tells how that was.
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
async fn connections_are_reset_before_a_request_is_read() {
    let server = server(AnswerMode::Json).await;
    server.reset_next_connections(2);
    for _ in 0..2 {
        let (text, end) = raw(&server, &request("{}")).await;
        assert_eq!((&*text, end), ("", Some(ErrorKind::ConnectionReset)));
    }
    assert_eq!(server.requests().len(), 0);
    Peer::open(&server).await;
}

#[tokio::test]
async fn connections_are_reset_in_place_of_an_answer() {
    let server = server(AnswerMode::Json).await;
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
async fn connections_are_reset_in_the_middle_of_a_body() {
    let server = server(AnswerMode::Json).await;
    server.script(On::any().nth(1), Reply::status(200).chunk("abc").reset());
    let (text, end) = raw(&server, &request("{}")).await;
    assert!(text.contains("abc"), "{text}");
    assert_eq!(end, Some(ErrorKind::ConnectionReset));

    for mode in MODES {
        let server = self::server(mode).await;
        for mut response in calls(&server, Fault::ResetInside).await {
            let half = response.chunk().await.unwrap().unwrap();
            assert!(!half.is_empty());
            assert!(response.chunk().await.is_err(), "{mode:?}");
        }
        assert_eq!(server.cancelled_requests().len(), 0);
    }
}

#[tokio::test]
async fn all_connections_can_be_reset() {
    let server = server(AnswerMode::Json).await;
    let gate = Gate::new();
    server.script(On::method("tools/list"), Fault::Hold(gate.clone()));
    let mut peer = Peer::open(&server).await;
    let list = peer.message("tools/list", json!({}));
    let held = tokio::spawn(peer.post(&list).send());
    gate.reached(1).await;
    server.reset_connections();
    assert!(held.await.unwrap().is_err());
    assert_eq!(peer.request("ping", json!({})).await.status(), 200);
}

#[tokio::test]
async fn an_answer_stalls_in_the_middle() {
    for mode in MODES {
        let server = server(mode).await;
        let gate = Gate::new();
        let mut responses = calls(&server, Fault::Stall(gate.clone())).await;
        let mut halves = Vec::new();
        for response in &mut responses {
            halves.push(response.chunk().await.unwrap().unwrap());
        }
        gate.reached(2).await;
        gate.open();
        for (response, half) in responses.into_iter().zip(halves) {
            let rest = response.text().await.unwrap();
            let whole = format!("{}{rest}", std::str::from_utf8(&half).unwrap());
            assert!(!rest.is_empty() && whole.contains(r#""text":"hi""#), "{whole}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_drips() {
    for mode in MODES {
        let server = server(mode).await;
        let begin = Instant::now();
        for mut response in calls(&server, Fault::Drip(Duration::from_secs(1))).await {
            let mut text = Vec::new();
            while let Some(chunk) = response.chunk().await.unwrap() {
                assert_eq!(chunk.len(), 1);
                text.extend(chunk);
            }
            assert!(std::str::from_utf8(&text).unwrap().contains(r#""text":"hi""#));
            // After the last byte nothing waits.
            assert!(begin.elapsed() >= Duration::from_secs(text.len() as u64 - 1));
        }
    }
}

#[tokio::test]
async fn an_answer_comes_twice() {
    // HTTP-18
    let server = server(AnswerMode::Json).await;
    for response in calls(&server, Fault::Duplicate).await {
        let answers = Events::of(response).rest().await;
        assert_eq!(answers.len(), 2);
        assert_eq!(answers[0], answers[1]);
    }
}

#[tokio::test]
async fn a_stream_goes_on_after_the_answer() {
    // HTTP-08
    let server = server(AnswerMode::Json).await;
    let mut streams = calls(&server, Fault::NeverEnd).await.map(Events::of);
    for events in &mut streams {
        assert_eq!(events.message().await["result"]["content"][0]["text"], "hi");
    }
    assert_eq!(server.counts().open_streams, 2);
    drop(streams);
    server.when(|counts| counts.open_streams == 0).await;
    assert_eq!(server.cancelled_requests().len(), 0, "they were answered");
}

#[tokio::test]
async fn a_stream_has_no_end_and_no_answer() {
    // N-HTTP-13
    let server = server(AnswerMode::Json).await;
    let comment = Fault::Endless(": still here\n\n".into(), Duration::ZERO);
    for mut response in calls(&server, comment).await {
        let mut text = Vec::new();
        while text.len() < 100_000 {
            text.extend(response.chunk().await.unwrap().unwrap());
        }
        let text = String::from_utf8(text).unwrap();
        assert!(text.split_terminator("\n\n").all(|line| ": still here".starts_with(line)));
    }
    server.cancelled(1).await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_kept_alive_for_ever() {
    let server = server(AnswerMode::Json).await;
    let notification = json!({ "jsonrpc": "2.0", "method": "notifications/x" });
    let event = format!("data: {notification}\n\n");
    let flood = Fault::Endless(event.into(), Duration::from_secs(1));
    let begin = Instant::now();
    for response in calls(&server, flood).await {
        let mut events = Events::of(response);
        for _ in 0..100 {
            assert_eq!(events.message().await, notification);
        }
        assert!(begin.elapsed() >= Duration::from_secs(99));
    }
}

#[tokio::test]
async fn little_becomes_much() {
    const SIZE: usize = 3_000_000;
    let server = server(AnswerMode::Json).await;
    for response in calls(&server, Fault::GzipBomb(SIZE)).await {
        let text = response.text().await.unwrap();
        assert!(text.len() > SIZE);
        assert!(text.trim_start().starts_with("{"));
    }
}

#[tokio::test]
async fn a_call_has_run_though_its_answer_says_nothing() {
    for (reply, status) in [
        (Reply::status(500), 500),
        (Reply::status(429).header("retry-after", "1"), 429),
        (Reply::body("application/json", "{\"jsonrpc\""), 200),
        (Reply::body("image/png", "{}"), 200),
        (Reply::unauthorized("Bearer"), 401),
    ] {
        let server = server(AnswerMode::Json).await;
        server.script(On::method("initialize"), Fault::Replace(reply));
        assert_eq!(Peer::new(&server).initialize("2025-11-25").await.status(), status);
        assert_eq!(server.open_sessions(), 1);
    }
}

#[tokio::test]
async fn a_session_is_lost_at_any_step() {
    // HTTP-26
    let bearer = Bearer::tokens(["a"]);
    let server = TestServer::builder().bearer(bearer).start().await.unwrap();
    server.script(On::method("tools/list").nth(2), Fault::LoseSession);
    let mut peer = Peer::open_with(&server, "a").await;
    let other = Peer::open_with(&server, "a").await;
    for status in [200, 404, 404] {
        assert_eq!(peer.request("tools/list", json!({})).await.status(), status);
    }
    assert_eq!(server.open_sessions(), 1);
    assert_eq!(other.http_request(reqwest::Method::DELETE).send().await.unwrap().status(), 204);
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn a_client_is_told_to_come_back_for_ever() {
    // HTTP-14, HTTP-19
    let builder = TestServer::builder().tool(tool("hello", "hi")).resumable(Duration::ZERO);
    let server = builder.start().await.unwrap();
    let mut peer = Peer::open(&server).await;
    server.script(On::method("tools/call"), Fault::CutStream(0));
    server.script(On::method("GET"), Fault::CutStream(0));
    let mut events = Events::of(peer.request("tools/call", json!({ "name": "hello" })).await);
    let priming = events.next().await.unwrap();
    assert_eq!(priming.retry, "0");
    assert_eq!(events.next().await, None);
    for _ in 0..20 {
        assert_eq!(Events::of(peer.listen(Some(&priming.id)).await).next().await, None);
    }
    server.clear_script();
    assert_eq!(read(peer.listen(Some(&priming.id)).await).await["id"], 2);
}
