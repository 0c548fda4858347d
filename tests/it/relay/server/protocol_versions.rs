//! Servers of different protocol versions.

use insta::assert_snapshot;
use mcp_testkit::{Bearer, CallResult, TestServer, TestTool};
use mcp_types::Revision;
use relay::{Error, Relay, Server};
use serde_json::json;

use crate::support::{
    ALICE, BOB, ReceivedRequest, Script, SseServerConfig, advance_until, describe_error,
    request_log, result, status,
};

const STATELESS: Revision = Revision::V2026_07_28;
const STATEFUL: Revision = Revision::V2025_11_25;

/// A server of these versions that accepts the tokens of Alice and Bob.
async fn server(revisions: impl IntoIterator<Item = Revision>) -> TestServer {
    let schema = json!({ "type": "object", "properties": {
        "city": { "type": "string", "x-mcp-header": "City" },
    } });
    let tool = TestTool::new("forecast", schema, |_| CallResult::text("sunny"));
    let bearer = Bearer::tokens([ALICE, BOB]);
    let builder = TestServer::builder().revisions(revisions).tool(tool).bearer(bearer);
    builder.sessions(false).start().await.expect("a free port")
}

fn relay_of(server: Server) -> Relay {
    Relay::builder().server("main", server).build().expect("usable settings")
}

fn received_requests(server: &TestServer) -> String {
    request_log(&server.requests().iter().map(ReceivedRequest::from).collect::<Vec<_>>())
}

/// Lists tools and calls one on behalf of Alice, then of Bob.
async fn two_users(server: &TestServer, relay: &Relay) -> String {
    for user in [ALICE, BOB] {
        let tools = relay.with_token(user).tools("main").await.expect("a list");
        let output = tools.call("relay__main__forecast", json!({ "city": "Rome" })).await;
        assert_eq!(output.expect("a result").text(), "sunny");
    }
    relay.close().await.expect("it closes");
    assert_eq!(server.violations(), Vec::<String>::new());
    received_requests(server)
}

#[tokio::test]
async fn server_is_probed_once_for_all_users() {
    let mut shown = String::new();
    for revisions in [vec![STATELESS], vec![STATEFUL], vec![STATELESS, STATEFUL]] {
        let server = server(revisions.clone()).await;
        let relay = relay_of(Server::http(server.url()));
        shown += &format!("--- {revisions:?}\n{}\n", two_users(&server, &relay).await);
    }
    assert_snapshot!(shown, @r#"
    --- [V2026_07_28]
    server/discover "probe-1", [alice], 2026-07-28
    tools/list 1, [alice], 2026-07-28
    tools/call 2, [alice], 2026-07-28
    tools/list 1, [bob], 2026-07-28
    tools/call 2, [bob], 2026-07-28
    --- [V2025_11_25]
    server/discover "probe-1", [alice], 2026-07-28
    initialize 1, [alice]
    notifications/initialized, [alice], 2025-11-25
    tools/list 2, [alice], 2025-11-25
    tools/call 3, [alice], 2025-11-25
    initialize 1, [bob]
    notifications/initialized, [bob], 2025-11-25
    tools/list 2, [bob], 2025-11-25
    tools/call 3, [bob], 2025-11-25
    --- [V2026_07_28, V2025_11_25]
    server/discover "probe-1", [alice], 2026-07-28
    tools/list 1, [alice], 2026-07-28
    tools/call 2, [alice], 2026-07-28
    tools/list 1, [bob], 2026-07-28
    tools/call 2, [bob], 2026-07-28
    "#);
}

#[tokio::test]
async fn pinned_version_is_used_without_a_probe() {
    let mut shown = String::new();
    for revision in [STATELESS, STATEFUL] {
        let server = server([STATELESS, STATEFUL]).await;
        let relay = relay_of(Server::http(server.url()).protocol_version(revision));
        shown += &format!("--- {revision}\n{}\n", two_users(&server, &relay).await);
    }
    assert_snapshot!(shown, @"
    --- 2026-07-28
    tools/list 1, [alice], 2026-07-28
    tools/call 2, [alice], 2026-07-28
    tools/list 1, [bob], 2026-07-28
    tools/call 2, [bob], 2026-07-28
    --- 2025-11-25
    initialize 1, [alice]
    notifications/initialized, [alice], 2025-11-25
    tools/list 2, [alice], 2025-11-25
    tools/call 3, [alice], 2025-11-25
    initialize 1, [bob]
    notifications/initialized, [bob], 2025-11-25
    tools/list 2, [bob], 2025-11-25
    tools/call 3, [bob], 2025-11-25
    ");
}

#[tokio::test]
async fn rejected_token_is_an_authorization_error_in_all_versions() {
    // N-AUTH: a rejected token is inconclusive for the negotiation
    for revision in [STATELESS, STATEFUL] {
        let server = server([revision]).await;
        let relay = relay_of(Server::http(server.url()));
        let error = relay.with_token("another").tools("main").await.unwrap_err();
        assert!(matches!(error, Error::Authorization(_)), "{error:?}");
        let tools = relay.with_token(ALICE).tools("main").await.unwrap();
        server.revoke_token(ALICE);
        let error = tools.call("forecast", json!({ "city": "Rome" })).await.unwrap_err();
        assert!(matches!(error, Error::Authorization(_)), "{error:?}");
        assert!(error.did_not_run());
        relay.with_token(BOB).tools("main").await.unwrap();
    }
}

#[tokio::test]
async fn removed_tool_is_an_error_and_no_longer_listed() {
    // TOOL-15, N-TOOL-02
    let mut shown = String::new();
    for revision in [STATELESS, STATEFUL] {
        let server = server([revision]).await;
        let relay = relay_of(Server::http(server.url()));
        let alice = relay.with_token(ALICE);
        let tools = alice.tools("main").await.unwrap();
        server.remove_tool("forecast");
        let gone = tools.call("forecast", json!({ "city": "Rome" })).await.unwrap_err();
        shown += &format!("--- {revision}\n{}\n", describe_error(&gone));
        assert_eq!(alice.tools("main").await.unwrap().iter().count(), 0);
    }
    assert_snapshot!(shown, @r#"
    --- 2026-07-28
    server "main": tool "forecast": JSON-RPC error -32602
      "tools/call" failed: Unknown tool: forecast (code -32602)
    -> Transport Rpc(-32602)
    --- 2025-11-25
    server "main": tool "forecast": JSON-RPC error -32602
      "tools/call" failed: Unknown tool: forecast (code -32602)
    -> Transport Rpc(-32602)
    "#);
}

#[tokio::test]
async fn a_401_after_the_first_round_may_have_run() {
    let input_required = json!({ "resultType": "input_required", "requestState": "s" });
    let script =
        Script::new().on("tools/call", result(&input_required)).on("tools/call", status(401));
    let server = script.start().await;
    let relay = relay_of(Server::http(server.url()).protocol_version(STATELESS));
    let tools = relay.with_token(ALICE).tools("main").await.unwrap();
    let (called, _) = advance_until(tools.call("relay__main__add", json!({}))).await;
    let error = called.unwrap_err();
    assert_snapshot!(describe_error(&error), @r#"
    server "main": tool "add": authorization required: [server]/mcp rejected the access token
      [server]/mcp rejected the access token
    -> Authorization Rejected
    "#);
}

#[tokio::test]
async fn http_sse_server_is_detected_or_configured() {
    for sse in [false, true] {
        let server = SseServerConfig::default().start().await;
        let url = server.url();
        let relay = relay_of(if sse { Server::sse(url) } else { Server::http(url) });
        let tools = relay.with_token(ALICE).tools("main").await.unwrap();
        assert_eq!(tools.call("relay__main__add", json!({})).await.unwrap().text(), "3");
        assert_eq!(server.request_log().contains("server/discover"), !sse);
    }
}
