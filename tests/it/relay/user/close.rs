//! The end of sessions.

use insta::assert_snapshot;
use relay::{Relay, Server};
use serde_json::json;

use crate::relay::support::{peer_with, relay_of};
use crate::support::{ALICE, BOB, Peer, exact, outcome, outline, status};

#[tokio::test]
async fn closing_a_user_ends_the_sessions_of_that_user_only() {
    // HTTP-29
    let (one, two) = (Peer::start().await, Peer::start().await);
    let relay = Relay::builder()
        .server("one", Server::http(one.url()))
        .server("two", Server::http(two.url()))
        .build()
        .unwrap();
    let alice = relay.with_token(ALICE);
    for user in [&alice, &relay.with_token(BOB)] {
        user.tools("one").await.unwrap();
        user.tools("two").await.unwrap();
    }
    alice.close().await.unwrap();
    for peer in [&one, &two] {
        let ended = exact(&peer.sent_of("DELETE").await);
        assert!(ended.contains("Bearer [alice]") && !ended.contains("Bearer [bob]"), "{ended}");
    }
    // The others go on in theirs.
    relay.with_token(BOB).tools("one").await.unwrap().call("add", json!({})).await.unwrap();
    assert_eq!(one.sent_of("initialize").await.len(), 2);
}

#[tokio::test]
async fn closing_the_relay_ends_all_sessions() {
    let peer = Peer::start().await;
    let relay = relay_of(&peer);
    for user in [relay.with_token(ALICE), relay.with_token(BOB), relay.without_token()] {
        user.tools("main").await.unwrap();
    }
    relay.close().await.unwrap();
    let ended = peer.sent_of("DELETE").await;
    let mut ended: Vec<_> = ended.iter().map(|sent| outline([sent])).collect();
    ended.sort();
    assert_snapshot!(ended.join("\n"), @"
    DELETE, [alice], session-1, 2025-11-25
    DELETE, [bob], session-2, 2025-11-25
    DELETE, session-3, 2025-11-25
    ");
    relay.close().await.unwrap();
    assert_eq!(peer.sent_of("DELETE").await.len(), 3);
}

#[tokio::test]
async fn closed_user_can_open_a_new_session() {
    let peer = Peer::start().await;
    let user = relay_of(&peer).with_token(ALICE);
    let tools = user.tools("main").await.unwrap();
    user.close().await.unwrap();
    tools.call("add", json!({})).await.unwrap();
    assert_snapshot!(peer.outline().await, @"
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
        let peer = peer_with("DELETE", [status(code)]).await;
        let relay = relay_of(&peer);
        relay.tools("main").await.unwrap();
        assert_eq!(outcome(relay.close().await), "it went well", "{code}");
    }
}

#[tokio::test]
async fn close_reports_the_first_failure_and_closes_the_rest() {
    let (good, bad) = (Peer::start().await, peer_with("DELETE", [status(401)]).await);
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
    assert_eq!(good.sent_of("DELETE").await.len(), 1);
    assert_eq!(bad.sent_of("DELETE").await.len(), 2);
}

#[tokio::test]
async fn dropping_the_relay_ends_its_sessions() {
    let peer = Peer::start().await;
    relay_of(&peer).with_token(ALICE).tools("main").await.unwrap();
    assert_snapshot!(outline(&peer.wait_for("DELETE", 1).await), @"DELETE, [alice], session-1, 2025-11-25");
}
