//! Closing users and the relay.

use insta::assert_snapshot;
use relay::{Relay, Server};
use serde_json::json;

use crate::relay::support::{relay_of, server_with};
use crate::support::{
    ALICE, BOB, ScriptedServer, describe_result, full_request_log, request_log, status,
};

#[tokio::test]
async fn closing_a_user_ends_the_sessions_of_that_user_only() {
    // HTTP-29
    let (one, two) = (ScriptedServer::start().await, ScriptedServer::start().await);
    let relay = Relay::builder()
        .server("one", Server::http(one.url()))
        .server("two", Server::http(two.url()))
        .build()
        .unwrap();
    let user = |token| relay.with_tokens([("one", token), ("two", token)]);
    let alice = user(ALICE);
    for user in [&alice, &user(BOB)] {
        user.tools("one").await.unwrap();
        user.tools("two").await.unwrap();
    }
    alice.close().await.unwrap();
    for server in [&one, &two] {
        let ended = full_request_log(&server.requests_of("DELETE").await);
        assert!(ended.contains("Bearer [alice]") && !ended.contains("Bearer [bob]"), "{ended}");
    }
    // The other users keep their sessions.
    user(BOB).tools("one").await.unwrap().call("add", json!({})).await.unwrap();
    assert_eq!(one.requests_of("initialize").await.len(), 2);
}

#[tokio::test]
async fn closing_the_relay_ends_all_sessions() {
    let server = ScriptedServer::start().await;
    let relay = relay_of(&server);
    for user in [relay.with_token(ALICE), relay.with_token(BOB), relay.without_token()] {
        user.tools("main").await.unwrap();
    }
    relay.close().await.unwrap();
    let ended = server.requests_of("DELETE").await;
    let mut ended: Vec<_> = ended.iter().map(|sent| request_log([sent])).collect();
    ended.sort();
    assert_snapshot!(ended.join("\n"), @"
    DELETE, [alice], session-1, 2025-11-25
    DELETE, [bob], session-2, 2025-11-25
    DELETE, session-3, 2025-11-25
    ");
    relay.close().await.unwrap();
    assert_eq!(server.requests_of("DELETE").await.len(), 3);
}

#[tokio::test]
async fn closed_user_can_open_a_new_session() {
    let server = ScriptedServer::start().await;
    let user = relay_of(&server).with_token(ALICE);
    let tools = user.tools("main").await.unwrap();
    user.close().await.unwrap();
    tools.call("add", json!({})).await.unwrap();
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    tools/list 2, [alice], session-1, 2025-11-25
    DELETE, [alice], session-1, 2025-11-25
    initialize 1, [alice]
    notifications/initialized, [alice], session-2, 2025-11-25
    tools/call 2, [alice], session-2, 2025-11-25
    ");
}

#[tokio::test]
async fn close_accepts_405_404_and_204() {
    // HTTP-29
    for code in [405, 404, 204] {
        let server = server_with("DELETE", [status(code)]).await;
        let relay = relay_of(&server);
        relay.tools("main").await.unwrap();
        assert_eq!(describe_result(relay.close().await), "it went well", "{code}");
    }
}

#[tokio::test]
async fn close_reports_the_first_failure_and_closes_the_rest() {
    let (good, bad) = (ScriptedServer::start().await, server_with("DELETE", [status(401)]).await);
    let relay = Relay::builder()
        .server("a", Server::http(bad.url()))
        .server("b", Server::http(good.url()))
        .server("c", Server::http(bad.url()))
        .build()
        .unwrap();
    for server in ["a", "b", "c"] {
        relay.tools(server).await.unwrap();
    }
    let error = relay.close().await.unwrap_err();
    assert!(error.authorization().is_some());
    assert_eq!(good.requests_of("DELETE").await.len(), 1);
    assert_eq!(bad.requests_of("DELETE").await.len(), 2);
}

#[tokio::test]
async fn dropping_the_relay_ends_its_sessions() {
    let server = ScriptedServer::start().await;
    relay_of(&server).with_token(ALICE).tools("main").await.unwrap();
    assert_snapshot!(request_log(&server.wait_for_requests("DELETE", 1).await), @"DELETE, [alice], session-1, 2025-11-25");
}
