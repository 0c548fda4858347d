//! Servers that several tests start, and requests to them in both eras.

use mcp_testkit::{
    CallResult, Fault, On, ResponseMode, ServerNotification, TestPrompt, TestResource,
    TestResourceTemplate, TestServer, TestServerBuilder, TestTool,
};
use mcp_types::Revision;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use super::{
    stateful_client::{StatefulClient, read},
    stateless_client::StatelessClient,
};

pub(crate) fn both_eras() -> TestServerBuilder {
    TestServer::builder().revisions([Revision::V2025_11_25, Revision::V2026_07_28])
}

pub(crate) fn library() -> TestServerBuilder {
    let review = TestPrompt::new("review", |args| {
        let content = json!({ "type": "text", "text": args["code"] });
        CallResult::messages([json!({ "role": "user", "content": content })])
    });
    let user = TestResourceTemplate::new("users://{id}", "user", |variables| {
        CallResult::contents([json!({ "uri": variables["uri"], "text": variables["id"] })])
    });
    both_eras()
        .prompt(review.argument("code", true).argument("style", false))
        .resource(TestResource::new("file:///a", "a", "A").member("mimeType", "text/plain"))
        .resource_template(user.member("title", "Users"))
}

/// Sends the same request in both eras; removes the members that only stateless results have.
pub(crate) async fn request_in_both_eras(
    server: &TestServer,
    method: &str,
    params: Value,
) -> [Value; 2] {
    let old = StatefulClient::connect(server).await.request_json(method, params.clone()).await;
    let mut new = StatelessClient::new(server).request_json(method, params).await;
    if let Some(result) = new["result"].as_object_mut() {
        assert_eq!(result.remove("resultType"), Some(json!("complete")));
        for member in ["_meta", "ttlMs", "cacheScope"] {
            result.remove(member);
        }
    }
    [old, new]
}

pub(crate) async fn stateful_greeter() -> TestServer {
    TestServer::builder()
        .name("greeter")
        .tool(tool("hello", "hi"))
        .start()
        .await
        .expect("the server starts")
}

pub(crate) fn stateless_greeter() -> TestServerBuilder {
    let greeter = TestServer::builder().revisions([Revision::V2026_07_28]);
    greeter.name("greeter").version("1").tool(tool("hello", "hi"))
}

pub(crate) const ANSWER_MODES: [ResponseMode; 2] = [ResponseMode::Json, ResponseMode::Sse];

pub(crate) async fn start_with_mode(mode: ResponseMode) -> TestServer {
    let revisions = [Revision::V2025_11_25, Revision::V2026_07_28];
    let builder = TestServer::builder().revisions(revisions).response_mode(mode);
    builder.tool(tool("hello", "hi")).start().await.expect("the server starts")
}

/// Scripts a fault for calls, and calls a tool in both eras.
pub(crate) async fn call_in_both_eras(server: &TestServer, fault: Fault) -> [Response; 2] {
    server.script(On::method("tools/call"), fault);
    let old = StatefulClient::connect(server)
        .await
        .request("tools/call", json!({ "name": "hello" }))
        .await;
    let new = StatelessClient::new(server).request("tools/call", json!({ "name": "hello" })).await;
    [old, new]
}

/// Returns a tool that responses with a text.
pub(crate) fn tool(name: &str, text: &'static str) -> TestTool {
    TestTool::new(name, json!({ "type": "object" }), move |_| CallResult::text(text))
}

pub(crate) async fn start_stateful() -> TestServer {
    TestServer::builder().tool(tool("hello", "hi")).start().await.expect("the server starts")
}

/// Sends a ping with one fault, and checks that it is rejected and recorded for this reason.
pub(crate) async fn assert_ping_rejected(
    spoil: impl Fn(&StatefulClient, RequestBuilder) -> RequestBuilder,
    status: u16,
    reason: &str,
) {
    let server = stateful_greeter().await;
    let mut client = StatefulClient::connect(&server).await;
    let ping = client.message("ping", json!({}));
    let response = spoil(&client, client.post(&ping)).send().await.expect("a response");
    assert_eq!(response.status(), status, "{reason}");
    let error = read(response).await;
    assert!(error["error"]["message"].as_str().is_some_and(|it| it.contains(reason)), "{error}");
    let violations = server.violations();
    assert!(matches!(&*violations, [one] if one.contains(reason)), "{violations:?}");
}

pub(crate) const BOTH_ERAS: [Revision; 2] = [Revision::V2025_11_25, Revision::V2026_07_28];

pub(crate) async fn start_with_get_allowed() -> TestServer {
    let revisions = [Revision::V2025_11_25, Revision::V2026_07_28];
    let builder = TestServer::builder().revisions(revisions).allow_get(true).logging();
    builder.resource(TestResource::new("a:", "a", "A")).start().await.expect("the server starts")
}

pub(crate) fn resource_updated(uri: &str) -> ServerNotification {
    ServerNotification::ResourceUpdated(uri.to_owned())
}
