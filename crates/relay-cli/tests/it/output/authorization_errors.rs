//! Errors of servers that require authorization.

use insta::assert_snapshot;
use mcp_testkit::{On, Reply};

use crate::support::{
    relay,
    weather_server::{self, TOKEN},
};

#[tokio::test]
async fn a_missing_token_exits_with_3_and_suggests_login() {
    let server = weather_server::protected().await;
    assert_snapshot!(relay("tools").url(&server).run().await, @r#"
    exit code: 3
    --- stdout
    --- stderr
    error: server "remote": authorization required: http://127.0.0.1:PORT/mcp requires an access token; required scope "weather:read"
    hint: run "relay login --url URL" to sign in with a browser, or get an access token with scope "weather:read" from an authorization server listed at http://127.0.0.1:PORT/.well-known/oauth-protected-resource/mcp; store it in an environment variable, and use --token-env NAME
    ---
    "#);
}

#[tokio::test]
async fn a_missing_token_is_reported_as_json() {
    let server = weather_server::protected().await;
    assert_snapshot!(relay("call forecast --json").url(&server).run().await, @r#"
    exit code: 3
    --- stdout
    --- stderr
    {"error":{"kind":"authorization","exitCode":3,"message":"server \"remote\": authorization required: http://127.0.0.1:PORT/mcp requires an access token; required scope \"weather:read\"","server":"remote","hint":"run \"relay login --url URL\" to sign in with a browser, or get an access token with scope \"weather:read\" from an authorization server listed at http://127.0.0.1:PORT/.well-known/oauth-protected-resource/mcp; store it in an environment variable, and use --token-env NAME","didNotRun":true,"retryable":false,"authorization":{"endpoint":"http://127.0.0.1:PORT/mcp","reason":"missing","scope":"weather:read","resourceMetadata":"http://127.0.0.1:PORT/.well-known/oauth-protected-resource/mcp"}}}
    ---
    "#);
}

#[tokio::test]
async fn a_rejected_token_suggests_to_get_a_new_one() {
    let server = weather_server::protected().await;
    server.expire_token(TOKEN);
    let program = relay("call forecast --token-env TOKEN").env("TOKEN", TOKEN).url(&server);
    assert_snapshot!(program.run().await, @r#"
    exit code: 3
    --- stdout
    --- stderr
    error: server "remote": authorization required: http://127.0.0.1:PORT/mcp rejected the access token (the access token expired); required scope "weather:read"
    hint: get a new access token with scope "weather:read" from an authorization server listed at http://127.0.0.1:PORT/.well-known/oauth-protected-resource/mcp; store it in the environment variable "TOKEN"
    ---
    "#);
}

#[tokio::test]
async fn an_insufficient_scope_names_the_required_scope() {
    let server = weather_server::protected().await;
    let challenge = r#"Bearer error="insufficient_scope", scope="weather:write""#;
    let forbidden = Reply::status(403).header("www-authenticate", challenge);
    server.script(On::method("tools/call"), forbidden);
    let program =
        relay("call forecast --arg city=Oslo --token-env TOKEN").env("TOKEN", TOKEN).url(&server);
    assert_snapshot!(program.run().await, @r#"
    exit code: 3
    --- stdout
    --- stderr
    error: server "remote": tool "forecast": authorization required: http://127.0.0.1:PORT/mcp requires an access token with a wider scope (insufficient_scope); required scope "weather:write"
    hint: get a new access token with scope "weather:write"; store it in the environment variable "TOKEN"
    ---
    "#);
    assert_eq!(server.open_sessions(), 0);
}

#[tokio::test]
async fn a_rejected_api_key_suggests_login_or_another_key() {
    let server = weather_server::protected().await;
    let text = format!("[servers.a]\nurl = '{}'\napi_key = '${{KEY}}'", server.url());
    let program = relay("tools a").file("relay.toml", &text).env("KEY", "another-key");
    assert_snapshot!(program.replace_port(&server).run().await, @r#"
    exit code: 3
    --- stdout
    --- stderr
    error: server "a": authorization required: http://127.0.0.1:PORT/mcp rejected the access token (the access token is unknown); required scope "weather:read"
    hint: run "relay login a" to sign in with a browser, or get a new access token with scope "weather:read" from an authorization server listed at http://127.0.0.1:PORT/.well-known/oauth-protected-resource/mcp; set the server's "api_key" to it, or store it in an environment variable and use --token-env NAME
    ---
    "#);
}
