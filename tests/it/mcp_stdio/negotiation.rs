//! Detecting whether a server on stdio is stateful or stateless.
//!
//! The tests follow the MCP 2026-07-28 specification, basic/transports/stdio, "Backward
//! Compatibility".

use std::time::Duration;

use insta::assert_snapshot;
use mcp_client::{Client, Deviation, Error, Negotiation, Transport, mcp_types::Revision};
use serde_json::json;
use tokio::time::Instant;

use super::support::{ServerEnd, call, client, pid, server};
use crate::support::{advance_until, describe_result, with_timeout};

/// Calls a server whose version is unknown. Shows the result and the negotiated version.
async fn call_unknown_server(behaviors: &[&str]) -> String {
    let known = Negotiation::new();
    let client = Client::builder(server(behaviors).build()).negotiation(known.clone()).build();
    let outcome = match call(&client, "echo", json!({ "a": 1 })).await {
        Ok(text) => text,
        failure => describe_result(failure).replace(env!("CARGO_BIN_EXE_stdio-server"), "[SERVER]"),
    };
    let revision = known.revision().map_or("unknown".to_owned(), |it| it.to_string());
    format!("{outcome}\nverdict: {revision}")
}

#[tokio::test]
async fn probe_recognizes_each_kind_of_server() {
    // N-STDIO-06, N-VER-01: a server that responds, one that rejects, one that is silent, one that
    // exits on unknown methods
    for (behaviors, revision) in [
        (&["new"][..], "2026-07-28"),
        (&["old"], "2025-06-18"),
        (&["old", "silent"], "2025-06-18"),
        (&["old", "leaves"], "2025-06-18"),
        (&["new", "old"], "2026-07-28"),
        (&["new", "banner"], "2026-07-28"),
    ] {
        let expected = format!("{{\"a\":1}}\nverdict: {revision}");
        assert_eq!(call_unknown_server(behaviors).await, expected, "{behaviors:?}");
    }
}

#[tokio::test]
async fn stateful_server_keeps_its_process_after_the_probe() {
    let client = client(&["old"]);
    let first = pid(&client).await;
    assert_eq!(pid(&client).await, first);
}

#[tokio::test]
async fn server_that_always_exits_is_reported_with_its_stderr() {
    // 3.3: restarted once
    assert_snapshot!(call_unknown_server(&["exits"]).await, @r#"
    "[SERVER]" exited (exit status: 7) before a response arrived; the outcome is unknown; last lines of stderr:
      cannot find module 'left-pad'
      the key is
    -> Interrupted, did not run
    verdict: unknown
    "#);
    assert_snapshot!(call_unknown_server(&["leaves", "exits-late"]).await, @r#"
    "[SERVER]" exited (exit status: 1) before a response arrived; the outcome is unknown
    -> Interrupted, did not run
    verdict: unknown
    "#);
}

#[tokio::test]
async fn server_that_rejects_everything_is_reported() {
    assert_snapshot!(call_unknown_server(&[]).await, @r#"
    "initialize" failed: no method initialize (code -32601)
    -> Rpc, did not run
    verdict: unknown
    "#);
}

#[tokio::test]
async fn late_probe_response_overrides_a_failed_initialize() {
    // 3.3: the time T passes, and both requests stay pending
    let (transport, mut wire) = ServerEnd::new();
    let limit = transport.probe_timeout().unwrap();
    let known = Negotiation::new();
    let client = Client::builder(transport).negotiation(known.clone()).build();
    let connecting = tokio::spawn(async move { client.connect().await });
    let probe = wire.next().await.unwrap();
    let before = Instant::now();
    let (initialize, passed) = advance_until(wire.next_untimed()).await;
    let initialize = initialize.unwrap();
    assert!(passed >= limit - Duration::from_secs(1) && before.elapsed() >= limit, "{passed:?}");
    assert_eq!(initialize["method"], "initialize");
    let error = json!({ "code": -32601, "message": "no such method" });
    wire.send(json!({ "jsonrpc": "2.0", "id": initialize["id"], "error": error })).await;
    wire.respond(
        &probe,
        json!({ "resultType": "complete", "supportedVersions": ["2026-07-28"],
        "capabilities": {}, "ttlMs": 0, "cacheScope": "private" }),
    )
    .await;
    assert_eq!(with_timeout(connecting).await.unwrap().unwrap().revision, Revision::V2026_07_28);
    assert_eq!(known.revision(), Some(Revision::V2026_07_28));
}

#[tokio::test]
async fn error_without_an_id_is_the_response_to_the_probe() {
    let (transport, mut wire) = ServerEnd::new();
    let known = Negotiation::new();
    let client = Client::builder(transport).negotiation(known.clone()).build();
    let connecting = tokio::spawn(async move { client.connect().await });
    assert_eq!(wire.next().await.unwrap()["method"], "server/discover");
    let error = json!({ "code": -32600, "message": "not initialized" });
    wire.send(json!({ "jsonrpc": "2.0", "id": null, "error": error })).await;
    wire.initialize().await;
    assert_eq!(with_timeout(connecting).await.unwrap().unwrap().revision, Revision::V2025_11_25);
    assert_eq!(known.deviations(), [(Deviation::ErrorWithoutId, 1)]);
}

#[tokio::test]
async fn silent_server_times_out_like_any_call() {
    let (transport, mut wire) = ServerEnd::new();
    let client = Client::new(transport);
    let connecting = tokio::spawn(async move { client.connect().await });
    assert_eq!(wire.next().await.unwrap()["method"], "server/discover");
    let (outcome, passed) = advance_until(connecting).await;
    assert!(matches!(outcome.unwrap(), Err(Error::Timeout { .. })));
    assert!(passed > Duration::from_secs(29), "{passed:?}");
    assert_eq!(wire.next().await.unwrap()["method"], "initialize");
}

#[tokio::test]
async fn pinned_version_is_used_without_a_probe() {
    // 3.1.8
    let transport = server(&["old", "leaves"]).build();
    let client = Client::builder(transport).protocol_version(Revision::V2025_06_18).build();
    assert_eq!(call(&client, "echo", json!({})).await.unwrap(), "{}");
}
