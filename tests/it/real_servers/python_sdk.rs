//! The Python SDK `mcp`: sessions, scopes, server requests.

use std::time::Duration;

use insta::assert_snapshot;
use mcp_client::Limits;
use peers::{Program, Server as RealServer};
use relay::{Error, FailureKind, Relay, Server, ToolOutput, UnauthorizedReason, User};
use serde_json::{Value, json};

fn start(env: &[(&str, &str)]) -> Option<RealServer> {
    RealServer::start(Program::PythonSdk, env)
}

fn relay(server: &RealServer) -> Relay {
    Relay::builder().server("sdk", Server::http(server.url())).build().unwrap()
}

async fn text(user: &User, tool: &str, arguments: Value) -> String {
    user.tools("sdk").await.unwrap().call(tool, arguments).await.unwrap().text()
}

#[tokio::test]
async fn event_streams_with_sessions() {
    check_mode(&[]).await;
}

#[tokio::test]
async fn json_with_sessions() {
    check_mode(&[("JSON", "1")]).await;
}

async fn check_mode(env: &[(&str, &str)]) {
    let Some(server) = start(env) else { return };
    let relay = relay(&server);
    let alice = relay.with_token("alice-token");
    assert_eq!(text(&alice, "greet", json!({ "name": "Alice" })).await, "Hello, Alice!");
    let tools = alice.tools("sdk").await.unwrap();
    let raw = tools.call("raw", json!({ "is_error": true })).await.unwrap();
    assert_eq!(raw.text(), "ERROR: one\ntwo");
    assert_eq!(raw.meta, json!({ "trace": "t-1" }).as_object().cloned());
    let unknown = alice.connection("sdk").unwrap().call_tool("nothing", ()).await.unwrap();
    assert_eq!(ToolOutput::from(unknown).text(), "ERROR: Unknown tool: nothing");
    relay.close().await.unwrap();
}

#[tokio::test]
async fn insufficient_scope_differs_from_an_invalid_token() {
    let Some(server) = start(&[]) else { return };
    let relay = relay(&server);
    for (token, expected) in [
        ("carol-token", UnauthorizedReason::InsufficientScope),
        ("mallory-token", UnauthorizedReason::Rejected),
    ] {
        let error = relay.with_token(token).tools("sdk").await.unwrap_err();
        let Error::Authorization(authorization) = &error else { panic!("{error:?}") };
        assert_eq!(authorization.unauthorized.reason, expected);
        let metadata =
            authorization.challenge().and_then(|challenge| challenge.resource_metadata());
        let metadata = server.redacted(metadata.unwrap());
        assert_eq!(metadata, "[SERVER]/.well-known/oauth-protected-resource/mcp");
    }
    let error = relay.with_token("carol-token").tools("sdk").await.unwrap_err();
    assert_snapshot!(
        server.redacted(&error.to_string()),
        @r#"server "sdk": authorization required: [SERVER]/mcp requires an access token with a wider scope (Required scope: read)"#
    );
}

#[tokio::test]
async fn server_requests_are_answered_during_a_call() {
    let Some(server) = start(&[]) else { return };
    let relay = relay(&server);
    let alice = relay.with_token("alice-token");
    for tool in ["sample", "elicit", "roots"] {
        assert_eq!(text(&alice, tool, json!({})).await, "refused -32601", "{tool}");
    }
    assert_eq!(text(&alice, "ping", json!({})).await, "answered {}");
}

#[tokio::test]
async fn server_request_without_a_get_stream_times_out() {
    let Some(server) = start(&[]) else { return };
    let relay = relay(&server);
    let alice = relay.with_token("alice-token");
    // The server waits for a response to a request that it cannot send: there is no GET stream.
    let client = alice.connection("sdk").unwrap();
    client.connect().await.unwrap();
    let mut limits = Limits::default();
    limits.timeout = Duration::from_millis(500);
    let error = client.with_limits(limits).call_tool("aside", ()).await.unwrap_err();
    assert!(matches!(error, mcp_client::Error::Timeout { .. }), "{error:?}");
    assert_eq!(text(&alice, "greet", json!({ "name": "Alice" })).await, "Hello, Alice!");
}

#[tokio::test]
async fn restart_interrupts_the_call_and_the_next_opens_a_session() {
    let Some(server) = start(&[]) else { return };
    let relay = relay(&server);
    let alice = relay.with_token("alice-token");
    let tools = alice.tools("sdk").await.unwrap();
    let error = tools.call("restart", json!({})).await.unwrap_err();
    assert!(matches!(&error, Error::OutcomeUnknown { kind: FailureKind::Closed, .. }), "{error:?}");
    assert!(!error.did_not_run() && !error.retryable());
    server.wait_until_restarted();
    // Each idle connection to the old process may fail one more call.
    let mut called = tools.call("greet", json!({ "name": "again" })).await;
    for _ in 0..3 {
        if matches!(&called, Err(Error::OutcomeUnknown { kind: FailureKind::Closed, .. })) {
            called = tools.call("greet", json!({ "name": "again" })).await;
        }
    }
    assert_eq!(called.unwrap().text(), "Hello, again!");
    assert_eq!(alice.connection("sdk").unwrap().lost_session_count(), 1);
}
