//! Resources, prompts and handlers of users.

use std::{
    sync::{Arc, OnceLock, mpsc},
    thread,
    time::Duration,
};

use futures_util::future::BoxFuture;
use insta::assert_snapshot;
use mcp_client::{
    BoxError,
    mcp_types::v2026_07_28::{ElicitRequestFormParams, ElicitResult},
};
use mcp_testkit::{
    CallResult, On, Reply, ServerRequest, Step, TestPrompt, TestResource, TestServer, TestTool,
};
use relay::{AccessToken, Handler, HandlerCapabilities, Relay, Server};
use serde_json::{Value, json};

use crate::relay::support::relay_with;
use crate::support::{ALICE, BOB, PROTOCOL_VERSIONS, describe_result};

async fn server() -> TestServer {
    let greet = TestPrompt::new("greet", |arguments| {
        let name = arguments.get("name").and_then(Value::as_str).unwrap_or("you");
        let content = json!({ "type": "text", "text": format!("Greet {name}.") });
        CallResult::messages([json!({ "role": "user", "content": content })])
    });
    TestServer::builder()
        .resource(TestResource::new("file:///notes.txt", "notes", "buy milk"))
        .prompt(greet.argument("name", false))
        .start()
        .await
        .expect("a free port")
}

#[tokio::test]
async fn resources_and_prompts_use_the_session_of_the_user() {
    // RES-02, PROMPT-02
    let server = server().await;
    let user = relay_with(Server::http(server.url())).with_token(ALICE);
    assert_eq!(user.resources("main").await.unwrap().items[0].name, "notes");
    assert_eq!(user.resource_templates("main").await.unwrap().items.len(), 0);
    let read = user.read_resource("main", "file:///notes.txt").await.unwrap();
    assert!(format!("{read:?}").contains("buy milk"));
    assert_eq!(user.prompts("main").await.unwrap().items[0].name, "greet");
    let prompt = user.prompt("main", "greet", json!({ "name": "Bob" })).await.unwrap();
    assert!(format!("{prompt:?}").contains("Greet Bob."));
    assert_eq!(server.count("initialize"), 1);
    assert_snapshot!(describe_result(user.read_resource("main", "file:///none").await), @r#"
    server "main": JSON-RPC error -32002
      "resources/read" failed: Resource not found (code -32002), data {"uri":"file:///none"}
    -> Transport Rpc(-32002)
    "#);
    assert_snapshot!(describe_result(user.prompts("other").await), @r#"
    server "other": not registered; registered servers: "main"
    -> Configuration, did not run
    "#);
    let bare = TestServer::builder().start().await.unwrap();
    let user = relay_with(Server::http(bare.url())).without_token();
    assert_snapshot!(describe_result(user.resources("main").await), @r#"
    server "main": method not supported
      "resources/list": the server does not declare the capability "resources"
    -> Transport Unsupported, did not run
    "#);
}

#[tokio::test]
async fn resources_and_prompts_are_offered_as_tools_if_configured() {
    let server = server().await;
    server.add_tool(TestTool::new("list_prompts", json!({ "type": "object" }), |_| {
        CallResult::text("own")
    }));
    let settings = || Server::http(server.url());
    assert_eq!(relay_with(settings()).tools("main").await.unwrap().len(), 1);
    let relay = relay_with(settings().resource_tools(true).prompt_tools(true));
    let tools = relay.tools("main").await.unwrap();
    let names: Vec<_> = tools.iter().map(|tool| tool.name().to_owned()).collect();
    assert_snapshot!(names.join("\n"), @"
    relay__main__list_prompts
    relay__main__list_resources
    relay__main__read_resource
    relay__main__get_prompt
    ");
    let text = async |name, arguments| tools.call(name, arguments).await.expect("a result").text();
    assert!(text("list_resources", json!({})).await.contains("file:///notes.txt"));
    assert_eq!(text("read_resource", json!({ "uri": "file:///notes.txt" })).await, "buy milk");
    assert_eq!(text("list_prompts", json!({})).await, "own");
    let prompt = json!({ "name": "greet", "arguments": { "name": "Bob" } });
    assert!(text("get_prompt", prompt).await.contains("Greet Bob."));
    assert_snapshot!(describe_result(tools.call("read_resource", json!({})).await), @r#"
    server "main": tool "read_resource": invalid arguments: missing required argument "uri"
    -> InvalidArguments, did not run
    "#);
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn resource_tools_report_authorization_errors() {
    let server = server().await;
    let settings = Server::http(server.url()).resource_tools(true);
    let tools = relay_with(settings).tools("main").await.unwrap();
    server.script(On::method("resources/templates/list").nth(1), Reply::unauthorized("Bearer"));
    let error = tools.call("list_resources", json!({})).await.unwrap_err();
    let error = error.authorization().expect("an authorization error");
    assert_eq!(error.pending_call.as_ref().map(|call| &*call.tool), Some("list_resources"));
}

/// Responds with the name of its user.
struct NamingHandler(String);

impl Handler for NamingHandler {
    fn capabilities(&self) -> HandlerCapabilities {
        HandlerCapabilities::none().form()
    }

    fn elicit_form(
        &self,
        _: ElicitRequestFormParams,
    ) -> BoxFuture<'_, Result<ElicitResult, BoxError>> {
        let response = json!({ "action": "accept", "content": { "name": self.0 } });
        Box::pin(async move { Ok(serde_json::from_value(response)?) })
    }
}

#[tokio::test]
async fn each_user_has_a_handler_of_their_own() {
    // ELIC-01
    for era in PROTOCOL_VERSIONS {
        let form = json!({ "type": "object", "properties": { "name": { "type": "string" } } });
        let greet = TestTool::with_steps("greet", json!({ "type": "object" }), move |round| {
            match round.response("name") {
                None => Step::request("name", ServerRequest::form("Who are you?", form.clone())),
                Some(response) => CallResult::text(response["content"]["name"].to_string()).into(),
            }
        });
        let server = TestServer::builder().revisions([era]).tool(greet).start().await.unwrap();
        let builder = Relay::builder().server("main", Server::http(server.url()));
        let relay = builder.handler_factory(|context| {
            let (server, user) = (context.server, context.user?);
            Some(Arc::new(NamingHandler(format!("{user} at {server}"))))
        });
        let relay = relay.build().unwrap();
        for id in ["alice", "bob"] {
            let user = relay.for_user(id, AccessToken::new(BOB));
            let output = user.tools("main").await.unwrap().call("greet", ()).await.unwrap();
            assert_eq!(output.text(), format!("\"{id} at main\""));
        }
        // Without a handler, the server receives an error.
        let without_handler = relay.tools("main").await.unwrap().call("greet", ()).await;
        assert!(!without_handler.is_ok_and(|output| output.text().contains("main")));
    }
}

#[test]
fn handler_factory_may_use_the_relay() {
    let (done, wait) = mpsc::channel();
    // Taking a lock twice would block this thread forever.
    thread::spawn(move || {
        let known = Arc::new(OnceLock::<Relay>::new());
        let own = Arc::clone(&known);
        let server = || Server::http("http://127.0.0.1:9/mcp");
        let builder = Relay::builder().server("a", server()).server("b", server());
        let relay = builder.handler_factory(move |context| {
            let relay = own.get().filter(|_| context.server == "a")?;
            relay.without_token().connection("b").expect("it is registered");
            None
        });
        let relay = known.get_or_init(|| relay.build().expect("usable settings"));
        relay.without_token().connection("a").expect("it is registered");
        done.send(()).expect("the receiver waits");
    });
    wait.recv_timeout(Duration::from_secs(10)).expect("a connection");
}
