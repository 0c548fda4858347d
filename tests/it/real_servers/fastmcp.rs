//! `fastmcp`, with its own check of bearer tokens, in each of its modes.

use insta::assert_snapshot;
use mcp_client::mcp_types::{Revision, v2025_11_25::ContentBlock};
use peers::{Program, Server as RealServer};
use relay::{
    AuthorizationError, Challenge, Error, Relay, Server, ToolOutput, UnauthorizedReason, User,
};
use serde_json::{Value, json};

fn start(env: &[(&str, &str)]) -> Option<RealServer> {
    RealServer::start(Program::FastMcp, env)
}

/// The newest version of each kind. This server speaks both.
const PROTOCOL_VERSIONS: [Revision; 2] = [Revision::V2026_07_28, Revision::V2025_11_25];

fn relay(server: &RealServer) -> Relay {
    relay_of(Server::http(server.url()))
}

fn relay_of(server: Server) -> Relay {
    Relay::builder().server("fast", server).build().unwrap()
}

#[tokio::test]
async fn event_streams_with_sessions() {
    check_mode(&[]).await;
}

#[tokio::test]
async fn json_with_sessions() {
    check_mode(&[("JSON", "1")]).await;
}

#[tokio::test]
async fn event_streams_without_sessions() {
    check_mode(&[("STATELESS", "1")]).await;
}

#[tokio::test]
async fn json_without_sessions() {
    check_mode(&[("JSON", "1"), ("STATELESS", "1")]).await;
}

/// Calls the tools of the server as two users. The results must be the same in all modes.
async fn check_mode(env: &[(&str, &str)]) {
    let Some(server) = start(env) else { return };
    // Without pinning, the newest version is used.
    check_version(&relay(&server), PROTOCOL_VERSIONS[0]).await;
    check_version(
        &relay_of(Server::http(server.url()).protocol_version(PROTOCOL_VERSIONS[1])),
        PROTOCOL_VERSIONS[1],
    )
    .await;
}

async fn check_version(relay: &Relay, revision: Revision) {
    let (alice, bob) = (relay.with_token("alice-token"), relay.with_token("bob-token"));

    // Each user sees the tools that their scopes allow.
    assert_eq!(names(&alice).await, "add whoami fail pixel count revoke erase");
    assert_eq!(names(&bob).await, "add whoami fail pixel count revoke");
    assert_eq!(text(&alice, "whoami", json!({})).await, "alice");
    assert_eq!(text(&bob, "whoami", json!({})).await, "bob");
    assert_eq!(text(&alice, "erase", json!({ "path": "x" })).await, "erased x");

    let tools = alice.tools("fast").await.unwrap();
    let sum = tools.call("add", json!({ "a": 2, "b": 3 })).await.unwrap();
    assert_eq!(sum.structured_content, Some(json!({ "a": 2, "b": 3, "sum": 5 })));
    let failed = tools.call("fail", json!({ "reason": "no luck" })).await.unwrap();
    assert!(failed.is_error);
    assert_eq!(failed.text(), "ERROR: no luck");
    // The server rejects what `relay` would not send.
    let wrong = tools.call("add", json!({ "a": "two" })).await;
    assert!(matches!(wrong, Err(Error::InvalidArguments { .. })), "{wrong:?}");
    let client = alice.connection("fast").unwrap();
    let wrong = ToolOutput::from(client.call_tool("add", json!({ "a": "two" })).await.unwrap());
    assert!(wrong.is_error && wrong.text().contains("validation error"), "{}", wrong.text());
    let pixel = tools.call("pixel", ()).await.unwrap();
    let [ContentBlock::Image(image)] = &pixel.content[..] else { panic!("{pixel:?}") };
    assert_eq!(image.mime_type, "image/png");
    assert_eq!(pixel.text(), "[Image data available]");
    assert_eq!(text(&alice, "count", json!({ "to": 3 })).await, "counted to 3");

    // A hidden tool cannot be called either.
    let client = bob.connection("fast").unwrap();
    let hidden = client.call_tool("erase", json!({ "path": "x" })).await.unwrap();
    assert!(hidden.is_error);
    assert_eq!(ToolOutput::from(hidden).text(), "ERROR: Unknown tool: 'erase'");

    let server_info = client.connect().await.unwrap();
    assert_eq!(server_info.revision, revision);
    assert_eq!(server_info.implementation.as_ref().unwrap().name, "fastmcp fixture");
    assert_eq!(server_info.instructions.as_deref(), Some("Add numbers."));
    relay.close().await.unwrap();
}

async fn names(user: &User) -> String {
    let tools = user.tools("fast").await.unwrap();
    assert!(tools.invalid().is_empty());
    tools.iter().map(|tool| tool.definition().name.clone()).collect::<Vec<_>>().join(" ")
}

async fn text(user: &User, tool: &str, arguments: Value) -> String {
    user.tools("fast").await.unwrap().call(tool, arguments).await.unwrap().text()
}

#[tokio::test]
async fn missing_or_invalid_token_reports_the_challenge() {
    let Some(server) = start(&[]) else { return };
    let relay = relay(&server);
    let missing = authorization_error(relay.tools("fast").await.unwrap_err());
    assert_snapshot!(server.redacted(&describe(&missing)), @r"
    Missing
    scope=read
    resource_metadata=[SERVER]/.well-known/oauth-protected-resource/mcp
    ");
    assert_snapshot!(
        server.redacted(&missing.to_string()),
        @r#"server "fast": authorization required: [SERVER]/mcp requires an access token; required scope "read""#
    );
    let unknown = relay.with_token("mallory-token");
    let unknown = authorization_error(unknown.tools("fast").await.unwrap_err());
    assert_snapshot!(server.redacted(&describe(&unknown)), @r"
    Rejected
    error=invalid_token
    error_description=Authentication failed. The provided bearer token is invalid, expired, or no longer recognized by the server. To resolve: clear authentication tokens in your MCP client and reconnect. Your client should automatically re-register and obtain new tokens.
    scope=read
    resource_metadata=[SERVER]/.well-known/oauth-protected-resource/mcp
    ");
}

#[tokio::test]
async fn revoked_token_is_rejected() {
    for revision in PROTOCOL_VERSIONS {
        let Some(server) = start(&[]) else { return };
        let relay = relay_of(Server::http(server.url()).protocol_version(revision));
        check_revoked(&relay, revision).await;
    }
}

async fn check_revoked(relay: &Relay, revision: Revision) {
    let bob = relay.with_token("bob-token");
    let tools = bob.tools("fast").await.unwrap();
    assert_eq!(text(&bob, "revoke", json!({})).await, "revoked the token of bob");
    let called = authorization_error(tools.call("whoami", json!({})).await.unwrap_err());
    assert_eq!(called.tool.as_deref(), Some("whoami"));
    assert_eq!(called.unauthorized.reason, UnauthorizedReason::Rejected);
    assert_eq!(called.challenge().and_then(Challenge::error), Some("invalid_token"));
    match revision {
        Revision::V2026_07_28 => bob.close().await.expect("there is no session to end"),
        _ => {
            let closed = authorization_error(bob.close().await.unwrap_err());
            assert_eq!(closed.unauthorized, called.unauthorized);
        }
    }
    let listed = authorization_error(bob.tools("fast").await.unwrap_err());
    assert_eq!(listed.unauthorized, called.unauthorized);
    // Other users are not affected.
    assert_eq!(text(&relay.with_token("alice-token"), "whoami", json!({})).await, "alice");
}

fn authorization_error(error: Error) -> AuthorizationError {
    assert!(error.did_not_run() && !error.retryable());
    let Error::Authorization(error) = error else { panic!("{error:?}") };
    assert_eq!(error.server, "fast");
    *error
}

/// The reason, and the parameters of the challenge.
fn describe(error: &AuthorizationError) -> String {
    let reason = format!("{:?}", error.unauthorized.reason);
    let params = error.challenge().unwrap().params.iter();
    let params = params.map(|(name, value)| format!("{name}={value}"));
    [reason].into_iter().chain(params).collect::<Vec<_>>().join("\n")
}
