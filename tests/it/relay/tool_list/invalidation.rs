//! Invalidation of cached tool lists.

use mcp_testkit::{Barrier, CallResult, Fault, On, TestTool};
use relay::{Server, ServerTools};
use serde_json::json;

use crate::relay::support::relay_with;
use crate::support::{start_test_server, with_timeout};

fn tool_names(tools: &ServerTools) -> Vec<String> {
    tools.iter().map(|tool| tool.definition().name.clone()).collect()
}

fn tool(name: &str) -> TestTool {
    TestTool::new(name, json!({ "type": "object" }), |_| CallResult::text("done"))
}

fn list_changed() -> Fault {
    let notice = json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" });
    Fault::MessagesBefore(vec![notice])
}

#[tokio::test]
async fn list_received_after_close_is_not_cached() {
    let server = start_test_server().await;
    let barrier = Barrier::new();
    server.script(On::method("tools/list").nth(1), Fault::Hold(barrier.clone()));
    let relay = relay_with(Server::http(server.url()));
    let user = relay.without_token();
    let end = async {
        with_timeout(barrier.wait_for_arrivals(1)).await;
        user.close().await.unwrap();
        barrier.open();
    };
    let (listed, ()) = tokio::join!(user.tools("main"), end);
    listed.unwrap();
    for _ in 0..2 {
        user.tools("main").await.unwrap();
        assert_eq!(server.count("tools/list"), 2);
    }
}

#[tokio::test]
async fn session_lost_by_a_dropped_call_invalidates_the_list() {
    let server = start_test_server().await;
    let relay = relay_with(Server::http(server.url()));
    let tools = relay.tools("main").await.unwrap();
    server.end_sessions();
    server.add_tool(tool("new"));
    let barrier = Barrier::new();
    server.script(On::method("initialize"), Fault::Hold(barrier.clone()));
    tokio::select! {
        outcome = tools.call("wait", json!({})) => panic!("{outcome:?}"),
        () = with_timeout(barrier.wait_for_arrivals(1)) => {}
    }
    server.clear_script();
    for _ in 0..2 {
        assert_eq!(tool_names(&relay.tools("main").await.unwrap()), ["wait", "new"]);
        assert_eq!(server.count("tools/list"), 2);
    }
}

#[tokio::test]
async fn list_changed_during_a_call_invalidates_the_list() {
    // TOOL-08, N-CACHE-04
    let server = start_test_server().await;
    let relay = relay_with(Server::http(server.url()));
    let tools = relay.tools("main").await.unwrap();
    server.add_tool(tool("new"));
    server.script(On::method("tools/call").nth(1), list_changed());
    for _ in 0..2 {
        tools.call("wait", json!({})).await.unwrap();
        assert_eq!(tool_names(&relay.tools("main").await.unwrap()), ["wait", "new"]);
        assert_eq!(server.count("tools/list"), 2);
    }
}

#[tokio::test]
async fn list_changed_during_a_fetch_invalidates_the_list() {
    // TOOL-08: the change may be later than the list
    let server = start_test_server().await;
    let relay = relay_with(Server::http(server.url()));
    server.script(On::method("tools/list").nth(1), list_changed());
    relay.tools("main").await.unwrap();
    for _ in 0..2 {
        relay.tools("main").await.unwrap();
        assert_eq!(server.count("tools/list"), 2);
    }
}
