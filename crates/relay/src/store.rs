//! Lists of tools kept outside of this process, for a fleet of them.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures_util::future::BoxFuture;
use mcp_client::{RefusedEntry, Tool, ToolList};
use serde::{Deserialize, Serialize};

use crate::sessions::Key;

/// Keeps lists of tools outside of this process, such as in Redis, so that a fleet of processes asks
/// a server once; given to [`Builder::list_store`](crate::Builder::list_store).
///
/// It is a second place to look: each process has a cache of its own in front of it. All processes
/// have to have the same servers under the same names. What is in it counts as if the server had sent
/// it, so nobody else may write there. A store that fails is one that has nothing.
pub trait ListStore: Send + Sync + 'static {
    /// Gives what was saved under `key`, unless it was forgotten or its time is over.
    fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<Vec<u8>>>;

    /// Keeps a list for `lifetime`, in place of what was there.
    fn save<'a>(&'a self, key: &'a str, list: Vec<u8>, lifetime: Duration) -> BoxFuture<'a, ()>;

    /// Forgets a list, which holds no more.
    fn forget<'a>(&'a self, key: &'a str) -> BoxFuture<'a, ()>;
}

/// A list as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    tools: Vec<Tool>,
    refused: Vec<(Option<String>, String)>,
    fresh_until: SystemTime,
    public: bool,
}

/// A list of tools that is fresh for so long, and whether it is the same for everyone.
pub(crate) struct Shelved {
    pub(crate) list: ToolList,
    pub(crate) ttl: Duration,
    pub(crate) public: bool,
}

/// What a list is stored under; a user is known by the hash alone.
pub(crate) fn key((server, principal): &Key) -> String {
    format!("relay:tools:{server}:{}", principal.to_key())
}

/// The list under one of the keys that is fresh still.
pub(crate) async fn load(
    store: &dyn ListStore,
    keys: impl IntoIterator<Item = &Key>,
) -> Option<Shelved> {
    for place in keys {
        let Some(bytes) = store.load(&key(place)).await else { continue };
        let Ok(stored) = serde_json::from_slice::<Stored>(&bytes) else { continue };
        let Ok(ttl) = stored.fresh_until.duration_since(SystemTime::now()) else { continue };
        let mut list = ToolList::default();
        list.tools = stored.tools.into_iter().map(Arc::new).collect();
        let refused = stored.refused.into_iter();
        list.refused = refused.map(|(name, reason)| RefusedEntry::new(name, reason)).collect();
        return Some(Shelved { list, ttl, public: stored.public });
    }
    None
}

/// Stores a list that is fresh from now on.
pub(crate) async fn save(store: &dyn ListStore, place: &Key, shelved: &Shelved) {
    let Shelved { list, ttl, public } = shelved;
    let stored = Stored {
        tools: list.tools.iter().map(|tool| Tool::clone(tool)).collect(),
        refused: list.refused.iter().map(|one| (one.name.clone(), one.reason.clone())).collect(),
        fresh_until: SystemTime::now() + *ttl,
        public: *public,
    };
    if let Ok(bytes) = serde_json::to_vec(&stored) {
        store.save(&key(place), bytes, *ttl).await;
    }
}
