//! `subscriptions/listen`: filters, acknowledgement and end.

use mcp_testkit::{Fault, On, ServerNotification};
use mcp_types::v2025_11_25::LoggingLevel;
use serde_json::{Value, json};

use crate::support::{EventReader, StatelessClient, resource_updated, start_with_get_allowed};

#[tokio::test]
async fn acknowledges_the_supported_filter_and_sends_only_what_it_covers() {
    // N-SUB-01, N-SUB-02, N-SUB-05
    let server = start_with_get_allowed().await;
    let mut stateless = StatelessClient::new(&server);
    let filter = json!({
        "toolsListChanged": true,
        "promptsListChanged": true,
        "resourcesListChanged": false,
        "resourceSubscriptions": ["a:"],
        "taskIds": ["t"],
    });
    let mut events = subscribe(&mut stateless, filter).await;
    let first = events.message().await;
    assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
    let honoured = json!({
        "toolsListChanged": true,
        "resourcesListChanged": false,
        "resourceSubscriptions": ["a:"],
    });
    let meta = json!({ ID: 1 });
    assert_eq!(first["params"], json!({ "notifications": honoured, "_meta": meta }));

    let mut other = subscribe(&mut stateless, json!({ "toolsListChanged": true })).await;
    for (push, count) in [
        (ServerNotification::PromptsChanged, 0),
        (ServerNotification::ResourcesChanged, 0),
        (ServerNotification::Log(LoggingLevel::Emergency, json!(1)), 0),
        (resource_updated("b:"), 0),
        (resource_updated("a:"), 1),
        (ServerNotification::ToolsChanged, 2),
    ] {
        assert_eq!(server.push(&push), count, "{push:?}");
    }
    let message = events.message().await;
    assert_eq!(message["params"], json!({ "uri": "a:", "_meta": meta }));
    assert_eq!(events.message().await["method"], "notifications/tools/list_changed");
    other.message().await;
    assert_eq!(other.message().await["params"], json!({ "_meta": { ID: 2 } }));
    assert_eq!(server.violations(), [""; 0]);

    let rejected = stateless.request_json("subscriptions/listen", json!({})).await;
    assert_eq!(rejected["error"]["message"], "Invalid notifications");
}

#[tokio::test]
async fn ends_a_subscription_with_a_response_a_disconnect_or_a_fault() {
    // N-SUB-04
    let server = start_with_get_allowed().await;
    let mut stateless = StatelessClient::new(&server);
    let filter = || json!({ "toolsListChanged": true });

    let mut events = subscribe(&mut stateless, filter()).await;
    events.message().await;
    server.end_subscriptions();
    let response = events.message().await;
    assert_eq!(
        (&response["id"], &response["result"]["resultType"]),
        (&json!(1), &json!("complete"))
    );
    assert_eq!(response["result"]["_meta"][ID], 1);
    assert_eq!(events.next().await, None);

    let mut events = subscribe(&mut stateless, filter()).await;
    events.message().await;
    server.close_streams();
    assert_eq!(events.next().await, None);
    assert_eq!(server.cancelled_requests().len(), 0);

    let mut events = subscribe(&mut stateless, filter()).await;
    events.message().await;
    drop(events);
    server.wait_for_cancelled(1).await;
    assert_eq!(server.push(&ServerNotification::ToolsChanged), 0);

    server.script(On::method("subscriptions/listen"), Fault::CutStream(2));
    let mut events = subscribe(&mut stateless, filter()).await;
    events.message().await;
    assert_eq!(server.push(&ServerNotification::ToolsChanged), 1);
    events.message().await;
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn sends_any_message_unchanged_to_subscriptions() {
    let server = start_with_get_allowed().await;
    let mut stateless = StatelessClient::new(&server);
    let mut events = subscribe(&mut stateless, json!({})).await;
    events.message().await;
    let stray = json!({ "jsonrpc": "2.0", "id": 1, "method": "roots/list" });
    assert_eq!(server.send(&stray), 1);
    assert_eq!(events.message().await, stray);
}

async fn subscribe(stateless: &mut StatelessClient, filter: Value) -> EventReader {
    let listen = json!({ "notifications": filter });
    EventReader::new(stateless.request("subscriptions/listen", listen).await)
}

const ID: &str = "io.modelcontextprotocol/subscriptionId";
