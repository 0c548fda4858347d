//! Servers that record the tokens that they receive.

use std::collections::BTreeSet;

use mcp_testkit::{CallResult, TestServer, TestTool};
use relay::{Config, Relay, Server};
use serde_json::json;

pub(super) async fn test_server() -> TestServer {
    let tool = TestTool::new("say", json!({ "type": "object" }), |_| CallResult::text("done"));
    TestServer::builder().tool(tool).start().await.expect("a free port")
}

pub(super) fn relay_of(servers: &[(&str, &TestServer)]) -> Relay {
    let add = |builder: relay::RelayBuilder, (name, server): &(&str, &TestServer)| {
        builder.server(*name, Server::http(server.url()))
    };
    servers.iter().fold(Relay::builder(), add).build().expect("usable settings")
}

/// The tokens that a server has received. A request without a token counts as "none".
pub(super) fn received(server: &TestServer) -> BTreeSet<String> {
    let token = |request: &mcp_testkit::RecordedRequest| {
        request.bearer_token().map_or_else(|| "none".to_owned(), str::to_owned)
    };
    server.requests().iter().map(token).collect()
}

/// The settings of a server whose header names a variable that is not set.
pub(super) fn server_with_invalid_settings(url: &str, shared: bool) -> Server {
    let text = format!(
        r#"
        [servers.github]
        url = "{url}"
        headers = {{ "x-key" = "${{MISSING}}" }}
        shared = {shared}
        "#
    );
    let mut config = Config::from_toml(&text, |_| None).expect("only the server has an error");
    config.servers.remove("github").expect("a server with an error")
}
