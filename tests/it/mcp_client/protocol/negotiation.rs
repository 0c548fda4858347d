//! The negotiated protocol version: shared between clients, reconsidered, or pinned.

use std::{future::pending, time::Duration};

use futures_util::{
    FutureExt as _,
    future::{BoxFuture, join_all},
};
use insta::assert_snapshot;
use mcp_client::{BoxError, Client, Negotiation, mcp_types::Revision};
use mcp_http::{AccessToken, HttpTransport, TokenRequest, TokenSource};
use serde_json::{Value, json};

use super::probe::{list_tools_log, stateful_script, unsupported_version};
use crate::support::{
    PROBE, Script, advance_time, advance_until, describe_result, discover_response, error,
    request_log, result, status,
};

#[tokio::test]
async fn negotiated_version_is_shared_by_all_clients() {
    // N-VER-03
    let mut shown = String::new();
    for probe in [status(404), discover_response(&["2026-07-28"])] {
        let server = stateful_script().on(PROBE, probe).start().await;
        let known = Negotiation::new();
        shown += &list_tools_log(&server, &known).await;
        shown += &list_tools_log(&server, &known).await;
    }
    assert_snapshot!(shown, @r#"
    server/discover "probe-1", 2026-07-28
    initialize 1
    notifications/initialized, 2025-06-18
    tools/list 2, 2025-06-18
    1 tool
    verdict: 2025-06-18
    initialize 1
    notifications/initialized, 2025-06-18
    tools/list 2, 2025-06-18
    1 tool
    verdict: 2025-06-18
    server/discover "probe-1", 2026-07-28
    tools/list 1, 2026-07-28
    1 tool
    verdict: 2026-07-28
    tools/list 1, 2026-07-28
    1 tool
    verdict: 2026-07-28
    "#);
}

#[tokio::test]
async fn concurrent_clients_share_one_probe() {
    // N-VER-03
    let server = stateful_script().on(PROBE, discover_response(&["2026-07-28"])).start().await;
    let known = Negotiation::new();
    let clients: Vec<_> = (0..50).map(|_| server.client_with_negotiation(&known)).collect();
    let outcomes = join_all(clients.iter().map(Client::list_tools)).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(server.requests_of(PROBE).await.len(), 1);
    assert_eq!(server.requests_of("tools/list").await.len(), 50);
}

#[tokio::test]
async fn rejected_token_of_one_client_does_not_fail_the_others() {
    // N-VER-02: a 401 is inconclusive for every client that waits
    let script = Script::new()
        .on(PROBE, status(401))
        .on(PROBE, discover_response(&["2026-07-28"]))
        .on("initialize", status(401));
    let server = script.start().await;
    let known = Negotiation::new();
    let clients: Vec<_> = (0..8).map(|_| server.client_with_negotiation(&known)).collect();
    let outcomes = join_all(clients.iter().map(Client::list_tools)).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_err()).count(), 1, "{outcomes:?}");
}

#[tokio::test]
async fn waiting_for_a_token_does_not_delay_other_clients() {
    let server = stateful_script().on(PROBE, discover_response(&["2026-07-28"])).start().await;
    let known = Negotiation::new();
    let stalled =
        HttpTransport::builder(server.url()).token_source(StalledTokenSource).build().unwrap();
    let stalled = Client::builder(stalled).negotiation(known.clone()).build();
    let other = server.client_with_negotiation(&known);
    let (listed, waited) = tokio::select! {
        _ = stalled.list_tools() => panic!("a token came"),
        outcome = advance_until(other.list_tools()) => outcome,
    };
    listed.unwrap();
    assert!(waited < Duration::from_secs(2), "{waited:?}");
}

/// A token source that never responds.
struct StalledTokenSource;

impl TokenSource for StalledTokenSource {
    fn token<'a>(
        &'a self,
        _: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
        pending().boxed()
    }
}

#[tokio::test]
async fn stateful_server_is_probed_again_after_a_day() {
    let server = stateful_script()
        .on(PROBE, status(404))
        .on(PROBE, discover_response(&["2026-07-28"]))
        .start()
        .await;
    let known = Negotiation::new();
    server.client_with_negotiation(&known).list_tools().await.unwrap();
    advance_time(Duration::from_secs(23 * 60 * 60)).await;
    assert_eq!(known.revision(), Some(Revision::V2025_06_18));
    advance_time(Duration::from_secs(60 * 60)).await;
    assert_eq!(known.revision(), None);
    server.client_with_negotiation(&known).list_tools().await.unwrap();
    assert_eq!(known.revision(), Some(Revision::V2026_07_28));
}

#[tokio::test]
async fn wrong_negotiated_version_is_probed_again() {
    // N-VER-03: the server was replaced by one with another kind of version
    let mut shown = String::new();
    let gone = status(404);
    let older = stateful_script()
        .on(PROBE, status(404))
        .on("tools/list", gone)
        .on("tools/list", result(&json!({ "tools": [] })));
    let newer =
        Script::new().on(PROBE, discover_response(&["2026-07-28"])).on("initialize", status(400));
    for (script, was) in [(older, Revision::V2026_07_28), (newer, Revision::V2025_11_25)] {
        let server = script.start().await;
        shown += &list_tools_log(&server, &Negotiation::with_revision(was)).await;
    }
    // If the version was right, the error of the call is reported.
    let same =
        Script::new().on(PROBE, discover_response(&["2026-07-28"])).on("tools/list", status(404));
    shown +=
        &list_tools_log(&same.start().await, &Negotiation::with_revision(Revision::V2026_07_28))
            .await;
    let same = Script::new().on(PROBE, status(404)).on("initialize", status(400));
    shown +=
        &list_tools_log(&same.start().await, &Negotiation::with_revision(Revision::V2025_11_25))
            .await;
    assert_snapshot!(shown, @r#"
    tools/list 1, 2026-07-28
    server/discover "probe-1", 2026-07-28
    initialize 1
    notifications/initialized, 2025-06-18
    tools/list 2, 2025-06-18
    0 tool
    verdict: 2025-06-18
    initialize 1
    server/discover "probe-1", 2026-07-28
    tools/list 1, 2026-07-28
    1 tool
    verdict: 2026-07-28
    tools/list 1, 2026-07-28
    server/discover "probe-1", 2026-07-28
    [server]/mcp returned HTTP status 404 Not Found
    -> Status(404)
    verdict: 2026-07-28
    initialize 1
    server/discover "probe-1", 2026-07-28
    [server]/mcp returned HTTP status 400 Bad Request
    -> Status(400), did not run
    verdict: unknown
    "#);
}

#[tokio::test]
async fn stateless_server_is_never_sent_initialize() {
    // N-VER-04: later errors are reported as they are
    let mut shown = String::new();
    for response in [
        error(-32601, "no such method", &Value::Null).with_status(404),
        error(-32602, "no such tool", &Value::Null).with_status(400),
        error(-32020, "a header is missing", &Value::Null).with_status(400),
        status(429),
        status(500),
        error(-32000, "forbidden", &Value::Null).with_status(403),
        error(-32000, "too much", &Value::Null).with_status(429),
        error(-32000, "broken", &Value::Null).with_status(500),
    ] {
        let server = stateful_script().on("tools/list", response).start().await;
        shown += &list_tools_log(&server, &Negotiation::with_revision(Revision::V2026_07_28)).await;
    }
    assert_snapshot!(shown, @r#"
    tools/list 1, 2026-07-28
    "tools/list" failed: no such method (code -32601), HTTP status 404
    -> Rpc, did not run
    verdict: 2026-07-28
    tools/list 1, 2026-07-28
    "tools/list" failed: no such tool (code -32602), HTTP status 400
    -> Rpc
    verdict: 2026-07-28
    tools/list 1, 2026-07-28
    "tools/list" failed: a header is missing (code -32020), HTTP status 400
    -> Rpc, did not run
    verdict: 2026-07-28
    tools/list 1, 2026-07-28
    [server]/mcp returned HTTP status 429 Too Many Requests
    -> Status(429)
    verdict: 2026-07-28
    tools/list 1, 2026-07-28
    [server]/mcp returned HTTP status 500 Internal Server Error
    -> Status(500)
    verdict: 2026-07-28
    tools/list 1, 2026-07-28
    "tools/list" failed: forbidden (code -32000), HTTP status 403
    -> Rpc
    verdict: 2026-07-28
    tools/list 1, 2026-07-28
    "tools/list" failed: too much (code -32000), HTTP status 429
    -> Rpc
    verdict: 2026-07-28
    tools/list 1, 2026-07-28
    "tools/list" failed: broken (code -32000), HTTP status 500
    -> Rpc
    verdict: 2026-07-28
    "#);
}

#[tokio::test]
async fn call_that_may_have_run_is_not_repeated_in_another_version() {
    // The error may come from another server that the tool has called.
    let mut shown = String::new();
    for (was, supported) in [
        (Revision::V2025_11_25, json!(["2026-07-28"])),
        (Revision::V2025_11_25, json!([])),
        (Revision::V2026_07_28, json!(["2026-07-28"])),
        (Revision::V2026_07_28, json!(["2025-06-18"])),
    ] {
        let script =
            stateful_script().on("tools/call", unsupported_version(&supported).with_status(200));
        let server = script.start().await;
        let client = server.client_with_negotiation(&Negotiation::with_revision(was));
        let failed = describe_result(client.call_tool("add", ()).await);
        shown += &format!("{}\n{failed}\n", request_log(&server.all_requests().await));
    }
    assert_snapshot!(shown, @r#"
    initialize 1
    notifications/initialized, 2025-06-18
    tools/call 2, 2025-06-18
    "tools/call" failed: unsupported protocol version (code -32022), data {"supported":["2026-07-28"],"requested":"2026-07-28"}
    -> Rpc
    initialize 1
    notifications/initialized, 2025-06-18
    tools/call 2, 2025-06-18
    "tools/call" failed: unsupported protocol version (code -32022), data {"supported":[],"requested":"2026-07-28"}
    -> Rpc
    tools/call 1, 2026-07-28
    "tools/call" failed: unsupported protocol version (code -32022), data {"supported":["2026-07-28"],"requested":"2026-07-28"}
    -> Rpc
    tools/call 1, 2026-07-28
    "tools/call" failed: unsupported protocol version (code -32022), data {"supported":["2025-06-18"],"requested":"2026-07-28"}
    -> Rpc
    "#);
}

#[tokio::test]
async fn call_rejected_for_its_version_is_repeated_in_a_supported_one() {
    // N-VER-01: the server was replaced, and did not run the call
    let mut shown = String::new();
    for (was, supported) in [
        (Revision::V2025_11_25, json!(["2026-07-28"])),
        (Revision::V2026_07_28, json!(["2025-06-18"])),
    ] {
        let called = result(&json!({ "content": [] }));
        let script = stateful_script()
            .on("tools/call", unsupported_version(&supported))
            .on("tools/call", called);
        let server = script.start().await;
        let client = server.client_with_negotiation(&Negotiation::with_revision(was));
        client.call_tool("add", ()).await.unwrap();
        shown += &format!("{}\n", request_log(&server.all_requests().await));
    }
    assert_snapshot!(shown, @"
    initialize 1
    notifications/initialized, 2025-06-18
    tools/call 2, 2025-06-18
    tools/call 1, 2026-07-28
    tools/call 1, 2026-07-28
    initialize 1
    notifications/initialized, 2025-06-18
    tools/call 2, 2025-06-18
    ");
}

#[tokio::test]
async fn pinned_version_is_used_without_a_probe() {
    let mut shown = String::new();
    for (revision, script) in [
        (Revision::V2026_07_28, Script::new()),
        (
            Revision::V2026_07_28,
            Script::new().on("tools/list", unsupported_version(&json!(["2026-07-28"]))),
        ),
        (
            Revision::V2026_07_28,
            Script::new().on("tools/list", unsupported_version(&json!(["2025-11-25"]))),
        ),
        (Revision::V2026_07_28, Script::new().on("tools/list", status(404))),
        (Revision::V2025_06_18, stateful_script()),
        (Revision::V2025_03_26, stateful_script()),
        (
            Revision::V2025_11_25,
            Script::new().on("initialize", unsupported_version(&json!(["2026-07-28"]))),
        ),
        (Revision::V2025_11_25, Script::new().on("initialize", status(404))),
    ] {
        let server = script.start().await;
        let transport = HttpTransport::builder(server.url()).build().unwrap();
        let listed =
            Client::builder(transport).protocol_version(revision).build().list_tools().await;
        let listed = listed.map_or_else(
            |error| describe_result(Err::<(), _>(error)),
            |list| format!("{} tool", list.tools.len()),
        );
        shown +=
            &format!("--- {revision}\n{}\n{listed}\n", request_log(&server.all_requests().await));
    }
    assert_snapshot!(shown, @r#"
    --- 2026-07-28
    tools/list 1, 2026-07-28
    1 tool
    --- 2026-07-28
    tools/list 1, 2026-07-28
    tools/list 2, 2026-07-28
    "tools/list" failed: unsupported protocol version (code -32022), data {"supported":["2026-07-28"],"requested":"2026-07-28"}, HTTP status 400
    -> Rpc, did not run
    --- 2026-07-28
    tools/list 1, 2026-07-28
    cannot agree on a protocol version: the server supports 2025-11-25; this client supports 2026-07-28
    -> UnsupportedProtocolVersion, did not run
    --- 2026-07-28
    tools/list 1, 2026-07-28
    [server]/mcp returned HTTP status 404 Not Found
    -> Status(404)
    --- 2025-06-18
    initialize 1
    notifications/initialized, 2025-06-18
    tools/list 2, 2025-06-18
    1 tool
    --- 2025-03-26
    initialize 1
    cannot agree on a protocol version: the server supports 2025-06-18; this client supports 2025-03-26
    -> UnsupportedProtocolVersion, did not run
    --- 2025-11-25
    initialize 1
    cannot agree on a protocol version: the server supports 2026-07-28; this client supports 2025-11-25
    -> UnsupportedProtocolVersion, did not run
    --- 2025-11-25
    initialize 1
    GET
    [server]/mcp returned HTTP status 404 Not Found
    -> Status(404), did not run
    "#);
}
