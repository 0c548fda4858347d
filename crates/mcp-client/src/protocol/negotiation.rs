//! Finding out which era a server belongs to, and keeping it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mcp_types::{Era, Revision, error_code};
use tokio::time::{self, Instant};

use super::version::{self, unshared};
use crate::{error::Error, transport::TransportErrorKind};

/// How long a server is taken for one of the handshake era: it may be replaced by one that speaks
/// both, and would answer `initialize` all the same.
const HANDSHAKE_HOLDS: Duration = Duration::from_secs(24 * 60 * 60);

/// What is known of how to speak with a server, shared by all who do: clones are the same.
///
/// A server is asked once (`server/discover`, then `initialize`), by whoever comes first; who comes
/// meanwhile waits for the answer, though for no more than a second. Give the clients of all users of
/// a server the same one.
///
/// ```
/// # use mcp_client::{Client, Negotiation, Transport};
/// # fn clients(alice: impl Transport, bob: impl Transport) -> [Client; 2] {
/// let known = Negotiation::new();
/// let alice = Client::builder(alice).negotiation(known.clone()).build();
/// let bob = Client::builder(bob).negotiation(known).build();
/// # [alice, bob]
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Negotiation(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    verdict: Mutex<Option<Verdict>>,
    /// Held by whoever asks the server.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone, Copy)]
struct Verdict {
    revision: Revision,
    /// Whether it is spoken on the transport that came before.
    older: bool,
    decided: Instant,
}

impl Negotiation {
    /// Nothing is known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was found out before, in another process perhaps. A server that turns out not to
    /// understand it is asked.
    pub fn known(revision: Revision) -> Self {
        let negotiation = Self::new();
        negotiation.decide(revision, false);
        negotiation
    }

    /// The revision that is spoken with the server, where it is known.
    pub fn revision(&self) -> Option<Revision> {
        let verdict = *self.verdict();
        let holds = |verdict: &Verdict| match verdict.revision.era() {
            Era::Handshake => verdict.decided.elapsed() < HANDSHAKE_HOLDS,
            Era::PerRequest => true,
        };
        verdict.filter(holds).map(|verdict| verdict.revision)
    }

    /// Whether the server speaks on the transport that came before, and on no other.
    pub(crate) fn is_older(&self) -> bool {
        self.verdict().is_some_and(|verdict| verdict.older)
    }

    pub(crate) fn decide(&self, revision: Revision, older: bool) {
        let verdict = Verdict { revision, older, decided: Instant::now() };
        *self.verdict() = Some(verdict);
    }

    /// Waits while someone else asks the server, so that not all do who come at the same moment; and
    /// keeps others waiting while the guard lives, if nobody does.
    ///
    /// It may be in vain, for what the other user is refused may not be refused to this one. And it
    /// may take long, for the other's token has to come first: so it ends after a second.
    pub(crate) async fn turn(&self) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        const LONGEST: Duration = Duration::from_secs(1);
        let asking = &self.0.asking;
        if let Ok(alone) = asking.try_lock() {
            return Some(alone);
        }
        let _ = time::timeout(LONGEST, asking.lock()).await;
        None
    }

    fn verdict(&self) -> MutexGuard<'_, Option<Verdict>> {
        self.0.verdict.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets the verdict, unless another has taken its place.
    pub(crate) fn doubt(&self, revision: Revision) {
        let mut verdict = self.verdict();
        if verdict.is_some_and(|verdict| verdict.revision == revision) {
            *verdict = None;
        }
    }
}

/// What an error says of the era of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finding {
    /// It belongs to the per-request era, whatever it dislikes about the request.
    PerRequest,
    /// So it does, and speaks these versions.
    Versions(Vec<String>),
    /// It does not know the per-request era.
    Handshake,
    /// It takes nothing on this transport, and may be one of those that have an older one only.
    NoPost,
    /// Nothing.
    Nothing,
}

/// What the failure of `server/discover` says (`initialize` is only sent on proof that the server
/// knows nothing better: MCP 2026-07-28, basic/versioning, "Backward Compatibility").
pub(crate) fn finding(error: &Error) -> Finding {
    match error.status() {
        // Neither a matter of the era are authorization, overload, redirects, nor faults.
        Some(401 | 403 | 407 | 408 | 425 | 429 | 300..=399 | 500..) => return Finding::Nothing,
        Some(405) if error.code().is_none() => return Finding::NoPost,
        _ => {}
    }
    match error.code() {
        Some(error_code::UNSUPPORTED_PROTOCOL_VERSION) => {
            Finding::Versions(version::supported(error).unwrap_or_default())
        }
        Some(error_code::HEADER_MISMATCH | error_code::MISSING_REQUIRED_CLIENT_CAPABILITY) => {
            Finding::PerRequest
        }
        Some(_) => Finding::Handshake,
        None => match error.transport_kind() {
            Some(TransportErrorKind::Status(400..=499)) => Finding::Handshake,
            _ => Finding::Nothing,
        },
    }
}

/// Whether the failure of a call casts doubt on a server of the per-request era: it refuses the
/// request as one that does not know that era would.
pub(crate) fn is_doubtful(error: &Error) -> bool {
    /// Codes without a meaning that all share, such as "no session".
    const MEANINGLESS: std::ops::RangeInclusive<i64> = -32019..=-32000;
    match (finding(error), error.code()) {
        (Finding::Handshake, Some(code)) => error.status().is_some() && MEANINGLESS.contains(&code),
        (finding, None) => matches!(finding, Finding::Handshake | Finding::NoPost),
        _ => false,
    }
}

/// The version to speak with a server that refuses ours and names those it supports: the newest of
/// the per-request era that is mutual, and one of the handshake era only where it names no other.
///
/// # Errors
/// [`Error::Version`] where none is mutual.
pub(crate) fn choose(supported: Vec<String>) -> Result<Revision, Error> {
    let newest = |era| version::mutual(era, &supported);
    if let Some(revision) = newest(Era::PerRequest) {
        return Ok(revision);
    }
    let is_old = |version: &String| version.as_str() < version::NEWEST_PER_REQUEST.as_str();
    match newest(Era::Handshake) {
        Some(revision) if supported.iter().all(is_old) => Ok(revision),
        _ => Err(unshared(supported, None)),
    }
}
