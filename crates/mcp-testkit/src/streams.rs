//! The streams that clients listen on with GET.

use std::{collections::HashSet, sync::Mutex};

use bytes::Bytes;
use hyper::{
    Response,
    header::{CONTENT_TYPE, HeaderValue},
};
use tokio::sync::mpsc;

use crate::{body::Outgoing, fault::event, reply::EVENT_STREAM, server::lock};

/// The listener's end of a stream.
#[derive(Debug)]
pub(crate) struct Stream(mpsc::UnboundedReceiver<Bytes>);

/// The server's ends of all streams, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Streams(Mutex<Vec<Listener>>);

#[derive(Debug)]
struct Listener {
    session: Option<String>,
    sender: mpsc::UnboundedSender<Bytes>,
}

impl Streams {
    pub(crate) fn open(&self, session: Option<String>) -> Stream {
        let (sender, receiver) = mpsc::unbounded_channel();
        lock(&self.0).push(Listener { session, sender });
        Stream(receiver)
    }

    /// Sends a message to every client; a session with several streams gets it on the newest only
    /// (MCP transports, "Multiple Connections"). Tells how many it went to.
    pub(crate) fn send(&self, json: &str) -> usize {
        let mut listeners = lock(&self.0);
        listeners.retain(|listener| !listener.sender.is_closed());
        let mut served = HashSet::new();
        let newest_first = listeners.iter().rev();
        let due = newest_first
            .filter(|listener| listener.session.as_ref().is_none_or(|id| served.insert(id)));
        due.filter(|listener| listener.sender.send(event(json).into()).is_ok()).count()
    }

    /// Ends the streams of one session.
    pub(crate) fn close(&self, session: &str) {
        lock(&self.0).retain(|listener| listener.session.as_deref() != Some(session));
    }

    /// Ends the streams of all sessions.
    pub(crate) fn close_sessions(&self) {
        lock(&self.0).retain(|listener| listener.session.is_none());
    }
}

impl Stream {
    pub(crate) fn into_response(self) -> Response<Outgoing> {
        let mut response = Response::new(Outgoing::Live(self.0));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
        response
    }
}
