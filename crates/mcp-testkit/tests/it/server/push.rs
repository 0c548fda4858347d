//! What is told to those who listen, in both eras.

use mcp_testkit::{Ask, Push};
use mcp_types::v2025_11_25::LoggingLevel;
use serde_json::json;

use crate::support::{Events, Peer, start_listenable, updated};

#[tokio::test]
async fn a_session_hears_what_it_wants() {
    // HTTP-20, RES-04, LOG-01
    let server = start_listenable().await;
    let mut peer = Peer::open(&server).await;
    let mut other = Peer::open(&server).await;
    let mut events = Events::of(peer.listen(None).await);
    let _deaf = Events::of(other.listen(None).await);
    let set_level = json!({ "level": "error" });
    let level = async |peer: &mut Peer| peer.ask("logging/setLevel", set_level.clone()).await;
    assert_eq!(level(&mut other).await["result"], json!({}));

    assert_eq!(server.push(&updated("a:")), 0);
    let uri = json!({ "uri": "a:" });
    assert_eq!(peer.ask("resources/subscribe", uri.clone()).await["result"], json!({}));
    assert_eq!(server.push(&updated("a:")), 1);
    assert_eq!(server.push(&updated("b:")), 0);
    assert_eq!(peer.ask("resources/unsubscribe", uri.clone()).await["result"], json!({}));
    assert_eq!(server.push(&updated("a:")), 0);
    assert_eq!(server.push(&Push::PromptsChanged), 2);
    assert_eq!(server.push(&Push::Log(LoggingLevel::Info, json!("note"))), 1);

    let message = events.message().await;
    assert_eq!(message["method"], "notifications/resources/updated");
    assert_eq!(message["params"], uri);
    assert_eq!(events.message().await["method"], "notifications/prompts/list_changed");
    let message = events.message().await;
    assert_eq!(message["method"], "notifications/message");
    assert_eq!(message["params"], json!({ "level": "info", "data": "note" }));
    assert_eq!(server.violations(), [""; 0]);

    let wrong = peer.ask("logging/setLevel", json!({ "level": "loud" })).await;
    assert_eq!(wrong["error"]["message"], "Invalid level");
}

#[tokio::test]
async fn a_listener_can_be_asked() {
    // PING-01, HTTP-22
    let server = start_listenable().await;
    assert!(server.ask(Ask::other("ping", json!({}))).await.is_none(), "nobody listens");
    let peer = Peer::open(&server).await;
    let mut events = Events::of(peer.listen(None).await);
    let asked = async {
        let ping = events.message().await;
        assert_eq!(ping["method"], "ping");
        assert_eq!(peer.answer(&ping["id"], json!({})).await.status(), 202);
    };
    let (answer, ()) = tokio::join!(server.ask(Ask::other("ping", json!({}))), asked);
    assert_eq!(answer, Some(Ok(json!({}))));
}
