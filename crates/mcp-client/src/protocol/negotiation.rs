//! The protocol version of a server, which all clients of that server share.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mcp_types::{Era, Revision};
use tokio::time::{self, Instant};

use crate::compat::{Deviation, Deviations};

/// The time that a stateful version is remembered. The server may be updated to support stateless
/// versions, and would still accept `initialize`.
const STATEFUL_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// The protocol version of a server, shared by its clients. Clones share the same value.
///
/// The first client detects the version with `server/discover` and, if necessary, `initialize`.
/// Other clients wait for the result, but at most one second. Use the same value for all users of a
/// server.
///
/// # Examples
/// ```
/// use mcp_client::{Client, Negotiation, Transport};
///
/// fn clients(alice: impl Transport, bob: impl Transport) -> [Client; 2] {
///     let negotiation = Negotiation::new();
///     [
///         Client::builder(alice).negotiation(negotiation.clone()).build(),
///         Client::builder(bob).negotiation(negotiation).build(),
///     ]
/// }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Negotiation(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    decision: Mutex<Option<Decision>>,
    /// Locked while a client detects the version.
    detecting: tokio::sync::Mutex<()>,
    deviations: Deviations,
}

#[derive(Debug, Clone, Copy)]
struct Decision {
    choice: Choice,
    decided_at: Instant,
}

/// A protocol version and the transport for it. They belong together, so they are read together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) revision: Revision,
    /// True if the server supports the version only on the fallback transport.
    pub(super) fallback: bool,
}

impl Negotiation {
    /// Creates an empty value. The protocol version is not known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a value with a version that was detected earlier, for example in another process. If
    /// the server does not support this version, the client detects the version again.
    pub fn with_revision(revision: Revision) -> Self {
        let negotiation = Self::new();
        negotiation.remember(Choice { revision, fallback: false });
        negotiation
    }

    /// Returns the protocol version of the server, if it is known. A stateful version is forgotten
    /// after 24 hours.
    pub fn revision(&self) -> Option<Revision> {
        self.choice().map(|choice| choice.revision)
    }

    /// Returns the deviations of the server that its clients have accepted, with the number of times.
    pub fn deviations(&self) -> Vec<(Deviation, u64)> {
        self.0.deviations.counts()
    }

    /// Returns the counters of the deviations.
    pub(crate) fn counters(&self) -> Deviations {
        self.0.deviations.clone()
    }

    /// Returns the version and the transport of the server, if they are known.
    pub(super) fn choice(&self) -> Option<Choice> {
        let decision = *self.decision();
        let is_valid = |decision: &Decision| match decision.choice.revision.era() {
            Era::Stateful => decision.decided_at.elapsed() < STATEFUL_TTL,
            Era::Stateless => true,
        };
        decision.filter(is_valid).map(|decision| decision.choice)
    }

    /// Returns `true` if the server supports only the fallback transport.
    pub(super) fn uses_fallback(&self) -> bool {
        self.decision().is_some_and(|decision| decision.choice.fallback)
    }

    /// Remembers the version and the transport of the server, for all its users.
    pub(super) fn remember(&self, choice: Choice) {
        *self.decision() = Some(Decision { choice, decided_at: Instant::now() });
    }

    /// Lets one client detect the version while the others wait. Returns a guard if no other client
    /// is detecting it. Otherwise waits for that client and returns `None`.
    ///
    /// The wait ends after one second, and the waiting client then detects the version too, because the other client may have to obtain a token first.
    /// It may also end without a version, because the other client may fail.
    pub(crate) async fn lock_detection(&self) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        const MAX_WAIT: Duration = Duration::from_secs(1);
        let detecting = &self.0.detecting;
        if let Ok(guard) = detecting.try_lock() {
            return Some(guard);
        }
        let _ = time::timeout(MAX_WAIT, detecting.lock()).await;
        None
    }

    fn decision(&self) -> MutexGuard<'_, Option<Decision>> {
        self.0.decision.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets the version and the transport, unless others have replaced them.
    pub(super) fn forget(&self, choice: Choice) {
        let mut decision = self.decision();
        if decision.is_some_and(|decision| decision.choice == choice) {
            *decision = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubt_about_one_version_does_not_forget_a_newer_decision() {
        // N-VER-03
        let negotiation = Negotiation::with_revision(Revision::V2025_11_25);
        negotiation.remember(Choice { revision: Revision::V2026_07_28, fallback: false });
        negotiation.forget(Choice { revision: Revision::V2025_11_25, fallback: false });
        assert_eq!(negotiation.revision(), Some(Revision::V2026_07_28));
        negotiation.forget(Choice { revision: Revision::V2026_07_28, fallback: false });
        assert_eq!(negotiation.revision(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_for_another_client_ends_after_a_second() {
        // N-VER-03
        let negotiation = Negotiation::new();
        let detecting = negotiation.lock_detection().await;
        assert!(detecting.is_some());
        let started = Instant::now();
        assert!(negotiation.lock_detection().await.is_none());
        assert_eq!(started.elapsed().as_secs(), 1);
        drop(detecting);
        assert!(negotiation.lock_detection().await.is_some());
    }
}
