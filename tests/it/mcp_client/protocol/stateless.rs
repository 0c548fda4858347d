//! Stateless protocol versions (2026-07-28): every request carries all its context.

use std::{
    collections::HashSet,
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use insta::assert_snapshot;
use mcp_client::{
    CacheHint, CallOptions, Client, MessageContext, OutgoingMessage, Transport, TransportError,
    TransportErrorKind, TransportResponse,
    mcp_types::{
        Revision,
        v2025_11_25::{
            InitializedNotification, PingRequest, SetLevelRequest, SetLevelRequestParams,
        },
        v2026_07_28::{CacheScope, LoggingLevel},
    },
};
use mcp_testkit::{
    Barrier, CallResult, On, Reply, ResponseMode, Step, TestServer, TestServerBuilder, TestTool,
};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{
    PROBE, ReceivedRequest, Script, client_for_url, client_with_version, describe_result,
    discover_response, error, full_request_log, request_log, result, sse, with_timeout,
};

/// A stateless server with a tool that has parameter headers.
fn server() -> TestServerBuilder {
    let schema = json!({ "type": "object", "properties": {
        "region": { "type": "string", "x-mcp-header": "Region" },
        "count": { "type": "integer", "x-mcp-header": "Count" },
        "text": { "type": "string" },
    } });
    let tool = TestTool::new("store", schema, |_| CallResult::text("stored"));
    TestServer::builder().revisions([Revision::V2026_07_28]).tool(tool)
}

fn client(server: &TestServer) -> Client {
    Client::builder(mcp_http::HttpTransport::builder(server.url()).build().expect("a usable URL"))
        .client_info("tests", "1")
        .build()
}

fn received_requests(server: &TestServer) -> Vec<ReceivedRequest> {
    server.requests().iter().map(ReceivedRequest::from).collect()
}

#[tokio::test]
async fn every_request_carries_version_capabilities_and_headers() {
    // N-BASE-01, N-BASE-02, N-HTTP-01..08, N-HTTP-14
    let mut both = Vec::new();
    for responses in [ResponseMode::Json, ResponseMode::Sse] {
        let server = server().response_mode(responses).start().await.unwrap();
        let client = client(&server);
        assert_eq!(client.list_tools().await.unwrap().tools.len(), 1);
        let stored = client
            .call_tool("store", json!({ "region": "Zürich ", "count": 2, "text": "x" }))
            .await
            .unwrap();
        assert_eq!(stored.content.len(), 1);
        client.close().await.unwrap();
        assert_eq!(server.violations(), Vec::<String>::new());
        both.push(full_request_log(&received_requests(&server)));
    }
    assert_eq!(both[0], both[1]);
    assert_snapshot!(both[0], @r#"
    POST /mcp
    accept: application/json, text/event-stream
    content-type: application/json
    mcp-method: server/discover
    mcp-protocol-version: 2026-07-28
    {"jsonrpc":"2.0","id":"probe-1","method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"tests","version":"1"}}}}

    POST /mcp
    accept: application/json, text/event-stream
    content-type: application/json
    mcp-method: tools/list
    mcp-protocol-version: 2026-07-28
    {"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"tests","version":"1"}}}}

    POST /mcp
    accept: application/json, text/event-stream
    content-type: application/json
    mcp-method: tools/call
    mcp-name: store
    mcp-param-count: 2
    mcp-param-region: =?base64?WsO8cmljaCA=?=
    mcp-protocol-version: 2026-07-28
    {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"store","arguments":{"region":"Zürich ","count":2,"text":"x"},"_meta":{"progressToken":2,"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"tests","version":"1"}}}}
    "#);
}

#[tokio::test]
async fn missing_parameter_headers_are_learned_from_the_tool_list() {
    // N-HTTP-10, N-HTTP-11: the list is then fetched, and the call repeated
    let server = server().start().await.unwrap();
    let client = client(&server);
    client.call_tool("store", json!({ "region": "eu" })).await.unwrap();
    client.call_tool("store", json!({ "region": "eu" })).await.unwrap();
    assert_snapshot!(request_log(&received_requests(&server)), @r#"
    server/discover "probe-1", 2026-07-28
    tools/call 1, 2026-07-28
    tools/list 2, 2026-07-28
    tools/call 3, 2026-07-28
    tools/call 4, 2026-07-28
    "#);
}

#[tokio::test]
async fn header_mismatch_not_explained_by_the_list_is_an_error() {
    // N-HTTP-11: the call is not made a third time
    let mismatch = error(-32020, "a header is missing", &Value::Null).with_status(400);
    let server = Script::new()
        .on(PROBE, discover_response(&["2026-07-28"]))
        .on("tools/call", mismatch)
        .start()
        .await;
    let client = server.client_with_negotiation(&Default::default());
    assert_snapshot!(describe_result(client.call_tool("add", ()).await), @r#"
    "tools/call" failed: a header is missing (code -32020), HTTP status 400
    -> Rpc, did not run
    "#);
    assert_eq!(server.requests_of("tools/call").await.len(), 1);
}

#[tokio::test]
async fn call_with_header_mismatch_is_not_repeated_if_it_may_have_run() {
    // N-HTTP-11: the server rejects headers with status 400 before it runs the tool
    let schema = json!({ "type": "object", "properties": {
        "a": { "type": "integer", "x-mcp-header": "A" },
    } });
    let server = Script::new()
        .on(PROBE, discover_response(&["2026-07-28"]))
        .on("tools/list", result(&json!({ "tools": [{ "name": "add", "inputSchema": schema }] })))
        .on("tools/call", error(-32020, "of another server", &Value::Null))
        .start()
        .await;
    let client = server.client_with_negotiation(&Default::default());
    assert_snapshot!(describe_result(client.call_tool("add", json!({ "a": 1 })).await), @r#"
    "tools/call" failed: of another server (code -32020)
    -> Rpc
    "#);
    assert_eq!(server.request_log().await, "tools/call 1, 2026-07-28");
}

#[tokio::test]
async fn raw_tool_call_sends_parameter_headers() {
    // N-HTTP-07, N-HTTP-11
    let server = server().start().await.unwrap();
    let client = client(&server);
    let params = json!({ "name": "store", "arguments": { "region": "eu" } });
    client.send_request_raw("tools/call", &params).await.unwrap();
    client.send_request_raw("tools/call", &params).await.unwrap();
    client.send_request_raw("tools/call", json!({ "name": "store" })).await.unwrap();
    assert_snapshot!(request_log(&received_requests(&server)), @r#"
    server/discover "probe-1", 2026-07-28
    tools/call 1, 2026-07-28
    tools/list 2, 2026-07-28
    tools/call 3, 2026-07-28
    tools/call 4, 2026-07-28
    tools/call 5, 2026-07-28
    "#);
}

/// A transport that rejects the headers of `tools/call` after three seconds.
///
/// It never responds to other requests.
#[derive(Debug, Default)]
struct SlowTransport(Arc<Mutex<Vec<Value>>>);

impl Transport for SlowTransport {
    fn send(
        &self,
        message: OutgoingMessage,
    ) -> BoxFuture<'_, Result<TransportResponse, TransportError>> {
        let body: Value = serde_json::from_slice(&message.body).expect("JSON");
        let method = body["method"].clone();
        self.0.lock().expect("no panic").push(body);
        Box::pin(async move {
            if method != "tools/call" {
                return pending().await;
            }
            tokio::time::sleep(Duration::from_secs(3)).await;
            let refusal = json!({ "jsonrpc": "2.0", "id": null,
                "error": { "code": -32020, "message": "a header is missing" } });
            let error = TransportError::new(TransportErrorKind::Status(400), "refused");
            Err(error.with_body(refusal.to_string().into()))
        })
    }

    fn close(&self, _: MessageContext) -> BoxFuture<'_, Result<(), TransportError>> {
        Box::pin(pending())
    }
}

#[tokio::test(start_paused = true)]
async fn list_for_parameter_headers_counts_towards_the_total_timeout() {
    // N-TIME-01
    let client = client_with_version(SlowTransport::default(), Revision::V2026_07_28);
    let began = Instant::now();
    let options = CallOptions::new().max_total_timeout(Duration::from_secs(5));
    assert_snapshot!(describe_result(client.with_options(options).call_tool("store", ()).await), @r#"
    "tools/call": no response within 5s
    -> Timeout
    "#);
    assert_eq!(began.elapsed(), Duration::from_secs(5));
}

#[tokio::test]
async fn concurrent_requests_have_distinct_ids() {
    // N-BASE-03
    let sent = Arc::new(Mutex::new(Vec::new()));
    let client = client_with_version(SlowTransport(Arc::clone(&sent)), Revision::V2026_07_28);
    let all = join_all((0..3).map(|_| client.connect()));
    assert!(all.now_or_never().is_none());
    let sent = sent.lock().unwrap();
    let ids: HashSet<_> = sent.iter().map(|message| message["id"].to_string()).collect();
    assert_eq!((sent.len(), ids.len()), (3, 3), "{ids:?}");
}

#[tokio::test]
async fn invalid_parameter_headers_skip_a_tool_in_stateless_versions_only() {
    // N-HTTP-09; 2025-11-25 does not define this keyword
    let bad = |name: &str, schema: Value| {
        TestTool::new(name, json!({ "type": "object", "properties": { "a": schema } }), |_| {
            CallResult::text("ok")
        })
    };
    let tools = [
        bad("empty", json!({ "type": "string", "x-mcp-header": "" })),
        bad("number", json!({ "type": "number", "x-mcp-header": "A" })),
        bad(
            "nested",
            json!({ "type": "array", "items": { "type": "string", "x-mcp-header": "A" } }),
        ),
    ];
    let mut shown = String::new();
    for revision in [Revision::V2026_07_28, Revision::V2025_11_25] {
        let mut server = server().revisions([revision]);
        for tool in &tools {
            server = server.tool(tool.clone());
        }
        let server = server.start().await.unwrap();
        let client = client(&server);
        let list = client.list_tools().await.unwrap();
        let names: Vec<_> = list.tools.iter().map(|tool| &*tool.name).collect();
        shown += &format!("{revision}: {}\n", names.join(", "));
        for entry in list.invalid {
            shown += &format!("  {}: {}\n", entry.name.unwrap_or_default(), entry.reason);
        }
        client.call_tool("store", json!({ "region": "eu" })).await.unwrap();
        assert_eq!(server.violations(), Vec::<String>::new());
    }
    assert_snapshot!(shown, @r#"
    2026-07-28: store
      empty: invalid "x-mcp-header" "": not a header name
      number: invalid "x-mcp-header" "A": expected an argument of type string, integer or boolean
      nested: invalid "x-mcp-header" "A": the argument is not reachable through "properties" alone
    2025-11-25: store, empty, number, nested
    "#);
}

#[tokio::test]
async fn argument_not_representable_as_header_is_rejected() {
    // N-HTTP-07
    let server = server().start().await.unwrap();
    let client = client(&server);
    client.list_tools().await.unwrap();
    let called = client.call_tool("store", json!({ "count": 1_u64 << 60 })).await;
    assert_snapshot!(describe_result(called), @r#"
    "tools/call": invalid parameters
      argument "count": expected a string, a boolean or an integer of at most 53 bits, because it is sent as the parameter header "Count"
    -> InvalidParams, did not run
    "#);
    assert_eq!(server.count("tools/call"), 0);
}

#[tokio::test]
async fn cache_hints_give_ttl_and_scope() {
    // N-CACHE-02, N-CACHE-03, N-CACHE-06
    let fresh = Duration::from_secs(60);
    for (scope, public) in [(CacheScope::Public, true), (CacheScope::Private, false)] {
        let server = server().caching(fresh, scope).start().await.unwrap();
        let client = client(&server);
        let CacheHint { ttl, public: said, .. } = client.list_tools().await.unwrap().cache.unwrap();
        assert_eq!((ttl, said), (fresh, public));
        // The server information is cached for the same time.
        client.connect().await.unwrap();
        assert_eq!(server.count("server/discover"), 1);
    }
    let server = TestServer::builder().start().await.unwrap();
    assert_eq!(client_for_url(server.url()).list_tools().await.unwrap().cache, None);
}

#[tokio::test]
async fn expired_server_info_is_requested_again() {
    // N-CACHE-02: not cached, unless the server gives a TTL
    let server = server().start().await.unwrap();
    let client = client(&server);
    for asked in [1, 2] {
        assert_eq!(client.connect().await.unwrap().revision, Revision::V2026_07_28);
        assert_eq!(server.count("server/discover"), asked);
    }
}

#[tokio::test]
async fn dropped_call_is_cancelled_by_closing_its_stream() {
    // N-CANC-01
    let barrier = Barrier::new();
    let held = barrier.clone();
    let wait = TestTool::with_steps("wait", json!({ "type": "object" }), move |_| {
        Step::finish(CallResult::text("done")).hold(&held)
    });
    for responses in [ResponseMode::Json, ResponseMode::Sse] {
        let server = server().tool(wait.clone()).response_mode(responses).start().await.unwrap();
        let client = client(&server);
        let call = tokio::spawn(async move { client.call_tool("wait", ()).await.map(drop) });
        with_timeout(server.wait_for_requests("tools/call", 1)).await;
        call.abort();
        with_timeout(server.wait_for_cancelled(1)).await;
        assert_eq!(server.count("notifications/cancelled"), 0);
    }
}

#[tokio::test]
async fn results_of_unknown_types_are_errors() {
    // N-BASE-04, N-BASE-05, N-MRTR-01
    let typed = |kind: &str| result(&json!({ "resultType": kind, "content": [], "tools": [] }));
    let mut shown = String::new();
    for (method, response) in [
        ("tools/call", typed("complete")),
        ("tools/call", result(&json!({ "content": [] }))),
        ("tools/call", typed("task")),
        ("tools/call", result(&json!({ "resultType": "input_required" }))),
        ("tools/list", typed("input_required")),
        ("tools/list", typed("task")),
    ] {
        let script =
            Script::new().on(PROBE, discover_response(&["2026-07-28"])).on(method, response);
        let server = script.start().await;
        let client = server.client_with_negotiation(&Default::default());
        shown += &match method {
            "tools/call" => describe_result(client.call_tool("add", ()).await),
            _ => describe_result(client.list_tools().await),
        };
        shown += "\n";
    }
    assert_snapshot!(shown, @r#"
    it went well
    it went well
    "tools/call": invalid response
      unexpected result type "task"
    -> InvalidResponse
    "tools/call": invalid response
      the server required input, but sent no input requests
    -> InvalidResponse
    "tools/list": invalid response
      unexpected result type "input_required"
    -> InvalidResponse
    "tools/list": invalid response
      unexpected result type "task"
    -> InvalidResponse
    "#);
}

#[tokio::test]
async fn other_methods_must_not_require_input() {
    // N-MRTR-01
    let required = json!({ "resultType": "input_required", "requestState": "s" });
    let script = Script::new().on(PROBE, discover_response(&["2026-07-28"]));
    let server = script.on("com.example/own", result(&required)).start().await;
    let client = server.client_with_negotiation(&Default::default());
    let outcome = client.send_request_raw("com.example/own", json!({})).await;
    assert_snapshot!(describe_result(outcome), @r#"
    "com.example/own": invalid response
      the server required input, which this method does not allow
    -> InvalidResponse
    "#);
    assert_eq!(server.requests_of("com.example/own").await.len(), 1);
}

#[tokio::test]
async fn server_requests_are_ignored() {
    // N-BASE-06
    let stream = concat!(
        "data: {\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"}\n\n",
        "data: {\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"content\":[]}}\n\n",
    );
    let script =
        Script::new().on(PROBE, discover_response(&["2026-07-28"])).on("tools/call", sse(stream));
    let server = script.start().await;
    server.client_with_negotiation(&Default::default()).call_tool("add", ()).await.unwrap();
    assert_eq!(server.request_log().await, "tools/call 1, 2026-07-28");
}

#[tokio::test]
async fn methods_of_other_versions_are_not_sent() {
    let new = server().start().await.unwrap();
    let old = TestServer::builder().start().await.unwrap();
    let new_client = client(&new);
    let old_client = client(&old);
    let mut shown = String::new();
    let level = SetLevelRequestParams::new(LoggingLevel::Debug);
    shown += &describe_result(new_client.send_request::<PingRequest>(&Default::default()).await);
    shown += "\n";
    shown += &describe_result(new_client.send_request::<SetLevelRequest>(&level).await);
    shown += "\n";
    shown += &describe_result(
        new_client.send_notification::<InitializedNotification>(&Default::default()).await,
    );
    shown += "\n";
    shown += &describe_result(old_client.send_request_raw("subscriptions/listen", json!({})).await);
    assert_snapshot!(shown, @r#"
    "ping": not supported in protocol version 2026-07-28, which the server uses
    -> UnsupportedMethod, did not run
    "logging/setLevel": not supported in protocol version 2026-07-28, which the server uses
    -> UnsupportedMethod, did not run
    "notifications/initialized": not supported in protocol version 2026-07-28, which the server uses
    -> UnsupportedMethod, did not run
    "subscriptions/listen": not supported in protocol version 2025-11-25, which the server uses
    -> UnsupportedMethod, did not run
    "#);
    assert_eq!(old.violations(), Vec::<String>::new());
    assert_eq!(new.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn raw_requests_and_results_are_passed_through() {
    let response = Reply::json(&json!({
        "jsonrpc": "2.0", "id": 1,
        "result": { "resultType": "complete", "b": 1, "a": [1.0] },
    }));
    let server = server().start().await.unwrap();
    server.script(On::method("com.example/own"), response);
    let params = json!({ "x": 1, "_meta": { "com.example/y": 2, "progressToken": "mine" } });
    let result = client(&server).send_request_raw("com.example/own", params).await.unwrap();
    assert_eq!(result.get(), r#"{"resultType":"complete","b":1,"a":[1.0]}"#);
    let sent = received_requests(&server).pop().unwrap();
    assert_snapshot!(sent.text(), @r#"{"jsonrpc":"2.0","id":1,"method":"com.example/own","params":{"x":1,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"tests","version":"1"},"com.example/y":2}}}"#);
    let none = client(&server).send_request_raw("com.example/own", 7).await;
    assert_snapshot!(describe_result(none), @r#"
    "com.example/own": invalid parameters
      expected a JSON object
    -> InvalidParams, did not run
    "#);
}
