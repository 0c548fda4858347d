//! The event streams of all sessions.

use std::{collections::HashSet, sync::Mutex, time::Duration};

use super::stream::Stream;
use crate::base::{lock, random_id};

/// The GET streams and all resumable streams. The oldest come first.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    listening: Mutex<Vec<SessionStream>>,
    resumable: Mutex<Vec<SessionStream>>,
}

/// A stream and the session that it belongs to.
#[derive(Debug, Clone)]
struct SessionStream {
    session: Option<String>,
    stream: Stream,
}

impl Streams {
    /// Returns a new stream. It is resumable if `retry` is set.
    pub(crate) fn open(&self, session: Option<&str>, retry: Option<Duration>) -> Stream {
        let Some(retry) = retry else {
            return Stream::plain();
        };
        let stream = Stream::resumable(random_id(), retry);
        let session = session.map(str::to_owned);
        lock(&self.resumable).push(SessionStream { session, stream: stream.clone() });
        stream
    }

    /// Returns a new GET stream.
    pub(crate) fn listen(&self, session: Option<&str>, retry: Option<Duration>) -> Stream {
        let stream = self.open(session, retry);
        let session = session.map(str::to_owned);
        lock(&self.listening).push(SessionStream { session, stream: stream.clone() });
        stream
    }

    /// Returns the stream of the session that has this event, and the position after it.
    pub(crate) fn resume(&self, session: Option<&str>, id: &str) -> Option<(Stream, usize)> {
        let resumable = lock(&self.resumable);
        let mut of_session = resumable.iter().filter(|entry| entry.session.as_deref() == session);
        of_session.find_map(|entry| Some((entry.stream.clone(), entry.stream.position_after(id)?)))
    }

    /// Sends a message to the clients whose session `wants` it, and returns their number. A session
    /// with several streams receives it only on the newest (MCP transports, "Multiple
    /// Connections").
    pub(crate) fn send(&self, json: &str, wants: impl Fn(Option<&str>) -> bool) -> usize {
        let newest = self.newest();
        newest
            .iter()
            .filter(|entry| wants(entry.session.as_deref()) && entry.stream.send(json))
            .count()
    }

    /// Returns the newest GET stream of a session.
    pub(crate) fn listening_stream(&self, session: Option<&str>) -> Option<Stream> {
        let listening = self.newest();
        let newest = listening.into_iter().find(|entry| entry.session.as_deref() == session);
        newest.map(|entry| entry.stream)
    }

    /// Returns the newest GET stream, with its session.
    pub(crate) fn newest_listening(&self) -> Option<(Option<String>, Stream)> {
        self.newest().into_iter().next().map(|entry| (entry.session, entry.stream))
    }

    /// Returns the newest GET stream of each session, and all streams without a session. The newest
    /// come first.
    fn newest(&self) -> Vec<SessionStream> {
        let mut listening = lock(&self.listening);
        listening.retain(|entry| entry.stream.is_open());
        let mut served = HashSet::new();
        let newest_first = listening.iter().rev();
        newest_first
            .filter(|entry| entry.session.as_ref().is_none_or(|id| served.insert(id)))
            .cloned()
            .collect()
    }

    /// Closes the connections of GET streams; resumable streams continue.
    pub(crate) fn disconnect(&self) {
        lock(&self.listening).iter().for_each(|entry| entry.stream.disconnect());
    }

    /// Ends the streams of one session.
    pub(crate) fn close(&self, session: &str) {
        self.end_matching(|owner| owner == Some(session));
    }

    /// Ends the streams of all sessions.
    pub(crate) fn close_sessions(&self) {
        self.end_matching(|owner| owner.is_some());
    }

    fn end_matching(&self, chosen: impl Fn(Option<&str>) -> bool) {
        for streams in [&self.listening, &self.resumable] {
            lock(streams).retain(|entry| {
                let ends = chosen(entry.session.as_deref());
                if ends {
                    entry.stream.end();
                }
                !ends
            });
        }
    }
}
