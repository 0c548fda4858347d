//! Retries, and the limit of concurrent calls.

use std::time::Duration;

use futures_util::future::join_all;
use insta::assert_snapshot;
use mcp_testkit::{Barrier, CallResult, Fault, On, Reply, TestServer, TestTool};
use relay::{CallOptions, Limits, Server};
use serde_json::json;

use crate::relay::support::{relay_of, relay_with, server_with};
use crate::support::{advance_until, describe_result, error, result, status, with_timeout};

const SECOND: Duration = Duration::from_secs(1);

/// A server with one tool that is annotated as idempotent, and one that is not.
async fn server() -> TestServer {
    let tool =
        |name| TestTool::new(name, json!({ "type": "object" }), |_| CallResult::text("done"));
    let again = tool("again").member("annotations", json!({ "idempotentHint": true }));
    let builder = TestServer::builder().tool(again).tool(tool("once"));
    builder.start().await.expect("a free port")
}

#[tokio::test]
async fn call_that_did_not_run_is_retried_twice() {
    let server = server().await;
    let relay = relay_with(Server::http(server.url()));
    let tools = relay.tools("main").await.unwrap();
    // The session is lost, and opening a new one fails twice.
    server.end_sessions();
    server.script(On::method("initialize").nth(1), Reply::status(503));
    server.script(On::method("initialize").nth(2), Reply::status(503));
    let (output, took) = advance_until(tools.call("once", json!({}))).await;
    assert_eq!(output.unwrap().text(), "done");
    assert_eq!(server.count("initialize"), 4);
    assert!(took >= Duration::from_millis(200), "{took:?}");
    // A third failure is returned to the caller.
    server.end_sessions();
    server.script(On::method("initialize"), Reply::status(503));
    let (called, _) = advance_until(tools.call("once", json!({}))).await;
    assert_snapshot!(describe_result(called), @r#"
    server "main": tool "once": HTTP status 503
      [server]/mcp returned HTTP status 503 Service Unavailable
    -> Transport Status(503), did not run, retryable
    "#);
    assert_eq!(server.count("initialize"), 7);
}

#[tokio::test]
async fn call_that_may_have_run_is_retried_only_if_trusted_as_idempotent() {
    for (tool, trusted, calls) in [("once", true, 1), ("again", false, 1), ("again", true, 3)] {
        let server = server().await;
        server.script(On::method("tools/call"), Fault::Close);
        let relay = relay_with(Server::http(server.url()).trust_annotations(trusted));
        let tools = relay.tools("main").await.unwrap();
        let (called, _) = advance_until(tools.call(tool, json!({}))).await;
        assert!(describe_result(called).contains("OutcomeUnknown Closed"));
        assert_eq!(server.count("tools/call"), calls, "{tool}, {trusted}");
    }
}

#[tokio::test]
async fn unknown_outcome_of_an_attempt_survives_later_failures() {
    let server = server().await;
    let again =
        |server: &TestServer| Server::http(server.url()).trust_annotations(true).max_retries(1);
    let tools = relay_with(again(&server)).tools("main").await.unwrap();
    server.script(On::method("tools/call").nth(1), Fault::Close);
    server.script(On::method("tools/call").nth(2), Fault::LoseSession);
    server.script(On::method("initialize"), Reply::status(503));
    let (called, _) = advance_until(tools.call("again", json!({}))).await;
    assert!(describe_result(called).contains("OutcomeUnknown Closed"));
    // An authorization error comes first, but it has no pending call.
    let server = self::server().await;
    let tools = relay_with(again(&server)).tools("main").await.unwrap();
    server.script(On::method("tools/call").nth(1), Fault::Close);
    server.script(On::method("tools/call").nth(2), Reply::unauthorized("Bearer"));
    let (called, _) = advance_until(tools.call("again", json!({}))).await;
    let error = called.unwrap_err();
    let error = error.authorization().expect("an authorization error");
    assert!(!error.did_not_run && error.pending_call.is_none());
}

#[tokio::test]
async fn all_attempts_share_the_total_timeout() {
    let settings = |server: &TestServer, request: Duration, total: Duration| {
        let mut limits = Limits::default();
        (limits.timeout, limits.max_total_timeout) = (request, total);
        Server::http(server.url()).trust_annotations(true).max_retries(9).limits(limits)
    };
    let server = server().await;
    let slow = settings(&server, 10 * SECOND, 20 * SECOND);
    let tools = relay_with(slow.clone()).tools("main").await.unwrap();
    // Each attempt waits for ten seconds, and the last one for the rest of the total timeout.
    server.script(On::method("tools/call"), Fault::Hold(Barrier::new()));
    let (called, took) = advance_until(tools.call("again", json!({}))).await;
    assert!(describe_result(called).contains("OutcomeUnknown Timeout"));
    assert!(took < 25 * SECOND, "{took:?}");
    assert_eq!(server.count("tools/call"), 2);
    // The last attempt gets only the rest of the total timeout.
    let short = settings(&server, 10 * SECOND, 15 * SECOND);
    let tools = relay_with(short).tools("main").await.unwrap();
    let (called, took) = advance_until(tools.call("again", json!({}))).await;
    assert!(called.is_err() && took < 17 * SECOND, "{took:?}");
    // The same if the call first waits for the concurrency limit.
    let tools = relay_with(slow.max_concurrent_calls(1)).tools("main").await.unwrap();
    let both = join_all((0..2).map(|_| tools.call("again", json!({}))));
    let (called, took) = advance_until(both).await;
    assert!(called.iter().all(Result::is_err));
    assert!(took < 25 * SECOND, "{took:?}");
    // A delay that the server requests is skipped if it exceeds the total timeout.
    let server = self::server().await;
    let busy = Reply::status(503).header("retry-after", "8");
    server.script(On::method("tools/call"), busy);
    let hasty = settings(&server, SECOND, 5 * SECOND);
    let tools = relay_with(hasty).tools("main").await.unwrap();
    let (called, took) = advance_until(tools.call("again", json!({}))).await;
    assert!(called.is_err() && took < 5 * SECOND, "{took:?}");
}

#[tokio::test]
async fn permanent_failures_are_not_retried() {
    for response in
        [status(400), status(403), status(401), error(-32603, "broken", &json!(null)), status(500)]
    {
        let server = server_with("tools/call", [response]).await;
        relay_of(&server).tools("main").await.unwrap().call("add", ()).await.unwrap_err();
        assert_eq!(server.requests_of("tools/call").await.len(), 1);
    }
}

#[tokio::test]
async fn long_retry_after_is_returned_to_the_caller() {
    let server = server().await;
    let relay = relay_with(Server::http(server.url()));
    let tools = relay.tools("main").await.unwrap();
    server.end_sessions();
    let busy = Reply::status(503).header("retry-after", "120");
    server.script(On::method("initialize"), busy);
    assert!(tools.call("once", json!({})).await.unwrap_err().retryable());
    assert_eq!(server.count("initialize"), 2);
}

#[tokio::test]
async fn retry_waits_as_long_as_the_server_requests() {
    // The first retry otherwise comes after at most 200 ms.
    let busy = || Reply::status(503).header("retry-after", "2");
    for (tool, method) in [("once", "initialize"), ("again", "tools/call")] {
        let server = server().await;
        let relay = relay_with(Server::http(server.url()).trust_annotations(true));
        let tools = relay.tools("main").await.unwrap();
        server.end_sessions();
        server.script(On::method(method).nth(1), busy());
        let (output, took) = advance_until(tools.call(tool, json!({}))).await;
        assert_eq!(output.unwrap().text(), "done");
        assert!((2 * SECOND..3 * SECOND).contains(&took), "{tool}: {took:?}");
    }
}

#[tokio::test]
async fn concurrent_calls_per_server_are_limited() {
    let server = server().await;
    let barrier = Barrier::new();
    server.script(On::method("tools/call"), Fault::Hold(barrier.clone()));
    let relay = relay_with(Server::http(server.url()).max_concurrent_calls(3));
    let tools = relay.tools("main").await.unwrap();
    let calls = join_all((0..10).map(|_| tools.call("once", json!({}))));
    let open = async {
        with_timeout(barrier.wait_for_arrivals(3)).await;
        // The other calls have had the time to arrive as well.
        relay.with_token("t").connection("main").unwrap().connect().await.unwrap();
        assert_eq!(server.count("tools/call"), 3);
        barrier.open();
    };
    let (outputs, ()) = tokio::join!(calls, open);
    assert!(outputs.iter().all(Result::is_ok));
    assert_eq!(server.count("tools/call"), 10);
    // A dropped call frees its place.
    let barrier = Barrier::new();
    server.script(On::method("tools/call"), Fault::Hold(barrier.clone()));
    for n in 1..=5 {
        let call = tools.call("once", json!({}));
        tokio::select! { _ = call => panic!("a response"), () = with_timeout(barrier.wait_for_arrivals(n)) => {} }
    }
}

#[tokio::test]
async fn tool_has_call_options_of_its_own() {
    let server = server().await;
    server.script(On::method("tools/call"), Fault::Hold(Barrier::new()));
    let relay = relay_with(Server::http(server.url()));
    let tool = relay.tools("main").await.unwrap().get("once").unwrap();
    let hurried =
        tool.with_options(CallOptions::new().max_total_timeout(Duration::from_millis(100)));
    assert_snapshot!(describe_result(hurried.call(json!({})).await), @r#"
    server "main": tool "once": timed out; the call may have run
      "tools/call": no response within 100ms
    -> OutcomeUnknown Timeout
    "#);
    let marked = tool.with_options(
        CallOptions::new().meta("com.example/trace", "1").timeout(Duration::from_millis(100)),
    );
    marked.call(json!({})).await.unwrap_err();
    let sent = server.requests();
    let call = sent.iter().rfind(|request| request.method() == "tools/call").unwrap();
    assert!(std::str::from_utf8(call.body()).unwrap().contains(r#""com.example/trace":"1""#));
}

#[tokio::test]
async fn list_is_retried_if_the_server_is_busy() {
    let list = || result(&json!({ "tools": [] }));
    let busy = || status(503).header("retry-after", "2");
    let server = server_with("tools/list", [busy(), status(429), list()]).await;
    let (listed, took) = advance_until(relay_of(&server).tools("main")).await;
    assert!(listed.is_ok() && (2 * SECOND..4 * SECOND).contains(&took), "{took:?}");
    assert_eq!(server.requests_of("tools/list").await.len(), 3);
    // A time of more than ten seconds is returned to the caller.
    let server = server_with("tools/list", [status(429).header("retry-after", "60")]).await;
    let error = relay_of(&server).tools("main").await.unwrap_err();
    assert!(error.retryable() && error.did_not_run());
    assert_eq!(error.retry_after(), Some(60 * SECOND));
    assert_eq!(server.requests_of("tools/list").await.len(), 1);
}

#[tokio::test]
async fn call_in_lost_sessions_is_sent_twice() {
    let server = server_with("tools/call", [status(404).body("gone")]).await;
    let tools = relay_of(&server).tools("main").await.unwrap();
    let (called, _) = advance_until(tools.call("add", ())).await;
    assert_snapshot!(describe_result(called), @r#"
    server "main": tool "add": session lost
      [server]/mcp lost the session: HTTP status 404 Not Found: gone
    -> Transport SessionLost, did not run, retryable
    "#);
    assert_eq!(server.requests_of("tools/call").await.len(), 2);
    assert_eq!(server.requests_of("initialize").await.len(), 2);
}

#[tokio::test]
async fn requests_that_only_read_are_repeated_on_a_new_connection() {
    for (protocol, method, expected) in [
        ("2025-11-25", "initialize", 3),
        ("2025-11-25", "tools/list", 3),
        ("2026-07-28", "server/discover", 3),
        ("2026-07-28", "tools/list", 3),
    ] {
        let revision: relay::Revision = protocol.parse().unwrap();
        let tool = TestTool::new("add", json!({ "type": "object" }), |_| CallResult::text("3"));
        let server = TestServer::builder().revisions([revision]).tool(tool).start().await.unwrap();
        server.script(On::method(method).first(2), Fault::Close);
        let relay = relay_with(Server::http(server.url()));
        let (listed, _) = advance_until(relay.tools("main")).await;
        assert!(listed.is_ok(), "{protocol} {method}: {listed:?}");
        assert_eq!(server.count(method), expected, "{protocol} {method}");
        // A call may have run.
        server.script(On::method("tools/call"), Fault::Close);
        let (called, _) = advance_until(listed.unwrap().call("add", ())).await;
        assert!(called.is_err() && server.count("tools/call") == 1, "{protocol}");
    }
}

#[tokio::test]
async fn call_that_was_not_sent_in_time_did_not_run() {
    let server = server().await;
    let relay = relay_with(Server::http(server.url()));
    let tools = relay.tools("main").await.unwrap();
    server.end_sessions();
    server.script(On::method("initialize"), Fault::Hold(Barrier::new()));
    let tool = tools.get("once").unwrap();
    let hurried = tool.with_options(CallOptions::new().timeout(SECOND));
    let (called, _) = advance_until(hurried.call(json!({}))).await;
    assert_snapshot!(describe_result(called), @r#"
    server "main": tool "once": timed out
      "tools/call": no response within 1s
    -> Transport Timeout, did not run, retryable
    "#);
    // The lost session is known from the call itself.
    assert_eq!(server.count("tools/call"), 1);
}
