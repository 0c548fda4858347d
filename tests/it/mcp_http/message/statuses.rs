//! HTTP error statuses.

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{Script, ScriptedResponse, describe_result, error, json, status};

/// Calls a tool once for each response, and describes the results.
async fn call_with_responses(responses: impl IntoIterator<Item = ScriptedResponse>) -> String {
    let mut shown = Vec::new();
    for response in responses {
        let server = Script::new().on("tools/call", response).start().await;
        shown.push(describe_result(server.client().call_tool("add", ()).await));
        // The call is not retried.
        assert_eq!(server.requests_of("tools/call").await.len(), 1);
    }
    shown.join("\n")
}

#[tokio::test]
async fn status_errors_include_the_beginning_of_the_body() {
    assert_snapshot!(call_with_responses([
        status(400),
        status(400).body("missing header"),
        status(402).body("<html>\n<title>pay\u{7}</title>"),
        status(405),
        status(406),
        status(408),
        status(410),
        status(415),
        status(429),
        status(500).body([0xff, b'!']),
        status(501),
        status(502),
        status(503),
        status(504),
        status(500).body("x".repeat(400)),
    ]).await, @"
    [server]/mcp returned HTTP status 400 Bad Request
    -> Status(400)
    [server]/mcp returned HTTP status 400 Bad Request: missing header
    -> Status(400)
    [server]/mcp returned HTTP status 402 Payment Required: <html>
      <title>pay </title>
    -> Status(402)
    [server]/mcp returned HTTP status 405 Method Not Allowed
    -> Status(405)
    [server]/mcp returned HTTP status 406 Not Acceptable
    -> Status(406)
    [server]/mcp returned HTTP status 408 Request Timeout
    -> Status(408)
    [server]/mcp returned HTTP status 410 Gone
    -> Status(410)
    [server]/mcp returned HTTP status 415 Unsupported Media Type
    -> Status(415)
    [server]/mcp returned HTTP status 429 Too Many Requests
    -> Status(429)
    [server]/mcp returned HTTP status 500 Internal Server Error: �!
    -> Status(500)
    [server]/mcp returned HTTP status 501 Not Implemented
    -> Status(501)
    [server]/mcp returned HTTP status 502 Bad Gateway
    -> Status(502)
    [server]/mcp returned HTTP status 503 Service Unavailable
    -> Status(503)
    [server]/mcp returned HTTP status 504 Gateway Timeout
    -> Status(504)
    [server]/mcp returned HTTP status 500 Internal Server Error: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
    -> Status(500)
    ");
}

#[tokio::test]
async fn status_403_is_unauthorized_only_for_insufficient_scope() {
    // AUTH-38, HTTP-31
    let challenge = |value: &'static str| status(403).header("www-authenticate", value);
    let origin = r#"{"jsonrpc":"2.0","error":{"code":-32000,"message":"Origin not allowed"}}"#;
    assert_snapshot!(call_with_responses([
        status(403),
        status(403).body("not you"),
        json(origin).with_status(403),
        error(-32000, "Forbidden", &Value::Null).with_status(403),
        challenge("Bearer"),
        challenge("Bearer error=\"invalid_token\""),
        challenge("Digest error=\"insufficient_scope\""),
        challenge("DPoP error=\"insufficient_scope\""),
        challenge("Bearer error=\"insufficient_scope\""),
        challenge("bearer ERROR=insufficient_scope, Scope=\"a b\""),
    ]).await, @r#"
    [server]/mcp returned HTTP status 403 Forbidden
    -> Status(403)
    [server]/mcp returned HTTP status 403 Forbidden: not you
    -> Status(403)
    "tools/call" failed: Origin not allowed (code -32000), HTTP status 403
    -> Rpc
    "tools/call" failed: Forbidden (code -32000), HTTP status 403
    -> Rpc
    [server]/mcp returned HTTP status 403 Forbidden
    -> Status(403)
    [server]/mcp returned HTTP status 403 Forbidden
    -> Status(403)
    [server]/mcp returned HTTP status 403 Forbidden
    -> Status(403)
    [server]/mcp requires an access token with a wider scope (insufficient_scope)
    -> Unauthorized, did not run
    [server]/mcp requires an access token with a wider scope (insufficient_scope)
    -> Unauthorized, did not run
    [server]/mcp requires an access token with a wider scope (insufficient_scope); required scope "a b"
    -> Unauthorized, did not run
    "#);
}

#[tokio::test]
async fn retry_after_header_is_parsed_in_seconds() {
    let wait = |value: &'static str| status(429).header("retry-after", value);
    let mut shown = String::new();
    for response in [wait("7"), wait("0"), wait("soon"), wait("-1"), status(503)] {
        let server = Script::new().on("tools/list", response).start().await;
        let error = server.client().list_tools().await.unwrap_err();
        let mcp_client::Error::Transport(error) = error else { panic!("{error}") };
        let error = error.get_ref().downcast_ref();
        let Some(mcp_http::Error::Status { retry_after, .. }) = error else { panic!("{error:?}") };
        shown += &format!("{retry_after:?}\n");
    }
    assert_snapshot!(shown, @"
    Some(7s)
    Some(0ns)
    None
    None
    None
    ");
}

#[tokio::test]
async fn status_of_a_json_rpc_error_is_exposed() {
    let busy = error(-32000, "busy", &Value::Null).with_status(503);
    let server = Script::new().on("tools/list", busy).start().await;
    assert_eq!(server.client().list_tools().await.unwrap_err().status(), Some(503));
    let server = Script::new().on("tools/list", status(503)).start().await;
    assert_eq!(server.client().list_tools().await.unwrap_err().status(), Some(503));
}
