//! A store that forgets everything with the process.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::future::{self, BoxFuture};
use mcp_http::mcp_client::BoxError;

use crate::store::{Key, Lock, Record, Store};

/// Keeps records in memory. Clones share them.
///
/// ```
/// # async fn run() -> Result<(), mcp_http::mcp_client::BoxError> {
/// use mcp_oauth::{Key, MemoryStore, Store};
///
/// let store = MemoryStore::new();
/// let key = Key::new(Some("ann"), "https://mcp.example.com/mcp", "https://login.example.com");
/// assert!(store.load(&key).await?.is_none());
/// # Ok(())
/// # }
/// # futures_util::FutureExt::now_or_never(run()).unwrap().unwrap();
/// ```
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    records: BTreeMap<Key, Record>,
    locks: BTreeMap<Key, Arc<tokio::sync::Mutex<()>>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every change is one step, so that a panic elsewhere leaves nothing half done.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// The lock of a key. Those that nobody holds or waits for are forgotten.
    fn lock(&mut self, key: &Key) -> Arc<tokio::sync::Mutex<()>> {
        self.locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        Arc::clone(self.locks.entry(key.clone()).or_default())
    }
}

impl Store for MemoryStore {
    fn load<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Record>, BoxError>> {
        let record = self.kept().records.get(key).cloned();
        Box::pin(future::ready(Ok(record)))
    }

    fn save<'a>(&'a self, key: &'a Key, record: &'a Record) -> BoxFuture<'a, Result<(), BoxError>> {
        self.kept().records.insert(key.clone(), record.clone());
        Box::pin(future::ready(Ok(())))
    }

    fn remove<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<(), BoxError>> {
        self.kept().records.remove(key);
        Box::pin(future::ready(Ok(())))
    }

    fn keys<'a>(
        &'a self,
        principal: Option<&'a str>,
        server: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Key>, BoxError>> {
        let of_both = |key: &&Key| key.principal.as_deref() == principal && key.server == server;
        let keys = self.kept().records.keys().filter(of_both).cloned().collect();
        Box::pin(future::ready(Ok(keys)))
    }

    fn lock<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Lock, BoxError>> {
        let lock = self.kept().lock(key);
        Box::pin(async { Ok(Lock::new(lock.lock_owned().await)) })
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::credentials::{Registration, TokenEndpointAuthMethod};

    fn key(principal: Option<&str>, issuer: &str) -> Key {
        Key::new(principal, "https://mcp.example/", issuer)
    }

    fn record(client_id: &str) -> Record {
        Record::Registration(Registration {
            client_id: client_id.to_owned(),
            client_secret: None,
            secret_expires_at: None,
            auth_method: TokenEndpointAuthMethod::None,
            redirect_uri: None,
        })
    }

    #[tokio::test]
    async fn records_belong_to_principal_server_and_issuer() {
        // N-AUTH-14
        let store = MemoryStore::new();
        store.save(&key(Some("ann"), "a"), &record("1")).await.unwrap();
        store.save(&key(Some("ann"), "b"), &record("2")).await.unwrap();
        store.save(&key(Some("ann"), "b"), &record("3")).await.unwrap();
        store.save(&key(None, "b"), &record("4")).await.unwrap();
        let keys = store.keys(Some("ann"), "https://mcp.example/").await.unwrap();
        assert_eq!(keys, [key(Some("ann"), "a"), key(Some("ann"), "b")]);
        assert_eq!(store.load(&keys[1]).await.unwrap(), Some(record("3")));
        assert_eq!(store.load(&key(Some("bob"), "b")).await.unwrap(), None);
        store.remove(&keys[0]).await.unwrap();
        assert_eq!(store.load(&keys[0]).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_lock_is_of_one_at_a_time_and_one_key() {
        let store = MemoryStore::new();
        let [one, other] = [key(None, "a"), key(None, "b")];
        let held = store.lock(&one).await.unwrap();
        assert!(store.lock(&one).now_or_never().is_none());
        assert!(store.lock(&other).now_or_never().is_some());
        drop(held);
        assert!(store.lock(&one).now_or_never().is_some());
        assert!(store.kept().locks.len() <= 1);
    }
}
