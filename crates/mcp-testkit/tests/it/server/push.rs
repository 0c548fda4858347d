//! Notifications and requests to listening clients.

use mcp_testkit::{ServerNotification, ServerRequest};
use mcp_types::v2025_11_25::LoggingLevel;
use serde_json::json;

use crate::support::{EventReader, StatefulClient, resource_updated, start_with_get_allowed};

#[tokio::test]
async fn pushes_updates_and_logs_only_to_sessions_that_want_them() {
    // HTTP-20, RES-04, LOG-01
    let server = start_with_get_allowed().await;
    let mut stateful = StatefulClient::connect(&server).await;
    let mut other = StatefulClient::connect(&server).await;
    let mut events = EventReader::new(stateful.listen(None).await);
    let _deaf = EventReader::new(other.listen(None).await);
    let set_level = json!({ "level": "error" });
    let level = async |stateful: &mut StatefulClient| {
        stateful.request_json("logging/setLevel", set_level.clone()).await
    };
    assert_eq!(level(&mut other).await["result"], json!({}));

    assert_eq!(server.push(&resource_updated("a:")), 0);
    let uri = json!({ "uri": "a:" });
    assert_eq!(
        stateful.request_json("resources/subscribe", uri.clone()).await["result"],
        json!({})
    );
    assert_eq!(server.push(&resource_updated("a:")), 1);
    assert_eq!(server.push(&resource_updated("b:")), 0);
    assert_eq!(
        stateful.request_json("resources/unsubscribe", uri.clone()).await["result"],
        json!({})
    );
    assert_eq!(server.push(&resource_updated("a:")), 0);
    assert_eq!(server.push(&ServerNotification::PromptsChanged), 2);
    assert_eq!(server.push(&ServerNotification::Log(LoggingLevel::Info, json!("note"))), 1);

    let message = events.message().await;
    assert_eq!(message["method"], "notifications/resources/updated");
    assert_eq!(message["params"], uri);
    assert_eq!(events.message().await["method"], "notifications/prompts/list_changed");
    let message = events.message().await;
    assert_eq!(message["method"], "notifications/message");
    assert_eq!(message["params"], json!({ "level": "info", "data": "note" }));
    assert_eq!(server.violations(), [""; 0]);

    let wrong = stateful.request_json("logging/setLevel", json!({ "level": "loud" })).await;
    assert_eq!(wrong["error"]["message"], "Invalid level");
}

#[tokio::test]
async fn sends_a_request_to_a_listening_client_and_returns_the_response() {
    // PING-01, HTTP-22
    let server = start_with_get_allowed().await;
    assert!(
        server.send_request(ServerRequest::other("ping", json!({}))).await.is_none(),
        "no client listens"
    );
    let stateful = StatefulClient::connect(&server).await;
    let mut events = EventReader::new(stateful.listen(None).await);
    let request = async {
        let ping = events.message().await;
        assert_eq!(ping["method"], "ping");
        assert_eq!(stateful.respond(&ping["id"], json!({})).await.status(), 202);
    };
    let (response, ()) =
        tokio::join!(server.send_request(ServerRequest::other("ping", json!({}))), request);
    assert_eq!(response, Some(Ok(json!({}))));
}
