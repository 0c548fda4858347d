//! The reference server `@modelcontextprotocol/server-everything`: sessions, resumable event
//! streams.

use std::time::Duration;

use futures_util::StreamExt;
use insta::assert_snapshot;
use mcp_client::{
    CompletionRequest, ServerChange, SubscriptionFilter,
    mcp_types::{
        RequestId,
        v2025_11_25::{
            CallToolRequest, CallToolRequestParams, ContentBlock, ListResourcesRequest,
            LoggingLevel, PaginatedRequestParams, RequestMetaObject, ResourceContents,
        },
    },
};
use peers::{Program, Server as RealServer};
use relay::{Error, FailureKind, Relay, Server, ServerTools, ToolOutput, User};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::with_timeout;

fn start() -> Option<RealServer> {
    RealServer::start(Program::Everything, &[])
}

/// A relay with this server. The server does not check tokens.
fn relay(server: &RealServer) -> Relay {
    Relay::builder().server("all", Server::http(server.url())).build().unwrap()
}

async fn text(tools: &ServerTools, tool: &str, arguments: Value) -> String {
    tools.call(tool, arguments).await.unwrap().text()
}

#[tokio::test]
async fn tools_are_listed_and_called() {
    let Some(server) = start() else { return };
    let relay = relay(&server);
    let tools = relay.with_token("t").tools("all").await.unwrap();
    let names: Vec<_> = tools.iter().map(|tool| tool.definition().name.clone()).collect();
    assert_snapshot!(names.join("\n"), @r"
    echo
    get-annotated-message
    get-env
    get-resource-links
    get-resource-reference
    get-structured-content
    get-sum
    get-tiny-image
    gzip-file-as-resource
    toggle-simulated-logging
    toggle-subscriber-updates
    trigger-long-running-operation
    ");
    let invalid: Vec<_> = tools.invalid().iter().map(|tool| format!("{tool:?}")).collect();
    assert_snapshot!(
        invalid.join("\n"),
        @r#"InvalidEntry { name: Some("simulate-research-query"), reason: "runs only as a task, which this client does not support" }"#
    );

    let echo = tools.get("relay__all__echo").unwrap();
    assert_eq!(echo.description(), "Echoes back the input string");
    assert_snapshot!(
        echo.input_schema().as_str(),
        @r#"{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"message":{"type":"string","description":"Message to echo"}},"required":["message"]}"#
    );
    let text = async |tool, arguments| text(&tools, tool, arguments).await;
    assert_snapshot!(text("relay__all__echo", json!({ "message": "hi ✓" })).await, @"Echo: hi ✓");
    assert_snapshot!(text("get-sum", json!({ "a": 1.5, "b": 2 })).await, @"The sum of 1.5 and 2 is 3.5.");
    // If invalid arguments are sent anyway, the tool reports an error.
    let wrong = tools.call("get-sum", json!({ "a": "one" })).await;
    assert_snapshot!(wrong.unwrap_err(), @r#"server "all": tool "get-sum": invalid arguments: "/a": expected a number, got a string; missing required argument "b""#);
    let client = relay.with_token("t").connection("all").unwrap();
    let wrong = client.call_tool("get-sum", json!({ "a": "one" })).await.unwrap();
    assert_snapshot!(ToolOutput::from(wrong).text(), @r"
    ERROR: MCP error -32602: Input validation error: Invalid arguments for tool get-sum: Invalid input: expected number, received string at a
    Invalid input: expected number, received undefined at b
    ");
    let env = text("get-env", json!({})).await;
    assert!(env.contains("PATH") && !env.contains("HOME"), "{env}");
    relay.close().await.unwrap();
}

#[tokio::test]
async fn every_content_type_is_decoded() {
    let Some(server) = start() else { return };
    let relay = relay(&server);
    let tools = relay.with_token("t").tools("all").await.unwrap();

    let weather = tools.call("get-structured-content", json!({ "location": "Chicago" })).await;
    let weather = weather.unwrap();
    let expected =
        json!({ "temperature": 36, "conditions": "Light rain / drizzle", "humidity": 82 });
    assert_eq!(weather.structured_content, Some(expected.clone()));
    assert_eq!(serde_json::from_str::<Value>(&weather.text()).unwrap(), expected);

    let image = tools.call("get-tiny-image", json!({})).await.unwrap();
    assert_snapshot!(describe_content(&image.content), @r#"
    text "Here's the image you requested:"
    image image/png iVBORw0K
    text "The image above is the MCP logo."
    "#);
    assert_snapshot!(image.text(), @r"
    Here's the image you requested:
    The image above is the MCP logo.
    ");

    let links = tools.call("get-resource-links", json!({ "count": 2 })).await.unwrap();
    assert_snapshot!(describe_content(&links.content), @r#"
    text "Here are 2 resource links to resources available in this server:"
    link demo://resource/dynamic/blob/1 Some("text/plain")
    link demo://resource/dynamic/text/2 Some("text/plain")
    "#);

    let arguments = json!({ "resourceType": "Blob", "resourceId": 1 });
    let reference = tools.call("get-resource-reference", arguments).await.unwrap();
    assert_snapshot!(describe_content(&reference.content), @r#"
    text "Returning resource reference for Resource 1:"
    blob demo://resource/dynamic/blob/1 Some("text/plain")
    text "You can access this resource using the URI: demo://resource/dynamic/blob/1"
    "#);

    let arguments = json!({ "messageType": "success", "includeImage": true });
    let annotated = tools.call("get-annotated-message", arguments).await.unwrap();
    let annotations: Vec<_> = annotated
        .content
        .iter()
        .map(|block| match block {
            ContentBlock::Text(text) => text.annotations.as_ref(),
            ContentBlock::Image(image) => image.annotations.as_ref(),
            _ => None,
        })
        .map(|annotations| annotations.and_then(|annotations| annotations.priority))
        .collect();
    assert_eq!(annotations, [Some(0.7), Some(0.5)]);
}

fn describe_content(content: &[ContentBlock]) -> String {
    let kind = |block: &ContentBlock| match block {
        ContentBlock::Text(text) => format!("text {:?}", text.text),
        ContentBlock::Image(image) => format!("image {} {}", image.mime_type, &image.data[..8]),
        ContentBlock::ResourceLink(link) => format!("link {} {:?}", link.uri, link.mime_type),
        ContentBlock::Resource(resource) => match &resource.resource {
            ResourceContents::Blob(blob) => format!("blob {} {:?}", blob.uri, blob.mime_type),
            other => format!("{other:?}"),
        },
        other => format!("{other:?}"),
    };
    content.iter().map(kind).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn concurrent_calls_receive_their_own_results() {
    let Some(server) = start() else { return };
    let relay = relay(&server);
    let mut calls = JoinSet::new();
    for number in 0..40 {
        let user = relay.with_token(format!("user-{}", number % 2));
        calls.spawn(async move {
            let tools = user.tools("all").await?;
            let output = tools.call("get-sum", json!({ "a": number, "b": 1 })).await?;
            Ok::<_, Error>((number, output.text()))
        });
    }
    for outcome in calls.join_all().await {
        let (number, text) = outcome.unwrap();
        assert_eq!(text, format!("The sum of {number} and 1 is {}.", number + 1));
    }
}

#[tokio::test]
async fn sessions_are_shared_by_a_user_and_not_between_users() {
    let Some(server) = start() else { return };
    let relay = relay(&server);
    let (one, other) = (relay.with_token("one"), relay.with_token("other"));
    let tools = one.tools("all").await.unwrap();
    // The server keeps this resource for the session.
    let arguments = json!({ "name": "mine.gz", "data": "data:text/plain,mine" });
    let made = tools.call("gzip-file-as-resource", arguments).await.unwrap();
    let [ContentBlock::ResourceLink(link)] = &made.content[..] else { panic!("{made:?}") };
    assert!(lists_resource(&relay.with_token("one"), &link.uri).await);
    assert!(!lists_resource(&other, &link.uri).await);
    other.close().await.unwrap();
    assert!(lists_resource(&one, &link.uri).await);
    one.close().await.unwrap();
    assert!(!lists_resource(&one, &link.uri).await);
}

async fn lists_resource(user: &User, uri: &str) -> bool {
    let client = user.connection("all").unwrap();
    let all = PaginatedRequestParams::default();
    let resources = client.send_request::<ListResourcesRequest>(&all).await.unwrap().resources;
    resources.iter().any(|resource| resource.uri == uri)
}

#[tokio::test]
async fn session_survives_a_timed_out_call() {
    let Some(server) = start() else { return };
    let timeout = Duration::from_secs(2);
    let slow = Server::http(server.url()).timeout(timeout);
    let relay = Relay::builder().server("all", slow).build().unwrap();
    let tools = relay.with_token("t").tools("all").await.unwrap();
    let arguments = json!({ "duration": 600, "steps": 2 });
    let error = tools.call("trigger-long-running-operation", arguments).await.unwrap_err();
    assert!(
        matches!(&error, Error::OutcomeUnknown { kind: FailureKind::Timeout, .. }),
        "{error:?}"
    );
    assert!(!error.did_not_run() && !error.retryable());
    assert_eq!(text(&tools, "echo", json!({ "message": "still here" })).await, "Echo: still here");
    assert_eq!(relay.with_token("t").connection("all").unwrap().lost_session_count(), 0);
}

#[tokio::test]
async fn progress_and_log_messages_do_not_disturb_a_call() {
    let Some(server) = start() else { return };
    let client = relay(&server).with_token("t").connection("all").unwrap();
    let logging = client.call_tool("toggle-simulated-logging", ()).await.unwrap();
    assert!(!logging.is_error);
    let arguments = json!({ "duration": 0.2, "steps": 4 });
    let params = CallToolRequestParams::new("trigger-long-running-operation")
        .with_arguments(serde_json::from_value(arguments).unwrap())
        .with_meta(RequestMetaObject::default().with_progress_token(RequestId::Number(7)));
    let result = client.send_request::<CallToolRequest>(&params).await.unwrap();
    assert_snapshot!(
        describe_content(&result.content),
        @r#"text "Long running operation completed. Duration: 0.2 seconds, Steps: 4.""#
    );
}

#[tokio::test]
async fn prompts_resources_and_completion_work() {
    let Some(server) = start() else { return };
    let client = relay(&server).with_token("t").connection("all").unwrap();
    let server_info = client.connect().await.unwrap();
    assert_eq!(server_info.implementation.as_ref().unwrap().name, "mcp-servers/everything");
    assert!(server_info.capabilities.has_flag("resources", "subscribe"));
    client.ping().await.unwrap();
    client.set_log_level(LoggingLevel::Warning).await.unwrap();

    let prompts = client.list_prompts().await.unwrap().items;
    let names: Vec<_> = prompts.iter().map(|prompt| prompt.name.as_str()).collect();
    assert_eq!(names, ["simple-prompt", "args-prompt", "completable-prompt", "resource-prompt"]);
    let prompt = client.get_prompt("args-prompt", json!({ "city": "Bonn" })).await.unwrap();
    let content = [prompt.messages[0].content.clone()];
    assert_snapshot!(describe_content(&content), @r#"text "What's weather in Bonn?""#);
    assert_eq!(client.get_prompt("simple-prompt", ()).await.unwrap().messages.len(), 1);

    let resources = client.list_resources().await.unwrap().items;
    let read = client.read_resource(&resources[0].uri).await.unwrap();
    assert!(matches!(&read.contents[..], [ResourceContents::Text(text)] if !text.text.is_empty()));
    let templates = client.list_resource_templates().await.unwrap().items;
    let uri = templates[0].uri_template.replace("{resourceId}", "3");
    let read = client.read_resource(&uri).await.unwrap();
    assert!(matches!(&read.contents[..], [ResourceContents::Text(text)] if text.uri == uri));
    let missing = client.read_resource("demo://resource/none").await.unwrap_err();
    assert!(missing.is_not_found(), "{missing:?}");

    let department = CompletionRequest::for_prompt("completable-prompt", "department", "E");
    assert_eq!(client.complete(&department).await.unwrap().values, ["Engineering"]);
    let name = CompletionRequest::for_prompt("completable-prompt", "name", "")
        .with_argument("department", "Engineering");
    assert_eq!(client.complete(&name).await.unwrap().values, ["Alice", "Bob", "Charlie"]);
}

#[tokio::test]
async fn resource_updates_reach_the_subscription() {
    let Some(server) = start() else { return };
    let client = relay(&server).with_token("t").connection("all").unwrap();
    let uri = "demo://resource/dynamic/text/1";
    let filter = SubscriptionFilter::new().tools().prompts().resources().resource(uri);
    let mut changes = client.subscribe(filter).await.unwrap();
    assert_eq!(changes.declined(), []);
    // The server sends updates of all subscribed resources on the GET stream.
    client.call_tool("toggle-subscriber-updates", ()).await.unwrap();
    loop {
        let change = with_timeout(changes.next()).await.unwrap().unwrap();
        if change == ServerChange::Resource(uri.to_owned()) {
            break;
        }
    }
    drop(changes);
    client.ping().await.unwrap();
    client.close().await.unwrap();
}
