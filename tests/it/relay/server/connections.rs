//! Connections that an application holds.

use insta::assert_snapshot;

use crate::relay::support::relay_of;
use crate::support::{ALICE, ScriptedServer};

#[tokio::test]
async fn session_ends_when_its_last_connection_is_dropped() {
    // HTTP-29
    let server = ScriptedServer::start().await;
    let user = relay_of(&server).with_token(ALICE);
    let connection = user.connection("main").unwrap();
    connection.connect().await.unwrap();
    drop(user);
    let last = connection.clone();
    drop(connection);
    last.call_tool("add", ()).await.unwrap();
    drop(last);
    server.wait_for_requests("DELETE", 1).await;
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    tools/call 2, [alice], session-1, 2025-11-25
    DELETE, [alice], session-1, 2025-11-25
    ");
}

#[tokio::test]
async fn connection_shares_the_session_with_other_calls() {
    // HTTP-26: all calls use one session
    let server = ScriptedServer::start().await;
    let user = relay_of(&server).with_token(ALICE);
    let connection = user.connection("main").unwrap();
    user.tools("main").await.unwrap();
    connection.call_tool("add", ()).await.unwrap();
    user.connection("main").unwrap().call_tool("add", ()).await.unwrap();
    assert_eq!(server.requests_of("initialize").await.len(), 1);
}
