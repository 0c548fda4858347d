//! The cache of tool lists, and the fetches that fill it.
//!
//! **Invariant:** after the tools of a server change, no user gets a list that another user
//! requested before the change. Servers report changes of their tools, and [`ToolCache::forget`]
//! drops the lists that a change made wrong. A fetch in progress may still return the old list, so
//! `forget` handles fetches too:
//!
//! - If `forget` matches the user's own key, the fetch is removed. Its callers still get the list,
//!   but the list is not cached.
//! - If another user's session reported the change, `forget` matches only the key of the public
//!   list, which is for all users. The fetch is then marked [`outdated`](Fetch::outdated), and its
//!   list is cached for its own user only.
//!
//! `forget` and the insertion of a list hold the same lock. So `forget` comes after the insertion
//! and drops the list, or it comes before the insertion and the rules above apply.

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

use super::{cache_stats::Counters, list::List};
use crate::{error::Error, server_key::ServerKey};

/// The future of a fetch, which all waiting callers share.
type FetchFuture = BoxFuture<'static, Result<Result<Arc<List>, Error>, Panic>>;

/// The payload of a panic during a fetch. The first of the waiting callers takes it.
type Panic = Arc<Mutex<Option<Box<dyn Any + Send>>>>;

/// A fetch in progress. It exists while a caller waits for it.
struct Fetch {
    /// Distinguishes this fetch from a later one under the same key.
    number: u64,
    future: WeakShared<FetchFuture>,
    keys: CacheKeys,
    /// True if the public list has changed since the fetch started.
    outdated: bool,
}

/// A cached list. It is fresh until one time, and may be returned until a later one while a new list
/// is fetched.
#[derive(Clone)]
struct CachedList {
    list: Arc<List>,
    fresh_until: Instant,
    stale_until: Instant,
}

/// The limits of the cache: time and number of lists.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CachePolicy {
    /// The time for which a list is fresh if its server does not specify one. Zero disables the
    /// cache.
    pub(crate) lifetime: Duration,
    /// The time for which a list that is no longer fresh is still returned, while a new list is
    /// fetched.
    pub(crate) stale: Duration,
    /// The maximum number of cached lists.
    pub(crate) capacity: usize,
}

/// The keys under which a list may be cached.
#[derive(Debug, Clone)]
pub(crate) struct CacheKeys {
    /// The key of the user's own list.
    pub(crate) own: ServerKey,
    /// The key of the list for all users. `None` if the list must not be shared.
    pub(crate) public: Option<ServerKey>,
}

impl CacheKeys {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &ServerKey> {
        std::iter::once(&self.own).chain(&self.public)
    }

    /// Returns the key under which to cache a list. This is the key for all users if the list is
    /// `public` and may be shared, otherwise the user's own key.
    pub(crate) fn key_for(&self, public: bool) -> &ServerKey {
        self.public.as_ref().filter(|_| public).unwrap_or(&self.own)
    }

    pub(crate) fn contains(&self, key: &ServerKey) -> bool {
        self.iter().any(|own| own == key)
    }
}

/// Tool lists by server and principal. A public list is cached once per server.
///
/// A caller joins a fetch of the same user and shares its result. It never joins a fetch of another
/// user, because the result may be a private error.
pub(crate) struct ToolCache {
    policy: CachePolicy,
    lists: Cache<ServerKey, CachedList>,
    fetches: Mutex<HashMap<ServerKey, Fetch>>,
    next_fetch: AtomicU64,
    pub(crate) counts: Counters,
}

impl ToolCache {
    /// The maximum time for which a list is cached: ten years.
    const MAX_DURATION: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

    pub(crate) fn new(policy: CachePolicy) -> Self {
        let [lifetime, stale] =
            [policy.lifetime, policy.stale].map(|time| time.min(Self::MAX_DURATION));
        Self {
            policy: CachePolicy { lifetime, stale, ..policy },
            lists: Cache::new(policy.capacity),
            fetches: Mutex::default(),
            next_fetch: AtomicU64::new(0),
            counts: Counters::default(),
        }
    }

    /// Returns the time for which a list is fresh if its server does not specify one.
    pub(crate) fn lifetime(&self) -> Duration {
        self.policy.lifetime
    }

    /// Returns the list from the cache, or fetches it. Among fresh lists, the user's own list comes
    /// before the list for all users.
    pub(crate) async fn get<F>(
        self: &Arc<Self>,
        keys: CacheKeys,
        fetch: impl Fn() -> F,
    ) -> Result<Arc<List>, Error>
    where
        F: Future<Output = Result<List, Error>> + Send + 'static,
    {
        if self.policy.lifetime.is_zero() {
            self.counts.fetches.add();
            return Ok(Arc::new(fetch().await?));
        }
        let now = Instant::now();
        let cached = || keys.iter().filter_map(|key| self.lists.get(key));
        if let Some(cached) = cached().find(|cached| now < cached.fresh_until) {
            self.counts.hits.add();
            return Ok(cached.list);
        }
        if let Some(cached) = cached().find(|cached| now < cached.stale_until) {
            self.counts.stale.add();
            // The caller does not wait. A task on the caller's runtime fetches the new list.
            if let Ok(runtime) = Handle::try_current() {
                drop(runtime.spawn(self.join_or_fetch(&keys, fetch)));
            }
            return Ok(cached.list);
        }
        loop {
            match self.join_or_fetch(&keys, &fetch).await {
                Ok(result) => return result,
                // If the fetch panicked, one of the waiting callers panics too. The others fetch
                // again.
                Err(panic) => {
                    let panic = panic.lock().unwrap_or_else(PoisonError::into_inner).take();
                    if let Some(panic) = panic {
                        resume_unwind(panic);
                    }
                }
            }
        }
    }

    /// Drops the lists whose keys match, and prevents fetches in progress from caching the old
    /// lists. See the invariant at the top of this file.
    pub(crate) fn forget(&self, matches: impl Fn(&ServerKey) -> bool) {
        self.fetches().retain(|own, fetch| {
            fetch.outdated |= fetch.keys.public.as_ref().is_some_and(&matches);
            !matches(own)
        });
        self.lists.retain(|key, _| !matches(key));
    }

    /// Joins the fetch of the same user, if one is in progress, or starts one.
    fn join_or_fetch<F>(
        self: &Arc<Self>,
        keys: &CacheKeys,
        fetch: impl Fn() -> F,
    ) -> Shared<FetchFuture>
    where
        F: Future<Output = Result<List, Error>> + Send + 'static,
    {
        let mut fetches = self.fetches();
        if let Some(future) = fetches.get(&keys.own).and_then(|fetch| fetch.future.upgrade()) {
            self.counts.joined.add();
            return future;
        }
        self.counts.fetches.add();
        let number = self.next_fetch.fetch_add(1, Ordering::Relaxed);
        let guard = FetchGuard { cache: Arc::clone(self), keys: keys.clone(), number };
        let fetch = AssertUnwindSafe(fetch()).catch_unwind();
        let future = async move {
            let result = fetch.await.map_err(|panic| Arc::new(Mutex::new(Some(panic))))?;
            Ok(guard.complete(result))
        };
        let future = future.boxed().shared();
        if let Some(weak) = future.downgrade() {
            let fetch = Fetch { number, future: weak, keys: keys.clone(), outdated: false };
            fetches.insert(keys.own.clone(), fetch);
        }
        future
    }

    fn fetches(&self) -> MutexGuard<'_, HashMap<ServerKey, Fetch>> {
        self.fetches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes the entry of a fetch when the fetch is completed or abandoned.
struct FetchGuard {
    cache: Arc<ToolCache>,
    keys: CacheKeys,
    number: u64,
}

impl FetchGuard {
    /// Inserts the list into the cache, unless a change may have made it wrong. See the invariant at
    /// the top of this file.
    fn complete(self, result: Result<List, Error>) -> Result<Arc<List>, Error> {
        let cache = &*self.cache;
        let list = Arc::new(result.inspect_err(|_| cache.counts.failures.add())?);
        let key = self.keys.key_for(list.public);
        let fetches = cache.fetches();
        let own_fetch = fetches.get(&self.keys.own).filter(|fetch| fetch.number == self.number);
        if own_fetch.is_some_and(|fetch| !fetch.outdated || *key == self.keys.own) {
            let fresh_until = Instant::now() + list.ttl.min(ToolCache::MAX_DURATION);
            let stale_until = fresh_until + cache.policy.stale;
            let cached = CachedList { list: Arc::clone(&list), fresh_until, stale_until };
            cache.lists.insert(key.clone(), cached);
        }
        drop(fetches);
        Ok(list)
    }
}

impl Drop for FetchGuard {
    fn drop(&mut self) {
        let mut fetches = self.cache.fetches();
        if fetches.get(&self.keys.own).is_some_and(|fetch| fetch.number == self.number) {
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
        let principal = Principal::from_token(&AccessToken::new(n.to_string()));
        ServerKey { server: "server".into(), principal }
    }

    fn own(key: &ServerKey) -> CacheKeys {
        CacheKeys { own: key.clone(), public: None }
    }

    /// The keys of a user's list and of the public list.
    fn keys(n: usize) -> CacheKeys {
        let all_users = ServerKey { server: "server".into(), principal: Principal::ALL_USERS };
        CacheKeys { own: key(n), public: Some(all_users) }
    }

    /// A list with one tool of this name.
    fn list(name: &str, public: bool) -> List {
        let tool = json!({ "name": name, "inputSchema": {} });
        let mut tools = ToolList::default();
        tools.tools.push(Arc::new(serde_json::from_value(tool).unwrap()));
        let named = NamedToolLists::default().get("server", tools);
        List { named, ttl: Duration::from_secs(60), public }
    }

    /// The name of the tool in the list that the cache returns or fetches.
    fn name(cache: &Arc<ToolCache>, keys: CacheKeys, name: &str, public: bool) -> String {
        let fetch = || ready(Ok(list(name, public)));
        let list = cache.get(keys, fetch).now_or_never().unwrap().unwrap();
        list.named.entries[0].tool.name.clone()
    }

    fn cache() -> Arc<ToolCache> {
        let lifetime = Duration::from_secs(60);
        Arc::new(ToolCache::new(CachePolicy { lifetime, stale: Duration::ZERO, capacity: 10_000 }))
    }

    #[test]
    fn abandoned_fetches_leave_nothing_behind() {
        let cache = cache();
        for n in 0..10_000 {
            let key = key(n);
            assert!(cache.get(own(&key), pending).now_or_never().is_none());
        }
        assert_eq!((cache.fetches().len(), cache.lists.len()), (0, 0));
        // Fetches that succeed or fail leave no entry either.
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
        assert_eq!(cache.fetches().len(), 1, "the end of the old fetch does not end the new fetch");
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
