//! A limit for how many times a request is sent.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// A limit for how many times a request is sent in all, and a counter. Clones share the counter.
///
/// The client sends a request again if the server has lost the session, or if it rejects the
/// protocol version or the parameter headers. It does so only while [`remaining`](Self::remaining)
/// is not zero. So a caller that retries on its own can limit both kinds of repetition together.
///
/// # Examples
/// ```
/// use mcp_client::{Attempts, CallOptions};
///
/// // The call is sent at most twice, even if the session is lost again and again.
/// let options = CallOptions::new().attempts(Attempts::at_most(2));
/// ```
#[derive(Debug, Clone)]
pub struct Attempts(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limit: usize,
    count: AtomicUsize,
}

impl Attempts {
    /// Creates a limit with the counter at zero.
    pub fn at_most(limit: usize) -> Self {
        Self(Arc::new(Shared { limit, count: AtomicUsize::new(0) }))
    }

    /// Returns how many times the request was sent. A request that failed before it reached the
    /// server counts too.
    pub fn count(&self) -> usize {
        self.0.count.load(Ordering::Relaxed)
    }

    /// Returns how many times the request may still be sent.
    pub fn remaining(&self) -> usize {
        self.0.limit.saturating_sub(self.count())
    }

    pub(crate) fn record(&self) {
        self.0.count.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_the_counter() {
        let attempts = Attempts::at_most(2);
        for remaining in [1, 0, 0] {
            attempts.clone().record();
            assert_eq!(attempts.remaining(), remaining);
        }
        assert_eq!(attempts.count(), 3);
    }
}
