//! Counters of open connections, streams and requests.

use tokio::sync::watch;

/// The counters of a server at one moment, from [`TestServer::counts`](crate::TestServer::counts).
///
/// Use [`TestServer::count`](crate::TestServer::count) for the number of requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// The number of TCP connections accepted so far.
    pub connections: usize,
    /// The number of open TCP connections.
    pub open_connections: usize,
    /// The number of event streams that clients read: responses, GET streams and subscriptions.
    pub open_streams: usize,
    /// The number of JSON-RPC requests that have no response yet and are not cancelled. In stateful
    /// protocol versions, a request stays open if its client stops reading without cancelling it.
    pub open_requests: usize,
}

/// The counters of a server. Clones share them. A test can wait for their values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counters(watch::Sender<Counts>);

/// Counts one open item until it is dropped.
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
        // It fails only if the sender is dropped, and `self` holds the sender.
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
