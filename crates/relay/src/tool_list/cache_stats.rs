//! Statistics of the tool list cache.

use std::sync::atomic::{AtomicU64, Ordering};

/// The statistics of the tool list cache since the relay was created. Returned by
/// [`Relay::cache_stats`](crate::Relay::cache_stats).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// The number of requests that a fresh cached list served.
    pub hits: u64,
    /// The number of requests that an expired cached list served, while a new list was fetched.
    pub stale: u64,
    /// The number of requests that joined a fetch in progress.
    pub joined: u64,
    /// The number of fetches.
    pub fetches: u64,
    /// The number of failed fetches.
    pub failures: u64,
}

/// The counters behind [`CacheStats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) hits: Counter,
    pub(crate) stale: Counter,
    pub(crate) joined: Counter,
    pub(crate) fetches: Counter,
    pub(crate) failures: Counter,
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(crate) fn stats(&self) -> CacheStats {
        CacheStats {
            hits: self.hits.get(),
            stale: self.stale.get(),
            joined: self.joined.get(),
            fetches: self.fetches.get(),
            failures: self.failures.get(),
        }
    }
}
