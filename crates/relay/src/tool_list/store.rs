//! The store of tool lists that several processes may share.

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

/// Keeps lists of tools outside of this process, such as in Redis, so that a fleet of processes asks
/// a server once; given to [`RelayBuilder::tool_list_store`](crate::RelayBuilder::tool_list_store).
///
/// It is a second place to look: each process has a cache of its own in front of it. All processes
/// that have a server under the same name and with the same settings share its lists. What is in it
/// counts as if the server had sent it, so nobody else may write there. A store that fails, or does not
/// answer within 5 seconds, is one that has nothing.
pub trait ToolListStore: Send + Sync + 'static {
    /// Gives what was saved under `key`, unless it was forgotten or its time is over.
    fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<Vec<u8>>>;

    /// Keeps a list for `lifetime`, in place of what was there.
    fn save<'a>(&'a self, key: &'a str, list: Vec<u8>, lifetime: Duration) -> BoxFuture<'a, ()>;

    /// Forgets a list, which holds no more.
    fn forget<'a>(&'a self, key: &'a str) -> BoxFuture<'a, ()>;
}

/// A list in its stored form.
#[derive(Serialize, Deserialize)]
struct SerializedList {
    tools: Vec<ToolDefinition>,
    refused: Vec<(Option<String>, String)>,
    fresh_until: SystemTime,
}

/// A tool list, how long it is fresh, and whether all users share it.
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
    /// Distinguishes servers that have the same name and other settings.
    pub(crate) fingerprint: &'a str,
}

impl StoredLists<'_> {
    /// How long the store may take. After that, the server is asked as if there were no store.
    const TIMEOUT: Duration = Duration::from_secs(5);

    /// Loads a fresh list, under the first of the keys that has one.
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
            let refused = stored.refused.into_iter();
            list.invalid = refused.map(|(name, reason)| InvalidEntry::new(name, reason)).collect();
            return Some(StoredList { list, ttl, public: *key != keys.own });
        }
        None
    }

    /// Stores a list that is fresh from now on.
    pub(crate) async fn save(&self, principal: Principal, stored: &StoredList) {
        let StoredList { list, ttl, .. } = stored;
        let refused = list.invalid.iter();
        let stored = SerializedList {
            tools: list.tools.iter().map(|tool| ToolDefinition::clone(tool)).collect(),
            refused: refused.map(|one| (one.name.clone(), one.reason.clone())).collect(),
            fresh_until: SystemTime::now() + *ttl,
        };
        if let Ok(bytes) = serde_json::to_vec(&stored) {
            self.with_timeout(self.store.save(&self.key(principal), bytes, *ttl)).await;
        }
    }

    /// Removes the list of a user, or the public list.
    pub(crate) async fn forget(&self, principal: Principal) {
        self.with_timeout(self.store.forget(&self.key(principal))).await;
    }

    /// The key in the store: name and fingerprint of the server, and a hash that stands for the
    /// user.
    fn key(&self, principal: Principal) -> String {
        let Self { server, fingerprint, .. } = self;
        format!("relay:tools:{server}:{fingerprint}:{}", principal.to_key())
    }

    async fn with_timeout<T>(&self, work: BoxFuture<'_, T>) -> Option<T> {
        let done = time::timeout(Self::TIMEOUT, work).await.ok();
        if done.is_none() {
            tracing::warn!(server = %self.server, "the store of lists does not answer in time");
        }
        done
    }
}
