//! The protocol version of a server, shared by all clients of that server.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mcp_types::{Era, Revision};
use tokio::time::{self, Instant};

/// How long a stateful version is remembered. The server may be replaced by one that speaks stateless
/// versions too, and would still answer `initialize`.
const STATEFUL_TTL: Duration = Duration::from_secs(24 * 60 * 60);

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
    decision: Mutex<Option<Decision>>,
    /// Locked while a client detects the version.
    detecting: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone, Copy)]
struct Decision {
    revision: Revision,
    /// Whether it is spoken on the transport that came before.
    fallback: bool,
    decided_at: Instant,
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
        let decision = *self.decision();
        let is_valid = |decision: &Decision| match decision.revision.era() {
            Era::Stateful => decision.decided_at.elapsed() < STATEFUL_TTL,
            Era::Stateless => true,
        };
        decision.filter(is_valid).map(|decision| decision.revision)
    }

    /// Returns whether the server supports only the fallback transport.
    pub(crate) fn uses_fallback(&self) -> bool {
        self.decision().is_some_and(|decision| decision.fallback)
    }

    pub(crate) fn decide(&self, revision: Revision, fallback: bool) {
        let decision = Decision { revision, fallback, decided_at: Instant::now() };
        *self.decision() = Some(decision);
    }

    /// Waits while someone else asks the server, so that not all do who come at the same moment; and
    /// keeps others waiting while the guard lives, if nobody does.
    ///
    /// It may be in vain, for what the other user is refused may not be refused to this one. And it
    /// may take long, for the other's token has to come first: so it ends after a second.
    pub(crate) async fn wait_turn(&self) -> Option<tokio::sync::MutexGuard<'_, ()>> {
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

    /// Forgets the verdict, unless another has taken its place.
    pub(crate) fn forget(&self, revision: Revision) {
        let mut decision = self.decision();
        if decision.is_some_and(|decision| decision.revision == revision) {
            *decision = None;
        }
    }
}
