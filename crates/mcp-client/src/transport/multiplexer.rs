//! Matches the messages of one connection to pending requests.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    fmt, mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use futures_util::Stream;
use mcp_types::RequestId;
use tokio::time::Instant;

use super::{
    batch,
    envelope::Recipient,
    error::{TransportError, TransportErrorKind},
    keep_alive::KeepAlive,
    message::{OutgoingMessage, SentFlag},
};
use crate::{compat, log_limit::LogLimit};

/// The maximum number of unread messages of one request or of the listener, and of their bytes. A
/// single message may be larger.
const MAX_MESSAGES: usize = 1_000;
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Distributes the messages of one connection to pending requests and the listener.
///
/// A transport with a shared connection, such as stdio, passes each message to
/// [`dispatch`](Self::dispatch). Clones share the same state.
///
/// The multiplexer never waits for a reader. If a reader is too slow, unread messages beyond a
/// limit are lost, except for responses.
///
/// # Examples
/// ```
/// use futures_util::StreamExt;
/// use mcp_client::{
///     MessageContext, MessageKind, Multiplexer, OutgoingMessage, mcp_types::RequestId,
/// };
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mcp_client::TransportError> {
/// let multiplexer = Multiplexer::new();
/// let body = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
/// let mut request = OutgoingMessage::new(body, MessageKind::Request, MessageContext::default());
/// request.id = Some(RequestId::Number(1));
/// let mut messages = multiplexer.register(&request)?;
///
/// let response = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
/// assert!(multiplexer.dispatch(response.into()));
/// assert_eq!(messages.next().await.transpose()?.as_deref(), Some(response.as_bytes()));
/// assert!(messages.next().await.is_none());
///
/// assert!(!multiplexer.dispatch("not a JSON-RPC message".into()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Multiplexer(Arc<Mutex<State>>);

struct State {
    requests: HashMap<RequestId, MessageQueue>,
    listener: MessageQueue,
    listening: bool,
    /// The number of guards that keep the connection in use.
    keep_alives: usize,
    /// Limits the log of messages that belong to no request.
    skipped: LogLimit,
    /// The time when the connection was last in use.
    last_used: Instant,
    closed: Option<Box<dyn Fn(bool) -> TransportError + Send>>,
}

/// The unread messages of one request or of the listener.
#[derive(Default)]
struct MessageQueue {
    messages: VecDeque<Result<Bytes, TransportError>>,
    /// Limits the log of lost messages.
    losses: LogLimit,
    bytes: usize,
    /// True once the last message was added.
    finished: bool,
    sent: SentFlag,
    wants_logs: bool,
    waker: Option<Waker>,
}

/// The messages for one request until its response, or the messages for the listener. Dropping it
/// discards all further messages.
#[must_use]
pub struct MultiplexedStream {
    multiplexer: Multiplexer,
    /// The id of the request. `None` for the listener.
    id: Option<RequestId>,
}

impl Multiplexer {
    /// Creates a multiplexer for a new connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a request that is about to be sent. Returns the stream of its messages, which ends
    /// with the response.
    ///
    /// # Errors
    /// Returns the error of the connection if it is [closed](Self::close). Returns
    /// [`TransportErrorKind::Blocked`] if the request has no id or a request with the same id is
    /// pending.
    pub fn register(&self, request: &OutgoingMessage) -> Result<MultiplexedStream, TransportError> {
        let blocked = |reason: &str| TransportError::new(TransportErrorKind::Blocked, reason);
        let id = request.id.clone().ok_or_else(|| blocked("a request requires an id"))?;
        let mut state = self.lock();
        if let Some(failure) = &state.closed {
            return Err(failure(false));
        }
        let Entry::Vacant(entry) = state.requests.entry(id.clone()) else {
            return Err(blocked(
                "a request with this id is already pending; use one client per connection",
            ));
        };
        entry.insert(MessageQueue {
            sent: request.sent.clone(),
            wants_logs: request.wants_logs,
            ..MessageQueue::default()
        });
        Ok(MultiplexedStream { multiplexer: self.clone(), id: Some(id) })
    }

    /// Returns the stream of messages that belong to no request. Returns `None` if another listener
    /// exists or the connection is closed.
    pub fn listen(&self) -> Option<MultiplexedStream> {
        let mut state = self.lock();
        if state.closed.is_some() || mem::replace(&mut state.listening, true) {
            return None;
        }
        Some(MultiplexedStream { multiplexer: self.clone(), id: None })
    }

    /// Marks a request as sent. Call this immediately before sending. Returns `false` if the
    /// request is no longer pending and must not be sent.
    pub fn mark_sent(&self, id: &RequestId) -> bool {
        let state = self.lock();
        let queue = state.requests.get(id);
        queue.inspect(|queue| queue.sent.set(true)).is_some()
    }

    /// Passes a message, or each message of a batch, to its recipient. Returns `false` if it is not
    /// a JSON-RPC message.
    pub fn dispatch(&self, message: Bytes) -> bool {
        if !batch::is_batch(&message) {
            return self.dispatch_one(message);
        }
        let parts = batch::split_batch(&message);
        parts.is_ok_and(|parts| parts.into_iter().all(|part| self.dispatch_one(part)))
    }

    /// Passes the error of a message that could not be read to its recipient. The `beginning` and
    /// `end` of the message show which request it responds to. If they do not, all pending requests
    /// fail.
    pub fn dispatch_error(&self, beginning: &[u8], end: &[u8], error: &TransportError) {
        let mut state = self.lock();
        let id = match Recipient::of(beginning) {
            Some(Recipient::Response(id)) => Some(id),
            _ => trailing_id(end),
        };
        match id.and_then(|id| state.requests.get_mut(&id)) {
            Some(queue) => queue.finish(Err(error.clone())),
            None => state.requests.values_mut().for_each(|queue| queue.finish(Err(error.clone()))),
        }
    }

    /// Closes the connection. Pending and future requests fail with `failure`, which receives true
    /// if the request was sent.
    pub fn close(&self, failure: impl Fn(bool) -> TransportError + Send + 'static) {
        let mut state = self.lock();
        if state.closed.is_some() {
            return;
        }
        for queue in state.requests.values_mut() {
            let error = failure(queue.sent.get());
            queue.finish(Err(error));
        }
        let error = failure(true);
        state.listener.finish(Err(error));
        state.closed = Some(Box::new(failure));
    }

    /// Returns `true` if the connection is [closed](Self::close).
    pub fn is_closed(&self) -> bool {
        self.lock().closed.is_some()
    }

    /// Keeps the connection in use until the guard is dropped, even without pending requests.
    pub fn keep_alive(&self) -> KeepAlive {
        self.lock().keep_alives += 1;
        let multiplexer = self.clone();
        KeepAlive::new(move || {
            let mut state = multiplexer.lock();
            state.keep_alives -= 1;
            state.last_used = Instant::now();
        })
    }

    /// Returns how long the connection has not been in use. Returns `None` while a request is
    /// pending or a [guard](Self::keep_alive) exists. Listening alone does not count as use.
    pub fn idle_time(&self) -> Option<Duration> {
        let state = self.lock();
        (state.keep_alives == 0 && state.requests.is_empty()).then(|| state.last_used.elapsed())
    }

    /// Returns the number of pending requests.
    pub fn pending(&self) -> usize {
        self.lock().requests.len()
    }

    fn dispatch_one(&self, message: Bytes) -> bool {
        let Some(recipient) = Recipient::of(compat::without_bom(&message)) else { return false };
        let mut state = self.lock();
        match recipient {
            Recipient::Response(id) => match state.request(&id) {
                Some(queue) => queue.finish(Ok(message)),
                // The id is not shown, because the server may echo a secret in it.
                None => {
                    if let Some(count) = state.skipped.count() {
                        tracing::debug!(count, "skipped a response without a pending request");
                    }
                }
            },
            Recipient::Notification(id) => match state.request(&id) {
                Some(queue) => queue.push(message),
                None => {
                    if let Some(count) = state.skipped.count() {
                        tracing::debug!(count, "skipped a notification without a pending request");
                    }
                }
            },
            Recipient::Logs => {
                let mut is_wanted = false;
                for queue in state.requests.values_mut().filter(|queue| queue.wants_logs) {
                    queue.push(message.clone());
                    is_wanted = true;
                }
                if !is_wanted {
                    state.listener.push(message);
                }
            }
            Recipient::Unnamed => match state.only_request() {
                Some(queue) => queue.finish(Ok(message)),
                None => state.listener.push(message),
            },
            Recipient::Listener => state.listener.push(message),
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            requests: HashMap::new(),
            listener: MessageQueue::default(),
            listening: false,
            keep_alives: 0,
            skipped: LogLimit::default(),
            last_used: Instant::now(),
            closed: None,
        }
    }
}

impl State {
    /// Returns the queue of the request with this id.
    fn request(&mut self, id: &RequestId) -> Option<&mut MessageQueue> {
        let id = match self.requests.contains_key(id) {
            true => id.clone(),
            false => compat::numeric_id(id)?,
        };
        self.requests.get_mut(&id)
    }

    /// Returns the queue of the only pending request.
    fn only_request(&mut self) -> Option<&mut MessageQueue> {
        let mut pending = self.requests.values_mut().filter(|queue| !queue.finished);
        let first = pending.next()?;
        pending.next().is_none().then_some(first)
    }
}

impl MessageQueue {
    /// Adds a message. If the queue is full, its messages are dropped, and an empty message reports
    /// the loss.
    fn push(&mut self, message: Bytes) {
        if self.finished {
            return;
        }
        let full = self.messages.len() >= MAX_MESSAGES || self.bytes + message.len() > MAX_BYTES;
        if full && !self.messages.is_empty() {
            if let Some(count) = self.losses.count() {
                tracing::debug!(count, "too many unread messages; some are lost");
            }
            self.messages.clear();
            self.bytes = 0;
            self.messages.push_back(Ok(Bytes::new()));
        }
        self.append(Ok(message));
    }

    /// Adds the last message.
    fn finish(&mut self, last: Result<Bytes, TransportError>) {
        if !mem::replace(&mut self.finished, true) {
            self.append(last);
        }
    }

    fn append(&mut self, message: Result<Bytes, TransportError>) {
        self.bytes += message.as_ref().map_or(0, Bytes::len);
        self.messages.push_back(message);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn poll(&mut self, cx: &Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        match self.messages.pop_front() {
            Some(message) => {
                self.bytes -= message.as_ref().map_or(0, Bytes::len);
                Poll::Ready(Some(message))
            }
            None if self.finished => Poll::Ready(None),
            None => {
                self.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Stream for MultiplexedStream {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = self.multiplexer.lock();
        match &self.id {
            Some(id) => {
                state.requests.get_mut(id).map_or(Poll::Ready(None), |queue| queue.poll(cx))
            }
            None => state.listener.poll(cx),
        }
    }
}

impl Drop for MultiplexedStream {
    fn drop(&mut self) {
        let mut state = self.multiplexer.lock();
        match &self.id {
            Some(id) => {
                state.requests.remove(id);
                state.last_used = Instant::now();
            }
            None => state.listening = false,
        }
    }
}

/// Finds the id at the very end of a response, where some servers write it.
fn trailing_id(end: &[u8]) -> Option<RequestId> {
    let end = end.trim_ascii_end().strip_suffix(b"}")?;
    let member = end.windows(5).rposition(|member| member == b"\"id\":")?;
    serde_json::from_slice(&end[member + 5..]).ok()
}

impl fmt::Debug for Multiplexer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Multiplexer({} pending)", self.pending())
    }
}

impl fmt::Debug for MultiplexedStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MultiplexedStream({:?})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use std::any::Any;

    use futures_util::{FutureExt, StreamExt};
    use tokio::time::advance;

    use super::*;
    use crate::transport::{MessageContext, MessageKind};

    fn request(id: i64) -> OutgoingMessage {
        let request = OutgoingMessage::new("", MessageKind::Request, MessageContext::default());
        OutgoingMessage { id: Some(RequestId::Number(id)), ..request }
    }

    fn failure(sent: bool) -> TransportError {
        let kind =
            if sent { TransportErrorKind::Interrupted } else { TransportErrorKind::SessionEnded };
        TransportError::new(kind, "closed")
    }

    /// Returns the messages that are ready to be read.
    fn ready_messages(stream: &mut MultiplexedStream) -> Vec<String> {
        let next = || stream.next().now_or_never().flatten();
        let describe = |message: Result<Bytes, TransportError>| match message {
            Ok(message) => String::from_utf8_lossy(&message).into_owned(),
            Err(error) => format!("{error}, did not run: {}", error.did_not_run()),
        };
        std::iter::from_fn(next).map(describe).collect()
    }

    #[test]
    fn responses_reach_their_requests_in_any_order() {
        // STDIO-02
        let multiplexer = Multiplexer::new();
        let mut first = multiplexer.register(&request(1)).unwrap();
        let mut second = multiplexer.register(&request(2)).unwrap();
        let mut listener = multiplexer.listen().unwrap();
        let (one, two) = (r#"{"id":1,"result":1}"#, r#"{"id":2,"result":2}"#);
        let ping = r#"{"id":1,"method":"ping"}"#;
        for message in [two, ping, two, one, r#"{"id":3,"result":3}"#] {
            assert!(multiplexer.dispatch(message.into()));
        }
        assert_eq!(ready_messages(&mut first), [one]);
        assert_eq!(ready_messages(&mut second), [two], "two responses");
        assert_eq!(ready_messages(&mut listener), [ping]);
        assert_eq!(multiplexer.pending(), 2);
        drop((first, second));
        assert_eq!(multiplexer.pending(), 0);
    }

    #[test]
    fn an_error_without_an_id_belongs_to_the_only_pending_request() {
        let multiplexer = Multiplexer::new();
        let error = r#"{"id":null,"error":{"code":-32600,"message":"what?"}}"#;
        let mut first = multiplexer.register(&request(1)).unwrap();
        let mut second = multiplexer.register(&request(2)).unwrap();
        let mut listener = multiplexer.listen().unwrap();
        assert!(multiplexer.dispatch(error.into()));
        assert_eq!(ready_messages(&mut listener), [error]);
        assert!(multiplexer.dispatch(r#"{"id":2,"result":2}"#.into()));
        assert!(multiplexer.dispatch(error.into()));
        assert_eq!(ready_messages(&mut first), [error]);
        assert_eq!(ready_messages(&mut second).len(), 1);
    }

    #[test]
    fn ids_in_strings_and_a_byte_order_mark_are_accepted() {
        let multiplexer = Multiplexer::new();
        let mut stream = multiplexer.register(&request(1)).unwrap();
        let progress = r#"{"method":"notifications/progress","params":{"progressToken":"1"}}"#;
        let response = "\u{feff}{\"id\":\"1\",\"result\":1}";
        assert!(multiplexer.dispatch(progress.into()) && multiplexer.dispatch(response.into()));
        assert_eq!(ready_messages(&mut stream), [progress, response]);
    }

    #[test]
    fn batches_are_split() {
        let multiplexer = Multiplexer::new();
        let mut stream = multiplexer.register(&request(1)).unwrap();
        assert!(multiplexer.dispatch(r#" [{"id":1,"result":1}, {"id":1,"method":"ping"}]"#.into()));
        assert_eq!(ready_messages(&mut stream), [r#"{"id":1,"result":1}"#]);
        assert_eq!(
            ready_messages(&mut multiplexer.listen().unwrap()),
            [r#"{"id":1,"method":"ping"}"#]
        );
        assert!(!multiplexer.dispatch("[7]".into()) && !multiplexer.dispatch("[".into()));
    }

    #[test]
    fn closing_distinguishes_sent_from_unsent_requests() {
        // STDIO-08
        let multiplexer = Multiplexer::new();
        let mut sent = multiplexer.register(&request(1)).unwrap();
        let mut queued = multiplexer.register(&request(2)).unwrap();
        assert!(multiplexer.mark_sent(&RequestId::Number(1)));
        drop(multiplexer.register(&request(3)).unwrap());
        assert!(!multiplexer.mark_sent(&RequestId::Number(3)), "no longer pending");
        multiplexer.close(failure);
        assert_eq!(ready_messages(&mut sent), ["closed, did not run: false"]);
        assert_eq!(ready_messages(&mut queued), ["closed, did not run: true"]);
        assert!(multiplexer.register(&request(4)).unwrap_err().did_not_run());
        assert!(multiplexer.listen().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn the_connection_is_idle_since_its_last_use() {
        const LONG: Duration = Duration::from_secs(60);
        let multiplexer = Multiplexer::new();
        let _listener = multiplexer.listen();
        advance(LONG).await;
        assert_eq!(multiplexer.idle_time(), Some(LONG));
        let begin = |guarded| -> Box<dyn Any> {
            match guarded {
                true => Box::new(multiplexer.keep_alive()),
                false => Box::new(multiplexer.register(&request(1)).unwrap()),
            }
        };
        for guarded in [true, false] {
            let last_used = begin(guarded);
            advance(LONG).await;
            assert_eq!(multiplexer.idle_time(), None);
            drop(last_used);
            assert_eq!(multiplexer.idle_time(), Some(Duration::ZERO));
        }
    }

    #[test]
    fn a_second_request_with_the_same_id_is_blocked() {
        let multiplexer = Multiplexer::new();
        let _first = multiplexer.register(&request(1)).unwrap();
        let error = multiplexer.register(&request(1)).unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Blocked);
    }

    #[test]
    fn unread_messages_are_limited_and_their_loss_is_reported() {
        let multiplexer = Multiplexer::new();
        let mut stream = multiplexer.register(&request(1)).unwrap();
        let progress = r#"{"method":"notifications/progress","params":{"progressToken":1}}"#;
        for _ in 0..=MAX_MESSAGES {
            assert!(multiplexer.dispatch(progress.into()));
        }
        assert!(multiplexer.dispatch(r#"{"id":1,"result":1}"#.into()));
        assert_eq!(ready_messages(&mut stream), ["", progress, r#"{"id":1,"result":1}"#]);
    }

    #[test]
    fn an_oversized_message_fails_its_request() {
        let error = failure(true);
        for (beginning, end, expected) in [
            (r#"{"jsonrpc":"2.0","id":2,"result":"aaa"#, "aaa\"}", [0, 1]),
            (r#"{"result":"aaa"#, "aaa\",\"jsonrpc\":\"2.0\",\"id\":2}\r", [0, 1]),
            (r#"{"result":"aaa"#, "aaa\"}", [1, 1]),
            ("aaa", "\"id\":1", [1, 1]),
        ] {
            let multiplexer = Multiplexer::new();
            let mut stream = [1, 2].map(|id| multiplexer.register(&request(id)).unwrap());
            multiplexer.dispatch_error(beginning.as_bytes(), end.as_bytes(), &error);
            assert_eq!(
                stream.each_mut().map(|it| ready_messages(it).len()),
                expected,
                "{beginning} {end}"
            );
        }
    }
}
