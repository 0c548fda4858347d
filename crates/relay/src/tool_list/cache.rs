//! Lists of tools, kept for a while, for one server and principal each.

use std::{
    any::Any,
    collections::HashMap,
    fmt,
    panic::{AssertUnwindSafe, resume_unwind},
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
use tokio::{runtime::Handle, time::Instant};

use super::{cache_stats::Counts, list::List};
use crate::{error::Error, server_key::ServerKey};

type Fetch = BoxFuture<'static, Result<Result<Arc<List>, Error>, Panic>>;

/// What a fetch has panicked with, for one of those who wait for it.
type Panic = Arc<Mutex<Option<Box<dyn Any + Send>>>>;

/// A list that is being fetched, as long as anyone waits for it.
struct UnderWay {
    number: u64,
    fetch: WeakShared<Fetch>,
    keys: CacheKeys,
    /// Whether what it brings is too old to be everyone's.
    outdated: bool,
}

/// A list that is kept, and until when.
#[derive(Clone)]
struct Kept {
    list: Arc<List>,
    fresh_until: Instant,
    stale_until: Instant,
}

/// How long lists are kept, and how many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CachePolicy {
    /// How long a list is fresh whose server does not say it; zero keeps none.
    pub(crate) lifetime: Duration,
    /// How long a list is given out after that, while a new one is fetched.
    pub(crate) stale: Duration,
    pub(crate) most: usize,
}

/// Where a list may be found.
#[derive(Debug, Clone)]
pub(crate) struct CacheKeys {
    pub(crate) own: ServerKey,
    /// The same for everyone, unless lists are not to be shared.
    pub(crate) public: Option<ServerKey>,
}

impl CacheKeys {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &ServerKey> {
        std::iter::once(&self.own).chain(&self.public)
    }

    /// Where a list belongs.
    pub(crate) fn key_for(&self, public: bool) -> &ServerKey {
        self.public.as_ref().filter(|_| public).unwrap_or(&self.own)
    }

    /// Whether it is one of them.
    pub(crate) fn contains(&self, key: &ServerKey) -> bool {
        self.iter().any(|own| own == key)
    }
}

/// Lists of tools by server and principal; those that are the same for everyone by server alone.
///
/// A user who asks for a list that is being fetched for the same user waits for the same fetch and
/// shares its outcome; no other user does, for it may be an error that is private.
pub(crate) struct ToolCache {
    keeping: CachePolicy,
    lists: Cache<ServerKey, Kept>,
    fetches: Mutex<HashMap<ServerKey, UnderWay>>,
    /// The number of the next fetch.
    next: AtomicU64,
    pub(crate) counts: Counts,
}

impl ToolCache {
    /// The longest that a list is kept: as good as for ever.
    const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

    pub(crate) fn new(keeping: CachePolicy) -> Self {
        let [lifetime, stale] =
            [keeping.lifetime, keeping.stale].map(|time| time.min(Self::LONGEST));
        Self {
            keeping: CachePolicy { lifetime, stale, ..keeping },
            lists: Cache::new(keeping.most),
            fetches: Mutex::default(),
            next: AtomicU64::new(0),
            counts: Counts::default(),
        }
    }

    /// How long a list is fresh whose server does not say it.
    pub(crate) fn lifetime(&self) -> Duration {
        self.keeping.lifetime
    }

    /// The list, fetched unless it is here. A list of the user's own goes before everyone's.
    pub(crate) async fn get<F>(
        self: &Arc<Self>,
        keys: CacheKeys,
        fetch: impl Fn() -> F,
    ) -> Result<Arc<List>, Error>
    where
        F: Future<Output = Result<List, Error>> + Send + 'static,
    {
        if self.keeping.lifetime.is_zero() {
            self.counts.fetches.add();
            return Ok(Arc::new(fetch().await?));
        }
        let now = Instant::now();
        let kept = || keys.iter().filter_map(|key| self.lists.get(key));
        if let Some(kept) = kept().find(|kept| now < kept.fresh_until) {
            self.counts.hits.add();
            return Ok(kept.list);
        }
        if let Some(kept) = kept().find(|kept| now < kept.stale_until) {
            self.counts.stale.add();
            // The runtime of the caller brings the new list home, whoever waits for it.
            if let Ok(runtime) = Handle::try_current() {
                drop(runtime.spawn(self.fetch(&keys, fetch)));
            }
            return Ok(kept.list);
        }
        loop {
            match self.fetch(&keys, &fetch).await {
                Ok(outcome) => return outcome,
                // One of those who wait takes it; the others do not panic for what is not theirs.
                Err(panic) => {
                    let panic = panic.lock().unwrap_or_else(PoisonError::into_inner).take();
                    if let Some(panic) = panic {
                        resume_unwind(panic);
                    }
                }
            }
        }
    }

    /// Drops the lists for which `stale` holds, those that are still being fetched included.
    pub(crate) fn forget(&self, stale: impl Fn(&ServerKey) -> bool) {
        self.fetches().retain(|key, under_way| {
            under_way.outdated |= under_way.keys.public.as_ref().is_some_and(&stale);
            !stale(key)
        });
        self.lists.retain(|key, _| !stale(key));
    }

    fn fetch<F>(self: &Arc<Self>, keys: &CacheKeys, fetch: impl Fn() -> F) -> Shared<Fetch>
    where
        F: Future<Output = Result<List, Error>> + Send + 'static,
    {
        let mut fetches = self.fetches();
        if let Some(fetch) = fetches.get(&keys.own).and_then(|under_way| under_way.fetch.upgrade())
        {
            self.counts.joined.add();
            return fetch;
        }
        self.counts.fetches.add();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let entry = Entry { cache: Arc::clone(self), keys: keys.clone(), number };
        let fetch = AssertUnwindSafe(fetch()).catch_unwind();
        let fetch = async move {
            let outcome = fetch.await.map_err(|panic| Arc::new(Mutex::new(Some(panic))))?;
            Ok(entry.keep(outcome.map(Arc::new)))
        };
        let fetch = fetch.boxed().shared();
        if let Some(weak) = fetch.downgrade() {
            let (keys, outdated) = (keys.clone(), false);
            let under_way = UnderWay { number, fetch: weak, keys, outdated };
            fetches.insert(under_way.keys.own.clone(), under_way);
        }
        fetch
    }

    fn keep(&self, key: &ServerKey, list: &Arc<List>) {
        let fresh_until = Instant::now() + list.ttl.min(Self::LONGEST);
        let stale_until = fresh_until + self.keeping.stale;
        self.lists.insert(key.clone(), Kept { list: Arc::clone(list), fresh_until, stale_until });
    }

    fn fetches(&self) -> MutexGuard<'_, HashMap<ServerKey, UnderWay>> {
        self.fetches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The entry of a fetch under way; it goes with the fetch, be it done or given up.
struct Entry {
    cache: Arc<ToolCache>,
    keys: CacheKeys,
    number: u64,
}

impl Entry {
    /// Keeps what was fetched, unless it was to be forgotten meanwhile.
    fn keep(self, outcome: Result<Arc<List>, Error>) -> Result<Arc<List>, Error> {
        let fetches = self.cache.fetches();
        match &outcome {
            Ok(list) => match (self.of(&fetches), self.keys.key_for(list.public)) {
                (Some(under_way), key) if !under_way.outdated || *key == self.keys.own => {
                    self.cache.keep(key, list);
                }
                _ => {}
            },
            Err(_) => self.cache.counts.failures.add(),
        }
        drop(fetches);
        outcome
    }

    /// What is known of it, unless it was to be forgotten.
    fn of<'a>(&self, fetches: &'a HashMap<ServerKey, UnderWay>) -> Option<&'a UnderWay> {
        fetches.get(&self.keys.own).filter(|under_way| under_way.number == self.number)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut fetches = self.cache.fetches();
        if self.of(&fetches).is_some() {
            fetches.remove(&self.keys.own);
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
    use futures_util::future::{pending, ready};
    use mcp_client::ToolList;
    use mcp_http::AccessToken;
    use serde_json::json;
    use tokio::sync::oneshot;

    use super::*;
    use crate::{principal::Principal, tool_list::named_tools::NamedToolLists};

    fn key(n: usize) -> ServerKey {
        let principal = Principal::of_token(&AccessToken::new(n.to_string()));
        ServerKey { server: "server".into(), principal }
    }

    fn own(key: &ServerKey) -> CacheKeys {
        CacheKeys { own: key.clone(), public: None }
    }

    /// Where a list of that user may be, or one of everyone.
    fn keys(n: usize) -> CacheKeys {
        let everyone = ServerKey { server: "server".into(), principal: Principal::EVERYONE };
        CacheKeys { own: key(n), public: Some(everyone) }
    }

    /// A list of one tool, of that name.
    fn list(name: &str, public: bool) -> List {
        let tool = json!({ "name": name, "inputSchema": {} });
        let mut tools = ToolList::default();
        tools.tools.push(Arc::new(serde_json::from_value(tool).unwrap()));
        let named = NamedToolLists::default().get("server", tools);
        List { named, ttl: Duration::from_secs(60), public }
    }

    /// The name of the one tool that the cache gives, or fetches.
    fn name(cache: &Arc<ToolCache>, keys: CacheKeys, name: &str, public: bool) -> String {
        let fetch = || ready(Ok(list(name, public)));
        let list = cache.get(keys, fetch).now_or_never().unwrap().unwrap();
        list.named.entries[0].tool.name.clone()
    }

    fn cache() -> Arc<ToolCache> {
        let lifetime = Duration::from_secs(60);
        Arc::new(ToolCache::new(CachePolicy { lifetime, stale: Duration::ZERO, most: 10_000 }))
    }

    #[test]
    fn abandoned_fetches_leave_nothing_behind() {
        let cache = cache();
        for n in 0..10_000 {
            let key = key(n);
            assert!(cache.get(own(&key), pending).now_or_never().is_none());
        }
        assert_eq!((cache.fetches().len(), cache.lists.len()), (0, 0));
        // Nor do those that are done, or fail.
        name(&cache, own(&key(0)), "a", false);
        let failing = || ready(Err(Error::configuration(None, "no")));
        cache.get(own(&key(1)), failing).now_or_never().unwrap().unwrap_err();
        assert_eq!((cache.fetches().len(), cache.lists.len()), (0, 1));
    }

    #[test]
    fn a_forgotten_fetch_does_not_affect_the_next_fetch() {
        let cache = cache();
        let key = key(0);
        let mut old = Box::pin(cache.get(own(&key), pending));
        assert!((&mut old).now_or_never().is_none());
        cache.forget(|_| true);
        let mut new = Box::pin(cache.get(own(&key), pending));
        assert!((&mut new).now_or_never().is_none());
        drop(old);
        assert_eq!(cache.fetches().len(), 1, "the end of the old one is not that of the new one");
        drop(new);
        assert_eq!(cache.fetches().len(), 0);
    }

    #[test]
    fn a_user_s_own_list_wins_over_the_public_list() {
        // N-CACHE-03
        let cache = cache();
        assert_eq!(name(&cache, keys(0), "own", false), "own");
        assert_eq!(name(&cache, keys(1), "everyone's", true), "everyone's");
        assert_eq!(name(&cache, keys(0), "", false), "own");
        assert_eq!(name(&cache, keys(2), "", false), "everyone's");
    }

    #[test]
    fn a_list_requested_before_a_change_is_not_published_after_it() {
        // N-CACHE-04
        let cache = cache();
        let (send, wait) = oneshot::channel::<()>();
        let wait = wait.shared();
        let mut early = Box::pin(cache.get(keys(0), || {
            let wait = wait.clone();
            async move {
                wait.await.unwrap();
                Ok(list("old", true))
            }
        }));
        assert!((&mut early).now_or_never().is_none());
        cache.forget(|key| keys(1).contains(key));
        assert_eq!(name(&cache, keys(1), "new", true), "new");
        send.send(()).unwrap();
        early.now_or_never().unwrap().unwrap();
        assert_eq!(name(&cache, keys(2), "", false), "new");
    }
}
