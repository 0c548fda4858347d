//! Which token requests are sent with.

use insta::assert_snapshot;
use relay::{Relay, Server};
use serde_json::{Value, json};

use crate::relay::support::{relay_of, relay_with, server_with};
use crate::support::{
    ALICE, BOB, ScriptedServer, ScriptedTokenSource, describe_result, error, full_request_log,
};

#[tokio::test]
async fn token_of_the_user_is_sent_with_every_request() {
    // AUTH-02, HTTP-02, HTTP-24: with the session, once there is one
    let server = ScriptedServer::start().await;
    let user = relay_of(&server).with_token(ALICE);
    user.tools("main").await.unwrap().call("add", json!({ "a": 1 })).await.unwrap();
    user.close().await.unwrap();
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    tools/list 2, [alice], session-1, 2025-11-25
    tools/call 3, [alice], session-1, 2025-11-25
    DELETE, [alice], session-1, 2025-11-25
    ");
    assert_snapshot!(full_request_log(&server.requests_of("tools/call").await), @r#"
    POST /mcp
    accept: application/json, text/event-stream
    authorization: Bearer [alice]
    content-type: application/json
    mcp-protocol-version: 2025-11-25
    mcp-session-id: session-1
    {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"add","arguments":{"a":1},"_meta":{"progressToken":3}}}
    "#);
}

#[tokio::test]
async fn token_of_the_user_overrides_the_api_key() {
    let server = ScriptedServer::start().await;
    let relay = relay_with(Server::http(server.url()).api_key(BOB));
    relay.with_token(ALICE).tools("main").await.unwrap();
    assert!(
        server
            .requests()
            .await
            .iter()
            .all(|sent| full_request_log([sent]).contains("Bearer [alice]"))
    );
}

#[tokio::test]
async fn static_credentials_of_any_scheme_are_sent_without_a_user() {
    for (settings, expected) in [
        (
            Server::basic_auth as fn(Server, &'static str, &'static str) -> Server,
            "Basic Ym9iOmtleQ==",
        ),
        (|server, _, _| server.header("authorization", "ApiKey k-1"), "ApiKey k-1"),
        (|server, _, _| server.header("Authorization", "bare-key"), "bare-key"),
        (|server, _, _| server.header("Authorization", "Bearer k-2"), "Bearer k-2"),
    ] {
        let server = ScriptedServer::start().await;
        let relay = relay_with(settings(Server::http(server.url()), "bob", "key"));
        let debug = format!("{:?}", relay.servers());
        assert!(!debug.contains("Ym9i") && !debug.contains("k-1"), "{debug}");
        relay.tools("main").await.unwrap();
        relay.with_token(ALICE).tools("main").await.unwrap();
        let no_token = ScriptedTokenSource::new(|_, _| Ok(None));
        relay.for_user("carol", no_token).tools("main").await.unwrap();
        let sent = server.requests_of("tools/list").await;
        let sent: Vec<_> = sent.iter().map(|sent| sent.header("authorization")).collect();
        let sent: Vec<_> = sent.iter().map(Option::as_deref).collect();
        // A user without a token never acts with the credentials of the server.
        assert_eq!(sent, [Some(expected), Some("Bearer [alice]"), None]);
    }
}

#[tokio::test]
async fn static_credentials_are_redacted_in_errors() {
    for (value, secret) in [("Basic Ym9iOnMzY3JldA==", "s3cret"), ("ApiKey k-123456", "k-123456")] {
        let body = format!("unknown key {secret} in {value}");
        let server = server_with("tools/list", [error(-32000, &body, &Value::Null)]).await;
        let relay = relay_with(Server::http(server.url()).header("Authorization", value));
        let shown = describe_result(relay.tools("main").await);
        assert!(shown.contains("unknown key ****"), "{shown}");
        assert!(!shown.contains(secret) && !shown.contains("Ym9i"), "{shown}");
    }
}

#[tokio::test]
async fn api_key_is_sent_without_a_user() {
    let server = ScriptedServer::start().await;
    let relay = relay_with(Server::http(server.url()).api_key(BOB));
    relay.tools("main").await.unwrap();
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [bob]
    notifications/initialized, [bob], session-1, 2025-11-25
    tools/list 2, [bob], session-1, 2025-11-25
    ");
}

#[tokio::test]
async fn no_token_is_sent_without_user_and_api_key() {
    let server = ScriptedServer::start().await;
    relay_of(&server).tools("main").await.unwrap();
    assert_snapshot!(server.request_log().await, @"
    initialize 1
    notifications/initialized, session-1, 2025-11-25
    tools/list 2, session-1, 2025-11-25
    ");
}

#[tokio::test]
async fn user_is_initialized_once_per_server() {
    let server = ScriptedServer::start().await;
    let relay = relay_of(&server);
    let tools = relay.with_token(ALICE).tools("main").await.unwrap();
    tools.call("add", json!({})).await.unwrap();
    relay.with_token(ALICE).tools("main").await.unwrap().call("add", json!({})).await.unwrap();
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    tools/list 2, [alice], session-1, 2025-11-25
    tools/call 3, [alice], session-1, 2025-11-25
    tools/call 4, [alice], session-1, 2025-11-25
    ");
}

#[tokio::test]
async fn users_share_neither_sessions_nor_lists() {
    // Traps 12, LIFE-18
    let server = ScriptedServer::start().await;
    let relay = relay_of(&server);
    for user in [relay.with_token(ALICE), relay.with_token(BOB), relay.without_token()] {
        user.tools("main").await.unwrap();
    }
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    tools/list 2, [alice], session-1, 2025-11-25
    initialize 1, [bob]
    notifications/initialized, [bob], session-2, 2025-11-25
    tools/list 2, [bob], session-2, 2025-11-25
    initialize 1
    notifications/initialized, session-3, 2025-11-25
    tools/list 2, session-3, 2025-11-25
    ");
}

#[tokio::test]
async fn principal_is_derived_from_the_token() {
    let relay = Relay::builder().build().unwrap();
    let alice = relay.with_token(ALICE).principal();
    assert_eq!(relay.with_token(ALICE).principal(), alice);
    assert_ne!(relay.with_token(BOB).principal(), alice);
    assert_ne!(relay.without_token().principal(), alice);
    // Another relay derives the same principal.
    assert_eq!(Relay::builder().build().unwrap().with_token(ALICE).principal(), alice);
}

#[tokio::test]
async fn api_keys_are_sent_to_their_own_server_only() {
    // LIFE-18, AUTH-06: keys are sent to their own server only
    let (one, two) = (ScriptedServer::start().await, ScriptedServer::start().await);
    let relay = Relay::builder()
        .server("one", Server::http(one.url()).api_key(ALICE))
        .server("two", Server::http(two.url()).api_key(BOB))
        .build()
        .unwrap();
    relay.tools("one").await.unwrap();
    relay.tools("two").await.unwrap();
    assert_snapshot!(one.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    tools/list 2, [alice], session-1, 2025-11-25
    ");
    assert_snapshot!(two.request_log().await, @"
    initialize 1, [bob]
    notifications/initialized, [bob], session-1, 2025-11-25
    tools/list 2, [bob], session-1, 2025-11-25
    ");
}

#[tokio::test]
async fn configured_headers_are_sent() {
    let server = ScriptedServer::start().await;
    let relay = relay_with(Server::http(server.url()).header("X-Team", "blue"));
    relay.with_token(ALICE).tools("main").await.unwrap();
    assert_snapshot!(full_request_log(&server.requests_of("tools/list").await), @r#"
    POST /mcp
    accept: application/json, text/event-stream
    authorization: Bearer [alice]
    content-type: application/json
    mcp-protocol-version: 2025-11-25
    mcp-session-id: session-1
    x-team: blue
    {"jsonrpc":"2.0","id":2,"method":"tools/list","params":{}}
    "#);
}

#[tokio::test]
async fn client_info_names_relay() {
    let server = ScriptedServer::start().await;
    relay_of(&server).tools("main").await.unwrap();
    let opening = server.requests_of("initialize").await[0].json();
    assert_eq!(opening["params"]["clientInfo"]["name"], "relay");
    assert_eq!(opening["params"]["capabilities"], json!({}));
}
