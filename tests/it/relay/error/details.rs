//! The details of errors: server, tool, retry delay, whether they are retryable.

use insta::assert_snapshot;
use relay::{Error, Relay, Server};
use serde_json::{Value, json};

use crate::relay::support::{relay_of, server_with};
use crate::support::{ALICE, ScriptedResponse, error, status};

/// The details of an error, in one line.
fn describe_details(error: &Error) -> String {
    let kind = format!("{error:?}").chars().take_while(|c| c.is_alphanumeric()).collect::<String>();
    let (server, tool, wait) = (error.server(), error.tool(), error.retry_after());
    format!("{kind}: {server:?}, {tool:?}, {wait:?}, retryable {}\n", error.retryable())
}

/// The error of a list or a call that receives this response.
async fn error_after(method: &'static str, response: ScriptedResponse) -> Error {
    let server = server_with(method, [response]).await;
    match relay_of(&server).with_token(ALICE).tools("main").await {
        Ok(tools) => tools.call("relay__main__add", json!({})).await.expect_err("it fails"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn errors_name_server_tool_and_retry_after() {
    let mut shown = String::new();
    for method in ["tools/list", "tools/call"] {
        for response in [
            status(401),
            status(503).header("retry-after", "7"),
            status(429).header("retry-after", "soon"),
            error(-32000, "busy", &Value::Null).with_status(503).header("retry-after", "7"),
            error(-32000, "busy", &Value::Null),
            status(202),
        ] {
            shown += &describe_details(&error_after(method, response).await);
        }
    }
    let relay = Relay::builder().server("main", Server::stdio(["run"])).build().unwrap();
    shown += &describe_details(&relay.tools("none").await.unwrap_err());
    shown += &describe_details(&relay.with_token(ALICE).tools("main").await.unwrap_err());
    assert_snapshot!(shown, @r#"
    Authorization: Some("main"), None, None, retryable false
    Transport: Some("main"), None, Some(7s), retryable true
    Transport: Some("main"), None, None, retryable true
    Transport: Some("main"), None, Some(7s), retryable true
    Transport: Some("main"), None, None, retryable false
    ToolDefinition: Some("main"), None, None, retryable false
    Authorization: Some("main"), Some("add"), None, retryable false
    Transport: Some("main"), Some("add"), Some(7s), retryable true
    Transport: Some("main"), Some("add"), None, retryable false
    Transport: Some("main"), Some("add"), Some(7s), retryable false
    Transport: Some("main"), Some("add"), None, retryable false
    ToolCall: Some("main"), Some("add"), None, retryable false
    Configuration: Some("none"), None, None, retryable false
    Configuration: Some("main"), None, None, retryable false
    "#);
}

#[tokio::test]
async fn unknown_tool_error_contains_the_requested_name() {
    let server = server_with("tools/call", []).await;
    let tools = relay_of(&server).tools("main").await.unwrap();
    assert_snapshot!(describe_details(&tools.call("subtract", json!({})).await.unwrap_err()), @r#"UnknownTool: Some("main"), Some("subtract"), None, retryable false"#);
}

#[test]
fn invalid_settings_error_names_the_server() {
    // AUTH-06: a header may be a key
    let server = Server::http("http://192.0.2.1/mcp").header("x-key", "5ecret");
    let error = Relay::builder().server("main", server).build().unwrap_err();
    assert_snapshot!(error, @r#"server "main": credentials would be sent unencrypted to http://192.0.2.1/mcp; use https, or allow insecure HTTP for this server"#);
    assert_eq!(error.server(), Some("main"));
}
