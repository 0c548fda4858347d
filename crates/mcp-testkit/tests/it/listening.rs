//! What is told to those who listen, in both eras.

use mcp_testkit::{Ask, Fault, On, Push, Resource, TestServer};
use mcp_types::{Revision, v2025_11_25::LoggingLevel};
use serde_json::{Value, json};

use crate::{complete::Complete, events::Events, peer::Peer};

const ID: &str = "io.modelcontextprotocol/subscriptionId";

async fn server() -> TestServer {
    let revisions = [Revision::V2025_11_25, Revision::V2026_07_28];
    let builder = TestServer::builder().revisions(revisions).allow_get(true).logging();
    builder.resource(Resource::new("a:", "a", "A")).start().await.expect("a start")
}

async fn subscribe(client: &mut Complete, filter: Value) -> Events {
    let listen = json!({ "notifications": filter });
    Events::of(client.request("subscriptions/listen", listen).await)
}

fn updated(uri: &str) -> Push {
    Push::ResourceUpdated(uri.to_owned())
}

#[tokio::test]
async fn a_session_hears_what_it_wants() {
    // HTTP-20, RES-04, LOG-01
    let server = server().await;
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
    let server = server().await;
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

#[tokio::test]
async fn a_subscription_is_acknowledged_and_kept_to() {
    // N-SUB-01, N-SUB-02, N-SUB-05
    let server = server().await;
    let mut client = Complete::new(&server);
    let filter = json!({
        "toolsListChanged": true,
        "promptsListChanged": true,
        "resourcesListChanged": false,
        "resourceSubscriptions": ["a:"],
        "taskIds": ["t"],
    });
    let mut events = subscribe(&mut client, filter).await;
    let first = events.message().await;
    assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
    let honoured = json!({
        "toolsListChanged": true,
        "resourcesListChanged": false,
        "resourceSubscriptions": ["a:"],
    });
    let meta = json!({ ID: 1 });
    assert_eq!(first["params"], json!({ "notifications": honoured, "_meta": meta }));

    let mut other = subscribe(&mut client, json!({ "toolsListChanged": true })).await;
    for (push, count) in [
        (Push::PromptsChanged, 0),
        (Push::ResourcesChanged, 0),
        (Push::Log(LoggingLevel::Emergency, json!(1)), 0),
        (updated("b:"), 0),
        (updated("a:"), 1),
        (Push::ToolsChanged, 2),
    ] {
        assert_eq!(server.push(&push), count, "{push:?}");
    }
    let message = events.message().await;
    assert_eq!(message["params"], json!({ "uri": "a:", "_meta": meta }));
    assert_eq!(events.message().await["method"], "notifications/tools/list_changed");
    other.message().await;
    assert_eq!(other.message().await["params"], json!({ "_meta": { ID: 2 } }));
    assert_eq!(server.violations(), [""; 0]);

    let refused = client.ask("subscriptions/listen", json!({})).await;
    assert_eq!(refused["error"]["message"], "Invalid notifications");
}

#[tokio::test]
async fn a_subscription_ends_in_three_ways() {
    // N-SUB-04
    let server = server().await;
    let mut client = Complete::new(&server);
    let filter = || json!({ "toolsListChanged": true });

    let mut events = subscribe(&mut client, filter()).await;
    events.message().await;
    server.end_subscriptions();
    let answer = events.message().await;
    assert_eq!((&answer["id"], &answer["result"]["resultType"]), (&json!(1), &json!("complete")));
    assert_eq!(answer["result"]["_meta"][ID], 1);
    assert_eq!(events.next().await, None);

    let mut events = subscribe(&mut client, filter()).await;
    events.message().await;
    server.close_streams();
    assert_eq!(events.next().await, None);
    assert_eq!(server.cancelled_requests().len(), 0);

    let mut events = subscribe(&mut client, filter()).await;
    events.message().await;
    drop(events);
    server.cancelled(1).await;
    assert_eq!(server.push(&Push::ToolsChanged), 0);

    server.script(On::method("subscriptions/listen"), Fault::CutStream(2));
    let mut events = subscribe(&mut client, filter()).await;
    events.message().await;
    assert_eq!(server.push(&Push::ToolsChanged), 1);
    events.message().await;
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn anything_can_be_sent_to_a_subscription() {
    let server = server().await;
    let mut client = Complete::new(&server);
    let mut events = subscribe(&mut client, json!({})).await;
    events.message().await;
    let stray = json!({ "jsonrpc": "2.0", "id": 1, "method": "roots/list" });
    assert_eq!(server.send(&stray), 1);
    assert_eq!(events.message().await, stray);
}
