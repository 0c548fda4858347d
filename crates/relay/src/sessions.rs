//! The open conversations: one for each server and principal, bounded in number and idle time.

use std::{
    fmt,
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use mcp_client::Client;
use quick_cache::sync::Cache;
use tokio::runtime::Handle;

use crate::principal::Principal;

/// Conversations that are kept open.
const MOST: usize = 10_000;
/// How long one is kept without a call.
const IDLE: Duration = Duration::from_secs(5 * 60);
/// How often those without a call are looked for, at most.
const SWEEP: Duration = Duration::from_secs(30);

/// A server and on whose behalf it is spoken to.
pub(crate) type Key = (Arc<str>, Principal);

/// The open conversations.
pub(crate) struct Sessions {
    open: Cache<Key, Arc<Conversation>>,
    started: Instant,
    /// Milliseconds from `started` to the last sweep.
    swept: AtomicU64,
}

/// A conversation; once nobody uses it any more, its session is ended on the server.
pub(crate) struct Conversation {
    client: Client,
    /// Milliseconds from the pool's start to the last use.
    used: AtomicU64,
}

impl Sessions {
    pub(crate) fn new() -> Self {
        Self { open: Cache::new(MOST), started: Instant::now(), swept: AtomicU64::new(0) }
    }

    /// The conversation for `key`, made by `open` unless there is one.
    pub(crate) fn get<E>(
        &self,
        key: &Key,
        open: impl FnOnce() -> Result<Client, E>,
    ) -> Result<Arc<Conversation>, E> {
        let now = self.now();
        self.sweep(now);
        let conversation = self.open.get_or_insert_with(key, || {
            let used = AtomicU64::new(now);
            Ok(Arc::new(Conversation { client: open()?, used }))
        })?;
        conversation.used.store(now, Ordering::Relaxed);
        Ok(conversation)
    }

    /// Takes out the conversations for which `wanted` holds.
    pub(crate) fn take(&self, wanted: impl Fn(&Key) -> bool) -> Vec<(Key, Arc<Conversation>)> {
        let keys: Vec<_> = self.open.iter().map(|(key, _)| key).filter(|key| wanted(key)).collect();
        keys.iter().filter_map(|key| self.open.remove(key)).collect()
    }

    fn sweep(&self, now: u64) {
        let last = self.swept.load(Ordering::Relaxed);
        let due = now.saturating_sub(last) >= millis(SWEEP);
        let mine = || self.swept.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed);
        if due && mine().is_ok() {
            self.open.retain(|_, conversation| {
                let idle = now.saturating_sub(conversation.used.load(Ordering::Relaxed));
                idle < millis(IDLE) || Arc::strong_count(conversation) > 1
            });
        }
    }

    fn now(&self) -> u64 {
        millis(self.started.elapsed())
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Deref for Conversation {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let client = self.client.clone();
        runtime.spawn(async move {
            if let Err(error) = client.close().await {
                tracing::debug!(%error, "a session could not be ended");
            }
        });
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sessions({} open)", self.open.len())
    }
}
