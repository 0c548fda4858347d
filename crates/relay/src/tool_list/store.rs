//! The store of tool lists, which several processes may share.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures_util::future::BoxFuture;
use mcp_client::{InvalidEntry, ToolDefinition, ToolList};
use serde::{Deserialize, Serialize};
use tokio::time;

use super::cache::CacheKeys;
use crate::{principal::Principal, server_key::ServerId};

/// Stores tool lists outside the process, for example in Redis. Set it with
/// [`RelayBuilder::tool_list_store`](crate::RelayBuilder::tool_list_store).
///
/// Several processes can share a store, so that only one of them requests a list from a server.
/// Each process looks into its own cache first. Processes share the lists of a server if it has the
/// same name and the same settings in each of them.
///
/// Relay trusts stored lists as if the server had sent them. Therefore, no other program may write
/// to the store. If the store does not respond within 5 seconds, Relay continues as if it were
/// empty.
pub trait ToolListStore: Send + Sync + 'static {
    /// Returns the list that was saved under `key`. Returns `None` if there is none, if its
    /// lifetime is over, or if the store fails.
    fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<Vec<u8>>>;

    /// Saves a list for `lifetime`. It replaces a list that was saved under `key`.
    fn save<'a>(&'a self, key: &'a str, list: Vec<u8>, lifetime: Duration) -> BoxFuture<'a, ()>;

    /// Removes a list, which is no longer valid.
    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, ()>;
}

/// A tool list in its stored format.
#[derive(Serialize, Deserialize)]
struct SerializedList {
    tools: Vec<ToolDefinition>,
    /// The invalid tools, each with its name and the reason.
    #[serde(rename = "refused")]
    invalid: Vec<(Option<String>, String)>,
    fresh_until: SystemTime,
}

/// A tool list, with the time for which it is fresh, and whether all users may share it.
pub(crate) struct StoredList {
    pub(crate) list: ToolList,
    pub(crate) ttl: Duration,
    pub(crate) public: bool,
}

/// The stored lists of one server.
#[derive(Clone, Copy)]
pub(crate) struct StoredLists<'a> {
    pub(crate) store: &'a dyn ToolListStore,
    pub(crate) server: &'a ServerId,
    /// Distinguishes servers that have the same name and different settings.
    pub(crate) fingerprint: &'a str,
}

impl StoredLists<'_> {
    /// The time limit of the store. After that, the list is requested from the server.
    const TIMEOUT: Duration = Duration::from_secs(5);

    /// Loads a fresh list from the first key that has one.
    pub(crate) async fn load(&self, keys: &CacheKeys) -> Option<StoredList> {
        for key in keys.iter() {
            let Some(bytes) = self.with_timeout(self.store.load(&self.key(key.principal))).await?
            else {
                continue;
            };
            let Ok(stored) = serde_json::from_slice::<SerializedList>(&bytes) else { continue };
            let Ok(ttl) = stored.fresh_until.duration_since(SystemTime::now()) else { continue };
            let mut list = ToolList::default();
            list.tools = stored.tools.into_iter().map(Arc::new).collect();
            let invalid = stored.invalid.into_iter();
            list.invalid = invalid.map(|(name, reason)| InvalidEntry::new(name, reason)).collect();
            return Some(StoredList { list, ttl, public: *key != keys.own });
        }
        None
    }

    /// Saves a list that was just received.
    pub(crate) async fn save(&self, principal: Principal, stored: &StoredList) {
        let StoredList { list, ttl, .. } = stored;
        let invalid = list.invalid.iter();
        let stored = SerializedList {
            tools: list.tools.iter().map(|tool| ToolDefinition::clone(tool)).collect(),
            invalid: invalid.map(|entry| (entry.name.clone(), entry.reason.clone())).collect(),
            fresh_until: SystemTime::now() + *ttl,
        };
        if let Ok(bytes) = serde_json::to_vec(&stored) {
            self.with_timeout(self.store.save(&self.key(principal), bytes, *ttl)).await;
        }
    }

    /// Removes the list of a user, or the public list.
    pub(crate) async fn forget(&self, principal: Principal) {
        self.with_timeout(self.store.remove(&self.key(principal))).await;
    }

    /// Returns the key in the store. It contains the name and the fingerprint of the server, and a
    /// hash that identifies the user.
    fn key(&self, principal: Principal) -> String {
        let Self { server, fingerprint, .. } = self;
        format!("relay:tools:{server}:{fingerprint}:{}", principal.to_key())
    }

    async fn with_timeout<T>(&self, operation: BoxFuture<'_, T>) -> Option<T> {
        let result = time::timeout(Self::TIMEOUT, operation).await.ok();
        if result.is_none() {
            tracing::warn!(server = %self.server, "the tool list store timed out");
        }
        result
    }
}
