//! An event stream. If it is resumable, it continues after its connection is closed.

use std::{
    fmt::Write,
    sync::{Arc, Mutex},
    time::Duration,
};

use hyper::{
    Response,
    header::{CONTENT_TYPE, HeaderValue},
};
use tokio::sync::mpsc;

use super::body::{Part, ResponseBody};
use crate::base::{EVENT_STREAM, lock};

/// An event stream. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Stream(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// The prefix of all event ids. `None` if the stream is not resumable.
    name: Option<String>,
    retry: Duration,
    /// The events so far. Empty if the stream is not resumable.
    events: Vec<String>,
    reader: Option<Reader>,
    ended: bool,
}

/// The connection that receives the next event.
#[derive(Debug)]
struct Reader {
    sender: mpsc::UnboundedSender<Part>,
    /// The number of messages until the connection is closed. `None` for no limit.
    remaining: Option<usize>,
}

/// The writer of a stream. The stream ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Writer(Stream);

impl Stream {
    /// Returns a stream that ends with its connection.
    pub(crate) fn plain() -> Self {
        Self::new(None, Duration::ZERO)
    }

    /// Returns a resumable stream whose event ids start with `name`.
    pub(crate) fn resumable(name: String, retry: Duration) -> Self {
        Self::new(Some(name), retry)
    }

    fn new(name: Option<String>, retry: Duration) -> Self {
        let state = State { name, retry, events: Vec::new(), reader: None, ended: false };
        let stream = Self(Arc::new(Mutex::new(state)));
        stream.prime();
        stream
    }

    pub(crate) fn writer(&self) -> Writer {
        Writer(self.clone())
    }

    /// Returns a response that reads the stream from `start`. It replaces an earlier connection.
    /// The connection is closed after `limit` messages.
    pub(crate) fn connect(&self, start: usize, limit: Option<usize>) -> Response<ResponseBody> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut state = lock(&self.0);
        let mut reader = Reader { sender, remaining: limit };
        for (position, event) in state.events.iter().enumerate().skip(start) {
            // The priming event does not count as a message.
            reader.send(vec![Part::Chunk(event.clone().into())], usize::from(position > 0));
        }
        state.reader = (!state.ended && !reader.is_done()).then_some(reader);
        let mut response = Response::new(ResponseBody::streaming(receiver));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
        response
    }

    /// Returns the position after the event with this id, if it belongs to this stream.
    pub(crate) fn position_after(&self, id: &str) -> Option<usize> {
        let state = lock(&self.0);
        let number = id.strip_prefix(state.name.as_deref()?)?.strip_prefix('-')?;
        number.parse::<usize>().ok().filter(|it| *it < state.events.len()).map(|it| it + 1)
    }

    /// Sends a message. Returns `true` if a client reads it now or can read it later.
    pub(crate) fn send(&self, json: &str) -> bool {
        self.send_with(json, |event| vec![Part::Chunk(event.into())])
    }

    /// Sends a message in changed form. A resumable stream keeps the original.
    pub(crate) fn send_with(&self, json: &str, form: impl FnOnce(String) -> Vec<Part>) -> bool {
        let mut state = lock(&self.0);
        if state.ended {
            return false;
        }
        let event = state.store(&format!("event: message\ndata: {json}\n\n"));
        let read = state.reader.as_mut().is_some_and(|reader| reader.send(form(event), 1));
        state.reader.take_if(|reader| reader.is_done());
        read || state.name.is_some()
    }

    /// Sends a body part to the current reader.
    pub(crate) fn send_part(&self, part: Part) {
        let state = lock(&self.0);
        if let Some(reader) = &state.reader {
            drop(reader.sender.send(part));
        }
    }

    /// Waits until the reader disconnects.
    pub(crate) async fn closed(&self) {
        let reader = lock(&self.0).reader.as_ref().map(|reader| reader.sender.clone());
        if let Some(sender) = reader {
            sender.closed().await;
        }
    }

    /// Returns `true` if a client reads the stream or can resume it.
    pub(crate) fn is_open(&self) -> bool {
        let state = lock(&self.0);
        let read = state.reader.as_ref().is_some_and(|reader| !reader.sender.is_closed());
        !state.ended && (read || state.name.is_some())
    }

    /// Closes the connection, but keeps the stream.
    pub(crate) fn disconnect(&self) {
        lock(&self.0).reader = None;
    }

    pub(crate) fn end(&self) {
        let mut state = lock(&self.0);
        state.ended = true;
        state.reader = None;
    }

    /// Stores the priming event. With its id, a client can resume before the first message (MCP
    /// transports, "Sending Messages to the Server").
    fn prime(&self) {
        let mut state = lock(&self.0);
        if state.name.is_some() {
            let retry = state.retry.as_millis();
            state.store(&format!("retry: {retry}\ndata: \n\n"));
        }
    }
}

impl State {
    /// Returns the event. If the stream is resumable, adds an id and stores the event.
    fn store(&mut self, event: &str) -> String {
        let mut text = String::new();
        if let Some(name) = &self.name {
            let number = self.events.len();
            let _ = writeln!(text, "id: {name}-{number}");
            text.push_str(event);
            self.events.push(text.clone());
        } else {
            text.push_str(event);
        }
        text
    }
}

impl Reader {
    /// Sends an event, unless the limit of this connection is reached. `messages` is the number of
    /// messages that the event counts as.
    fn send(&mut self, event: Vec<Part>, messages: usize) -> bool {
        if let Some(remaining) = &mut self.remaining {
            match remaining.checked_sub(messages) {
                Some(rest) => *remaining = rest,
                None => return false,
            }
        }
        event.into_iter().all(|part| self.sender.send(part).is_ok())
    }

    fn is_done(&self) -> bool {
        self.remaining == Some(0)
    }
}

impl Writer {
    pub(crate) fn stream(&self) -> &Stream {
        &self.0
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.end();
    }
}
