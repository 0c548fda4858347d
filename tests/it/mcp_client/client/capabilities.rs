//! Methods that the server does not declare, or that its protocol version lacks, are not sent.

use std::time::Duration;

use futures_util::future::BoxFuture;
use insta::assert_snapshot;
use mcp_client::{
    Client, CompletionRequest, Error,
    mcp_types::v2026_07_28::{CacheScope, LoggingLevel},
};
use mcp_testkit::{RecordedRequest, TestPrompt, TestServer};

use crate::support::{PROTOCOL_VERSIONS, describe_error, start_and_connect};

type Call = for<'a> fn(&'a Client) -> BoxFuture<'a, Result<(), Error>>;

/// The methods other than those of tools.
const CALLS: [Call; 8] = [
    |client| Box::pin(async { client.list_resources().await.map(drop) }),
    |client| Box::pin(async { client.list_resource_templates().await.map(drop) }),
    |client| Box::pin(async { client.read_resource("a://b").await.map(drop) }),
    |client| Box::pin(async { client.list_prompts().await.map(drop) }),
    |client| Box::pin(async { client.get_prompt("a", ()).await.map(drop) }),
    |client| {
        Box::pin(async {
            client.complete(&CompletionRequest::for_prompt("a", "b", "")).await.map(drop)
        })
    },
    |client| Box::pin(async { client.set_log_level(LoggingLevel::Info).await }),
    |client| Box::pin(async { client.ping().await }),
];

async fn call_all(client: &Client) -> String {
    let mut shown = String::new();
    for call in CALLS {
        shown += &match call(client).await {
            Ok(()) => "it went well".to_owned(),
            Err(error) => describe_error(&error),
        };
        shown += "\n";
    }
    shown
}

/// The methods of the requests after the session was opened.
fn methods_after_opening(server: &TestServer) -> Vec<String> {
    let opening = ["initialize", "notifications/initialized", "server/discover"];
    let requests = server.requests();
    let methods = requests.iter().map(RecordedRequest::method);
    methods.filter(|it| !opening.contains(it)).map(str::to_owned).collect()
}

#[tokio::test]
async fn undeclared_capabilities_are_not_requested_by_stateful_versions() {
    // LIFE-09, RES-01, PROMPT-01, COMP-01, LOG-01, PING-01
    let (server, client) = start_and_connect(TestServer::builder(), PROTOCOL_VERSIONS[0]).await;
    assert_snapshot!(call_all(&client).await, @r#"
    "resources/list": the server does not declare the capability "resources"
    -> MissingCapability, did not run
    "resources/templates/list": the server does not declare the capability "resources"
    -> MissingCapability, did not run
    "resources/read": the server does not declare the capability "resources"
    -> MissingCapability, did not run
    "prompts/list": the server does not declare the capability "prompts"
    -> MissingCapability, did not run
    "prompts/get": the server does not declare the capability "prompts"
    -> MissingCapability, did not run
    "completion/complete": the server does not declare the capability "completions"
    -> MissingCapability, did not run
    "logging/setLevel": the server does not declare the capability "logging"
    -> MissingCapability, did not run
    it went well
    "#);
    assert_eq!(methods_after_opening(&server), ["ping"]);
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn undeclared_capabilities_are_not_requested_by_stateless_versions() {
    // LIFE-09: the server's declaration is cached for a while
    let builder = TestServer::builder().caching(Duration::from_secs(60), CacheScope::Private);
    let (server, client) = start_and_connect(builder, PROTOCOL_VERSIONS[1]).await;
    assert_snapshot!(call_all(&client).await, @r#"
    "resources/list": the server does not declare the capability "resources"
    -> MissingCapability, did not run
    "resources/templates/list": the server does not declare the capability "resources"
    -> MissingCapability, did not run
    "resources/read": the server does not declare the capability "resources"
    -> MissingCapability, did not run
    "prompts/list": the server does not declare the capability "prompts"
    -> MissingCapability, did not run
    "prompts/get": the server does not declare the capability "prompts"
    -> MissingCapability, did not run
    "completion/complete": the server does not declare the capability "completions"
    -> MissingCapability, did not run
    "logging/setLevel": not supported in protocol version 2026-07-28, which the server uses
    -> UnsupportedMethod, did not run
    "ping": not supported in protocol version 2026-07-28, which the server uses
    -> UnsupportedMethod, did not run
    "#);
    assert_eq!(methods_after_opening(&server), Vec::<String>::new());
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn log_level_is_set_if_the_server_declares_logging() {
    // LOG-01, N-LOG-01
    let prompt = TestPrompt::new("a", |_| unreachable!("the prompt is not read"));
    let (server, client) =
        start_and_connect(TestServer::builder().prompt(prompt).logging(), PROTOCOL_VERSIONS[0])
            .await;
    client.set_log_level(LoggingLevel::Warning).await.unwrap();
    let requests = server.requests();
    let set = requests.iter().find(|it| it.method() == "logging/setLevel").unwrap();
    assert_eq!(set.params().unwrap()["level"], "warning");
    assert_eq!(server.violations(), Vec::<String>::new());
    let level = LoggingLevel::Unknown("loud".to_owned());
    assert_eq!(client.set_log_level(level).await.unwrap_err().code(), Some(-32602));
}
