//! Lists of tools, kept for a while, for one server and principal each.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use quick_cache::sync::Cache;
use tokio::time::Instant;

use crate::{error::Error, sessions::Key, tools::List};

/// Lists that are kept.
const MOST: usize = 10_000;

type Fetch = BoxFuture<'static, Result<Arc<List>, Error>>;

/// Lists of tools by server and principal.
///
/// Whoever asks for a list that is being fetched waits for the same fetch and shares its outcome.
pub(crate) struct ToolCache {
    lifetime: Duration,
    lists: Cache<Key, (Instant, Arc<List>)>,
    fetches: Mutex<HashMap<Key, WeakShared<Fetch>>>,
}

impl ToolCache {
    /// A cache that keeps lists for `lifetime`; zero keeps none.
    pub(crate) fn new(lifetime: Duration) -> Self {
        Self { lifetime, lists: Cache::new(MOST), fetches: Mutex::default() }
    }

    /// The list for `key`, fetched unless it is here.
    pub(crate) async fn get(
        self: &Arc<Self>,
        key: &Key,
        fetch: impl Future<Output = Result<List, Error>> + Send + 'static,
    ) -> Result<Arc<List>, Error> {
        if self.lifetime.is_zero() {
            return Ok(Arc::new(fetch.await?));
        }
        match self.lists.get(key) {
            Some((fetched, list)) if fetched.elapsed() < self.lifetime => Ok(list),
            _ => self.fetch(key, fetch).await,
        }
    }

    /// Drops the lists for which `stale` holds.
    pub(crate) fn forget(&self, stale: impl Fn(&Key) -> bool) {
        self.lists.retain(|key, _| !stale(key));
    }

    fn fetch(
        self: &Arc<Self>,
        key: &Key,
        fetch: impl Future<Output = Result<List, Error>> + Send + 'static,
    ) -> Shared<Fetch> {
        let mut fetches = self.fetches.lock().unwrap_or_else(PoisonError::into_inner);
        // A fetch that all its callers have given up is gone, and its entry is of no use.
        let under_way = fetches.get(key).and_then(WeakShared::upgrade);
        under_way.unwrap_or_else(|| {
            let fetch = Arc::clone(self).keep(key.clone(), fetch).boxed().shared();
            if let Some(weak) = fetch.downgrade() {
                fetches.insert(key.clone(), weak);
            }
            fetch
        })
    }

    async fn keep(
        self: Arc<Self>,
        key: Key,
        fetch: impl Future<Output = Result<List, Error>>,
    ) -> Result<Arc<List>, Error> {
        let outcome = fetch.await.map(Arc::new);
        if let Ok(list) = &outcome {
            self.lists.insert(key.clone(), (Instant::now(), Arc::clone(list)));
        }
        self.fetches.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
        outcome
    }
}

impl fmt::Debug for ToolCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ToolCache({} lists)", self.lists.len())
    }
}
