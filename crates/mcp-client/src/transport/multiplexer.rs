//! Handing the messages that come on one connection to those who wait for them.

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
    envelope::Addressee,
    error::{TransportError, TransportErrorKind},
    keep_alive::Held,
    message::{Outgoing, Sent},
};

/// Messages that wait for one who does not take them, at most; and their bytes, likewise, but for a
/// single larger one.
const MOST: usize = 1_000;
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Hands the messages of a server, which come on one connection in any order, to those who wait for
/// them. A transport of such a kind puts in what comes; clones are the same one.
///
/// Nobody is waited for: what is told to one who does not take it is lost beyond a limit, answers
/// excepted.
///
/// ```
/// use futures_util::StreamExt;
/// use mcp_client::{Context, MessageKind, Outgoing, Switchboard, mcp_types::RequestId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mcp_client::TransportError> {
/// let board = Switchboard::new();
/// let body = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
/// let mut request = Outgoing::new(body, MessageKind::Request, Context::default());
/// request.id = Some(RequestId::Number(1));
/// let mut waiting = board.wait(&request)?;
///
/// let answer = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
/// assert!(board.put(answer.into()));
/// assert_eq!(waiting.next().await.transpose()?.as_deref(), Some(answer.as_bytes()));
/// assert!(waiting.next().await.is_none());
/// assert!(!board.put("a banner is no message".into()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Switchboard(Arc<Mutex<Board>>);

struct Board {
    requests: HashMap<RequestId, Line>,
    listener: Line,
    listening: bool,
    /// How many keep the connection in use without a request.
    holders: usize,
    /// When it was last in use.
    used: Instant,
    closed: Option<Box<dyn Fn(bool) -> TransportError + Send>>,
}

/// What waits for one to take it.
#[derive(Default)]
struct Line {
    messages: VecDeque<Result<Bytes, TransportError>>,
    bytes: usize,
    /// No more will come.
    over: bool,
    sent: Sent,
    logs: bool,
    waker: Option<Waker>,
}

/// The messages for one request, up to its answer, or those for the listener. Dropped, it lets the
/// rest go.
#[must_use]
pub struct Waiting {
    board: Switchboard,
    /// The request; the listener has none.
    id: Option<RequestId>,
}

impl Switchboard {
    /// One for a new connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins to wait for the answer to a request that is about to be sent.
    ///
    /// # Errors
    /// The failure of a [closed](Self::close) connection; [`TransportErrorKind::Refused`] for a
    /// request without an id or with one that is waited for.
    pub fn wait(&self, request: &Outgoing) -> Result<Waiting, TransportError> {
        let refused = |reason: &str| TransportError::new(TransportErrorKind::Refused, reason);
        let id = request.id.clone().ok_or_else(|| refused("a request needs an id"))?;
        let mut board = self.lock();
        if let Some(failure) = &board.closed {
            return Err(failure(false));
        }
        let Entry::Vacant(place) = board.requests.entry(id.clone()) else {
            return Err(refused(
                "a request of this id is under way: one connection is for one client",
            ));
        };
        place.insert(Line { sent: request.sent.clone(), logs: request.logs, ..Line::default() });
        Ok(Waiting { board: self.clone(), id: Some(id) })
    }

    /// Begins to listen to what the server says to no request; `None` where that is done already,
    /// or the connection is closed.
    pub fn listen(&self) -> Option<Waiting> {
        let mut board = self.lock();
        if board.closed.is_some() || mem::replace(&mut board.listening, true) {
            return None;
        }
        Some(Waiting { board: self.clone(), id: None })
    }

    /// Marks a request as sent, in the moment before it is. False if nobody waits for its answer
    /// any more: then it is not to be sent.
    pub fn sends(&self, id: &RequestId) -> bool {
        let board = self.lock();
        let line = board.requests.get(id);
        line.inspect(|line| line.sent.set(true)).is_some()
    }

    /// Hands on a message, or the messages of a batch; false if it is no message of JSON-RPC.
    pub fn put(&self, message: Bytes) -> bool {
        if !batch::is_batch(&message) {
            return self.put_one(message);
        }
        let parts = batch::split_batch(&message);
        parts.is_ok_and(|parts| parts.into_iter().all(|part| self.put_one(part)))
    }

    /// Hands on the failure of a message that could not be taken, by its beginning and its end. Where
    /// neither shows whom it is for, all fail who wait for an answer.
    pub fn put_failed(&self, beginning: &[u8], end: &[u8], error: &TransportError) {
        let mut board = self.lock();
        let asker = match Addressee::of(beginning) {
            Some(Addressee::Asker(id)) => Some(id),
            _ => id_at(end),
        };
        match asker.and_then(|id| board.requests.get_mut(&id)) {
            Some(line) => line.end(Err(error.clone())),
            None => board.requests.values_mut().for_each(|line| line.end(Err(error.clone()))),
        }
    }

    /// Ends all waiting, now and later, with the failure of a request that was sent, or was not.
    pub fn close(&self, failure: impl Fn(bool) -> TransportError + Send + 'static) {
        let mut board = self.lock();
        if board.closed.is_some() {
            return;
        }
        for line in board.requests.values_mut() {
            let error = failure(line.sent.get());
            line.end(Err(error));
        }
        let error = failure(true);
        board.listener.end(Err(error));
        board.closed = Some(Box::new(failure));
    }

    /// Whether it is [closed](Self::close).
    pub fn is_closed(&self) -> bool {
        self.lock().closed.is_some()
    }

    /// Keeps the connection in use, although nobody may wait for an answer, until it is dropped.
    pub fn hold(&self) -> Held {
        self.lock().holders += 1;
        let board = self.clone();
        Held::new(move || {
            let mut board = board.lock();
            board.holders -= 1;
            board.used = Instant::now();
        })
    }

    /// How long the connection has not been in use; `None` while somebody waits for an answer or
    /// [holds](Self::hold) it. To listen is no use by itself.
    pub fn idle(&self) -> Option<Duration> {
        let board = self.lock();
        (board.holders == 0 && board.requests.is_empty()).then(|| board.used.elapsed())
    }

    /// How many requests are waiting for their answers.
    pub fn waiting(&self) -> usize {
        self.lock().requests.len()
    }

    fn put_one(&self, message: Bytes) -> bool {
        let Some(addressee) = Addressee::of(&message) else { return false };
        let mut board = self.lock();
        match addressee {
            Addressee::Asker(id) => match board.requests.get_mut(&id) {
                Some(line) => line.end(Ok(message)),
                None => tracing::debug!(%id, "an answer that nobody waits for"),
            },
            Addressee::Told(id) => match board.requests.get_mut(&id) {
                Some(line) => line.tell(message),
                None => tracing::debug!(%id, "news of a request that nobody waits for"),
            },
            Addressee::Log => {
                for line in board.requests.values_mut().filter(|line| line.logs) {
                    line.tell(message.clone());
                }
            }
            Addressee::Listener => board.listener.tell(message),
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Board {
    fn default() -> Self {
        Self {
            requests: HashMap::new(),
            listener: Line::default(),
            listening: false,
            holders: 0,
            used: Instant::now(),
            closed: None,
        }
    }
}

impl Line {
    /// Adds a message that may be lost; where some are, an empty one says so.
    fn tell(&mut self, message: Bytes) {
        if self.over {
            return;
        }
        let full = self.messages.len() >= MOST || self.bytes + message.len() > MOST_BYTES;
        if full && !self.messages.is_empty() {
            tracing::debug!("messages come faster than they are taken; some are lost");
            self.messages.clear();
            self.bytes = 0;
            self.messages.push_back(Ok(Bytes::new()));
        }
        self.add(Ok(message));
    }

    /// Adds the last message.
    fn end(&mut self, last: Result<Bytes, TransportError>) {
        if !mem::replace(&mut self.over, true) {
            self.add(last);
        }
    }

    fn add(&mut self, message: Result<Bytes, TransportError>) {
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
            None if self.over => Poll::Ready(None),
            None => {
                self.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Stream for Waiting {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut board = self.board.lock();
        match &self.id {
            Some(id) => board.requests.get_mut(id).map_or(Poll::Ready(None), |line| line.poll(cx)),
            None => board.listener.poll(cx),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut board = self.board.lock();
        match &self.id {
            Some(id) => {
                board.requests.remove(id);
                board.used = Instant::now();
            }
            None => board.listening = false,
        }
    }
}

/// The id at the very end of an answer, where some servers write it: nothing but the end of the
/// message follows.
fn id_at(end: &[u8]) -> Option<RequestId> {
    let end = end.trim_ascii_end().strip_suffix(b"}")?;
    let member = end.windows(5).rposition(|member| member == b"\"id\":")?;
    serde_json::from_slice(&end[member + 5..]).ok()
}

impl fmt::Debug for Switchboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Switchboard({} waiting)", self.waiting())
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Waiting({:?})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use std::any::Any;

    use futures_util::{FutureExt, StreamExt};
    use tokio::time::advance;

    use super::*;
    use crate::transport::{Context, MessageKind};

    fn request(id: i64) -> Outgoing {
        let request = Outgoing::new("", MessageKind::Request, Context::default());
        Outgoing { id: Some(RequestId::Number(id)), ..request }
    }

    fn failure(sent: bool) -> TransportError {
        let kind =
            if sent { TransportErrorKind::Interrupted } else { TransportErrorKind::SessionEnded };
        TransportError::new(kind, "closed")
    }

    /// What is there to be taken.
    fn taken(waiting: &mut Waiting) -> Vec<String> {
        let next = || waiting.next().now_or_never().flatten();
        let shown = |message: Result<Bytes, TransportError>| match message {
            Ok(message) => String::from_utf8_lossy(&message).into_owned(),
            Err(error) => format!("{error}, did not run: {}", error.did_not_run()),
        };
        std::iter::from_fn(next).map(shown).collect()
    }

    #[test]
    fn answers_find_whoever_asked_in_any_order() {
        // STDIO-02
        let board = Switchboard::new();
        let mut first = board.wait(&request(1)).unwrap();
        let mut second = board.wait(&request(2)).unwrap();
        let mut listener = board.listen().unwrap();
        let (one, two) = (r#"{"id":1,"result":1}"#, r#"{"id":2,"result":2}"#);
        let ping = r#"{"id":1,"method":"ping"}"#;
        for message in [two, ping, two, one, r#"{"id":3,"result":3}"#] {
            assert!(board.put(message.into()));
        }
        assert_eq!(taken(&mut first), [one]);
        assert_eq!(taken(&mut second), [two], "answered twice");
        assert_eq!(taken(&mut listener), [ping]);
        assert_eq!(board.waiting(), 2);
        drop((first, second));
        assert_eq!(board.waiting(), 0);
    }

    #[test]
    fn batches_are_taken_apart() {
        let board = Switchboard::new();
        let mut waiting = board.wait(&request(1)).unwrap();
        assert!(board.put(r#" [{"id":1,"result":1}, {"id":1,"method":"ping"}]"#.into()));
        assert_eq!(taken(&mut waiting), [r#"{"id":1,"result":1}"#]);
        assert_eq!(taken(&mut board.listen().unwrap()), [r#"{"id":1,"method":"ping"}"#]);
        assert!(!board.put("[7]".into()) && !board.put("[".into()));
    }

    #[test]
    fn one_that_closes_tells_what_was_sent_from_what_was_not() {
        // STDIO-08
        let board = Switchboard::new();
        let mut sent = board.wait(&request(1)).unwrap();
        let mut queued = board.wait(&request(2)).unwrap();
        assert!(board.sends(&RequestId::Number(1)));
        drop(board.wait(&request(3)).unwrap());
        assert!(!board.sends(&RequestId::Number(3)), "nobody waits");
        board.close(failure);
        assert_eq!(taken(&mut sent), ["closed, did not run: false"]);
        assert_eq!(taken(&mut queued), ["closed, did not run: true"]);
        assert!(board.wait(&request(4)).unwrap_err().did_not_run());
        assert!(board.listen().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_idle_from_the_end_of_its_last_use() {
        const LONG: Duration = Duration::from_secs(60);
        let board = Switchboard::new();
        let _listener = board.listen();
        advance(LONG).await;
        assert_eq!(board.idle(), Some(LONG));
        let begin = |held| -> Box<dyn Any> {
            match held {
                true => Box::new(board.hold()),
                false => Box::new(board.wait(&request(1)).unwrap()),
            }
        };
        for held in [true, false] {
            let used = begin(held);
            advance(LONG).await;
            assert_eq!(board.idle(), None);
            drop(used);
            assert_eq!(board.idle(), Some(Duration::ZERO));
        }
    }

    #[test]
    fn an_id_is_waited_for_once() {
        let board = Switchboard::new();
        let _first = board.wait(&request(1)).unwrap();
        let error = board.wait(&request(1)).unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Refused);
    }

    #[test]
    fn what_nobody_takes_is_bounded_and_its_loss_is_told() {
        let board = Switchboard::new();
        let mut waiting = board.wait(&request(1)).unwrap();
        let progress = r#"{"method":"notifications/progress","params":{"progressToken":1}}"#;
        for _ in 0..=MOST {
            assert!(board.put(progress.into()));
        }
        assert!(board.put(r#"{"id":1,"result":1}"#.into()));
        assert_eq!(taken(&mut waiting), ["", progress, r#"{"id":1,"result":1}"#]);
    }

    #[test]
    fn what_is_too_large_fails_whoever_it_is_for() {
        let error = failure(true);
        for (beginning, end, expected) in [
            (r#"{"jsonrpc":"2.0","id":2,"result":"aaa"#, "aaa\"}", [0, 1]),
            (r#"{"result":"aaa"#, "aaa\",\"jsonrpc\":\"2.0\",\"id\":2}\r", [0, 1]),
            (r#"{"result":"aaa"#, "aaa\"}", [1, 1]),
            ("aaa", "\"id\":1", [1, 1]),
        ] {
            let board = Switchboard::new();
            let mut waiting = [1, 2].map(|id| board.wait(&request(id)).unwrap());
            board.put_failed(beginning.as_bytes(), end.as_bytes(), &error);
            assert_eq!(waiting.each_mut().map(|it| taken(it).len()), expected, "{beginning} {end}");
        }
    }
}
