//! Each fault, in both eras where it applies.

use std::time::Duration;

use mcp_testkit::{Barrier, Bearer, Fault, On, Reply, ResponseMode, TestServer};
use serde_json::json;
use tokio::time::Instant;

use crate::support::{
    ANSWER_MODES, EventReader, StatefulClient, call_in_both_eras, header, names, read,
    start_stateful, start_with_mode, tool,
};

#[tokio::test]
async fn hold_fault_holds_the_response_until_the_barrier_opens() {
    let server = start_stateful().await;
    let mut stateful = StatefulClient::connect(&server).await;
    let barrier = Barrier::new();
    server.script(On::method("ping").nth(1), Fault::Hold(barrier.clone()));
    let ping = stateful.message("ping", json!({}));
    let held = tokio::spawn(stateful.post(&ping).send());
    barrier.wait_for_arrivals(1).await;
    assert_eq!(server.count("ping"), 1);
    assert_eq!(stateful.request("ping", json!({})).await.status(), 200, "others are not held");
    assert!(!held.is_finished());
    barrier.open();
    assert_eq!(read(held.await.unwrap().unwrap()).await["id"], 2);
}

#[tokio::test]
async fn wrong_id_fault_changes_the_response_id() {
    let server = start_stateful().await;
    let mut stateful = StatefulClient::connect(&server).await;
    server.script(On::method("ping"), Fault::WrongId);
    assert_ne!(stateful.request_json("ping", json!({})).await["id"], 2);
    let ping = json!({ "jsonrpc": "2.0", "id": "two", "method": "ping" });
    assert_eq!(read(stateful.post(&ping).send().await.unwrap()).await["id"], "two-other");
}

#[tokio::test]
async fn repeat_cursor_fault_returns_the_same_cursor_again() {
    let builder = TestServer::builder().tool(tool("a", "")).tool(tool("b", "")).page_size(1);
    let server = builder.start().await.unwrap();
    let mut stateful = StatefulClient::connect(&server).await;
    server.script(On::method("tools/list"), Fault::RepeatCursor);
    let page = stateful.request_json("tools/list", json!({})).await;
    assert_eq!(names(&page), ["a"]);
    let cursor = page["result"]["nextCursor"].clone();
    for _ in 0..2 {
        let page = stateful.request_json("tools/list", json!({ "cursor": cursor })).await;
        assert_eq!((names(&page), &page["result"]["nextCursor"]), (vec!["b"], &cursor));
    }

    server.remove_tool("b");
    let page = stateful.request_json("tools/list", json!({})).await;
    let cursor = page["result"]["nextCursor"].clone();
    let page = stateful.request_json("tools/list", json!({ "cursor": cursor })).await;
    assert_eq!((names(&page), &page["result"]["nextCursor"]), (vec!["a"], &cursor));
}

#[tokio::test]
async fn truncated_sse_fault_ends_the_stream_inside_an_event() {
    let server = start_stateful().await;
    let mut stateful = StatefulClient::connect(&server).await;
    server.script(On::method("tools/call"), Fault::TruncatedSse);
    let response = stateful.request("tools/call", json!({ "name": "hello" })).await;
    assert_eq!(header(&response, "content-type"), "text/event-stream");
    let text = response.text().await.expect("a clean end");
    assert!(text.starts_with("event: message\ndata: {"), "{text}");
    assert_eq!(text.matches('\n').count(), 1, "{text}");
}

#[tokio::test]
async fn oversized_fault_pads_the_response_with_spaces() {
    const SIZE: usize = 1_000_000;
    for mode in [ResponseMode::Json, ResponseMode::Sse] {
        let server = TestServer::builder().response_mode(mode).start().await.unwrap();
        let mut stateful = StatefulClient::connect(&server).await;
        server.script(On::method("ping"), Fault::Oversized(SIZE));
        let response = stateful.request("ping", json!({})).await;
        assert_eq!(header(&response, "content-length"), "", "its length is not announced");
        let text = response.text().await.unwrap();
        assert!(text.len() > SIZE);
        let json = text.trim_start_matches("event: message\ndata: ");
        let response = serde_json::from_str::<serde_json::Value>(json).unwrap();
        assert_eq!(response["result"], json!({}));
    }
}

#[tokio::test]
async fn interject_fault_sends_messages_before_a_held_response() {
    let server = start_stateful().await;
    let mut stateful = StatefulClient::connect(&server).await;
    let barrier = Barrier::new();
    let ping = json!({ "jsonrpc": "2.0", "id": "s1", "method": "ping" });
    server.script(On::method("tools/call"), Fault::MessagesBefore(vec![ping.clone()]));
    server.script(On::method("tools/call"), Fault::Hold(barrier.clone()));

    let mut response = stateful.request("tools/call", json!({ "name": "hello" })).await;
    let event = response.chunk().await.unwrap().unwrap();
    assert_eq!(event, format!("event: message\ndata: {ping}\n\n"));
    let pong = json!({ "jsonrpc": "2.0", "id": "s1", "result": {} });
    assert_eq!(stateful.post(&pong).send().await.unwrap().status(), 202);
    server.wait_for_requests("POST", 1).await;
    barrier.open();
    assert_eq!(read(response).await["result"]["content"][0]["text"], "hi");
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn stall_fault_holds_the_second_half_of_the_response() {
    for mode in ANSWER_MODES {
        let server = start_with_mode(mode).await;
        let barrier = Barrier::new();
        let mut responses = call_in_both_eras(&server, Fault::Stall(barrier.clone())).await;
        let mut halves = Vec::new();
        for response in &mut responses {
            halves.push(response.chunk().await.unwrap().unwrap());
        }
        barrier.wait_for_arrivals(2).await;
        barrier.open();
        for (response, half) in responses.into_iter().zip(halves) {
            let rest = response.text().await.unwrap();
            let whole = format!("{}{rest}", std::str::from_utf8(&half).unwrap());
            assert!(!rest.is_empty() && whole.contains(r#""text":"hi""#), "{whole}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn drip_fault_sends_the_response_byte_by_byte() {
    for mode in ANSWER_MODES {
        let server = start_with_mode(mode).await;
        let begin = Instant::now();
        for mut response in
            call_in_both_eras(&server, Fault::ByteByByte(Duration::from_secs(1))).await
        {
            let mut text = Vec::new();
            while let Some(chunk) = response.chunk().await.unwrap() {
                assert_eq!(chunk.len(), 1);
                text.extend(chunk);
            }
            assert!(std::str::from_utf8(&text).unwrap().contains(r#""text":"hi""#));
            // There is no wait after the last byte.
            assert!(begin.elapsed() >= Duration::from_secs(text.len() as u64 - 1));
        }
    }
}

#[tokio::test]
async fn duplicate_fault_sends_the_response_twice() {
    // HTTP-18
    let server = start_with_mode(ResponseMode::Json).await;
    for response in call_in_both_eras(&server, Fault::Duplicate).await {
        let responses = EventReader::new(response).remaining_messages().await;
        assert_eq!(responses.len(), 2);
        assert_eq!(responses[0], responses[1]);
    }
}

#[tokio::test]
async fn never_end_fault_keeps_the_stream_open_after_the_response() {
    // HTTP-08
    let server = start_with_mode(ResponseMode::Json).await;
    let mut streams = call_in_both_eras(&server, Fault::NeverEnd).await.map(EventReader::new);
    for events in &mut streams {
        assert_eq!(events.message().await["result"]["content"][0]["text"], "hi");
    }
    assert_eq!(server.counts().open_streams, 2);
    drop(streams);
    server.wait_for_counts(|counts| counts.open_streams == 0).await;
    assert_eq!(server.cancelled_requests().len(), 0, "they were answered");
}

#[tokio::test]
async fn endless_fault_repeats_a_comment_without_a_response() {
    // N-HTTP-13
    let server = start_with_mode(ResponseMode::Json).await;
    let comment = Fault::Endless(": still here\n\n".into(), Duration::ZERO);
    for mut response in call_in_both_eras(&server, comment).await {
        let mut text = Vec::new();
        while text.len() < 100_000 {
            text.extend(response.chunk().await.unwrap().unwrap());
        }
        let text = String::from_utf8(text).unwrap();
        assert!(text.split_terminator("\n\n").all(|line| ": still here".starts_with(line)));
    }
    server.wait_for_cancelled(1).await;
}

#[tokio::test(start_paused = true)]
async fn endless_fault_waits_between_repeated_events() {
    let server = start_with_mode(ResponseMode::Json).await;
    let notification = json!({ "jsonrpc": "2.0", "method": "notifications/x" });
    let event = format!("data: {notification}\n\n");
    let flood = Fault::Endless(event.into(), Duration::from_secs(1));
    let begin = Instant::now();
    for response in call_in_both_eras(&server, flood).await {
        let mut events = EventReader::new(response);
        for _ in 0..100 {
            assert_eq!(events.message().await, notification);
        }
        assert!(begin.elapsed() >= Duration::from_secs(99));
    }
}

#[tokio::test]
async fn gzip_bomb_fault_sends_a_body_that_unpacks_to_the_given_size() {
    const SIZE: usize = 3_000_000;
    let server = start_with_mode(ResponseMode::Json).await;
    for response in call_in_both_eras(&server, Fault::GzipBomb(SIZE)).await {
        let text = response.text().await.unwrap();
        assert!(text.len() > SIZE);
        assert!(text.trim_start().starts_with("{"));
    }
}

#[tokio::test]
async fn replace_fault_handles_the_request_before_replacing_the_response() {
    for (reply, status) in [
        (Reply::status(500), 500),
        (Reply::status(429).header("retry-after", "1"), 429),
        (Reply::body("application/json", "{\"jsonrpc\""), 200),
        (Reply::body("image/png", "{}"), 200),
        (Reply::unauthorized("Bearer"), 401),
    ] {
        let server = start_with_mode(ResponseMode::Json).await;
        server.script(On::method("initialize"), Fault::Replace(reply));
        assert_eq!(StatefulClient::new(&server).initialize("2025-11-25").await.status(), status);
        assert_eq!(server.open_sessions(), 1);
    }
}

#[tokio::test]
async fn lose_session_fault_ends_only_the_session_of_the_request() {
    // HTTP-26
    let bearer = Bearer::tokens(["a"]);
    let server = TestServer::builder().bearer(bearer).start().await.unwrap();
    server.script(On::method("tools/list").nth(2), Fault::LoseSession);
    let mut stateful = StatefulClient::connect_with_token(&server, "a").await;
    let other = StatefulClient::connect_with_token(&server, "a").await;
    for status in [200, 404, 404] {
        assert_eq!(stateful.request("tools/list", json!({})).await.status(), status);
    }
    assert_eq!(server.open_sessions(), 1);
    assert_eq!(other.http_request(reqwest::Method::DELETE).send().await.unwrap().status(), 204);
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn cut_stream_fault_of_zero_messages_forces_resumption_until_cleared() {
    // HTTP-14, HTTP-19
    let builder = TestServer::builder().tool(tool("hello", "hi")).resumable(Duration::ZERO);
    let server = builder.start().await.unwrap();
    let mut stateful = StatefulClient::connect(&server).await;
    server.script(On::method("tools/call"), Fault::CutStream(0));
    server.script(On::method("GET"), Fault::CutStream(0));
    let mut events =
        EventReader::new(stateful.request("tools/call", json!({ "name": "hello" })).await);
    let priming = events.next().await.unwrap();
    assert_eq!(priming.retry, "0");
    assert_eq!(events.next().await, None);
    for _ in 0..20 {
        assert_eq!(EventReader::new(stateful.listen(Some(&priming.id)).await).next().await, None);
    }
    server.clear_script();
    assert_eq!(read(stateful.listen(Some(&priming.id)).await).await["id"], 2);
}
