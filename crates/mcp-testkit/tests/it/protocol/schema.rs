//! What the server answers is what the published schemas say.

use mcp_testkit::{
    Ask, CallAnswer, Prompt, Push, Resource, ResourceTemplate, TestServer, Tool, Turn,
};
use mcp_types::{Method, NotificationMethod, Revision, v2025_11_25, v2026_07_28};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::support::{Complete, Events, Peer};

async fn server() -> TestServer {
    let ask = Tool::asking("ask", json!({ "type": "object" }), |round| match round.number() {
        0 => Turn::ask("form", Ask::form("Who?", json!({ "type": "object", "properties": {} })))
            .and("url", Ask::url("Sign in", "https://example.com/"))
            .and("model", Ask::sampling(json!({ "messages": [], "maxTokens": 1 })))
            .and("roots", Ask::roots()),
        _ => CallAnswer::text("done").into(),
    });
    TestServer::builder()
        .revisions([Revision::V2025_11_25, Revision::V2026_07_28])
        .allow_get(true)
        .logging()
        .completion(|_| vec!["a".to_owned()])
        .tool(ask)
        .prompt(Prompt::new("p", |_| CallAnswer::messages([])).argument("a", false))
        .resource(Resource::new("r:", "r", "R"))
        .resource_template(ResourceTemplate::new("t:{a}", "t", |_| CallAnswer::contents([])))
        .start()
        .await
        .expect("a start")
}

fn able() -> Value {
    json!({ "elicitation": { "form": {}, "url": {} }, "sampling": {}, "roots": {} })
}

/// Reads a value as its type, which has to lose nothing.
fn typed<T: DeserializeOwned + Serialize>(value: &Value) {
    let read = serde_json::from_str::<T>(&value.to_string());
    let read = read.unwrap_or_else(|error| panic!("{value}: {error}"));
    assert_eq!(serde_json::to_value(read).expect("it serializes"), *value);
}

async fn check_old<M: Method>(peer: &mut Peer, params: Value)
where
    M::Result: Serialize,
{
    typed::<M::Result>(&peer.ask(M::NAME, params).await["result"]);
}

async fn check_new<M: Method>(client: &mut Complete, params: Value)
where
    M::Result: Serialize,
{
    typed::<M::Result>(&client.ask(M::NAME, params).await["result"]);
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
async fn in_the_handshake_era() {
    use v2025_11_25::*;

    let server = server().await;
    let peer = &mut Peer::open_as(&server, able()).await;
    check_old::<PingRequest>(peer, json!({})).await;
    check_old::<ListToolsRequest>(peer, json!({})).await;
    check_old::<ListPromptsRequest>(peer, json!({})).await;
    check_old::<ListResourcesRequest>(peer, json!({})).await;
    check_old::<ListResourceTemplatesRequest>(peer, json!({})).await;
    check_old::<GetPromptRequest>(peer, json!({ "name": "p" })).await;
    check_old::<ReadResourceRequest>(peer, json!({ "uri": "r:" })).await;
    check_old::<CompleteRequest>(peer, completion()).await;
    check_old::<SetLevelRequest>(peer, json!({ "level": "info" })).await;
    check_old::<SubscribeRequest>(peer, json!({ "uri": "r:" })).await;

    let mut events = Events::of(peer.listen(None).await);
    for push in [Push::ToolsChanged, Push::ResourceUpdated("r:".to_owned())] {
        assert_eq!(server.push(&push), 1);
    }
    check_notification::<ToolListChangedNotification>(&events.message().await);
    check_notification::<ResourceUpdatedNotification>(&events.message().await);

    let mut events = Events::of(peer.request("tools/call", json!({ "name": "ask" })).await);
    typed::<ElicitRequestParams>(&events.message().await["params"]);
    typed::<ElicitRequestParams>(&events.message().await["params"]);
    typed::<CreateMessageRequestParams>(&events.message().await["params"]);
    assert_eq!(events.message().await["method"], ListRootsRequest::NAME);

    let info = json!({ "name": "typed", "version": "1" });
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info });
    check_old::<InitializeRequest>(&mut Peer::new(&server), params).await;
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn in_the_per_request_era() {
    use v2026_07_28::*;

    let server = server().await;
    let client = &mut Complete { capabilities: able(), ..Complete::new(&server) };
    check_new::<DiscoverRequest>(client, json!({})).await;
    check_new::<ListToolsRequest>(client, json!({})).await;
    check_new::<ListPromptsRequest>(client, json!({})).await;
    check_new::<ListResourcesRequest>(client, json!({})).await;
    check_new::<ListResourceTemplatesRequest>(client, json!({})).await;
    check_new::<GetPromptRequest>(client, json!({ "name": "p" })).await;
    check_new::<ReadResourceRequest>(client, json!({ "uri": "r:" })).await;
    check_new::<CompleteRequest>(client, completion()).await;
    check_new::<CallToolRequest>(client, json!({ "name": "ask" })).await;

    let asked = client.ask("tools/call", json!({ "name": "ask" })).await;
    typed::<InputRequiredResult>(&asked["result"]);

    let filter = json!({ "notifications": { "toolsListChanged": true } });
    let mut events = Events::of(client.request("subscriptions/listen", filter).await);
    check_notification::<SubscriptionsAcknowledgedNotification>(&events.message().await);
    assert_eq!(server.push(&Push::ToolsChanged), 1);
    check_notification::<ToolListChangedNotification>(&events.message().await);
    server.end_subscriptions();
    typed::<SubscriptionsListenResult>(&events.message().await["result"]);
    assert_eq!(server.violations(), [""; 0]);
}
