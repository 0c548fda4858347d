//! The cache of tool lists: its keys, its duration, shared fetches.

use std::time::Duration;

use futures_util::FutureExt;
use insta::assert_snapshot;
use relay::{Relay, Server, ServerTools};
use serde_json::json;

use crate::relay::support::{relay_of, server_with};
use crate::support::{
    ALICE, BOB, Script, ScriptedResponse, ScriptedServer, advance_time, describe_result, error,
    result, status,
};

fn list_response(names: &[&str]) -> ScriptedResponse {
    let tool = |name: &&str| json!({ "name": name, "inputSchema": { "type": "object" } });
    result(&json!({ "tools": names.iter().map(tool).collect::<Vec<_>>() }))
}

fn tool_names(tools: &ServerTools) -> Vec<String> {
    tools.iter().map(|tool| tool.definition().name.clone()).collect()
}

async fn list_count(server: &ScriptedServer) -> usize {
    server.requests_of("tools/list").await.len()
}

/// A relay with this cache duration.
fn relay_with_cache_duration(server: &ScriptedServer, duration: Duration) -> Relay {
    let builder = Relay::builder().server("main", Server::http(server.url()));
    builder.cache_duration(duration).build().expect("usable settings")
}

#[tokio::test]
async fn lists_are_cached_per_user() {
    // Traps 12: two tokens never share an entry
    let server = server_with(
        "tools/list",
        [list_response(&["of-alice"]), list_response(&["of-bob"]), list_response(&["of-all"])],
    )
    .await;
    let relay = relay_of(&server);
    for _ in 0..2 {
        assert_eq!(tool_names(&relay.with_token(ALICE).tools("main").await.unwrap()), ["of-alice"]);
        assert_eq!(tool_names(&relay.with_token(BOB).tools("main").await.unwrap()), ["of-bob"]);
        assert_eq!(tool_names(&relay.tools("main").await.unwrap()), ["of-all"]);
    }
    assert_eq!(list_count(&server).await, 3);
}

#[tokio::test]
async fn lists_are_cached_per_server() {
    let (one, two) = (
        server_with("tools/list", [list_response(&["1"])]).await,
        server_with("tools/list", [list_response(&["2"])]).await,
    );
    let relay = Relay::builder()
        .server("one", Server::http(one.url()))
        .server("two", Server::http(two.url()))
        .build()
        .unwrap();
    assert_eq!(tool_names(&relay.tools("one").await.unwrap()), ["1"]);
    assert_eq!(tool_names(&relay.tools("two").await.unwrap()), ["2"]);
    assert_eq!(tool_names(&relay.tools("one").await.unwrap()), ["1"]);
}

#[tokio::test]
async fn list_is_cached_for_an_hour_by_default() {
    let server =
        server_with("tools/list", [list_response(&["old"]), list_response(&["new"])]).await;
    let relay = relay_of(&server);
    relay.tools("main").await.unwrap();
    advance_time(Duration::from_secs(59 * 60)).await;
    assert_eq!(tool_names(&relay.tools("main").await.unwrap()), ["old"]);
    advance_time(Duration::from_secs(61)).await;
    assert_eq!(tool_names(&relay.tools("main").await.unwrap()), ["new"]);
    assert_eq!(list_count(&server).await, 2);
}

#[tokio::test]
async fn cache_duration_is_configurable() {
    let server = ScriptedServer::start().await;
    let relay = relay_with_cache_duration(&server, Duration::from_secs(5));
    relay.tools("main").await.unwrap();
    advance_time(Duration::from_secs(4)).await;
    relay.tools("main").await.unwrap();
    assert_eq!(list_count(&server).await, 1);
    advance_time(Duration::from_secs(2)).await;
    relay.tools("main").await.unwrap();
    assert_eq!(list_count(&server).await, 2);
}

#[tokio::test]
async fn zero_cache_duration_disables_the_cache() {
    let server = ScriptedServer::start().await;
    let relay = relay_with_cache_duration(&server, Duration::ZERO);
    for _ in 0..3 {
        relay.tools("main").await.unwrap();
    }
    assert_eq!(list_count(&server).await, 3);
    // The session is still reused.
    assert_eq!(server.requests_of("initialize").await.len(), 1);
}

#[tokio::test]
async fn concurrent_callers_share_one_fetch() {
    let server = ScriptedServer::start().await;
    let relay = relay_of(&server);
    let user = relay.with_token(ALICE);
    let same = relay.with_token(ALICE);
    let (a, b, c) = tokio::join!(user.tools("main"), user.tools("main"), same.tools("main"));
    assert!([a, b, c].iter().all(Result::is_ok));
    assert_eq!(list_count(&server).await, 1);
    assert_eq!(server.requests_of("initialize").await.len(), 1);
}

#[tokio::test]
async fn concurrent_callers_share_the_failure_of_a_fetch() {
    let server = server_with("tools/list", [status(500), list_response(&["a"])]).await;
    let relay = relay_of(&server);
    let (a, b) = tokio::join!(relay.tools("main"), relay.tools("main"));
    let shown = [describe_result(a), describe_result(b)];
    assert_eq!(shown[0], shown[1]);
    assert_snapshot!(shown[0], @r#"
    server "main": HTTP status 500
      [server]/mcp returned HTTP status 500 Internal Server Error
    -> Transport Status(500)
    "#);
    assert_eq!(list_count(&server).await, 1);
    // A failure is not cached.
    assert_eq!(tool_names(&relay.tools("main").await.unwrap()), ["a"]);
}

#[tokio::test]
async fn dropped_caller_does_not_cancel_a_shared_fetch() {
    let server = ScriptedServer::start().await;
    let relay = relay_of(&server);
    let user = relay.with_token(ALICE);
    let mut first = Box::pin(user.tools("main"));
    let mut second = Box::pin(user.tools("main"));
    assert!((&mut first).now_or_never().is_none());
    assert!((&mut second).now_or_never().is_none());
    drop(first);
    second.await.unwrap();
    assert_eq!(list_count(&server).await, 1);
}

#[tokio::test]
async fn invalid_params_error_drops_the_list_of_the_user() {
    // Traps 7, TOOL-15: the tool may have been removed
    let unknown = error(-32602, "Unknown tool: add", &json!(null));
    let server = server_with("tools/call", [unknown]).await;
    let relay = relay_of(&server);
    let user = relay.with_token(ALICE);
    relay.with_token(BOB).tools("main").await.unwrap();
    let tools = user.tools("main").await.unwrap();
    assert_snapshot!(describe_result(tools.call("add", json!({})).await), @r#"
    server "main": tool "add": JSON-RPC error -32602
      "tools/call" failed: Unknown tool: add (code -32602)
    -> Transport Rpc(-32602)
    "#);
    user.tools("main").await.unwrap();
    assert_eq!(list_count(&server).await, 3);
    // The lists of other users are kept.
    relay.with_token(BOB).tools("main").await.unwrap();
    assert_eq!(list_count(&server).await, 3);
}

#[tokio::test]
async fn other_call_errors_keep_the_list() {
    let server =
        server_with("tools/call", [error(-32603, "broken", &json!(null)), status(500)]).await;
    let relay = relay_of(&server);
    let tools = relay.tools("main").await.unwrap();
    tools.call("add", json!({})).await.unwrap_err();
    tools.call("add", json!({})).await.unwrap_err();
    relay.tools("main").await.unwrap();
    assert_eq!(list_count(&server).await, 1);
}

#[tokio::test]
async fn lost_session_drops_the_list() {
    // Traps 6
    let server = Script::new()
        .on("tools/call", status(404))
        .on("tools/call", result(&json!({ "content": [] })))
        .start()
        .await;
    let relay = relay_of(&server);
    let tools = relay.tools("main").await.unwrap();
    tools.call("add", json!({})).await.unwrap();
    relay.tools("main").await.unwrap();
    assert_snapshot!(server.request_log().await, @"
    initialize 1
    notifications/initialized, session-1, 2025-11-25
    tools/list 2, session-1, 2025-11-25
    tools/call 3, session-1, 2025-11-25
    initialize 1
    notifications/initialized, session-2, 2025-11-25
    tools/call 2, session-2, 2025-11-25
    tools/list 3, session-2, 2025-11-25
    ");
}

#[tokio::test]
async fn close_drops_the_list() {
    let server = ScriptedServer::start().await;
    let relay = relay_of(&server);
    let user = relay.with_token(ALICE);
    user.tools("main").await.unwrap();
    relay.with_token(BOB).tools("main").await.unwrap();
    user.close().await.unwrap();
    user.tools("main").await.unwrap();
    relay.with_token(BOB).tools("main").await.unwrap();
    assert_eq!(list_count(&server).await, 3);
}
