//! Servers that ask much, before they answer and as they do.

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
    Context, Messages, Outgoing, Reply, Transport, TransportError, Watch, mcp_types::Revision,
};
use serde_json::{Value, json};
use tokio::{task::yield_now, time::advance};

use crate::support::{client_with_version, describe_result, stateful_client, with_timeout};

/// How many answers of a client may be on their way at once.
const MOST: usize = 64;

/// A server in memory that counts the answers it gets, and how many are on their way at once.
#[derive(Debug)]
struct Asking {
    version: &'static str,
    /// What comes back for a call of a tool.
    events: Vec<Value>,
    /// Whether an answer takes its time.
    slow: bool,
    under_way: AtomicUsize,
    most: AtomicUsize,
    answered: AtomicUsize,
}

impl Asking {
    fn new(version: &'static str, events: Vec<Value>, slow: bool) -> Arc<Self> {
        let count = AtomicUsize::default;
        let (under_way, most, answered) = (count(), count(), count());
        Arc::new(Self { version, events, slow, under_way, most, answered })
    }

    fn reply(&self, method: &str, id: &Value) -> Messages {
        let result = match method {
            "initialize" => json!({
                "protocolVersion": self.version,
                "capabilities": { "tools": {} },
                "serverInfo": { "name": "asking", "version": "1" },
            }),
            "tools/call" => {
                let events: Vec<_> =
                    self.events.iter().map(|event| Ok(event.to_string().into())).collect();
                return Messages::Stream(stream::iter(events).boxed());
            }
            _ => return Messages::None,
        };
        Messages::One(json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string().into())
    }

    async fn take_answer(&self) {
        let under_way = self.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(under_way, Ordering::Relaxed);
        if self.slow {
            yield_now().await;
        }
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until so many answers have come.
    async fn wait_for(&self, count: usize) {
        let wait = async {
            while self.answered.load(Ordering::Relaxed) < count {
                yield_now().await;
            }
        };
        with_timeout(wait).await;
    }
}

impl Transport for Asking {
    fn send(&self, message: Outgoing) -> BoxFuture<'_, Result<Reply, TransportError>> {
        async move {
            let message: Value = serde_json::from_slice(&message.body).expect("JSON");
            let Some(method) = message["method"].as_str() else {
                self.take_answer().await;
                return Ok(Reply::new(Messages::None));
            };
            Ok(Reply::new(self.reply(method, &message["id"])))
        }
        .boxed()
    }

    fn close(&self, _: Context) -> BoxFuture<'_, Result<(), TransportError>> {
        async { Ok(()) }.boxed()
    }
}

fn pings(count: usize) -> Vec<Value> {
    (0..count).map(|id| json!({ "jsonrpc": "2.0", "id": id, "method": "ping" })).collect()
}

fn answer() -> Value {
    json!({ "jsonrpc": "2.0", "id": 2, "result": { "content": [] } })
}

#[tokio::test]
async fn immediate_answer_to_a_ping_is_sent_before_the_call_returns() {
    // PING-01: even where the answer to the call is there as soon as the question
    let mut events = pings(1);
    events.push(answer());
    let server = Asking::new("2025-11-25", events, false);
    stateful_client(Arc::clone(&server)).call_tool("add", ()).await.unwrap();
    assert_eq!(server.answered.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn slow_answer_to_a_ping_is_sent_after_the_call_returns() {
    // PING-01
    let mut events = pings(1);
    events.push(answer());
    let server = Asking::new("2025-11-25", events, true);
    stateful_client(Arc::clone(&server)).call_tool("add", ()).await.unwrap();
    server.wait_for(1).await;
}

#[tokio::test]
async fn answers_to_many_server_requests_are_limited_in_number() {
    // PING-01
    let mut events = pings(600);
    events.push(answer());
    let server = Asking::new("2025-11-25", events, true);
    stateful_client(Arc::clone(&server)).call_tool("add", ()).await.unwrap();
    server.wait_for(600).await;
    assert!(server.most.load(Ordering::Relaxed) <= MOST, "{server:?}");
}

#[tokio::test]
async fn answers_to_a_large_batch_are_limited_in_number() {
    // PING-01, LIFE-17: all of them come at once
    let mut batch = pings(600);
    batch.push(answer());
    let server = Asking::new("2025-03-26", vec![Value::Array(batch)], true);
    stateful_client(Arc::clone(&server)).call_tool("add", ()).await.unwrap();
    server.wait_for(600).await;
    assert!(server.most.load(Ordering::Relaxed) <= MOST, "{}", server.most.load(Ordering::Relaxed));
}

/// Sends messages without end and without a pause, and lets the time for a call pass.
#[derive(Debug)]
struct Endless;

impl Transport for Endless {
    fn send(&self, _: Outgoing) -> BoxFuture<'_, Result<Reply, TransportError>> {
        let told = || Ok(json!({ "jsonrpc": "2.0", "method": "x" }).to_string().into());
        let first = stream::once(async move {
            advance(Duration::from_secs(31)).await;
            told()
        });
        let rest = stream::iter((0..100_000).map(move |_| told()));
        async { Ok(Reply::new(Messages::Stream(first.chain(rest).boxed()))) }.boxed()
    }

    fn close(&self, _: Context) -> BoxFuture<'_, Result<(), TransportError>> {
        async { Ok(()) }.boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn endless_notifications_do_not_prevent_the_timeout() {
    // LIFE-13
    let client = client_with_version(Endless, Revision::V2026_07_28);
    assert_snapshot!(describe_result(client.call_tool("add", ()).await), @"
    no answer to `tools/call` within 30s
    -> Timeout
    ");
    let watched = client.watch(Watch::new().tools()).await;
    assert_snapshot!(describe_result(watched.map(drop)), @"
    no answer to `subscriptions/listen` within 30s
    -> Timeout
    ");
}
