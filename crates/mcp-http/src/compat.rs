//! Deviations of real servers from HTTP and the MCP transports that this crate accepts.
//!
//! Each of them is a [`HttpDeviation`], which says who needs it. All code that accepts a deviation
//! calls this module, which counts it. A deviation never hides a message, a token or a failure.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use http::{HeaderMap, StatusCode, header};
use mcp_client::{SessionId, names_lost_session};

use crate::endpoint::Endpoint;

/// A deviation of a server from HTTP or an MCP transport that the client accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpDeviation {
    /// The server reports a lost session with the status 401 and a text, without a challenge. Older
    /// servers with rmcp do this (issue 559 of modelcontextprotocol/rust-sdk). The client opens a
    /// new session once. Accepted since version 0.1.
    LostSessionAs401,
    /// A 401 has no `WWW-Authenticate` header, which RFC 9110 requires. Many API gateways leave it
    /// out. The error has no challenge then. Accepted since version 0.1.
    NoChallenge,
    /// The server rejects the GET stream with the status 400 or 404. The specification requires
    /// 405. Older servers and routers do this. The client does not listen then. Accepted since
    /// version 0.1.
    GetStreamRejected,
    /// The server redirects to another URL of the same origin, with the status 307 or 308. Web
    /// frameworks do this to add or remove the last slash (pull request 34845 of BerriAI/litellm). The
    /// client follows at most 3 redirects. Accepted since version 0.1.
    Redirect,
    /// The server, or a load balancer before it, uses cookies, which MCP does not mention (issue 168 of
    /// geelen/mcp-remote). The client sends them back. Accepted since version 0.1.
    Cookies,
    /// The server accepts a notification with another success status than 202. Accepted since
    /// version 0.1.
    NotificationStatus,
}

impl HttpDeviation {
    /// All deviations.
    pub const ALL: [Self; 6] = [
        Self::LostSessionAs401,
        Self::NoChallenge,
        Self::GetStreamRejected,
        Self::Redirect,
        Self::Cookies,
        Self::NotificationStatus,
    ];

    /// Returns a description in one sentence, for a report about the server.
    pub fn description(self) -> &'static str {
        match self {
            Self::LostSessionAs401 => "it reports a lost session with the status 401",
            Self::NoChallenge => "it responds with the status 401 and no challenge",
            Self::GetStreamRejected => "it rejects the GET stream with another status than 405",
            Self::Redirect => "it redirects to another URL of the same origin",
            Self::Cookies => "it uses cookies",
            Self::NotificationStatus => "it accepts notifications with another status than 202",
        }
    }
}

/// The deviations of one server, counted for all its users.
#[derive(Debug, Default)]
pub(crate) struct HttpDeviations([AtomicU64; HttpDeviation::ALL.len()]);

impl HttpDeviations {
    /// Counts a deviation, and traces the first one of each kind.
    pub(crate) fn record(&self, deviation: HttpDeviation) {
        if self.0[deviation as usize].fetch_add(1, Ordering::Relaxed) == 0 {
            let description = deviation.description();
            tracing::debug!(?deviation, description, "accepted a deviation of the server");
        }
    }

    /// Returns the deviations so far, with the number of times.
    pub(crate) fn counts(&self) -> Vec<(HttpDeviation, u64)> {
        let count = |deviation| (deviation, self.0[deviation as usize].load(Ordering::Relaxed));
        HttpDeviation::ALL.into_iter().map(count).filter(|(_, count)| *count > 0).collect()
    }

    /// Returns the descriptions of the deviations so far, with the number of times.
    pub(crate) fn descriptions(&self) -> Vec<(&'static str, u64)> {
        let described = |(deviation, count): (HttpDeviation, u64)| (deviation.description(), count);
        self.counts().into_iter().map(described).collect()
    }

    /// Records a 401 without a challenge.
    pub(crate) fn check_challenge(&self, status: StatusCode, headers: &HeaderMap) {
        if status == StatusCode::UNAUTHORIZED && !headers.contains_key(header::WWW_AUTHENTICATE) {
            self.record(HttpDeviation::NoChallenge);
        }
    }

    /// Returns whether the status means that the server has no GET stream.
    pub(crate) fn has_no_get_stream(&self, status: StatusCode) -> bool {
        match status {
            StatusCode::METHOD_NOT_ALLOWED => true,
            StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND => {
                self.record(HttpDeviation::GetStreamRejected);
                true
            }
            _ => false,
        }
    }

    /// Returns the URL to which the same request must be sent, if the response is a redirect within
    /// the origin of `from` that keeps the method and the body.
    pub(crate) fn redirect(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        from: &Endpoint,
    ) -> Option<Endpoint> {
        if !matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT) {
            return None;
        }
        let location = std::str::from_utf8(headers.get(header::LOCATION)?.as_bytes()).ok()?;
        let target = from.in_same_origin(location)?;
        self.record(HttpDeviation::Redirect);
        Some(target)
    }

    /// Records the status of an accepted notification, unless it is 202.
    pub(crate) fn check_notification(&self, status: StatusCode) {
        if status != StatusCode::ACCEPTED {
            self.record(HttpDeviation::NotificationStatus);
        }
    }
}

/// The last session of one user that the server has reported as lost with the status 401.
///
/// If the session after it gets the same response before any other, the user is not authorized.
#[derive(Debug, Default)]
pub(crate) struct RejectedSession(Mutex<Option<SessionId>>);

impl RejectedSession {
    /// Returns whether a 401 may mean a lost session: if it has no challenge and its request had a
    /// session.
    pub(crate) fn is_possible(headers: &HeaderMap, session: Option<&SessionId>) -> bool {
        session.is_some() && !headers.contains_key(header::WWW_AUTHENTICATE)
    }

    /// Returns whether a 401 with this body means that the session is lost.
    pub(crate) fn is_lost(
        &self,
        session: Option<&SessionId>,
        body: &[u8],
        deviations: &HttpDeviations,
    ) -> bool {
        let Some(session) = session.filter(|_| names_lost_session(body)) else { return false };
        let mut rejected = self.lock();
        let is_lost = rejected.as_ref().is_none_or(|rejected| rejected == session);
        if is_lost {
            *rejected = Some(session.clone());
            deviations.record(HttpDeviation::LostSessionAs401);
        }
        is_lost
    }

    /// Forgets the session, because a request in another session was accepted.
    pub(crate) fn accept(&self, session: Option<&SessionId>) {
        let mut rejected = self.lock();
        if session.is_some() && rejected.as_ref().is_some_and(|lost| Some(lost) != session) {
            *rejected = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<SessionId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_deviation_has_its_own_counter() {
        let deviations = HttpDeviations::default();
        for deviation in HttpDeviation::ALL {
            deviations.record(deviation);
        }
        deviations.record(HttpDeviation::NoChallenge);
        let counts = deviations.counts();
        assert_eq!(counts.len(), HttpDeviation::ALL.len());
        assert!(counts.contains(&(HttpDeviation::NoChallenge, 2)));
    }

    #[test]
    fn a_401_means_a_lost_session_once() {
        let (deviations, rejected) = (HttpDeviations::default(), RejectedSession::default());
        let session = |id: &str| SessionId::new(id.as_bytes());
        let is_lost =
            |id| rejected.is_lost(session(id).as_ref(), b"Session not found", &deviations);
        assert!(is_lost("a"));
        // A call at the same time, in the same session.
        assert!(is_lost("a"));
        assert!(!is_lost("b"));
        rejected.accept(session("a").as_ref());
        assert!(!is_lost("b"));
        rejected.accept(session("b").as_ref());
        assert!(is_lost("b"));
        assert!(!rejected.is_lost(session("b").as_ref(), b"token expired", &deviations));
        assert!(!rejected.is_lost(None, b"Session not found", &deviations));
    }
}
