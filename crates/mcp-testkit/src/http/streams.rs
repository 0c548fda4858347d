//! The streams of all clients.

use std::{collections::HashSet, sync::Mutex, time::Duration};

use super::stream::Stream;
use crate::base::{lock, random_id};

/// The streams that clients listen on with GET, oldest first, and those that can be resumed.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    listening: Mutex<Vec<Owned>>,
    resumable: Mutex<Vec<Owned>>,
}

/// A stream, and the session that it belongs to.
#[derive(Debug, Clone)]
struct Owned {
    session: Option<String>,
    stream: Stream,
}

impl Streams {
    /// A new stream, which can be resumed if there is a time for clients to wait before.
    pub(crate) fn open(&self, session: Option<&str>, retry: Option<Duration>) -> Stream {
        let Some(retry) = retry else {
            return Stream::plain();
        };
        let stream = Stream::resumable(random_id(), retry);
        let session = session.map(str::to_owned);
        lock(&self.resumable).push(Owned { session, stream: stream.clone() });
        stream
    }

    /// A stream for what the server sends unasked.
    pub(crate) fn listen(&self, session: Option<&str>, retry: Option<Duration>) -> Stream {
        let stream = self.open(session, retry);
        let session = session.map(str::to_owned);
        lock(&self.listening).push(Owned { session, stream: stream.clone() });
        stream
    }

    /// The stream of the session that has an event of this id, and the place after it.
    pub(crate) fn resume(&self, session: Option<&str>, id: &str) -> Option<(Stream, usize)> {
        let resumable = lock(&self.resumable);
        let mut own = resumable.iter().filter(|owned| owned.session.as_deref() == session);
        own.find_map(|owned| Some((owned.stream.clone(), owned.stream.place_after(id)?)))
    }

    /// Sends a message to every client of which `wants` is true by its session; a session with
    /// several streams gets it on the newest only (MCP transports, "Multiple Connections"). Tells
    /// how many it went to.
    pub(crate) fn send(&self, json: &str, wants: impl Fn(Option<&str>) -> bool) -> usize {
        let due = self.newest();
        due.iter()
            .filter(|owned| wants(owned.session.as_deref()) && owned.stream.send(json))
            .count()
    }

    /// The stream that this session listens on.
    pub(crate) fn of(&self, session: Option<&str>) -> Option<Stream> {
        let listening = self.newest();
        let own = listening.into_iter().find(|owned| owned.session.as_deref() == session);
        own.map(|owned| owned.stream)
    }

    /// The stream that was listened on last, with its session.
    pub(crate) fn last(&self) -> Option<(Option<String>, Stream)> {
        self.newest().into_iter().next().map(|owned| (owned.session, owned.stream))
    }

    /// The newest stream of each session, newest first, and all streams of those who have none.
    fn newest(&self) -> Vec<Owned> {
        let mut listening = lock(&self.listening);
        listening.retain(|owned| owned.stream.is_open());
        let mut served = HashSet::new();
        let newest_first = listening.iter().rev();
        newest_first
            .filter(|owned| owned.session.as_ref().is_none_or(|id| served.insert(id)))
            .cloned()
            .collect()
    }

    /// Closes the connections that clients listen on; those streams that can be resumed go on.
    pub(crate) fn disconnect(&self) {
        lock(&self.listening).iter().for_each(|owned| owned.stream.disconnect());
    }

    /// Ends the streams of one session.
    pub(crate) fn close(&self, session: &str) {
        self.end(|owner| owner == Some(session));
    }

    /// Ends the streams of all sessions.
    pub(crate) fn close_sessions(&self) {
        self.end(|owner| owner.is_some());
    }

    fn end(&self, chosen: impl Fn(Option<&str>) -> bool) {
        for streams in [&self.listening, &self.resumable] {
            lock(streams).retain(|owned| {
                let ends = chosen(owned.session.as_deref());
                if ends {
                    owned.stream.end();
                }
                !ends
            });
        }
    }
}
