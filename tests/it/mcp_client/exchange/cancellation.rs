//! Cancellation and timeouts of calls.

use std::time::Duration;

use insta::assert_snapshot;
use mcp_client::{Client, Limits};
use mcp_testkit::{Barrier, Fault, On, RecordedRequest, TestServer};
use serde_json::Value;

use crate::support::{
    advance_time, client_for_url, describe_result, start_test_server, with_timeout,
};

/// A server that holds its response to `method`, a client of it, and the barrier.
async fn server_holding(method: &str) -> (TestServer, Client, Barrier) {
    let server = start_test_server().await;
    let barrier = Barrier::new();
    server.script(On::method(method), Fault::Hold(barrier.clone()));
    let client = client_for_url(server.url());
    (server, client, barrier)
}

/// Advances the clock once the request has arrived.
async fn advance_time_once_held(barrier: &Barrier, time: Duration) {
    with_timeout(barrier.wait_for_arrivals(1)).await;
    advance_time(time).await;
}

/// The cancellation notifications that the server received. Waits for the first.
async fn cancellation_notifications(server: &TestServer) -> String {
    with_timeout(server.wait_for_requests("notifications/cancelled", 1)).await;
    let requests = server.requests();
    let cancelled = requests.iter().filter(|request| request.method() == "notifications/cancelled");
    cancelled.filter_map(RecordedRequest::json).map(Value::to_string).collect()
}

#[tokio::test]
async fn call_times_out_and_is_cancelled() {
    // LIFE-13, LIFE-15, CANC-01, HTTP-09
    let (server, client, barrier) = server_holding("tools/call").await;
    client.connect().await.unwrap();
    let (called, ()) = tokio::join!(
        client.call_tool("wait", ()),
        advance_time_once_held(&barrier, Duration::from_secs(31))
    );
    assert_snapshot!(describe_result(called), @r#"
    "tools/call": no response within 30s
    -> Timeout
    "#);
    assert_snapshot!(cancellation_notifications(&server).await, @r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2,"reason":"the caller stopped waiting"}}"#);
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn request_timeout_is_configurable() {
    let (server, client, barrier) = server_holding("tools/call").await;
    client.connect().await.unwrap();
    let mut limits = Limits::default();
    limits.timeout = Duration::from_secs(5);
    let client = client.with_limits(limits);
    let (called, ()) = tokio::join!(
        client.call_tool("wait", ()),
        advance_time_once_held(&barrier, Duration::from_secs(6))
    );
    assert_snapshot!(describe_result(called), @r#"
    "tools/call": no response within 5s
    -> Timeout
    "#);
    assert_snapshot!(cancellation_notifications(&server).await, @r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2,"reason":"the caller stopped waiting"}}"#);
}

#[tokio::test]
async fn dropped_call_is_cancelled() {
    // HTTP-09, CANC-01
    let (server, client, barrier) = server_holding("tools/call").await;
    client.connect().await.unwrap();
    tokio::select! {
        outcome = client.call_tool("wait", ()) => panic!("{outcome:?}"),
        () = with_timeout(barrier.wait_for_arrivals(1)) => {}
    }
    assert_snapshot!(cancellation_notifications(&server).await, @r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2,"reason":"the caller stopped waiting"}}"#);
}

#[tokio::test]
async fn session_continues_after_a_cancelled_call() {
    // CANC-04, CANC-07: the late response is ignored, and its id is not reused
    let (server, client, barrier) = server_holding("tools/call").await;
    client.connect().await.unwrap();
    tokio::select! {
        outcome = client.call_tool("wait", ()) => panic!("{outcome:?}"),
        () = with_timeout(barrier.wait_for_arrivals(1)) => {}
    }
    barrier.open();
    assert_snapshot!(describe_result(client.call_tool("wait", ()).await), @"it went well");
    let requests = server.requests();
    let ids = requests.iter().filter(|request| request.method() == "tools/call");
    assert_snapshot!(format!("{:?}", ids.map(RecordedRequest::id).collect::<Vec<_>>()), @"[Some(Number(2)), Some(Number(3))]");
    assert_eq!(server.count("initialize"), 1);
}

#[tokio::test]
async fn initialize_is_never_cancelled() {
    // CANC-02
    let (server, client, barrier) = server_holding("initialize").await;
    let (called, ()) =
        tokio::join!(client.connect(), advance_time_once_held(&barrier, Duration::from_secs(31)));
    assert_snapshot!(describe_result(called), @r#"
    "initialize": no response within 30s
    -> Timeout
    "#);
    server.clear_script();
    client.connect().await.unwrap();
    assert_eq!(server.count("notifications/cancelled"), 0);
    assert_eq!(server.count("initialize"), 2);
}

#[tokio::test]
async fn completed_and_failed_calls_are_not_cancelled() {
    // CANC-01: only requests believed to be in progress are cancelled
    let (server, client, barrier) = server_holding("ping").await;
    client.call_tool("wait", ()).await.unwrap();
    client.call_tool("none such", ()).await.unwrap_err();
    server.script(On::method("tools/call"), Fault::Close);
    client.call_tool("wait", ()).await.unwrap_err();
    drop(barrier);
    assert_snapshot!(describe_result(client.list_tools().await), @"it went well");
    assert_eq!(server.count("notifications/cancelled"), 0);
}

#[tokio::test]
async fn list_is_limited_by_request_timeout_and_total_timeout() {
    // LIFE-14
    let (_server, client, barrier) = server_holding("tools/list").await;
    let (called, ()) = tokio::join!(
        client.list_tools(),
        advance_time_once_held(&barrier, Duration::from_secs(31))
    );
    assert_snapshot!(describe_result(called), @r#"
    "tools/list": no response within 30s
    -> Timeout
    "#);

    let (_server, client, barrier) = server_holding("tools/list").await;
    let mut limits = Limits::default();
    limits.max_total_timeout = Duration::from_secs(10);
    let client = client.with_limits(limits);
    let (called, ()) = tokio::join!(
        client.list_tools(),
        advance_time_once_held(&barrier, Duration::from_secs(11))
    );
    assert_snapshot!(describe_result(called), @r#"
    "tools/list": no response within 10s
    -> Timeout
    "#);
}
