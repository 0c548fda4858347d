//! The end of a conversation.

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{Peer, Script, error, exact, initialized, outcome, status};

#[tokio::test]
async fn closing_ends_the_session_with_token_session_and_version() {
    // HTTP-29, HTTP-24, HTTP-30, AUTH-02
    let peer = Peer::start().await;
    let client = peer.client();
    client.connect().await.unwrap();
    client.close().await.unwrap();
    assert_snapshot!(exact(&peer.sent_of("DELETE").await), @"
    DELETE /mcp
    accept: application/json, text/event-stream
    authorization: Bearer [alice]
    mcp-protocol-version: 2025-11-25
    mcp-session-id: session-1
    ");
}

#[tokio::test]
async fn closing_twice_or_before_the_first_call_sends_nothing() {
    let peer = Peer::start().await;
    let client = peer.client();
    client.close().await.unwrap();
    assert_eq!(peer.outline().await, "");
    client.connect().await.unwrap();
    client.close().await.unwrap();
    client.close().await.unwrap();
    assert_eq!(peer.sent_of("DELETE").await.len(), 1);
}

#[tokio::test]
async fn without_a_session_there_is_nothing_to_end() {
    let peer = Script::new().on("initialize", initialized("2025-11-25")).start().await;
    let client = peer.client();
    client.connect().await.unwrap();
    client.close().await.unwrap();
    assert_eq!(peer.sent_of("DELETE").await.len(), 0);
}

#[tokio::test]
async fn a_call_after_the_end_opens_a_new_conversation() {
    let peer = Peer::start().await;
    let client = peer.client();
    client.connect().await.unwrap();
    client.close().await.unwrap();
    client.call_tool("add", ()).await.unwrap();
    assert_snapshot!(peer.outline().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    DELETE, [alice], session-1, 2025-11-25
    initialize 1, [alice]
    notifications/initialized, [alice], session-2, 2025-11-25
    tools/call 2, [alice], session-2, 2025-11-25
    ");
}

#[tokio::test]
async fn a_server_may_decline_or_have_forgotten() {
    // HTTP-29: 405 is no failure; with 404 the session is gone all the same
    let mut shown = String::new();
    for answer in [
        status(405),
        error(-32000, "Method not allowed", &Value::Null).with_status(405),
        status(404),
        status(204),
        status(401),
        status(403),
        status(500),
    ] {
        let peer = Script::new().on("DELETE", answer).start().await;
        let client = peer.client();
        client.connect().await.unwrap();
        shown += &outcome(client.close().await);
        shown += "\n";
    }
    assert_snapshot!(shown, @"
    it went well
    it went well
    it went well
    it went well
    [server]/mcp rejected the access token
    -> Unauthorized, did not run
    [server]/mcp answered with HTTP status 403 Forbidden
    -> Status(403)
    [server]/mcp answered with HTTP status 500 Internal Server Error
    -> Status(500)
    ");
}
