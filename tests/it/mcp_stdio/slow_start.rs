//! A server that starts slowly gets `server/discover` and `initialize`, and responds to both in
//! order. The client and the server must end up with the same protocol version.

use std::{env, fs, path::PathBuf, pin::pin, process};

use futures_util::future::{Either, select};
use insta::assert_snapshot;
use mcp_client::{Client, Error, Negotiation, Transport, mcp_types::Revision};
use serde_json::{Value, json};
use tokio::task::yield_now;

use super::support::{ServerEnd, call, pid, server};
use crate::support::{advance_until, describe_result, with_timeout};

/// A client that has sent both requests, and the server's end with the requests.
struct SlowStart {
    connecting: tokio::task::JoinHandle<Result<Revision, Error>>,
    client: Client,
    known: Negotiation,
    wire: ServerEnd,
    discover: Value,
    initialize: Value,
}

async fn slow_start() -> SlowStart {
    let (transport, mut wire) = ServerEnd::new();
    let known = Negotiation::new();
    let client = Client::builder(transport).negotiation(known.clone()).build();
    let caller = client.clone();
    let connecting = tokio::spawn(async move { Ok(caller.connect().await?.revision) });
    let discover = wire.next().await.expect("a request");
    assert_eq!(discover["method"], "server/discover");
    let (initialize, _) = advance_until(wire.next_untimed()).await;
    let initialize = initialize.expect("a request");
    assert_eq!(initialize["method"], "initialize");
    SlowStart { connecting, client, known, wire, discover, initialize }
}

impl SlowStart {
    async fn accept_discover(&mut self) {
        self.wire
            .respond(
                &self.discover,
                json!({
                    "resultType": "complete",
                    "supportedVersions": ["2026-07-28"],
                    "capabilities": { "tools": {} },
                    "ttlMs": 60_000,
                    "cacheScope": "private",
                }),
            )
            .await;
    }

    async fn accept_initialize(&mut self) {
        self.wire
            .respond(
                &self.initialize,
                json!({
                    "protocolVersion": "2025-11-25",
                    "capabilities": { "tools": {} },
                    "serverInfo": { "name": "slow", "version": "1" },
                }),
            )
            .await;
    }

    async fn reject(&mut self, request: &Value, code: i64) {
        let data = json!({ "supported": ["2026-07-28"], "requested": "2025-11-25" });
        let error = json!({ "code": code, "message": "no", "data": data });
        let response = json!({ "jsonrpc": "2.0", "id": request["id"], "error": error });
        self.wire.send(response).await;
    }

    /// Returns the version of the client once it is connected, and the ids of its requests so far.
    async fn connected(self) -> (String, Vec<Value>) {
        let Self { connecting, client, known, mut wire, discover, initialize } = self;
        let revision = with_timeout(connecting).await.expect("no panic").expect("a connection");
        assert_eq!(known.revision(), Some(revision));
        if revision < Revision::V2026_07_28 {
            let notification = wire.next().await.expect("a notification");
            assert_eq!(notification["method"], "notifications/initialized");
        }
        let listing = tokio::spawn(async move { client.list_tools().await });
        let list =
            wire.respond_to("tools/list", json!({ "resultType": "complete", "tools": [] })).await;
        with_timeout(listing).await.expect("no panic").expect("a list");
        let ids = [discover, initialize, list].map(|request| request["id"].clone());
        (revision.to_string(), ids.to_vec())
    }
}

#[tokio::test]
async fn server_that_accepts_both_requests_is_stateful() {
    // The session of `initialize` is the last thing that the server has agreed to.
    let mut slow = slow_start().await;
    slow.accept_discover().await;
    slow.accept_initialize().await;
    let (revision, ids) = slow.connected().await;
    assert_eq!(revision, "2025-11-25");
    assert_eq!(ids, [json!("probe-1"), json!(1), json!(2)]);
}

#[tokio::test]
async fn server_that_rejects_initialize_is_stateless() {
    for code in [-32022, -32601] {
        let mut slow = slow_start().await;
        slow.accept_discover().await;
        slow.reject(&slow.initialize.clone(), code).await;
        let (revision, ids) = slow.connected().await;
        assert_eq!(revision, "2026-07-28");
        // No id is used twice on a connection.
        assert_eq!(ids, [json!("probe-1"), json!(1), json!(2)]);
    }
}

#[tokio::test]
async fn server_that_rejects_discover_is_stateful() {
    let mut slow = slow_start().await;
    slow.reject(&slow.discover.clone(), -32601).await;
    slow.accept_initialize().await;
    let (revision, ids) = slow.connected().await;
    assert_eq!(revision, "2025-11-25");
    assert_eq!(ids, [json!("probe-1"), json!(1), json!(2)]);
}

#[tokio::test]
async fn server_that_responds_before_the_probe_timeout_gets_no_initialize() {
    let (transport, mut wire) = ServerEnd::new();
    let limit = transport.probe_timeout().expect("a timeout");
    let client = Client::new(transport);
    let connecting = tokio::spawn(async move { client.connect().await });
    let discover = wire.next().await.expect("a request");
    crate::support::advance_time(limit - std::time::Duration::from_secs(1)).await;
    wire.respond(
        &discover,
        json!({ "resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {} }),
    )
    .await;
    let server_info = with_timeout(connecting).await.unwrap().unwrap();
    assert_eq!(server_info.revision, Revision::V2026_07_28);
    assert_eq!(wire.next().await, None, "the client has closed the connection");
}

/// A path that does not exist. The file is deleted with this value.
struct Marker(PathBuf);

impl Marker {
    fn new(name: &str) -> Self {
        Self(env::temp_dir().join(format!("relay-slow-start-{}-{name}", process::id())))
    }

    /// The text that the first process has written.
    fn text(&self) -> String {
        fs::read_to_string(&self.0).unwrap_or_default()
    }

    /// The id of the first process.
    fn pid(&self) -> String {
        self.text().split(' ').next().unwrap_or_default().to_owned()
    }
}

impl Drop for Marker {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Calls a process that responds to `server/discover` only after it got `initialize`. It does so only
/// in its first life.
async fn call_slow_process(behaviors: &[&str]) -> String {
    let marker = Marker::new(&behaviors.join("-"));
    let late = format!("late={}", marker.0.display());
    let known = Negotiation::new();
    let transport = server(behaviors).arg(late).build();
    let client = Client::builder(transport).negotiation(known.clone()).build();
    let outcome = match call(&client, "echo", json!({ "a": 1 })).await {
        Ok(text) => text,
        failure => describe_result(failure),
    };
    let process = match pid(&client).await.to_string() == marker.pid() {
        true => "first process",
        false => "second process",
    };
    client.close().await.expect("it closes");
    let revision = known.revision().map_or("unknown".to_owned(), |it| it.to_string());
    format!("{outcome}, {revision}, {process}")
}

#[tokio::test]
async fn slow_processes_have_the_version_of_their_last_response() {
    let shown = [
        call_slow_process(&["new"]).await,
        call_slow_process(&["new", "old"]).await,
        call_slow_process(&["old"]).await,
        call_slow_process(&["new", "no-initialize"]).await,
    ];
    assert_snapshot!(shown.join("\n"), @r#"
    {"a":1}, 2026-07-28, first process
    {"a":1}, 2025-06-18, first process
    {"a":1}, 2025-06-18, first process
    {"a":1}, 2026-07-28, second process
    "#);
}

#[tokio::test]
async fn process_is_restarted_if_a_caller_gave_up_between_both_responses() {
    let marker = Marker::new("gave-up");
    let late = format!("late={}", marker.0.display());
    let transport = server(&["new", "old", "later"]).arg(late).build();
    let client = Client::new(transport);
    let first_process_has_both = async {
        while !marker.text().ends_with("two") {
            yield_now().await;
        }
    };
    {
        let (connecting, both) = (pin!(client.connect()), pin!(first_process_has_both));
        let first = with_timeout(select(connecting, both)).await;
        assert!(matches!(first, Either::Right(_)), "the first process responds to nothing yet");
    }
    // The first caller has given up.
    let server_info = with_timeout(client.connect()).await.unwrap();
    assert_eq!(server_info.revision, Revision::V2026_07_28);
    assert_ne!(pid(&client).await.to_string(), marker.pid());
    client.close().await.unwrap();
}
