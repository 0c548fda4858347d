//! The error for each kind of failure.

use std::time::Duration;

use insta::assert_snapshot;
use mcp_client::Limits;
use mcp_testkit::{Barrier, Fault, On};
use relay::{Error, Server, UnauthorizedReason};
use serde_json::{Value, json};

use crate::relay::support::{relay_of, relay_with, server_with};
use crate::support::{
    ALICE, Script, ScriptedResponse, ScriptedServer, UnreachableServer, advance_time,
    describe_error, describe_result, error, initialize_response, json, result, sse,
    start_test_server, status, with_timeout,
};

/// Lists tools, calls one and closes on behalf of Alice. Returns the first error.
async fn first_error(server: &ScriptedServer) -> String {
    let relay = relay_of(server);
    let user = relay.with_token(ALICE);
    let tools = match user.tools("main").await {
        Ok(tools) => tools,
        failed => return describe_result(failed),
    };
    match tools.call("add", json!({})).await {
        Ok(_) => describe_result(user.close().await),
        failed => describe_result(failed),
    }
}

async fn errors_of_responses(
    cases: impl IntoIterator<Item = (&'static str, ScriptedResponse)>,
) -> String {
    let mut shown = String::new();
    for (method, response) in cases {
        let server = server_with(method, [response]).await;
        shown += &format!("{method}: {}\n", first_error(&server).await);
    }
    shown
}

const REQUESTS: [&str; 5] =
    ["initialize", "notifications/initialized", "tools/list", "tools/call", "DELETE"];

#[tokio::test]
async fn a_401_is_an_authorization_error_on_every_request() {
    // AUTH-07: never wrapped in another kind
    let rejection =
        || status(401).header("www-authenticate", "Bearer error=invalid_token, scope=x");
    assert_snapshot!(errors_of_responses(REQUESTS.map(|method| (method, rejection()))).await, @r#"
    initialize: server "main": authorization required: [server]/mcp rejected the access token (invalid_token); required scope "x"
      [server]/mcp rejected the access token (invalid_token); required scope "x"
    -> Authorization Rejected, did not run
    notifications/initialized: server "main": authorization required: [server]/mcp rejected the access token (invalid_token); required scope "x"
      [server]/mcp rejected the access token (invalid_token); required scope "x"
    -> Authorization Rejected, did not run
    tools/list: server "main": authorization required: [server]/mcp rejected the access token (invalid_token); required scope "x"
      [server]/mcp rejected the access token (invalid_token); required scope "x"
    -> Authorization Rejected, did not run
    tools/call: server "main": tool "add": authorization required: [server]/mcp rejected the access token (invalid_token); required scope "x"
      [server]/mcp rejected the access token (invalid_token); required scope "x"
    -> Authorization Rejected, did not run
    DELETE: server "main": authorization required: [server]/mcp rejected the access token (invalid_token); required scope "x"
      [server]/mcp rejected the access token (invalid_token); required scope "x"
    -> Authorization Rejected, did not run
    "#);
}

#[tokio::test]
async fn insufficient_scope_is_an_authorization_error_on_every_request() {
    // AUTH-37
    let rejection =
        || status(403).header("www-authenticate", "Bearer error=insufficient_scope, scope=\"a b\"");
    assert_snapshot!(errors_of_responses(REQUESTS.map(|method| (method, rejection()))).await, @r#"
    initialize: server "main": authorization required: [server]/mcp requires an access token with a wider scope (insufficient_scope); required scope "a b"
      [server]/mcp requires an access token with a wider scope (insufficient_scope); required scope "a b"
    -> Authorization InsufficientScope, did not run
    notifications/initialized: server "main": authorization required: [server]/mcp requires an access token with a wider scope (insufficient_scope); required scope "a b"
      [server]/mcp requires an access token with a wider scope (insufficient_scope); required scope "a b"
    -> Authorization InsufficientScope, did not run
    tools/list: server "main": authorization required: [server]/mcp requires an access token with a wider scope (insufficient_scope); required scope "a b"
      [server]/mcp requires an access token with a wider scope (insufficient_scope); required scope "a b"
    -> Authorization InsufficientScope, did not run
    tools/call: server "main": tool "add": authorization required: [server]/mcp requires an access token with a wider scope (insufficient_scope); required scope "a b"
      [server]/mcp requires an access token with a wider scope (insufficient_scope); required scope "a b"
    -> Authorization InsufficientScope, did not run
    DELETE: server "main": authorization required: [server]/mcp requires an access token with a wider scope (insufficient_scope); required scope "a b"
      [server]/mcp requires an access token with a wider scope (insufficient_scope); required scope "a b"
    -> Authorization InsufficientScope, did not run
    "#);
}

#[tokio::test]
async fn authorization_error_has_server_tool_principal_and_challenge() {
    let challenge = "Bearer scope=\"a b\", resource_metadata=\"https://a.example/m\"";
    let server =
        server_with("tools/call", [status(401).header("www-authenticate", challenge)]).await;
    let user = relay_of(&server).with_token(ALICE);
    let error = user.tools("main").await.unwrap().call("add", json!({})).await.unwrap_err();
    let authorization = error.authorization().unwrap();
    assert_eq!(
        (authorization.server.as_str(), authorization.tool.as_deref()),
        ("main", Some("add"))
    );
    assert_eq!(authorization.principal, user.principal());
    assert_eq!(authorization.unauthorized.reason, UnauthorizedReason::Rejected);
    let challenge = authorization.challenge().unwrap();
    assert_eq!(challenge.scope(), Some("a b"));
    assert_eq!(challenge.resource_metadata(), Some("https://a.example/m"));
    assert!(error.did_not_run() && !error.retryable());

    let server = server_with("initialize", [status(401)]).await;
    let error = relay_of(&server).tools("main").await.unwrap_err();
    assert_eq!(error.authorization().unwrap().unauthorized.reason, UnauthorizedReason::Missing);
    assert_snapshot!(describe_error(&error), @r#"
    server "main": authorization required: [server]/mcp requires an access token
      [server]/mcp requires an access token
    -> Authorization Missing, did not run
    "#);
}

#[tokio::test]
async fn other_403_responses_are_transport_errors() {
    // AUTH-38
    let body = || error(-32000, "Forbidden", &Value::Null).with_status(403);
    assert_snapshot!(errors_of_responses([
        ("initialize", status(403)),
        ("tools/list", status(403)),
        ("tools/call", status(403).body("not you")),
        ("tools/call", body()),
        ("tools/call", body().header("www-authenticate", "Bearer error=invalid_token")),
        ("DELETE", status(403)),
    ]).await, @r#"
    initialize: server "main": HTTP status 403
      [server]/mcp returned HTTP status 403 Forbidden
    -> Transport Status(403), did not run
    tools/list: server "main": HTTP status 403
      [server]/mcp returned HTTP status 403 Forbidden
    -> Transport Status(403)
    tools/call: server "main": tool "add": HTTP status 403
      [server]/mcp returned HTTP status 403 Forbidden: not you
    -> Transport Status(403)
    tools/call: server "main": tool "add": JSON-RPC error -32000
      "tools/call" failed: Forbidden (code -32000), HTTP status 403
    -> Transport Rpc(-32000)
    tools/call: server "main": tool "add": JSON-RPC error -32000
      "tools/call" failed: Forbidden (code -32000), HTTP status 403
    -> Transport Rpc(-32000)
    DELETE: server "main": HTTP status 403
      [server]/mcp returned HTTP status 403 Forbidden
    -> Transport Status(403)
    "#);
}

#[tokio::test]
async fn server_errors_keep_code_message_and_data() {
    // RPC-04, TOOL-22
    assert_snapshot!(errors_of_responses([
        ("initialize", error(-32603, "starting up", &Value::Null)),
        ("tools/list", error(-32603, "broken", &json!({ "trace": 5 }))),
        ("tools/call", error(-32602, "Unknown tool: add", &Value::Null)),
        ("tools/call", error(-32042, "sign in", &json!({ "elicitations": [] }))),
        ("tools/call", error(-1, "streamed", &json!([1])).into_event_stream()),
        ("tools/call", error(-32000, "busy", &Value::Null).with_status(503)),
        ("tools/list", error(-32000, "busy", &Value::Null).with_status(503)),
    ]).await, @r#"
    initialize: server "main": JSON-RPC error -32603
      "initialize" failed: starting up (code -32603)
    -> Transport Rpc(-32603), did not run
    tools/list: server "main": JSON-RPC error -32603
      "tools/list" failed: broken (code -32603), data {"trace":5}
    -> Transport Rpc(-32603)
    tools/call: server "main": tool "add": JSON-RPC error -32602
      "tools/call" failed: Unknown tool: add (code -32602)
    -> Transport Rpc(-32602)
    tools/call: server "main": tool "add": JSON-RPC error -32042
      "tools/call" failed: sign in (code -32042), data {"elicitations":[]}
    -> Transport Rpc(-32042)
    tools/call: server "main": tool "add": JSON-RPC error -1
      "tools/call" failed: streamed (code -1), data [1]
    -> Transport Rpc(-1)
    tools/call: server "main": tool "add": JSON-RPC error -32000
      "tools/call" failed: busy (code -32000), HTTP status 503
    -> Transport Rpc(-32000)
    tools/list: server "main": JSON-RPC error -32000
      "tools/list" failed: busy (code -32000), HTTP status 503
    -> Transport Rpc(-32000), retryable
    "#);
}

#[tokio::test]
async fn status_determines_whether_an_error_is_retryable() {
    let mut cases = Vec::new();
    for method in ["tools/list", "tools/call"] {
        for code in [400, 404, 405, 406, 408, 429, 500, 502, 503, 504] {
            // Without a session, so that 404 is not a lost session.
            let server = Script::new()
                .on("initialize", initialize_response("2025-11-25"))
                .on(method, status(code))
                .start()
                .await;
            let shown = first_error(&server).await;
            cases.push(format!("{method} {}", shown.lines().last().unwrap()));
        }
    }
    assert_snapshot!(cases.join("\n"), @"
    tools/list -> Transport Status(400)
    tools/list -> Transport Status(404)
    tools/list -> Transport Status(405)
    tools/list -> Transport Status(406)
    tools/list -> Transport Status(408), retryable
    tools/list -> Transport Status(429), retryable
    tools/list -> Transport Status(500)
    tools/list -> Transport Status(502), retryable
    tools/list -> Transport Status(503), retryable
    tools/list -> Transport Status(504), retryable
    tools/call -> Transport Status(400)
    tools/call -> Transport Status(404)
    tools/call -> Transport Status(405)
    tools/call -> Transport Status(406)
    tools/call -> OutcomeUnknown Status(408)
    tools/call -> Transport Status(429)
    tools/call -> OutcomeUnknown Status(500)
    tools/call -> OutcomeUnknown Status(502)
    tools/call -> OutcomeUnknown Status(503)
    tools/call -> OutcomeUnknown Status(504)
    ");
}

#[tokio::test]
async fn retry_after_is_exposed_by_the_error() {
    let mut shown = Vec::new();
    for (code, wait) in [(429, "7"), (503, "120"), (500, "1"), (503, "soon")] {
        let server = server_with("tools/list", [status(code).header("retry-after", wait)]).await;
        let error = relay_of(&server).tools("main").await.unwrap_err();
        shown.push(format!("{code}: {:?}, {}", error.retry_after(), error.retryable()));
    }
    assert_snapshot!(shown.join("\n"), @"
    429: Some(7s), true
    503: Some(120s), true
    500: Some(1s), false
    503: None, true
    ");
}

#[tokio::test]
async fn limits_are_configured_per_server() {
    let page = json!({ "tools": [], "nextCursor": "2" });
    let server = server_with("tools/list", [result(&page)]).await;
    let mut limits = Limits::default();
    limits.max_pages = 1;
    let relay = relay_with(Server::http(server.url()).limits(limits));
    assert_snapshot!(describe_result(relay.tools("main").await), @r#"
    server "main": no usable tool list
      "tools/list": the list exceeds the limit of 1 pages
    -> ToolDefinition
    "#);

    let server = ScriptedServer::start().await;
    let relay = relay_with(Server::http(server.url()).max_message_size(50));
    assert_snapshot!(describe_result(relay.tools("main").await), @r#"
    server "main": protocol error
      [server]/mcp sent a message of more than 50 bytes
    -> Transport Protocol, did not run
    "#);
}

#[tokio::test]
async fn broken_streams_and_bodies_are_errors() {
    assert_snapshot!(errors_of_responses([
        ("tools/call", sse("data: {\"jsonrpc\":\"2.0\",\"id\":$id,\"resu")),
        ("tools/list", sse("")),
        ("tools/call", sse("data: nonsense\n\n")),
        ("tools/call", json("{")),
        ("tools/call", status(200).header("content-type", "text/html").body("<title>Sign in</title>")),
        ("tools/list", status(202)),
        ("initialize", json("{}")),
        ("initialize", initialize_response("2099-01-01")),
        ("tools/list", status(307).header("location", "/elsewhere")),
    ]).await, @r#"
    tools/call: server "main": tool "add": connection closed; the call may have run
      "tools/call": the stream ended before the response
    -> OutcomeUnknown Closed
    tools/list: server "main": connection closed
      "tools/list": the stream ended before the response
    -> Transport Closed, retryable
    tools/call: server "main": tool "add": connection closed; the call may have run
      "tools/call": the stream ended before the response; last message: expected a response, got the text "nonsense"
    -> OutcomeUnknown Closed
    tools/call: server "main": tool "add": invalid response
      "tools/call": invalid response
      EOF while parsing an object at line 1 column 1
    -> ToolCall
    tools/call: server "main": tool "add": protocol error; the call may have run
      expected JSON or an event stream from [server]/mcp, got text/html: <title>Sign in</title>
    -> OutcomeUnknown Protocol
    tools/list: server "main": no usable tool list
      "tools/list": invalid response
      the server accepted the request but sent no response
    -> ToolDefinition
    initialize: server "main": protocol error
      "initialize": invalid response
      jsonrpc: missing, required in all messages at line 1 column 2
    -> Transport Protocol, did not run
    initialize: server "main": protocol error
      cannot agree on a protocol version: the server supports 2099-01-01; this client supports 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25, 2026-07-28
    -> Transport Protocol, did not run
    tools/list: server "main": HTTP status 307
      [server]/mcp redirects to [server]/elsewhere, which is not followed; configure that URL if it is correct
    -> Transport Status(307)
    "#);
}

#[tokio::test]
async fn unreachable_server_is_retryable() {
    let absent = UnreachableServer::new();
    let relay = relay_with(Server::http(absent.url()));
    assert_snapshot!(describe_result(relay.with_token(ALICE).tools("main").await), @r#"
    server "main": cannot connect
      cannot connect to [server]/mcp
      client error (Connect)
      tcp connect error
      Connection refused (os error )
    -> Transport Unreachable, did not run, retryable
    "#);
}

#[tokio::test]
async fn timed_out_call_is_not_retryable() {
    // LIFE-13, TOOL-25
    let server = start_test_server().await;
    let barrier = Barrier::new();
    server.script(On::method("tools/call"), Fault::Hold(barrier.clone()));
    let relay = relay_with(Server::http(server.url()).timeout(Duration::from_secs(5)));
    let tools = relay.tools("main").await.unwrap();
    let passing = async {
        with_timeout(barrier.wait_for_arrivals(1)).await;
        advance_time(Duration::from_secs(6)).await;
    };
    let (called, ()) = tokio::join!(tools.call("wait", json!({})), passing);
    assert_snapshot!(describe_result(called), @r#"
    server "main": tool "wait": timed out; the call may have run
      "tools/call": no response within 5s
    -> OutcomeUnknown Timeout
    "#);
    with_timeout(server.wait_for_requests("notifications/cancelled", 1)).await;
}

#[tokio::test]
async fn lost_session_is_not_an_error() {
    // HTTP-26
    let server = start_test_server().await;
    let relay = relay_with(Server::http(server.url()));
    let tools = relay.tools("main").await.unwrap();
    server.end_sessions();
    assert_eq!(tools.call("wait", json!({})).await.unwrap().text(), "done");
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn unsendable_tokens_are_not_sent() {
    let server = ScriptedServer::start().await;
    let relay = relay_of(&server);
    assert_snapshot!(describe_result(relay.with_token("5ecret of alice").tools("main").await), @r#"
    server "main": request not sent
      the access token for [server]/mcp is empty or contains a space, a line break or another character that is not allowed in a header
    -> Transport Blocked, did not run
    "#);
    assert_eq!(server.requests().await.len(), 0);
    let relay = relay_with(Server::http("http://192.0.2.1/mcp"));
    assert_snapshot!(describe_result(relay.with_token(ALICE).tools("main").await), @r#"
    server "main": request not sent
      credentials would be sent unencrypted to http://192.0.2.1/mcp; use https, or allow insecure HTTP for this server
    -> Transport Blocked, did not run
    "#);
}

#[test]
fn errors_are_send_sync_and_clone() {
    fn check<T: Send + Sync + Clone + 'static>() {}
    check::<Error>();
}
