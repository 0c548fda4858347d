//! Messages line by line, against a server in memory.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::StreamExt;
use insta::assert_snapshot;
use mcp_client::{
    CallOptions, Client, Negotiation, ServerChange, SubscriptionFilter,
    mcp_types::{Era, Revision, v2026_07_28::LoggingLevel},
};
use serde_json::{json, value::RawValue};

use super::support::{ServerEnd, call_result, text};
use crate::support::{
    ALL_CAPABILITIES, HandlerBehavior, PROTOCOL_VERSIONS, RecordingHandler, advance_time,
    describe_result, with_timeout,
};

/// A client which knows the protocol version, and its server.
fn client_with_version(revision: Revision) -> (Client, ServerEnd) {
    let (transport, wire) = ServerEnd::new();
    let known = Negotiation::with_revision(revision);
    (Client::builder(transport).negotiation(known).build(), wire)
}

fn stateless_client() -> (Client, ServerEnd) {
    client_with_version(Revision::V2026_07_28)
}

#[tokio::test]
async fn responses_may_arrive_in_any_order() {
    // STDIO-02
    let (client, mut wire) = stateless_client();
    let calls = ["a", "b", "c"].map(|name| {
        let client = client.clone();
        tokio::spawn(async move { client.call_tool(name, ()).await.map(|it| text(&it)) })
    });
    let mut requests = Vec::new();
    for _ in &calls {
        requests.push(wire.next().await.unwrap());
    }
    requests.reverse();
    for request in &requests {
        let name = request["params"]["name"].as_str().unwrap();
        wire.respond(request, call_result(name)).await;
    }
    for (call, name) in calls.into_iter().zip(["a", "b", "c"]) {
        assert_eq!(with_timeout(call).await.unwrap().unwrap(), name);
    }
}

#[tokio::test]
async fn message_is_always_one_line() {
    // STDIO-03, STDIO-04, N-STDIO-01
    let (client, mut wire) = stateless_client();
    let arguments = RawValue::from_string("{\n  \"a\":\r\n \"b\\n\"}".to_owned()).unwrap();
    let call = tokio::spawn(async move { client.call_tool("echo", arguments).await });
    let request = wire.respond_to("tools/call", call_result("ok")).await;
    assert_eq!(request["params"]["arguments"], json!({ "a": "b\n" }));
    with_timeout(call).await.unwrap().unwrap();
}

#[tokio::test]
async fn interleaved_server_messages_reach_their_recipients() {
    // STDIO-02: server requests are answered; progress and logs reach their call
    let (client, mut wire) = client_with_version(Revision::V2025_11_25);
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let options = {
        let (progress, logs) = (Arc::clone(&heard), Arc::clone(&heard));
        let note = move |note| logs.lock().unwrap().push(note);
        CallOptions::new()
            .on_progress(move |it| {
                progress.lock().unwrap().push(format!("progress {}", it.progress));
            })
            .on_log(LoggingLevel::Info, move |it| note(format!("log {}", it.data)))
    };
    let calling = client.with_options(options);
    let call = tokio::spawn(async move { calling.call_tool("slow", ()).await.map(|it| text(&it)) });
    wire.initialize().await;
    let request = wire.next().await.unwrap();
    let id = &request["id"];
    for message in [
        json!({ "jsonrpc": "2.0", "id": "s-1", "method": "ping" }),
        json!({ "jsonrpc": "2.0", "method": "notifications/progress",
                "params": { "progressToken": id, "progress": 0.5 } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/progress",
                "params": { "progressToken": 4711, "progress": 0.9 } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/message",
                "params": { "level": "info", "data": "half" } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" }),
    ] {
        wire.send(message).await;
    }
    let pong = wire.next().await.unwrap();
    assert_eq!(pong, json!({ "jsonrpc": "2.0", "id": "s-1", "result": {} }));
    wire.respond(&request, call_result("done")).await;
    assert_eq!(with_timeout(call).await.unwrap().unwrap(), "done");
    assert_eq!(*heard.lock().unwrap(), ["progress 0.5", "log \"half\""]);
    assert_eq!(client.tool_list_change_count(), 1);
}

#[tokio::test]
async fn log_messages_outside_of_calls_reach_the_handler() {
    let (transport, mut wire) = ServerEnd::new();
    let handler = RecordingHandler::new(ALL_CAPABILITIES, HandlerBehavior::Accept);
    let known = Negotiation::with_revision(Revision::V2025_11_25);
    let client = Client::builder(transport).handler(handler.clone()).negotiation(known).build();
    let connecting = tokio::spawn(async move { client.connect().await.map(|_| client) });
    wire.initialize().await;
    let client = with_timeout(connecting).await.unwrap().unwrap();
    wire.send(json!({ "jsonrpc": "2.0", "method": "notifications/message",
        "params": { "level": "info", "data": "restored" } }))
        .await;
    handler.wait_for_requests(1).await;
    assert_eq!(handler.requests(), [r#"log: "restored""#]);
    drop(client);
}

#[tokio::test]
async fn server_without_subscriptions_lacks_a_capability() {
    let (client, mut wire) = stateless_client();
    let filter = SubscriptionFilter::new().tools();
    let subscribing = tokio::spawn(async move { client.subscribe(filter).await });
    let request = wire.next().await.unwrap();
    wire.send(json!({ "jsonrpc": "2.0", "id": request["id"],
        "error": { "code": -32601, "message": "Method not found" } }))
        .await;
    let error = with_timeout(subscribing).await.unwrap().unwrap_err();
    assert!(matches!(error, mcp_client::Error::MissingCapability { .. }), "{error:?}");
}

#[tokio::test]
async fn progress_restarts_the_timeout_without_a_callback() {
    // LIFE-14
    for revision in PROTOCOL_VERSIONS {
        let (client, mut wire) = client_with_version(revision);
        let options = CallOptions::new().timeout(Duration::from_secs(5));
        let calling = client.with_options(options);
        let call =
            tokio::spawn(async move { calling.call_tool("slow", ()).await.map(|it| text(&it)) });
        if revision.era() == Era::Stateful {
            wire.initialize().await;
        }
        let request = wire.next().await.unwrap();
        let progress = json!({ "jsonrpc": "2.0", "method": "notifications/progress",
            "params": { "progressToken": request["params"]["_meta"]["progressToken"], "progress": 1 } });
        for _ in 0..3 {
            advance_time(Duration::from_secs(4)).await;
            wire.send(progress.clone()).await;
            // The client reads the message, which takes a few turns.
            for _ in 0..300 {
                tokio::task::yield_now().await;
            }
        }
        wire.respond(&request, call_result("done")).await;
        assert_eq!(with_timeout(call).await.unwrap().unwrap(), "done");
    }
}

#[tokio::test]
async fn server_may_ping_before_the_initialize_response() {
    // PING-02: a ping does not need an `initialize` response first
    let (client, mut wire) = client_with_version(Revision::V2025_11_25);
    let connecting = tokio::spawn(async move { client.connect().await });
    let initialize = wire.next().await.unwrap();
    wire.send(json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" })).await;
    assert_eq!(wire.next().await.unwrap()["result"], json!({}));
    let result = json!({ "protocolVersion": "2025-11-25", "capabilities": {},
        "serverInfo": { "name": "wire", "version": "1" } });
    wire.respond(&initialize, result).await;
    with_timeout(connecting).await.unwrap().unwrap();
}

#[tokio::test]
async fn dropped_call_is_cancelled_in_all_versions() {
    // N-STDIO-03, CANC-01; a late response is ignored
    for revision in [Revision::V2025_11_25, Revision::V2026_07_28] {
        let (client, mut wire) = client_with_version(revision);
        let calling = client.clone();
        let call = tokio::spawn(async move { calling.call_tool("slow", ()).await });
        if revision == Revision::V2025_11_25 {
            wire.initialize().await;
        }
        let request = wire.next().await.unwrap();
        call.abort();
        let notification = wire.next().await.unwrap();
        assert_eq!(notification["method"], "notifications/cancelled");
        assert_eq!(notification["params"]["requestId"], request["id"]);
        wire.respond(&request, call_result("late")).await;
        let call =
            tokio::spawn(async move { client.call_tool("next", ()).await.map(|it| text(&it)) });
        wire.respond_to("tools/call", call_result("in time")).await;
        assert_eq!(with_timeout(call).await.unwrap().unwrap(), "in time");
    }
}

#[tokio::test]
async fn changes_reach_the_subscription_that_they_name() {
    // N-STDIO-02, N-SUB-03
    let (client, mut wire) = stateless_client();
    let watching = tokio::spawn(async move {
        let mut changes = client.subscribe(SubscriptionFilter::new().tools()).await?;
        changes.next().await.expect("a change")
    });
    let request = wire.next().await.unwrap();
    assert_eq!(request["method"], "subscriptions/listen");
    let meta = json!({ "io.modelcontextprotocol/subscriptionId": request["id"] });
    let foreign = json!({ "io.modelcontextprotocol/subscriptionId": "other" });
    for (method, meta) in [
        ("notifications/subscriptions/acknowledged", &meta),
        ("notifications/tools/list_changed", &foreign),
        ("notifications/tools/list_changed", &meta),
    ] {
        let params = json!({ "_meta": meta, "notifications": { "toolsListChanged": true } });
        wire.send(json!({ "jsonrpc": "2.0", "method": method, "params": params })).await;
    }
    assert_eq!(with_timeout(watching).await.unwrap().unwrap(), ServerChange::Tools);
}

#[tokio::test]
async fn batches_are_split_into_messages() {
    let (client, mut wire) = stateless_client();
    let call = tokio::spawn(async move { client.call_tool("a", ()).await.map(|it| text(&it)) });
    let request = wire.next().await.unwrap();
    let ping = json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": {} });
    wire.send(
        json!([ping, { "jsonrpc": "2.0", "id": request["id"], "result": call_result("ok") }]),
    )
    .await;
    assert_eq!(with_timeout(call).await.unwrap().unwrap(), "ok");
}

#[tokio::test]
async fn end_of_stream_fails_all_pending_calls() {
    // STDIO-08
    let (client, mut wire) = stateless_client();
    let calling = client.clone();
    let call = tokio::spawn(async move { calling.call_tool("a", ()).await });
    wire.next().await.unwrap();
    drop(wire);
    assert_snapshot!(describe_result(with_timeout(call).await.unwrap()), @"
    connection closed before a response arrived; the outcome is unknown
    -> Interrupted
    ");
    assert_snapshot!(describe_result(client.call_tool("b", ()).await), @"
    connection closed before the request was sent; it did not run
    -> Unreachable, did not run
    ");
}

#[tokio::test]
async fn close_and_drop_end_the_input_of_the_server() {
    // STDIO-07
    let (client, mut wire) = stateless_client();
    client.close().await.unwrap();
    assert_eq!(wire.next().await, None);
    let (client, mut wire) = stateless_client();
    drop(client);
    assert_eq!(wire.next().await, None);
}

#[tokio::test]
async fn one_connection_serves_one_client() {
    let (transport, mut wire) = ServerEnd::new();
    let known = || Negotiation::with_revision(Revision::V2026_07_28);
    let [one, other] =
        [transport.clone(), transport].map(|it| Client::builder(it).negotiation(known()).build());
    let call = tokio::spawn(async move { one.call_tool("a", ()).await });
    let request = wire.next().await.unwrap();
    assert_snapshot!(describe_result(other.call_tool("a", ()).await), @"
    a request with this id is already pending; use one client per connection
    -> Blocked, did not run
    ");
    wire.respond(&request, call_result("ok")).await;
    with_timeout(call).await.unwrap().unwrap();
}
