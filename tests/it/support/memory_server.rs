//! A server in memory whose streams a test writes, message by message.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::{
    FutureExt, StreamExt,
    future::{BoxFuture, pending},
    stream::unfold,
};
use mcp_client::{Context, MessageStream, Messages, Outgoing, Reply, Transport, TransportError};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::soon;

/// The id of the first call of a client, after `initialize`.
const CALL: i64 = 2;

/// A server of 2025-11-25: a call of a tool is answered by the stream that the test writes.
#[derive(Debug)]
pub(crate) struct Line {
    ears: Ears,
    said: Mutex<mpsc::UnboundedSender<Value>>,
    call: Mutex<Option<mpsc::UnboundedReceiver<Value>>>,
    aside: Mutex<Option<mpsc::UnboundedSender<Value>>>,
    pub(crate) listened: AtomicUsize,
    sent: watch::Sender<Vec<Value>>,
}

/// What it does where a client wants to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ears {
    /// It has no stream for that.
    Refused,
    Agreed,
    /// It leaves that open.
    Unanswered,
}

impl Line {
    pub(crate) fn new(ears: Ears) -> Self {
        let (said, call) = mpsc::unbounded_channel();
        Self {
            ears,
            said: Mutex::new(said),
            call: Mutex::new(Some(call)),
            aside: Mutex::default(),
            listened: AtomicUsize::new(0),
            sent: watch::Sender::default(),
        }
    }

    /// Sends a message on the stream of the call.
    pub(crate) fn say(&self, message: Value) {
        lock(&self.said).send(message).expect("somebody listens");
    }

    /// Answers the call.
    pub(crate) fn answer(&self) {
        self.say(json!({ "jsonrpc": "2.0", "id": CALL, "result": { "content": [] } }));
    }

    /// Sends a message on the stream that the client listens on; tells whether it still does.
    pub(crate) fn say_aside(&self, message: Value) -> bool {
        lock(&self.aside).as_ref().is_some_and(|aside| aside.send(message).is_ok())
    }

    /// Waits until the client no longer listens.
    pub(crate) async fn left_alone(&self) {
        let aside = lock(&self.aside).clone().expect("it has listened");
        soon(aside.closed()).await;
    }

    /// What the client has answered, as soon as there are so many answers; in the order of their ids.
    pub(crate) async fn answers(&self, count: usize) -> Vec<Value> {
        let are = |sent: &Vec<Value>| sent.iter().filter(|it| it.get("method").is_none()).count();
        let mut sent = self.sent.subscribe();
        let sent = soon(sent.wait_for(|sent| are(sent) >= count)).await.expect("a sender").clone();
        let mut answers: Vec<_> =
            sent.into_iter().filter(|sent| sent.get("method").is_none()).collect();
        answers.sort_by_key(|answer| answer["id"].to_string());
        answers
    }
}

impl Transport for Line {
    fn send(&self, message: Outgoing) -> BoxFuture<'_, Result<Reply, TransportError>> {
        let message: Value = serde_json::from_slice(&message.body).expect("JSON");
        let reply = match message["method"].as_str() {
            Some("initialize") => Messages::One(
                json!({ "jsonrpc": "2.0", "id": message["id"], "result": {
                    "protocolVersion": "2025-11-25",
                    "capabilities": { "tools": {} },
                    "serverInfo": { "name": "line", "version": "1" },
                } })
                .to_string()
                .into(),
            ),
            Some("tools/call") => {
                Messages::Stream(stream(lock(&self.call).take().expect("a single call")))
            }
            _ => Messages::None,
        };
        self.sent.send_modify(|sent| sent.push(message));
        async { Ok(Reply::new(reply)) }.boxed()
    }

    fn listen(&self, _: Context) -> BoxFuture<'_, Result<Option<MessageStream>, TransportError>> {
        self.listened.fetch_add(1, Ordering::Relaxed);
        match self.ears {
            Ears::Refused => async { Ok(None) }.boxed(),
            Ears::Unanswered => pending().boxed(),
            Ears::Agreed => {
                let (aside, heard) = mpsc::unbounded_channel();
                *lock(&self.aside) = Some(aside);
                async { Ok(Some(stream(heard))) }.boxed()
            }
        }
    }

    fn close(&self, _: Context) -> BoxFuture<'_, Result<(), TransportError>> {
        async { Ok(()) }.boxed()
    }
}

fn stream(messages: mpsc::UnboundedReceiver<Value>) -> MessageStream {
    let next = async |mut messages: mpsc::UnboundedReceiver<Value>| {
        let message = messages.recv().await?;
        Some((Ok(message.to_string().into()), messages))
    };
    unfold(messages, next).boxed()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
