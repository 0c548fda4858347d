//! Redaction: tokens and session ids are not shown, whatever a server does.

use insta::assert_snapshot;
use mcp_http::{AccessToken, HttpTransport, Unauthorized};
use serde_json::Value;

use crate::support::{
    ALICE, BOB, Script, ScriptedResponse, ScriptedServer, ScriptedTokenSource, TraceCapture,
    describe_error, describe_result, error, initialize_response, sse, stateful_client, status,
};

/// Responses that contain the token in every possible place.
fn echoing_responses() -> [(&'static str, ScriptedResponse); 11] {
    let page = format!("<html><p>Authorization: Bearer {ALICE}</p></html>");
    let html = status(200).header("content-type", "text/html");
    let of = |error: &str| {
        format!("Bearer error={error}, error_description=\"{ALICE} expired\", scope={ALICE}")
    };
    let with_challenge = |code, error: &str| status(code).header("www-authenticate", of(error));
    let message = error(-32000, &format!("bad token {ALICE}"), &Value::from(ALICE));
    let location = format!("/{ALICE}/login?token={ALICE}");
    [
        ("a page", status(500).body(&page)),
        ("a page with 200", html.body(&page)),
        ("a long page", status(502).body(page.repeat(2_000))),
        ("a media type", status(200).header("content-type", format!("text/{ALICE}"))),
        ("a challenge", with_challenge(401, "invalid_token")),
        ("a challenge with 403", with_challenge(403, "insufficient_scope")),
        ("a challenge of no effect", with_challenge(403, "invalid_token")),
        ("a JSON-RPC error with 400", message.clone().with_status(400)),
        ("a JSON-RPC error", message.clone()),
        ("a JSON-RPC error on a stream", message.into_event_stream()),
        ("a redirect", status(307).header("location", location)),
    ]
}

#[tokio::test]
async fn errors_redact_an_echoed_token() {
    // AUTH-05
    let mut shown = String::new();
    for (what, response) in echoing_responses() {
        let server = Script::new().on("tools/list", response).start().await;
        // `describe_result` panics if any form of the error contains a token.
        shown += &format!("{what}: {}\n", describe_result(server.client().list_tools().await));
    }
    assert_snapshot!(shown, @r#"
    a page: [server]/mcp returned HTTP status 500 Internal Server Error: <html><p>Authorization: Bearer ****</p></html>
    -> Status(500)
    a page with 200: expected JSON or an event stream from [server]/mcp, got text/html: <html><p>Authorization: Bearer ****</p></html>
    -> Protocol
    a long page: [server]/mcp returned HTTP status 502 Bad Gateway: <html><p>Authorization: Bearer ****</p></html><html><p>Authorization: Bearer ****</p></html><html><p>Authorization: Bearer ****</p></html><html><p>Authorization: Bearer ****</p></html><html><p>Authori…
    -> Status(502)
    a media type: expected JSON or an event stream from [server]/mcp, got text/****
    -> Protocol
    a challenge: [server]/mcp rejected the access token (**** expired); required scope "****"
    -> Unauthorized, did not run
    a challenge with 403: [server]/mcp requires an access token with a wider scope (**** expired); required scope "****"
    -> Unauthorized, did not run
    a challenge of no effect: [server]/mcp returned HTTP status 403 Forbidden
    -> Status(403)
    a JSON-RPC error with 400: "tools/list" failed: bad token **** (code -32000), data "****", HTTP status 400
    -> Rpc
    a JSON-RPC error: "tools/list" failed: bad token **** (code -32000), data "****"
    -> Rpc
    a JSON-RPC error on a stream: "tools/list" failed: bad token **** (code -32000), data "****"
    -> Rpc
    a redirect: [server]/mcp redirects to [server]/****/login, which is not followed; configure that URL if it is correct
    -> Status(307)
    "#);
}

#[tokio::test]
async fn traces_redact_an_echoed_token() {
    // AUTH-05
    for (what, response) in echoing_responses() {
        let server = Script::new().on("tools/list", response).start().await;
        let trace = TraceCapture::start();
        server.client().list_tools().await.unwrap_err();
        let trace = trace.finish();
        assert!(trace.contains("tools/list"), "{what}: nothing is traced");
        assert!(!trace.contains(ALICE), "{what}: {trace}");
    }
}

#[tokio::test]
async fn wire_trace_redacts_tokens_sessions_and_configured_headers() {
    // AUTH-05, HTTP-25
    let opening = initialize_response("2025-11-25").header("mcp-session-id", "session-5ecret");
    let response = sse("data: {\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"content\":[]}}\n\n");
    let server = Script::new().on("initialize", opening).on("tools/call", response).start().await;
    let transport = HttpTransport::builder(format!("{}?key=5ecret", server.url()))
        .bearer_token(ALICE)
        .header("x-key", "5ecret")
        .build()
        .unwrap();
    let trace = TraceCapture::start();
    let client = stateful_client(transport);
    client.call_tool("add", ()).await.unwrap();
    client.close().await.unwrap();
    let trace = trace.finish().replace(&server.url(), "[server]/mcp");
    assert!(!trace.contains("5ecret"), "{trace}");
    let wire = trace.lines().filter_map(|line| line.split_once("mcp_http::wire: "));
    let wire: Vec<_> = wire.map(|(_, line)| line).collect();
    assert_snapshot!(wire.join("\n"), @r#"
    > POST [server]/mcp?****
    > accept: application/json, text/event-stream
    > content-type: application/json
    > authorization: Bearer ****
    > {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"tests","version":"1"}}}
    < 200 OK
    < content-type: application/json
    < mcp-session-id: ****
    < {"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"peer","version":"1"}}}
    > POST [server]/mcp?****
    > accept: application/json, text/event-stream
    > content-type: application/json
    > mcp-protocol-version: 2025-11-25
    > mcp-session-id: ****
    > authorization: Bearer ****
    > {"jsonrpc":"2.0","method":"notifications/initialized"}
    < 202 Accepted
    > POST [server]/mcp?****
    > accept: application/json, text/event-stream
    > content-type: application/json
    > mcp-protocol-version: 2025-11-25
    > mcp-session-id: ****
    > authorization: Bearer ****
    > {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"add","arguments":{},"_meta":{"progressToken":2}}}
    < 200 OK
    < content-type: text/event-stream
    < {"jsonrpc":"2.0","id":2,"result":{"content":[]}}
    > DELETE [server]/mcp?****
    > accept: application/json, text/event-stream
    > mcp-protocol-version: 2025-11-25
    > mcp-session-id: ****
    > authorization: Bearer ****
    < 200 OK
    "#);
}

#[tokio::test]
async fn debug_output_contains_no_secret() {
    let server = ScriptedServer::start().await;
    let token = AccessToken::new(ALICE);
    let url = format!("{}?key=5ecret", server.url());
    let builder = HttpTransport::builder(url).bearer_token(token.clone()).header("x-key", "5ecret");
    let mut shown = format!("{token:?}\n{builder:?}\n");
    let transport = builder.build().unwrap();
    shown += &format!("{transport:?}\n");
    let client = stateful_client(transport);
    client.connect().await.unwrap();
    shown += &format!("{client:?}");
    assert!(!shown.contains("5ecret") && !shown.contains("session-1"), "{shown}");
    assert_snapshot!(shown.replace(&server.url(), "[server]/mcp"), @"
    AccessToken(****)
    HttpTransportBuilder { .. }
    HttpTransport { endpoint: Endpoint([server]/mcp?****), .. }
    Client { limits: Limits { timeout: 30s, max_total_timeout: 600s, max_pages: 1000, max_items: 10000, max_list_bytes: 67108864, max_server_requests: 100 }, .. }
    ");
}

#[tokio::test]
async fn refreshed_token_is_redacted_too() {
    let echo = |token: &str| {
        status(401).header("www-authenticate", format!("Bearer error_description=\"{token}\""))
    };
    let server =
        Script::new().on("initialize", echo(ALICE)).on("initialize", echo(BOB)).start().await;
    let source = ScriptedTokenSource::with_replacement(ALICE, BOB);
    let transport = HttpTransport::builder(server.url()).token_source(source).build().unwrap();
    let error = stateful_client(transport).connect().await.unwrap_err();
    assert_snapshot!(describe_error(&error), @"
    [server]/mcp rejected the access token (****)
    -> Unauthorized, did not run
    ");
    let challenge = Unauthorized::find_in(&error).unwrap().challenge().unwrap();
    assert_eq!(challenge.error_description(), Some("****"));
}
