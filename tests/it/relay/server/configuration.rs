//! Registered servers, and invalid settings.

use insta::assert_snapshot;
use relay::{Config, Relay, Server};
use serde_json::json;

use crate::relay::support::relay_of;
use crate::support::{ALICE, ScriptedServer, describe_result, full_request_log};

#[tokio::test]
async fn unknown_server_error_lists_the_registered_servers() {
    let server = ScriptedServer::start().await;
    let relay = Relay::builder()
        .server("weather", Server::http(server.url()))
        .server("files", Server::stdio(["files"]))
        .build()
        .unwrap();
    assert_snapshot!(describe_result(relay.tools("wether").await), @r#"
    server "wether": not registered; registered servers: "files", "weather"
    -> Configuration, did not run
    "#);
    assert_snapshot!(describe_result(relay.with_token(ALICE).tools("").await), @r#"
    server "": not registered; registered servers: "files", "weather"
    -> Configuration, did not run
    "#);
    assert_snapshot!(describe_result(relay.with_token(ALICE).connection("nope")), @r#"
    server "nope": not registered; registered servers: "files", "weather"
    -> Configuration, did not run
    "#);
    let empty = Relay::builder().build().unwrap();
    assert_snapshot!(describe_result(empty.tools("weather").await), @r#"
    server "weather": not registered; no servers are registered
    -> Configuration, did not run
    "#);
    assert_eq!(server.requests().await.len(), 0);
}

#[tokio::test]
async fn access_token_is_rejected_for_a_stdio_server() {
    // STDIO-09
    let relay = Relay::builder().server("files", Server::stdio(["files"])).build().unwrap();
    assert_snapshot!(describe_result(relay.with_token(ALICE).tools("files").await), @r#"
    server "files": a stdio server does not accept access tokens; pass credentials in "env"
    -> Configuration, did not run
    "#);
    assert_snapshot!(describe_result(relay.with_token(ALICE).connection("files")), @r#"
    server "files": a stdio server does not accept access tokens; pass credentials in "env"
    -> Configuration, did not run
    "#);
}

#[test]
fn invalid_settings_error_names_the_server() {
    let mut shown = String::new();
    for server in [
        Server::http("example.com"),
        Server::http("https://user:5ecret@example.com/mcp"),
        Server::http("https://example.com/mcp").header("Mcp-Session-Id", "5ecret"),
        Server::http("https://example.com/mcp").header("x-a", "5ecret\n"),
    ] {
        shown += &describe_result(Relay::builder().server("main", server).build());
        shown += "\n";
    }
    shown +=
        &describe_result(Relay::builder().server("", Server::http("https://example.com/")).build());
    assert_snapshot!(shown, @r#"
    server "main": invalid server URL: relative URL without a base
    -> Configuration, did not run
    server "main": invalid server URL: it must not contain a user name or password
    -> Configuration, did not run
    server "main": cannot set header "Mcp-Session-Id": the transport sets it
    -> Configuration, did not run
    server "main": cannot set header "x-a": its value contains a character that is not allowed in a header
    -> Configuration, did not run
    server "": a server name must not be empty or contain control characters
    -> Configuration, did not run
    "#);
}

#[tokio::test]
async fn an_unusable_server_gives_its_reason_and_spoils_no_other() {
    let server = ScriptedServer::start().await;
    let toml = r#"
        [servers.good]
        url = "${URL}"
        [servers.bad]
        url = "${URL}"
        timeout = "soon"
    "#;
    let json = r#"{ "mcpServers": {
        "good": { "url": "${URL}" },
        "bad": { "url": "${URL}", "type": "ws" } } }"#;
    let variables = |name: &str| (name == "URL").then(|| server.url());
    for (config, reason) in [
        (
            Config::from_toml(toml, variables).unwrap(),
            "line 6, column 19: server \"bad\": \"timeout\": expected a duration such as \"30s\", \
             \"5m\" or \"1h\", or a number of seconds",
        ),
        (
            Config::from_json(json, variables).unwrap(),
            "line 3, column 43: server \"bad\": \"type\": expected one of \"stdio\", \"http\", \"sse\"",
        ),
    ] {
        let user = Relay::new(config).unwrap().without_token();
        assert_eq!(user.tools("bad").await.unwrap_err().to_string(), reason);
        let toolset = user.toolset().await.unwrap();
        let failed: Vec<_> = toolset.failed.iter().map(ToString::to_string).collect();
        assert_eq!(failed, [reason]);
        assert_eq!(toolset.ready.len(), 1);
        let required = user.toolset().required(["bad"]).await;
        assert_eq!(required.unwrap_err().to_string(), reason);
    }
}

#[tokio::test]
async fn servers_get_the_name_and_the_version_of_the_application() {
    let server = ScriptedServer::start().await;
    let default = Relay::builder().server("main", Server::http(server.url()));
    let named = Relay::builder().server("main", Server::http(server.url()));
    for builder in [default, named.client_info("my-app", "4.5")] {
        builder.build().unwrap().tools("main").await.unwrap();
    }
    let sent = server.requests_of("initialize").await;
    let sent: Vec<_> =
        sent.iter().map(|sent| sent.json()["params"]["clientInfo"].clone()).collect();
    let version = env!("CARGO_PKG_VERSION");
    let expected = [
        json!({ "name": "relay", "version": version }),
        json!({ "name": "my-app", "version": "4.5" }),
    ];
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn relay_is_built_from_a_toml_file() {
    let server = ScriptedServer::start().await;
    let text = r#"
        cache_duration = 0
        [servers.main]
        url = "${URL}"
        api_key = "${KEY}"
        headers = { X-Team = "blue" }
    "#;
    let variables = |name: &str| match name {
        "URL" => Some(server.url()),
        "KEY" => Some(ALICE.to_owned()),
        _ => None,
    };
    let relay = Relay::new(Config::from_toml(text, variables).unwrap()).unwrap();
    relay.tools("main").await.unwrap();
    relay.tools("main").await.unwrap();
    assert_snapshot!(full_request_log(&server.requests_of("tools/list").await), @r#"
    POST /mcp
    accept: application/json, text/event-stream
    authorization: Bearer [alice]
    content-type: application/json
    mcp-protocol-version: 2025-11-25
    mcp-session-id: session-1
    x-team: blue
    {"jsonrpc":"2.0","id":2,"method":"tools/list","params":{}}

    POST /mcp
    accept: application/json, text/event-stream
    authorization: Bearer [alice]
    content-type: application/json
    mcp-protocol-version: 2025-11-25
    mcp-session-id: session-1
    x-team: blue
    {"jsonrpc":"2.0","id":3,"method":"tools/list","params":{}}
    "#);
}

#[tokio::test]
async fn servers_are_listed_by_name() {
    let scripted = ScriptedServer::start().await;
    let relay = relay_of(&scripted);
    let servers = relay.servers();
    let servers: Vec<_> =
        servers.iter().map(|(name, server)| (&**name, server.transport().name())).collect();
    assert_eq!(servers, [("main", "http")]);
    assert_eq!(scripted.requests().await.len(), 0);
}
