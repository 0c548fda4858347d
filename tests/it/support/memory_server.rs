//! A server in memory whose streams the test writes message by message.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use futures_util::{
    FutureExt, StreamExt,
    future::{BoxFuture, pending},
    stream::unfold,
};
use mcp_client::{
    MessageContext, MessageStream, OutgoingMessage, ResponseMessages, SessionId, Transport,
    TransportError, TransportErrorKind, TransportResponse,
};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::with_timeout;

/// The request id of the first call of a client. `initialize` has the id before.
const CALL: i64 = 2;

/// A server of version 2025-11-25 that is its own transport.
///
/// It responds to one tool call with a stream, on which the test sends messages.
#[derive(Debug)]
pub(crate) struct MemoryServer {
    get_stream: GetStream,
    call_sender: Mutex<mpsc::UnboundedSender<Value>>,
    call_receiver: Mutex<Option<mpsc::UnboundedReceiver<Value>>>,
    get_sender: Mutex<Option<mpsc::UnboundedSender<Value>>>,
    pub(crate) listen_count: AtomicUsize,
    /// If set, the next ping fails, because the server has lost the session.
    has_lost_session: AtomicBool,
    received: watch::Sender<Vec<Value>>,
}

/// The response of the server to a client that opens the GET stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GetStream {
    /// It has no GET stream.
    NotOffered,
    Open,
    /// It never responds.
    NoResponse,
}

impl MemoryServer {
    pub(crate) fn new(get_stream: GetStream) -> Self {
        let (call_sender, call_receiver) = mpsc::unbounded_channel();
        Self {
            get_stream,
            call_sender: Mutex::new(call_sender),
            call_receiver: Mutex::new(Some(call_receiver)),
            get_sender: Mutex::default(),
            listen_count: AtomicUsize::new(0),
            has_lost_session: AtomicBool::new(false),
            received: watch::Sender::default(),
        }
    }

    /// Sends a message on the stream of the tool call.
    pub(crate) fn send_during_call(&self, message: Value) {
        lock(&self.call_sender).send(message).expect("the client reads the stream");
    }

    /// Sends the result of the tool call.
    pub(crate) fn complete_call(&self) {
        self.send_during_call(json!({ "jsonrpc": "2.0", "id": CALL, "result": { "content": [] } }));
    }

    /// Loses the session. The next ping shows it.
    pub(crate) fn lose_session(&self) {
        self.has_lost_session.store(true, Ordering::Relaxed);
    }

    /// The messages of the client so far.
    pub(crate) fn received(&self) -> Vec<Value> {
        self.received.borrow().clone()
    }

    /// Sends a message on the GET stream. Returns whether the client still listens.
    pub(crate) fn send_on_get_stream(&self, message: Value) -> bool {
        lock(&self.get_sender).as_ref().is_some_and(|get_sender| get_sender.send(message).is_ok())
    }

    /// Waits until the client closes the GET stream.
    pub(crate) async fn wait_until_stream_closed(&self) {
        let get_sender =
            lock(&self.get_sender).clone().expect("the client has opened the GET stream");
        with_timeout(get_sender.closed()).await;
    }

    /// The responses of the client to server requests, sorted by id. Waits for at least `count`.
    pub(crate) async fn client_responses(&self, count: usize) -> Vec<Value> {
        let is_response = |message: &&Value| message.get("method").is_none();
        let mut received = self.received.subscribe();
        let received =
            received.wait_for(|received| received.iter().filter(is_response).count() >= count);
        let received = with_timeout(received).await.expect("a sender").clone();
        let mut responses: Vec<_> =
            received.into_iter().filter(|message| is_response(&message)).collect();
        responses.sort_by_key(|response| response["id"].to_string());
        responses
    }
}

impl Transport for MemoryServer {
    fn send(
        &self,
        message: OutgoingMessage,
    ) -> BoxFuture<'_, Result<TransportResponse, TransportError>> {
        message.sent.set(true);
        let message: Value = serde_json::from_slice(&message.body).expect("JSON");
        let method = message["method"].as_str();
        if method == Some("ping") && self.has_lost_session.swap(false, Ordering::Relaxed) {
            let error = TransportError::new(TransportErrorKind::SessionEnded, "no such session");
            return async { Err(error) }.boxed();
        }
        let session = SessionId::new(b"session").filter(|_| method == Some("initialize"));
        let reply = match method {
            Some("initialize") => ResponseMessages::One(
                json!({ "jsonrpc": "2.0", "id": message["id"], "result": {
                    "protocolVersion": "2025-11-25",
                    "capabilities": { "tools": {} },
                    "serverInfo": { "name": "line", "version": "1" },
                } })
                .to_string()
                .into(),
            ),
            Some("tools/call") => ResponseMessages::Stream(stream(
                lock(&self.call_receiver).take().expect("a single call"),
            )),
            Some("ping") => ResponseMessages::One(
                json!({ "jsonrpc": "2.0", "id": message["id"], "result": {} }).to_string().into(),
            ),
            _ => ResponseMessages::None,
        };
        self.received.send_modify(|received| received.push(message));
        async { Ok(TransportResponse::new(reply).with_session(session)) }.boxed()
    }

    fn listen(
        &self,
        _: MessageContext,
    ) -> BoxFuture<'_, Result<Option<MessageStream>, TransportError>> {
        self.listen_count.fetch_add(1, Ordering::Relaxed);
        match self.get_stream {
            GetStream::NotOffered => async { Ok(None) }.boxed(),
            GetStream::NoResponse => pending().boxed(),
            GetStream::Open => {
                let (get_sender, receiver) = mpsc::unbounded_channel();
                *lock(&self.get_sender) = Some(get_sender);
                async { Ok(Some(stream(receiver))) }.boxed()
            }
        }
    }

    fn close(&self, _: MessageContext) -> BoxFuture<'_, Result<(), TransportError>> {
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
