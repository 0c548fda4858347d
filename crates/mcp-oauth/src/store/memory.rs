//! A store in memory.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::future::{self, BoxFuture};
use mcp_http::mcp_client::BoxError;

use super::{
    key::StoreKey,
    key_locks::KeyLocks,
    record::Record,
    store::{Store, StoreLock},
};

/// A store that keeps its records in memory. Clones share the records.
///
/// # Examples
///
/// ```
/// use mcp_http::mcp_client::BoxError;
/// use mcp_oauth::{MemoryStore, Store, StoreKey};
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> Result<(), BoxError> {
///     let store = MemoryStore::new();
///     let (server, issuer) = ("https://mcp.example.com/mcp", "https://login.example.com");
///     let key = StoreKey::new(Some("ann"), server, issuer);
///     assert!(store.load(&key).await?.is_none());
///     Ok(())
/// }
/// ```
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Inner>);

#[derive(Default)]
struct Inner {
    records: Mutex<BTreeMap<StoreKey, Record>>,
    locks: KeyLocks,
}

impl MemoryStore {
    /// Creates an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the records. A poisoned lock is ignored, because every change is a single step.
    fn records(&self) -> MutexGuard<'_, BTreeMap<StoreKey, Record>> {
        self.0.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn load<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<Option<Record>, BoxError>> {
        let record = self.records().get(key).cloned();
        Box::pin(future::ready(Ok(record)))
    }

    fn save<'a>(
        &'a self,
        key: &'a StoreKey,
        record: &'a Record,
    ) -> BoxFuture<'a, Result<(), BoxError>> {
        self.records().insert(key.clone(), record.clone());
        Box::pin(future::ready(Ok(())))
    }

    fn remove<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), BoxError>> {
        self.records().remove(key);
        Box::pin(future::ready(Ok(())))
    }

    fn keys<'a>(
        &'a self,
        principal: Option<&'a str>,
        server: &'a str,
    ) -> BoxFuture<'a, Result<Vec<StoreKey>, BoxError>> {
        let matches =
            |key: &&StoreKey| key.principal.as_deref() == principal && key.server == server;
        let keys = self.records().keys().filter(matches).cloned().collect();
        Box::pin(future::ready(Ok(keys)))
    }

    fn keys_of_principal<'a>(
        &'a self,
        principal: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<StoreKey>, BoxError>> {
        let matches = |key: &&StoreKey| key.principal.as_deref() == principal;
        let keys = self.records().keys().filter(matches).cloned().collect();
        Box::pin(future::ready(Ok(keys)))
    }

    fn lock<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<StoreLock, BoxError>> {
        Box::pin(async { Ok(self.0.locks.lock(key).await) })
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}
