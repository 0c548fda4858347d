//! Cookies of load balancers.

use mcp_client::CallOptions;
use mcp_http::{Headers, HttpCallOptions, HttpDeviation, HttpTransport};
use serde_json::json;

use crate::support::{
    ALICE, BOB, PROTOCOL_VERSIONS, Script, ScriptedServer, client_with_version, describe_result,
    initialize_response, result, stateful_client, status,
};

const COOKIE: &str = "lb=repl1ca-seven; Path=/; HttpOnly";

/// A server that sets a cookie with `initialize` and with lists.
async fn server() -> ScriptedServer {
    Script::new()
        .on("initialize", initialize_response("2025-11-25").header("set-cookie", COOKIE))
        .on("tools/list", result(&json!({ "tools": [] })).header("set-cookie", COOKIE))
        .start()
        .await
}

/// The cookies of the requests with this method.
async fn cookies_of(server: &ScriptedServer, method: &str) -> Vec<Option<String>> {
    server.requests_of(method).await.iter().map(|sent| sent.header("cookie")).collect()
}

fn cookie() -> Option<String> {
    Some("lb=repl1ca-seven".to_owned())
}

#[tokio::test]
async fn cookies_are_sent_back_in_both_eras() {
    for revision in PROTOCOL_VERSIONS {
        let server = server().await;
        let transport = server.transport();
        let client = client_with_version(transport.clone(), revision);
        client.list_tools().await.unwrap();
        client.call_tool("add", ()).await.unwrap();
        assert_eq!(cookies_of(&server, "tools/call").await, [cookie()]);
        assert!(transport.deviations().iter().any(|(it, _)| *it == HttpDeviation::Cookies));
    }
}

#[tokio::test]
async fn cookies_belong_to_one_user() {
    let server = server().await;
    let alice = server.transport();
    stateful_client(alice.clone()).list_tools().await.unwrap();
    let source = mcp_http::AccessToken::new(BOB);
    let bob = alice.with_token_source(Some(std::sync::Arc::new(source)));
    let bob = client_with_version(bob, PROTOCOL_VERSIONS[1]);
    bob.call_tool("add", ()).await.unwrap();
    assert_eq!(cookies_of(&server, "tools/call").await, [None]);
    // A call with a token of its own may belong to another user.
    let client = stateful_client(alice);
    client.list_tools().await.unwrap();
    let options = CallOptions::new().bearer_token(BOB);
    client.with_options(options).call_tool("add", ()).await.unwrap();
    assert_eq!(cookies_of(&server, "tools/call").await, [None, None]);
    client.call_tool("add", ()).await.unwrap();
    assert_eq!(cookies_of(&server, "tools/call").await.pop(), Some(cookie()));
}

#[tokio::test]
async fn cookies_can_be_turned_off() {
    let server = server().await;
    let builder = HttpTransport::builder(server.url()).bearer_token(ALICE).cookies(false);
    let client = stateful_client(builder.build().unwrap());
    client.list_tools().await.unwrap();
    client.call_tool("add", ()).await.unwrap();
    assert_eq!(cookies_of(&server, "tools/call").await, [None]);
}

#[tokio::test]
async fn cookies_join_those_of_the_caller() {
    let server = server().await;
    let client = stateful_client(server.transport());
    client.list_tools().await.unwrap();
    let options = CallOptions::new().headers(Headers::new().with("Cookie", "own=1"));
    client.with_options(options).call_tool("add", ()).await.unwrap();
    let expected = Some("own=1; lb=repl1ca-seven".to_owned());
    assert_eq!(cookies_of(&server, "tools/call").await, [expected]);
}

#[tokio::test]
async fn cookies_are_redacted() {
    let echo = |status_code| status(status_code).body("no: repl1ca-seven");
    let first = Script::new().on("initialize", echo(500).header("set-cookie", COOKIE));
    let server = first.start().await;
    let shown = describe_result(stateful_client(server.transport()).connect().await);
    assert!(shown.contains("no: ****"), "{shown}");
    let set = initialize_response("2025-11-25").header("set-cookie", COOKIE);
    let server = Script::new().on("initialize", set).on("tools/call", echo(500)).start().await;
    let shown = describe_result(stateful_client(server.transport()).call_tool("add", ()).await);
    assert!(shown.contains("no: ****"), "{shown}");
}
