//! Servers that are added, removed and replaced during calls.

use insta::assert_snapshot;
use mcp_testkit::{Barrier, CallResult, Fault, On, TestServer, TestTool};
use relay::{Relay, Server};
use serde_json::json;

use crate::support::{describe_result, with_timeout};

async fn server(says: &'static str) -> TestServer {
    let tool = TestTool::new("say", json!({ "type": "object" }), move |_| CallResult::text(says));
    TestServer::builder().tool(tool).start().await.expect("a free port")
}

#[tokio::test]
async fn replacing_a_server_does_not_disturb_running_calls() {
    let (old, new) = (server("old").await, server("new").await);
    let relay = Relay::builder().server("main", Server::http(old.url())).build().unwrap();
    let tools = relay.tools("main").await.unwrap();
    let barrier = Barrier::new();
    old.script(On::method("tools/call"), Fault::Hold(barrier.clone()));
    let change = async {
        with_timeout(barrier.wait_for_arrivals(1)).await;
        relay.add_server("main", Server::http(new.url())).unwrap();
        // New requests go to the new server while the call is running.
        let tools = relay.tools("main").await.unwrap();
        assert_eq!(tools.call("say", ()).await.unwrap().text(), "new");
        barrier.open();
    };
    let (output, ()) = tokio::join!(tools.call("say", ()), change);
    assert_eq!(output.unwrap().text(), "old");
    assert_snapshot!(describe_result(tools.call("say", ()).await), @r#"
    server "main": removed or replaced after its tools were listed; list its tools again
    -> Configuration, did not run
    "#);
    // The session ends with the last call.
    with_timeout(old.wait_for_requests("DELETE", 1)).await;
    assert_eq!(old.count("tools/call"), 1);
}

#[tokio::test]
async fn servers_can_be_added_and_removed() {
    let server = server("here").await;
    let relay = Relay::builder().build().unwrap();
    assert!(!relay.remove_server("main"));
    relay.add_server("main", Server::http(server.url())).unwrap();
    let tools = relay.tools("main").await.unwrap();
    assert_eq!(tools.call("say", ()).await.unwrap().text(), "here");
    // An invalid server does not replace an existing one.
    assert!(relay.add_server("main", Server::http("not a url")).is_err());
    assert_eq!(tools.call("say", ()).await.unwrap().text(), "here");
    assert!(relay.remove_server("main"));
    assert!(tools.call("say", ()).await.unwrap_err().did_not_run());
    assert_snapshot!(describe_result(relay.tools("main").await), @r#"
    server "main": not registered; no servers are registered
    -> Configuration, did not run
    "#);
    assert_eq!(relay.without_token().toolset().await.unwrap().len(), 0);
    // A server that is added again starts without state.
    relay.add_server("main", Server::http(server.url())).unwrap();
    relay.tools("main").await.unwrap();
    assert_eq!(server.count("initialize"), 2);
}

#[tokio::test]
async fn waiting_callers_get_the_tools_of_the_replacement_server() {
    let (old, new) = (server("old").await, server("new").await);
    let relay = Relay::builder().server("main", Server::http(old.url())).build().unwrap();
    let barrier = Barrier::new();
    old.script(On::method("tools/list"), Fault::Hold(barrier.clone()));
    let change = async {
        with_timeout(barrier.wait_for_arrivals(1)).await;
        relay.add_server("main", Server::http(new.url())).unwrap();
        barrier.open();
    };
    let (tools, ()) = tokio::join!(relay.tools("main"), change);
    assert_eq!(tools.unwrap().call("say", ()).await.unwrap().text(), "new");
    let barrier = Barrier::new();
    new.script(On::method("tools/list"), Fault::Hold(barrier.clone()));
    relay.close().await.unwrap();
    let removal = async {
        with_timeout(barrier.wait_for_arrivals(1)).await;
        relay.remove_server("main");
        barrier.open();
    };
    let (tools, ()) = tokio::join!(relay.tools("main"), removal);
    assert_snapshot!(describe_result(tools), @r#"
    server "main": not registered; no servers are registered
    -> Configuration, did not run
    "#);
}
