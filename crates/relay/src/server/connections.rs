//! The connection pool: one connection per server and principal, with limits on number and idle
//! time.

use std::{
    collections::HashMap,
    fmt,
    ops::Deref,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use mcp_client::Client;
use tokio::runtime::Handle;

use crate::server_key::ServerKey;

/// The minimum time between two searches for idle connections.
const SWEEP_INTERVAL: Duration = Duration::from_secs(30);

/// The limits of a [`ConnectionPool`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct PoolLimits {
    /// The maximum number of open connections.
    pub(crate) connections: usize,
    /// The time after which a connection without a call is closed.
    pub(crate) idle: Duration,
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self { connections: 10_000, idle: Duration::from_secs(5 * 60) }
    }
}

/// The open connections. If there are too many, the least recently used connections are evicted.
pub(crate) struct ConnectionPool {
    open: RwLock<HashMap<ServerKey, Connection>>,
    limits: PoolLimits,
    started: Instant,
    /// Milliseconds from `started` to the last sweep.
    last_sweep: AtomicU64,
}

/// The connection to one server for one user. It dereferences to its typed [`Client`].
///
/// Clones share the connection. Its session stays open while a clone exists. After that, the
/// session is closed when it has been idle for the [idle
/// timeout](crate::RelayBuilder::session_idle_timeout), or when there are too many [open
/// sessions](crate::RelayBuilder::max_sessions).
#[derive(Clone)]
pub struct Connection(Arc<ConnectionState>);

struct ConnectionState {
    client: Client,
    /// True if the session is closed on drop. This is false for a stdio server, because all callers
    /// share its process.
    close_on_drop: bool,
    started: Instant,
    /// Milliseconds from `started` to the last use.
    last_used: AtomicU64,
    /// The number of tool list changes and lost sessions that were handled.
    seen_changes: AtomicU64,
}

impl ConnectionPool {
    pub(crate) fn new(limits: PoolLimits) -> Self {
        let (open, last_sweep) = (RwLock::default(), AtomicU64::new(0));
        Self { open, limits, started: Instant::now(), last_sweep }
    }

    /// Returns the connection for `key`, or opens one.
    ///
    /// `client` returns the client, and whether the session is closed when the connection is
    /// dropped.
    pub(crate) fn get(
        &self,
        key: &ServerKey,
        client: impl FnOnce() -> (Client, bool),
    ) -> Connection {
        let now = millis(self.started.elapsed());
        self.sweep(now);
        if let Some(connection) = self.existing(key) {
            connection.0.last_used.store(now, Ordering::Relaxed);
            return connection;
        }
        // Not under the lock, because this calls the handler factory of the application.
        let ((client, close_on_drop), started) = (client(), self.started);
        let (last_used, seen_changes) = (AtomicU64::new(0), AtomicU64::new(0));
        let new = Connection(Arc::new(ConnectionState {
            client,
            close_on_drop,
            started,
            last_used,
            seen_changes,
        }));
        let mut open = self.write();
        if open.len() >= self.limits.connections && !open.contains_key(key) {
            evict_least_recently_used(&mut open, eviction_count(self.limits.connections));
        }
        let connection = open.entry(key.clone()).or_insert(new);
        connection.touch();
        connection.clone()
    }

    /// Returns the connection for `key`, if there is one.
    pub(crate) fn existing(&self, key: &ServerKey) -> Option<Connection> {
        self.read().get(key).cloned()
    }

    /// Removes the connections whose keys match.
    pub(crate) fn remove_if(
        &self,
        matches: impl Fn(&ServerKey) -> bool,
    ) -> Vec<(ServerKey, Connection)> {
        self.write().extract_if(|key, _| matches(key)).collect()
    }

    /// Closes idle connections, unless the last search was less than [`SWEEP_INTERVAL`] ago.
    fn sweep(&self, now: u64) {
        let last = self.last_sweep.load(Ordering::Relaxed);
        let due = now.saturating_sub(last) >= millis(SWEEP_INTERVAL);
        let claimed =
            || self.last_sweep.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed);
        if due && claimed().is_ok() {
            let idle = |last_used: u64| now.saturating_sub(last_used) >= millis(self.limits.idle);
            self.write()
                .retain(|_, connection| connection.is_in_use() || !idle(connection.last_used()));
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<ServerKey, Connection>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<ServerKey, Connection>> {
        self.open.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the number of connections to evict at once. It is a share of the limit, so that
/// evictions are rare.
fn eviction_count(limit: usize) -> usize {
    (limit / 16).max(1)
}

/// Removes the `count` least recently used connections.
fn evict_least_recently_used(open: &mut HashMap<ServerKey, Connection>, count: usize) {
    let mut uses: Vec<_> = open.values().map(Connection::last_used).collect();
    let (_, &mut newest, _) = uses.select_nth_unstable(count - 1);
    let mut remaining = count;
    open.retain(|_, connection| {
        let evict = remaining > 0 && connection.last_used() <= newest;
        remaining -= usize::from(evict);
        !evict
    });
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Connection {
    /// Records that the connection is used now.
    pub(crate) fn touch(&self) {
        self.0.last_used.store(millis(self.0.started.elapsed()), Ordering::Relaxed);
    }

    /// Returns whether the tool list may have changed since the last call of this method or of
    /// [`mark_changes_seen`](Self::mark_changes_seen).
    ///
    /// It may have changed if the server sent a notification. It may also have changed if the
    /// session was lost, because the server may then have been restarted.
    pub(crate) fn take_tools_changed(&self) -> bool {
        let changes = self.lost_session_count() + self.tool_list_change_count();
        self.0.seen_changes.fetch_max(changes, Ordering::Relaxed) < changes
    }

    /// Records that the tool list includes this many changes. Sessions lost until now count as seen
    /// too, because the list comes from the newest session.
    pub(crate) fn mark_changes_seen(&self, changes: u64) {
        self.0.seen_changes.fetch_max(self.lost_session_count() + changes, Ordering::Relaxed);
    }

    fn last_used(&self) -> u64 {
        self.0.last_used.load(Ordering::Relaxed)
    }

    /// Returns whether a clone exists outside the pool.
    fn is_in_use(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}

impl Deref for Connection {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0.client
    }
}

impl Drop for ConnectionState {
    fn drop(&mut self) {
        let (true, Ok(runtime)) = (self.close_on_drop, Handle::try_current()) else { return };
        let client = self.client.clone();
        runtime.spawn(async move {
            if let Err(error) = client.close().await {
                tracing::debug!(%error, "cannot close the session");
            }
        });
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

impl fmt::Debug for ConnectionPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnectionPool({} open)", self.read().len())
    }
}

#[cfg(test)]
mod tests {
    use mcp_http::{AccessToken, HttpClient, HttpTransport};

    use super::*;
    use crate::principal::Principal;

    const MAX: usize = 10_000;
    const BATCH: usize = MAX / 16;
    const IDLE: Duration = Duration::from_secs(5 * 60);

    fn transport() -> HttpTransport {
        let http = HttpClient::new().unwrap();
        HttpTransport::builder("http://127.0.0.1:9/").http_client(http).build().unwrap()
    }

    fn user(n: usize) -> ServerKey {
        let principal = Principal::from_token(&AccessToken::new(n.to_string()));
        ServerKey { server: "server".into(), principal }
    }

    #[test]
    fn idle_connections_are_closed_unless_in_use() {
        let transport = transport();
        let connections = ConnectionPool::new(PoolLimits::default());
        let open = |n: usize| connections.get(&user(n), || (Client::new(transport.clone()), true));
        let held = open(1);
        drop(open(2));
        let late = millis(IDLE) + millis(SWEEP_INTERVAL);
        open(3).0.last_used.store(late - millis(IDLE) + 1, Ordering::Relaxed);
        let known = || [1, 2, 3].map(|n| connections.existing(&user(n)).is_some());
        connections.sweep(late - 1);
        assert_eq!(known(), [true, false, true]);
        drop(held);
        connections.sweep(late);
        assert_eq!(known(), [true, false, true], "the last search was too recent");
        connections.sweep(late + millis(SWEEP_INTERVAL));
        assert_eq!(known(), [false, false, false]);
    }

    #[test]
    fn the_least_recently_used_connections_are_evicted() {
        let transport = transport();
        let connections = ConnectionPool::new(PoolLimits::default());
        let open = |n: usize| connections.get(&user(n), || (Client::new(transport.clone()), true));
        for n in 0..MAX {
            open(n).0.last_used.store(n as u64, Ordering::Relaxed);
        }
        open(0).0.last_used.store(MAX as u64, Ordering::Relaxed);
        open(MAX).0.last_used.store(MAX as u64 + 1, Ordering::Relaxed);
        assert_eq!(connections.read().len(), MAX - BATCH + 1);
        assert!(connections.existing(&user(0)).is_some(), "used again");
        assert!(connections.existing(&user(1)).is_none(), "the oldest");
        assert!(
            connections.existing(&user(BATCH + 1)).is_some(),
            "newer than the evicted connections"
        );
        assert!(connections.existing(&user(MAX)).is_some(), "the newest");
    }
}
