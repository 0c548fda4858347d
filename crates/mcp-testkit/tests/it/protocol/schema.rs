//! Messages of the server match the published schemas.

use mcp_testkit::{
    CallResult, ServerNotification, ServerRequest, Step, TestPrompt, TestResource,
    TestResourceTemplate, TestServer, TestTool,
};
use mcp_types::{Method, NotificationMethod, Revision, v2025_11_25, v2026_07_28};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::support::{EventReader, StatefulClient, StatelessClient};

async fn server() -> TestServer {
    let ask =
        TestTool::with_steps("ask", json!({ "type": "object" }), |context| match context.round() {
            0 => Step::request(
                "form",
                ServerRequest::form("Who?", json!({ "type": "object", "properties": {} })),
            )
            .and_request("url", ServerRequest::url("Sign in", "https://example.com/"))
            .and_request(
                "model",
                ServerRequest::sampling(json!({ "messages": [], "maxTokens": 1 })),
            )
            .and_request("roots", ServerRequest::roots()),
            _ => CallResult::text("done").into(),
        });
    TestServer::builder()
        .revisions([Revision::V2025_11_25, Revision::V2026_07_28])
        .allow_get(true)
        .logging()
        .completion(|_| vec!["a".to_owned()])
        .tool(ask)
        .prompt(TestPrompt::new("p", |_| CallResult::messages([])).argument("a", false))
        .resource(TestResource::new("r:", "r", "R"))
        .resource_template(TestResourceTemplate::new("t:{a}", "t", |_| CallResult::contents([])))
        .start()
        .await
        .expect("the server starts")
}

fn capabilities() -> Value {
    json!({ "elicitation": { "form": {}, "url": {} }, "sampling": {}, "roots": {} })
}

/// Checks that a value deserializes to its type and serializes to the same JSON.
fn typed<T: DeserializeOwned + Serialize>(value: &Value) {
    let read = serde_json::from_str::<T>(&value.to_string());
    let read = read.unwrap_or_else(|error| panic!("{value}: {error}"));
    assert_eq!(serde_json::to_value(read).expect("it serializes"), *value);
}

async fn check_stateful<M: Method>(stateful: &mut StatefulClient, params: Value)
where
    M::Result: Serialize,
{
    typed::<M::Result>(&stateful.request_json(M::NAME, params).await["result"]);
}

async fn check_stateless<M: Method>(stateless: &mut StatelessClient, params: Value)
where
    M::Result: Serialize,
{
    typed::<M::Result>(&stateless.request_json(M::NAME, params).await["result"]);
}

fn check_notification<N: NotificationMethod>(message: &Value)
where
    N::Params: DeserializeOwned + Serialize,
{
    assert_eq!(message["method"], N::NAME);
    typed::<N::Params>(&message["params"]);
}

fn completion() -> Value {
    json!({ "ref": { "type": "ref/prompt", "name": "p" }, "argument": { "name": "a", "value": "" } })
}

#[tokio::test]
async fn stateful_messages_match_the_published_schema() {
    use v2025_11_25::*;

    let server = server().await;
    let stateful = &mut StatefulClient::connect_with_capabilities(&server, capabilities()).await;
    check_stateful::<PingRequest>(stateful, json!({})).await;
    check_stateful::<ListToolsRequest>(stateful, json!({})).await;
    check_stateful::<ListPromptsRequest>(stateful, json!({})).await;
    check_stateful::<ListResourcesRequest>(stateful, json!({})).await;
    check_stateful::<ListResourceTemplatesRequest>(stateful, json!({})).await;
    check_stateful::<GetPromptRequest>(stateful, json!({ "name": "p" })).await;
    check_stateful::<ReadResourceRequest>(stateful, json!({ "uri": "r:" })).await;
    check_stateful::<CompleteRequest>(stateful, completion()).await;
    check_stateful::<SetLevelRequest>(stateful, json!({ "level": "info" })).await;
    check_stateful::<SubscribeRequest>(stateful, json!({ "uri": "r:" })).await;

    let mut events = EventReader::new(stateful.listen(None).await);
    for push in
        [ServerNotification::ToolsChanged, ServerNotification::ResourceUpdated("r:".to_owned())]
    {
        assert_eq!(server.push(&push), 1);
    }
    check_notification::<ToolListChangedNotification>(&events.message().await);
    check_notification::<ResourceUpdatedNotification>(&events.message().await);

    let mut events =
        EventReader::new(stateful.request("tools/call", json!({ "name": "ask" })).await);
    typed::<ElicitRequestParams>(&events.message().await["params"]);
    typed::<ElicitRequestParams>(&events.message().await["params"]);
    typed::<CreateMessageRequestParams>(&events.message().await["params"]);
    assert_eq!(events.message().await["method"], ListRootsRequest::NAME);

    let info = json!({ "name": "typed", "version": "1" });
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info });
    check_stateful::<InitializeRequest>(&mut StatefulClient::new(&server), params).await;
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn stateless_messages_match_the_published_schema() {
    use v2026_07_28::*;

    let server = server().await;
    let stateless =
        &mut StatelessClient { capabilities: capabilities(), ..StatelessClient::new(&server) };
    check_stateless::<DiscoverRequest>(stateless, json!({})).await;
    check_stateless::<ListToolsRequest>(stateless, json!({})).await;
    check_stateless::<ListPromptsRequest>(stateless, json!({})).await;
    check_stateless::<ListResourcesRequest>(stateless, json!({})).await;
    check_stateless::<ListResourceTemplatesRequest>(stateless, json!({})).await;
    check_stateless::<GetPromptRequest>(stateless, json!({ "name": "p" })).await;
    check_stateless::<ReadResourceRequest>(stateless, json!({ "uri": "r:" })).await;
    check_stateless::<CompleteRequest>(stateless, completion()).await;
    check_stateless::<CallToolRequest>(stateless, json!({ "name": "ask" })).await;

    let request = stateless.request_json("tools/call", json!({ "name": "ask" })).await;
    typed::<InputRequiredResult>(&request["result"]);

    let filter = json!({ "notifications": { "toolsListChanged": true } });
    let mut events = EventReader::new(stateless.request("subscriptions/listen", filter).await);
    check_notification::<SubscriptionsAcknowledgedNotification>(&events.message().await);
    assert_eq!(server.push(&ServerNotification::ToolsChanged), 1);
    check_notification::<ToolListChangedNotification>(&events.message().await);
    server.end_subscriptions();
    typed::<SubscriptionsListenResult>(&events.message().await["result"]);
    assert_eq!(server.violations(), [""; 0]);
}
