//! Locks of keys within one process.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use super::{key::StoreKey, store::StoreLock};

/// A lock for each key, within one process.
///
/// A store that only one process uses can implement [`Store::lock`](crate::Store::lock) with it. A
/// store that several processes share needs locks across processes as well.
///
/// # Examples
///
/// ```
/// use mcp_oauth::{KeyLocks, StoreKey};
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() {
///     let locks = KeyLocks::default();
///     let (server, issuer) = ("https://mcp.example.com/mcp", "https://login.example.com");
///     let key = StoreKey::new(Some("ann"), server, issuer);
///     let lock = locks.lock(&key).await;
///     // Only this task uses the refresh token of the key now.
///     drop(lock);
/// }
/// ```
#[derive(Default)]
pub struct KeyLocks(Mutex<BTreeMap<StoreKey, Arc<tokio::sync::Mutex<()>>>>);

impl KeyLocks {
    /// Waits until no other task holds the lock of the key, and acquires it.
    pub async fn lock(&self, key: &StoreKey) -> StoreLock {
        let lock = self.lock_for(key);
        StoreLock::new(lock.lock_owned().await)
    }

    /// Returns the lock of a key, and drops locks that are not in use.
    fn lock_for(&self, key: &StoreKey) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        Arc::clone(locks.entry(key.clone()).or_default())
    }
}

impl fmt::Debug for KeyLocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyLocks").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn one_task_at_a_time_holds_the_lock_of_a_key() {
        let locks = KeyLocks::default();
        let [one, other] =
            ["a", "b"].map(|issuer| StoreKey::new(None, "https://mcp.example/", issuer));
        let held = locks.lock(&one).await;
        assert!(locks.lock(&one).now_or_never().is_none());
        assert!(locks.lock(&other).now_or_never().is_some());
        drop(held);
        assert!(locks.lock(&one).now_or_never().is_some());
        assert!(locks.0.lock().unwrap().len() <= 1);
    }
}
