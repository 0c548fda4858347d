//! Redaction: tokens and keys are shown nowhere.

use std::fmt::Debug;

use insta::assert_snapshot;
use relay::{Relay, Server};
use serde_json::json;

use crate::support::{ALICE, BOB, Script, ScriptedServer, TraceCapture, describe_result, status};

fn relay_of(scripted: &ScriptedServer) -> Relay {
    let server = Server::http(format!("{}?key=5ecret", scripted.url()))
        .api_key(BOB)
        .header("x-key", "5ecret");
    Relay::builder().server("main", server).build().expect("usable settings")
}

#[tokio::test]
async fn debug_output_contains_no_secret() {
    // AUTH-05
    let server = ScriptedServer::start().await;
    let stdio = Server::stdio(["run", "--key=5ecret"]);
    let builder =
        Relay::builder().server("files", stdio.clone()).server("x", Server::http("5ecret"));
    let relay = relay_of(&server);
    let user = relay.with_token(ALICE);
    let tools = user.tools("main").await.unwrap();
    let tool = tools.get("add").unwrap();
    let servers = relay.servers();
    let connection = user.connection("main").unwrap();
    let values: [&dyn Debug; 10] = [
        &builder,
        &stdio,
        &relay,
        &user,
        &user.principal(),
        &servers,
        &tools,
        &tool,
        &connection,
        &*connection,
    ];
    let shown = format!("{values:?}{values:#?}");
    assert!(!shown.contains("5ecret") && !shown.contains("session-1"), "{shown}");
    // What is not a secret is shown.
    for name in ["main", "x-key", "relay__main__add", "stdio(run)", "/mcp?****"] {
        assert!(shown.contains(name), "{name}: {shown}");
    }
}

#[tokio::test]
async fn errors_and_traces_contain_no_secret() {
    // AUTH-05: whatever the server does with it
    let page = format!("<p>{ALICE}</p>");
    let challenge = format!("Bearer error_description=\"{ALICE}\"");
    let server = Script::new()
        .on("tools/call", status(500).body(page))
        .on("tools/call", status(401).header("www-authenticate", challenge))
        .start()
        .await;
    let relay = relay_of(&server);
    let trace = TraceCapture::start();
    let user = relay.with_token(ALICE);
    let tools = user.tools("main").await.unwrap();
    // `describe_result` panics if any form of the error contains a token.
    let first = describe_result(tools.call("add", json!({})).await);
    let second = describe_result(tools.call("add", json!({})).await);
    user.close().await.unwrap();
    let trace = trace.finish();
    assert!(trace.contains("tools/call") && !trace.contains("5ecret"), "{trace}");
    assert_snapshot!(first, @r#"
    server "main": tool "add": HTTP status 500; the call may have run
      [server]/mcp?**** returned HTTP status 500 Internal Server Error: <p>****</p>
    -> OutcomeUnknown Status(500)
    "#);
    assert_snapshot!(second, @r#"
    server "main": tool "add": authorization required: [server]/mcp?**** rejected the access token (****)
      [server]/mcp?**** rejected the access token (****)
    -> Authorization Rejected, did not run
    "#);
}
