//! Servers that break off, stall, flood and never end.
//!
//! Each call ends with the right error within its limits. A tool call is repeated only if the first
//! one did not run.

use std::{fmt::Write as _, time::Duration};

use insta::assert_snapshot;
use mcp_client::mcp_types::Revision;
use mcp_testkit::{Barrier, Fault, On, Reply, ResponseMode};

use super::support::{
    MAX_MESSAGE_SIZE, PROTOCOL_VERSIONS, client, describe_outcome, request_methods, send_request,
    server,
};
use crate::support::{advance_time, with_timeout};

/// The outcome of a fault on each request, in both protocol versions.
///
/// It says whether the tool was called twice.
async fn outcomes_of_fault(name: &str, fault: Fault, mode: ResponseMode) -> String {
    let mut lines = format!("--- {name}\n");
    for revision in PROTOCOL_VERSIONS {
        for method in request_methods(revision) {
            let server = server(revision, mode).await;
            server.script(On::method(*method), fault.clone());
            let outcome = with_timeout(send_request(&client(&server, revision), method)).await;
            let twice = if server.count("tools/call") > 1 { ", called twice" } else { "" };
            let _ = writeln!(lines, "{method}: {}{twice}", describe_outcome(&outcome));
        }
    }
    lines
}

#[tokio::test]
async fn broken_connection_is_interrupted_on_every_request() {
    let mut all = String::new();
    for (name, fault) in [
        ("closed before the response", Fault::Close),
        ("reset before the response", Fault::Reset),
        ("reset inside the response", Fault::ResetMidBody),
    ] {
        all += &outcomes_of_fault(name, fault, ResponseMode::Json).await;
    }
    assert_snapshot!(all, @"
    --- closed before the response
    server/discover: Interrupted, did not run
    tools/list: Interrupted
    tools/call: Interrupted
    initialize: Interrupted, did not run
    notifications/initialized: Interrupted, did not run
    tools/list: Interrupted
    tools/call: Interrupted
    --- reset before the response
    server/discover: Interrupted, did not run
    tools/list: Interrupted
    tools/call: Interrupted
    initialize: Interrupted, did not run
    notifications/initialized: Interrupted, did not run
    tools/list: Interrupted
    tools/call: Interrupted
    --- reset inside the response
    server/discover: Interrupted, did not run
    tools/list: Interrupted
    tools/call: Interrupted
    initialize: Interrupted, did not run
    notifications/initialized: it went well
    tools/list: Interrupted
    tools/call: Interrupted
    ");
}

#[tokio::test]
async fn broken_event_stream_is_interrupted_on_every_request() {
    let mut all = String::new();
    for (name, fault) in [
        ("reset inside the response", Fault::ResetMidBody),
        ("ended inside the response", Fault::TruncatedSse),
        ("ended before the response", Fault::CutStream(0)),
        ("not ended after the response", Fault::NeverEnd),
        ("the response twice", Fault::Duplicate),
    ] {
        all += &outcomes_of_fault(name, fault, ResponseMode::Sse).await;
    }
    assert_snapshot!(all, @"
    --- reset inside the response
    server/discover: Interrupted, did not run
    tools/list: Interrupted
    tools/call: Interrupted
    initialize: Interrupted, did not run
    notifications/initialized: it went well
    tools/list: Interrupted
    tools/call: Interrupted
    --- ended inside the response
    server/discover: Interrupted, did not run
    tools/list: Interrupted
    tools/call: Interrupted
    initialize: Interrupted, did not run
    notifications/initialized: it went well
    tools/list: Interrupted
    tools/call: Interrupted
    --- ended before the response
    server/discover: Interrupted, did not run
    tools/list: Interrupted
    tools/call: Interrupted
    initialize: Interrupted, did not run
    notifications/initialized: it went well
    tools/list: Interrupted
    tools/call: Interrupted
    --- not ended after the response
    server/discover: it went well
    tools/list: it went well
    tools/call: it went well
    initialize: it went well
    notifications/initialized: it went well
    tools/list: it went well
    tools/call: it went well
    --- the response twice
    server/discover: it went well
    tools/list: it went well
    tools/call: it went well
    initialize: it went well
    notifications/initialized: it went well
    tools/list: it went well
    tools/call: it went well
    ");
}

#[tokio::test]
async fn invalid_response_is_reported_on_every_request() {
    let mut all = String::new();
    for (name, fault) in [
        ("the id of another request", Fault::WrongId),
        ("too large", Fault::Oversized(MAX_MESSAGE_SIZE + 1)),
        ("too large once unpacked", Fault::GzipBomb(4 * 1024 * 1024)),
        ("no JSON", Reply::body("application/json", "{\"jsonrpc\"").into()),
        ("a web page", Reply::html_page().into()),
        ("no response", Reply::status(202).into()),
    ] {
        all += &outcomes_of_fault(name, fault, ResponseMode::Json).await;
    }
    assert_snapshot!(all, @"
    --- the id of another request
    server/discover: InvalidResponse, did not run
    tools/list: InvalidResponse
    tools/call: InvalidResponse
    initialize: InvalidResponse, did not run
    notifications/initialized: it went well
    tools/list: InvalidResponse
    tools/call: InvalidResponse
    --- too large
    server/discover: TooLarge, did not run
    tools/list: TooLarge
    tools/call: TooLarge
    initialize: TooLarge, did not run
    notifications/initialized: it went well
    tools/list: TooLarge
    tools/call: TooLarge
    --- too large once unpacked
    server/discover: TooLarge, did not run
    tools/list: TooLarge
    tools/call: TooLarge
    initialize: TooLarge, did not run
    notifications/initialized: it went well
    tools/list: TooLarge
    tools/call: TooLarge
    --- no JSON
    server/discover: InvalidResponse, did not run
    tools/list: InvalidResponse
    tools/call: InvalidResponse
    initialize: InvalidResponse, did not run
    notifications/initialized: it went well
    tools/list: InvalidResponse
    tools/call: InvalidResponse
    --- a web page
    server/discover: Protocol, did not run
    tools/list: Protocol
    tools/call: Protocol
    initialize: Protocol, did not run
    notifications/initialized: it went well
    tools/list: Protocol
    tools/call: Protocol
    --- no response
    server/discover: InvalidResponse, did not run
    tools/list: InvalidResponse
    tools/call: InvalidResponse
    initialize: InvalidResponse, did not run
    notifications/initialized: it went well
    tools/list: InvalidResponse
    tools/call: InvalidResponse
    ");
}

#[tokio::test]
async fn error_status_is_reported_on_every_request() {
    let mut all = String::new();
    for status in [401, 403, 404, 429, 500, 503] {
        let reply = match status {
            401 => Reply::unauthorized("Bearer error=\"invalid_token\""),
            _ => Reply::status(status),
        };
        all += &outcomes_of_fault(&status.to_string(), reply.into(), ResponseMode::Json).await;
    }
    assert_snapshot!(all, @"
    --- 401
    server/discover: Unauthorized, did not run
    tools/list: Unauthorized, did not run
    tools/call: Unauthorized, did not run
    initialize: Unauthorized, did not run
    notifications/initialized: Unauthorized, did not run
    tools/list: Unauthorized, did not run
    tools/call: Unauthorized, did not run
    --- 403
    server/discover: Status(403), did not run
    tools/list: Status(403)
    tools/call: Status(403)
    initialize: Status(403), did not run
    notifications/initialized: Status(403), did not run
    tools/list: Status(403)
    tools/call: Status(403)
    --- 404
    server/discover: Status(404), did not run
    tools/list: Status(404)
    tools/call: Status(404)
    initialize: Status(404), did not run
    notifications/initialized: SessionEnded, did not run
    tools/list: SessionEnded, did not run
    tools/call: SessionEnded, did not run, called twice
    --- 429
    server/discover: Status(429), did not run
    tools/list: Status(429)
    tools/call: Status(429)
    initialize: Status(429), did not run
    notifications/initialized: Status(429), did not run
    tools/list: Status(429)
    tools/call: Status(429)
    --- 500
    server/discover: Status(500), did not run
    tools/list: Status(500)
    tools/call: Status(500)
    initialize: Status(500), did not run
    notifications/initialized: Status(500), did not run
    tools/list: Status(500)
    tools/call: Status(500)
    --- 503
    server/discover: Status(503), did not run
    tools/list: Status(503)
    tools/call: Status(503)
    initialize: Status(503), did not run
    notifications/initialized: Status(503), did not run
    tools/list: Status(503)
    tools/call: Status(503)
    ");
}

#[tokio::test]
async fn response_that_never_completes_times_out_and_is_cancelled() {
    // LIFE-13, N-TIME-01: each call ends with the request timeout, and is cancelled on the server
    let mut all = String::new();
    let endless = |text: &'static [u8]| Fault::Endless(text.into(), Duration::from_millis(1));
    for (name, fault) in [
        ("held", Fault::Hold(Barrier::new())),
        ("half of it", Fault::Stall(Barrier::new())),
        ("byte by byte", Fault::ByteByByte(Duration::from_secs(3600))),
        ("comments without end", endless(b": still here\n\n")),
        (
            "notifications without end",
            endless(b"data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n"),
        ),
    ] {
        for revision in PROTOCOL_VERSIONS {
            let server = server(revision, ResponseMode::Sse).await;
            let client = client(&server, revision);
            client.connect().await.expect("the session opens");
            server.script(On::method("tools/call"), fault.clone());
            let call = tokio::spawn(async move { send_request(&client, "tools/call").await });
            with_timeout(server.wait_for_requests("tools/call", 1)).await;
            advance_time(Duration::from_secs(31)).await;
            let outcome = with_timeout(call).await.expect("no panic");
            let _ = writeln!(all, "{name}, {revision}: {}", describe_outcome(&outcome));
            match revision {
                // A stateless call is cancelled by closing its stream.
                Revision::V2026_07_28 => {
                    with_timeout(server.wait_for_counts(|counts| counts.open_connections == 0))
                        .await;
                }
                _ => with_timeout(server.wait_for_requests("notifications/cancelled", 1)).await,
            }
            assert_eq!(server.count("tools/call"), 1);
        }
    }
    assert_snapshot!(all, @"
    held, 2026-07-28: Timeout
    held, 2025-11-25: Timeout
    half of it, 2026-07-28: Timeout
    half of it, 2025-11-25: Timeout
    byte by byte, 2026-07-28: Timeout
    byte by byte, 2025-11-25: Timeout
    comments without end, 2026-07-28: Timeout
    comments without end, 2025-11-25: Timeout
    notifications without end, 2026-07-28: Timeout
    notifications without end, 2025-11-25: Timeout
    ");
}

#[tokio::test]
async fn late_response_does_not_affect_other_calls() {
    // CANC-04, CANC-07, N-CANC-01
    for revision in PROTOCOL_VERSIONS {
        let server = server(revision, ResponseMode::Json).await;
        let client = client(&server, revision);
        client.connect().await.expect("the session opens");
        let barrier = Barrier::new();
        server.script(On::method("tools/call").nth(1), Fault::Hold(barrier.clone()));
        let late = client.clone();
        let call = tokio::spawn(async move { send_request(&late, "tools/call").await });
        with_timeout(barrier.wait_for_arrivals(1)).await;
        call.abort();
        barrier.open();
        for _ in 0..3 {
            client.call_tool("add", ()).await.expect("a result");
        }
        assert_eq!(server.violations(), Vec::<String>::new());
    }
}
