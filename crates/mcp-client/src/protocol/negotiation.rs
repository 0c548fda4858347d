//! The protocol version that a server speaks, as it was found out.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mcp_types::{Era, Revision};
use tokio::time::{self, Instant};

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
