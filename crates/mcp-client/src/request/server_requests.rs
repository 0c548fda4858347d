//! The server requests of one call: their number, and which of them the user has declined.

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// The server requests of one call. Nothing is allocated until the server sends the first one.
#[derive(Debug)]
pub(crate) struct ServerRequests {
    limit: usize,
    count: AtomicUsize,
    declined: OnceLock<Arc<DeclinedRequests>>,
}

/// The server requests that the user has declined or cancelled. Only their hashes are kept.
#[derive(Debug, Default)]
pub(crate) struct DeclinedRequests {
    hasher: RandomState,
    hashes: Mutex<HashSet<u64>>,
}

impl ServerRequests {
    /// Creates a value for a call during which the server may send `limit` requests.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, count: AtomicUsize::new(0), declined: OnceLock::new() }
    }

    /// Counts a server request. Returns `false` if it exceeds the limit.
    pub(crate) fn count(&self) -> bool {
        self.count.fetch_add(1, Ordering::Relaxed) < self.limit
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn declined(&self) -> &Arc<DeclinedRequests> {
        self.declined.get_or_init(Arc::default)
    }
}

impl DeclinedRequests {
    /// The maximum number of hashes. Beyond it, all are forgotten.
    const MAX: usize = 1_000;

    /// Adds a request, given as text.
    pub(crate) fn insert(&self, request: &str) {
        let hash = self.hasher.hash_one(request);
        let mut hashes = self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
        if hashes.len() >= Self::MAX {
            hashes.clear();
        }
        hashes.insert(hash);
    }

    pub(crate) fn contains(&self, request: &str) -> bool {
        let hash = self.hasher.hash_one(request);
        self.hashes.lock().unwrap_or_else(PoisonError::into_inner).contains(&hash)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.hashes.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    pub(crate) fn clear(&self) {
        self.hashes.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
