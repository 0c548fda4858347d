//! Lists of tools, kept for a while, for one server and principal each.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use quick_cache::sync::Cache;
use tokio::time::Instant;

use crate::{error::Error, sessions::Key, tools::List};

type Fetch = BoxFuture<'static, Result<Arc<List>, Error>>;

/// A list that is being fetched, as long as anyone waits for it.
struct UnderWay {
    number: u64,
    fetch: WeakShared<Fetch>,
}

/// Lists of tools by server and principal.
///
/// Whoever asks for a list that is being fetched waits for the same fetch and shares its outcome.
pub(crate) struct ToolCache {
    lifetime: Duration,
    lists: Cache<Key, (Instant, Arc<List>)>,
    fetches: Mutex<HashMap<Key, UnderWay>>,
    /// The number of the next fetch.
    next: AtomicU64,
}

impl ToolCache {
    /// A cache that keeps `most` lists for `lifetime`; zero keeps none.
    pub(crate) fn new(lifetime: Duration, most: usize) -> Self {
        Self {
            lifetime,
            lists: Cache::new(most),
            fetches: Mutex::default(),
            next: AtomicU64::new(0),
        }
    }

    /// The list for `key`, fetched unless it is here and not `stale`.
    pub(crate) async fn get(
        self: &Arc<Self>,
        key: &Key,
        stale: impl FnOnce(&List) -> bool,
        fetch: impl Future<Output = Result<List, Error>> + Send + 'static,
    ) -> Result<Arc<List>, Error> {
        if self.lifetime.is_zero() {
            return Ok(Arc::new(fetch.await?));
        }
        match self.lists.get(key) {
            Some((at, list)) if at.elapsed() < self.lifetime && !stale(&list) => Ok(list),
            _ => self.fetch(key, fetch).await,
        }
    }

    /// Drops the lists for which `stale` holds, those that are still being fetched included.
    pub(crate) fn forget(&self, stale: impl Fn(&Key) -> bool) {
        self.fetches().retain(|key, _| !stale(key));
        self.lists.retain(|key, _| !stale(key));
    }

    fn fetch(
        self: &Arc<Self>,
        key: &Key,
        fetch: impl Future<Output = Result<List, Error>> + Send + 'static,
    ) -> Shared<Fetch> {
        let mut fetches = self.fetches();
        if let Some(fetch) = fetches.get(key).and_then(|under_way| under_way.fetch.upgrade()) {
            return fetch;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let entry = Entry { cache: Arc::clone(self), key: key.clone(), number };
        let fetch = async move { entry.keep(fetch.await.map(Arc::new)) }.boxed().shared();
        if let Some(weak) = fetch.downgrade() {
            fetches.insert(key.clone(), UnderWay { number, fetch: weak });
        }
        fetch
    }

    fn fetches(&self) -> MutexGuard<'_, HashMap<Key, UnderWay>> {
        self.fetches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The entry of a fetch under way; it goes with the fetch, be it done or given up.
struct Entry {
    cache: Arc<ToolCache>,
    key: Key,
    number: u64,
}

impl Entry {
    /// Keeps what was fetched, unless it was to be forgotten meanwhile.
    fn keep(self, outcome: Result<Arc<List>, Error>) -> Result<Arc<List>, Error> {
        let fetches = self.cache.fetches();
        let list = outcome.as_ref().ok().filter(|_| self.is_current(&fetches));
        if let Some(list) = list {
            let list = (Instant::now(), Arc::clone(list));
            self.cache.lists.insert(self.key.clone(), list);
        }
        drop(fetches);
        outcome
    }

    fn is_current(&self, fetches: &HashMap<Key, UnderWay>) -> bool {
        fetches.get(&self.key).is_some_and(|under_way| under_way.number == self.number)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut fetches = self.cache.fetches();
        if self.is_current(&fetches) {
            fetches.remove(&self.key);
        }
    }
}

impl fmt::Debug for ToolCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ToolCache({} lists)", self.lists.len())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::pending;
    use mcp_client::ToolList;
    use mcp_http::AccessToken;

    use super::*;
    use crate::{named::NamedLists, principal::Principal};

    fn key(n: usize) -> Key {
        ("server".into(), Principal::of_token(&AccessToken::new(n.to_string())))
    }

    fn cache() -> Arc<ToolCache> {
        Arc::new(ToolCache::new(Duration::from_secs(60), 10_000))
    }

    #[test]
    fn fetches_that_are_given_up_leave_nothing_behind() {
        let cache = cache();
        for n in 0..10_000 {
            let key = key(n);
            assert!(cache.get(&key, |_| false, pending()).now_or_never().is_none());
        }
        assert_eq!((cache.fetches().len(), cache.lists.len()), (0, 0));
        // Nor do those that are done, or fail.
        let named = NamedLists::default().get("server", ToolList::default());
        let empty = async { Ok(List::new(named, 0)) };
        cache.get(&key(0), |_| false, empty).now_or_never().unwrap().unwrap();
        let failing = async { Err(Error::configuration(None, "no")) };
        cache.get(&key(1), |_| false, failing).now_or_never().unwrap().unwrap_err();
        assert_eq!((cache.fetches().len(), cache.lists.len()), (0, 1));
    }

    #[test]
    fn a_fetch_that_was_to_be_forgotten_does_not_get_in_the_way_of_the_next() {
        let cache = cache();
        let key = key(0);
        let mut old = Box::pin(cache.get(&key, |_| false, pending()));
        assert!((&mut old).now_or_never().is_none());
        cache.forget(|_| true);
        let mut new = Box::pin(cache.get(&key, |_| false, pending()));
        assert!((&mut new).now_or_never().is_none());
        drop(old);
        assert_eq!(cache.fetches().len(), 1, "the end of the old one is not that of the new one");
        drop(new);
        assert_eq!(cache.fetches().len(), 0);
    }
}
