//! `subscriptions/listen`: filters, acknowledgement and end.

use mcp_testkit::{Fault, On, Push};
use mcp_types::v2025_11_25::LoggingLevel;
use serde_json::{Value, json};

use crate::support::{Complete, Events, start_listenable, updated};

#[tokio::test]
async fn a_subscription_is_acknowledged_and_kept_to() {
    // N-SUB-01, N-SUB-02, N-SUB-05
    let server = start_listenable().await;
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
    let server = start_listenable().await;
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
    let server = start_listenable().await;
    let mut client = Complete::new(&server);
    let mut events = subscribe(&mut client, json!({})).await;
    events.message().await;
    let stray = json!({ "jsonrpc": "2.0", "id": 1, "method": "roots/list" });
    assert_eq!(server.send(&stray), 1);
    assert_eq!(events.message().await, stray);
}

async fn subscribe(client: &mut Complete, filter: Value) -> Events {
    let listen = json!({ "notifications": filter });
    Events::of(client.request("subscriptions/listen", listen).await)
}

const ID: &str = "io.modelcontextprotocol/subscriptionId";
