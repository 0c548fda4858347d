//! Many server requests at once, before and together with the response.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};
use insta::assert_snapshot;
use mcp_client::{
    MessageContext, OutgoingMessage, ResponseMessages, SubscriptionFilter, Transport,
    TransportError, TransportResponse, mcp_types::Revision,
};
use serde_json::{Value, json};
use tokio::{task::yield_now, time::advance};

use crate::support::{client_with_version, describe_result, stateful_client, with_timeout};

/// The maximum number of responses that a client sends at the same time.
const MAX_IN_FLIGHT: usize = 64;

/// A server in memory that counts the responses of the client, in total and at the same time.
#[derive(Debug)]
struct FloodingServer {
    version: &'static str,
    /// The messages on the stream of a tool call.
    events: Vec<Value>,
    /// If set, the server is slow to accept a response.
    is_slow: bool,
    in_flight: AtomicUsize,
    max_in_flight: AtomicUsize,
    response_count: AtomicUsize,
}

impl FloodingServer {
    fn new(version: &'static str, events: Vec<Value>, is_slow: bool) -> Arc<Self> {
        let count = AtomicUsize::default;
        let (in_flight, max_in_flight, response_count) = (count(), count(), count());
        Arc::new(Self { version, events, is_slow, in_flight, max_in_flight, response_count })
    }

    fn reply(&self, method: &str, id: &Value) -> ResponseMessages {
        let result = match method {
            "initialize" => json!({
                "protocolVersion": self.version,
                "capabilities": { "tools": {} },
                "serverInfo": { "name": "asking", "version": "1" },
            }),
            "tools/call" => {
                let events: Vec<_> =
                    self.events.iter().map(|event| Ok(event.to_string().into())).collect();
                return ResponseMessages::Stream(stream::iter(events).boxed());
            }
            _ => return ResponseMessages::None,
        };
        ResponseMessages::One(
            json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string().into(),
        )
    }

    async fn take_response(&self) {
        let in_flight = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.max_in_flight.fetch_max(in_flight, Ordering::Relaxed);
        if self.is_slow {
            yield_now().await;
        }
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.response_count.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until `count` responses have arrived.
    async fn wait_for_responses(&self, count: usize) {
        let wait = async {
            while self.response_count.load(Ordering::Relaxed) < count {
                yield_now().await;
            }
        };
        with_timeout(wait).await;
    }
}

impl Transport for FloodingServer {
    fn send(
        &self,
        message: OutgoingMessage,
    ) -> BoxFuture<'_, Result<TransportResponse, TransportError>> {
        async move {
            let message: Value = serde_json::from_slice(&message.body).expect("JSON");
            let Some(method) = message["method"].as_str() else {
                self.take_response().await;
                return Ok(TransportResponse::new(ResponseMessages::None));
            };
            Ok(TransportResponse::new(self.reply(method, &message["id"])))
        }
        .boxed()
    }

    fn close(&self, _: MessageContext) -> BoxFuture<'_, Result<(), TransportError>> {
        async { Ok(()) }.boxed()
    }
}

fn pings(count: usize) -> Vec<Value> {
    (0..count).map(|id| json!({ "jsonrpc": "2.0", "id": id, "method": "ping" })).collect()
}

fn call_result() -> Value {
    json!({ "jsonrpc": "2.0", "id": 2, "result": { "content": [] } })
}

#[tokio::test]
async fn immediate_response_to_a_ping_is_sent_before_the_call_returns() {
    // PING-01: even if the response to the call arrives together with the request
    let mut events = pings(1);
    events.push(call_result());
    let server = FloodingServer::new("2025-11-25", events, false);
    stateful_client(Arc::clone(&server)).call_tool("add", ()).await.unwrap();
    assert_eq!(server.response_count.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn server_request_is_not_answered_in_a_stateless_version() {
    // N-BASE-06: servers cannot send requests there
    let mut events = pings(3);
    events.push(json!({ "jsonrpc": "2.0", "id": "r", "method": "roots/list" }));
    let result = json!({ "resultType": "complete", "content": [] });
    events.push(json!({ "jsonrpc": "2.0", "id": 1, "result": result }));
    let server = FloodingServer::new("2026-07-28", events, false);
    let client = client_with_version(Arc::clone(&server), Revision::V2026_07_28);
    client.call_tool("add", ()).await.unwrap();
    drop(client);
    for _ in 0..10 {
        yield_now().await;
    }
    assert_eq!(server.response_count.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn slow_response_to_a_ping_is_sent_after_the_call_returns() {
    // PING-01
    let mut events = pings(1);
    events.push(call_result());
    let server = FloodingServer::new("2025-11-25", events, true);
    stateful_client(Arc::clone(&server)).call_tool("add", ()).await.unwrap();
    server.wait_for_responses(1).await;
}

#[tokio::test]
async fn responses_to_many_server_requests_are_limited_in_number() {
    // PING-01
    let mut events = pings(600);
    events.push(call_result());
    let server = FloodingServer::new("2025-11-25", events, true);
    stateful_client(Arc::clone(&server)).call_tool("add", ()).await.unwrap();
    server.wait_for_responses(600).await;
    assert!(server.max_in_flight.load(Ordering::Relaxed) <= MAX_IN_FLIGHT, "{server:?}");
}

#[tokio::test]
async fn responses_to_a_large_batch_are_limited_in_number() {
    // PING-01, LIFE-17: all requests arrive at once
    let mut batch = pings(600);
    batch.push(call_result());
    let server = FloodingServer::new("2025-03-26", vec![Value::Array(batch)], true);
    stateful_client(Arc::clone(&server)).call_tool("add", ()).await.unwrap();
    server.wait_for_responses(600).await;
    assert!(
        server.max_in_flight.load(Ordering::Relaxed) <= MAX_IN_FLIGHT,
        "{}",
        server.max_in_flight.load(Ordering::Relaxed)
    );
}

/// Sends notifications without end and without a pause, while the request timeout passes.
#[derive(Debug)]
struct EndlessNotifications;

impl Transport for EndlessNotifications {
    fn send(&self, _: OutgoingMessage) -> BoxFuture<'_, Result<TransportResponse, TransportError>> {
        let notification = || Ok(json!({ "jsonrpc": "2.0", "method": "x" }).to_string().into());
        let first = stream::once(async move {
            advance(Duration::from_secs(31)).await;
            notification()
        });
        let rest = stream::iter((0..100_000).map(move |_| notification()));
        async { Ok(TransportResponse::new(ResponseMessages::Stream(first.chain(rest).boxed()))) }
            .boxed()
    }

    fn close(&self, _: MessageContext) -> BoxFuture<'_, Result<(), TransportError>> {
        async { Ok(()) }.boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn endless_notifications_do_not_prevent_the_timeout() {
    // LIFE-13
    let client = client_with_version(EndlessNotifications, Revision::V2026_07_28);
    assert_snapshot!(describe_result(client.call_tool("add", ()).await), @r#"
    "tools/call": no response within 30s
    -> Timeout, did not run
    "#);
    let subscribed = client.subscribe(SubscriptionFilter::new().tools()).await;
    assert_snapshot!(describe_result(subscribed.map(drop)), @r#"
    "subscriptions/listen": no response within 30s
    -> Timeout
    "#);
}
