//! What a server counts, for tests of what clients leave behind.

use tokio::sync::watch;

/// How much of what there is; from [`TestServer::counts`].
///
/// The requests are counted by [`TestServer::count`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// The TCP connections so far.
    pub connections: usize,
    /// Those that are still open.
    pub open_connections: usize,
    /// The event streams that clients read, be it for an answer or to listen.
    pub open_streams: usize,
    /// The JSON-RPC requests that are neither answered nor cancelled. In the handshake era one stays
    /// open that its client has stopped to read without cancelling it.
    pub open_requests: usize,
}

/// The counts of a server, which can be waited for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counters(watch::Sender<Counts>);

/// Something that is counted until it is dropped.
#[derive(Debug)]
pub(crate) struct CountGuard {
    counters: Counters,
    field: fn(&mut Counts) -> &mut usize,
}

impl Counters {
    pub(crate) fn now(&self) -> Counts {
        *self.0.borrow()
    }

    pub(crate) async fn wait_for(&self, wanted: impl FnMut(&Counts) -> bool) -> Counts {
        let mut counts = self.0.subscribe();
        // It fails only without a sender, and the sender is `self`.
        let wanted = counts.wait_for(wanted).await.map(|counts| *counts);
        wanted.unwrap_or_else(|_| self.now())
    }

    pub(crate) fn connection(&self) -> CountGuard {
        self.0.send_modify(|counts| counts.connections += 1);
        self.open(|counts| &mut counts.open_connections)
    }

    pub(crate) fn request(&self) -> CountGuard {
        self.open(|counts| &mut counts.open_requests)
    }

    pub(crate) fn stream(&self) -> CountGuard {
        self.open(|counts| &mut counts.open_streams)
    }

    fn open(&self, field: fn(&mut Counts) -> &mut usize) -> CountGuard {
        self.0.send_modify(|counts| *field(counts) += 1);
        CountGuard { counters: self.clone(), field }
    }
}

impl Drop for CountGuard {
    fn drop(&mut self) {
        self.counters.0.send_modify(|counts| *(self.field)(counts) -= 1);
    }
}
