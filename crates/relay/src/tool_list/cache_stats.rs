//! Statistics of the tool list cache.

use std::sync::atomic::{AtomicU64, Ordering};

/// How often the cache of tool lists was of use, since the registry was built; see
/// [`Relay::cache_stats`](crate::Relay::cache_stats).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Lists that were there and fresh.
    pub hits: u64,
    /// Lists that were there, were given out past their time, and are fetched anew.
    pub stale: u64,
    /// Lists that someone else was already fetching.
    pub joined: u64,
    /// Lists that were fetched.
    pub fetches: u64,
    /// Fetches that failed.
    pub failures: u64,
}

/// The same while they are counted.
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
