//! The tools, prompts and resources of a server, for all users and for single users.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
    sync::Mutex,
};

use mcp_types::{ErrorObject, error_code};
use serde_json::{Value, json};

use super::entry::{Entry, EntryKind};
use crate::base::{User, lock};

/// All entries, for all users and for single users.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entries {
    common: Vec<Entry>,
    by_user: HashMap<User, Vec<Entry>>,
    /// The kinds of all current and removed entries, because clients may know about removed ones.
    kinds: HashSet<EntryKind>,
}

/// The entries of a running server.
#[derive(Debug)]
pub(crate) struct Catalog(Mutex<Entries>);

impl Entries {
    pub(crate) fn add(&mut self, entry: Entry) {
        self.kinds.insert(entry.kind);
        insert_entry(&mut self.common, entry);
    }

    pub(crate) fn add_for(&mut self, user: User, entry: Entry) {
        self.kinds.insert(entry.kind);
        insert_entry(self.by_user.entry(user).or_default(), entry);
    }
}

impl Catalog {
    pub(crate) fn new(entries: Entries) -> Self {
        Self(Mutex::new(entries))
    }

    pub(crate) fn add(&self, entry: Entry) {
        lock(&self.0).add(entry);
    }

    /// Removes an entry from all lists. Returns `true` if there was one.
    pub(crate) fn remove(&self, kind: EntryKind, key: &str) -> bool {
        let mut entries = lock(&self.0);
        let Entries { common, by_user, .. } = &mut *entries;
        let mut removed = false;
        for list in by_user.values_mut().chain([common]) {
            let before = list.len();
            list.retain(|entry| entry.kind != kind || entry.key().is_none_or(|it| it != key));
            removed |= list.len() < before;
        }
        removed
    }

    /// Returns `true` if there is, or was, an entry of this kind for any user.
    pub(crate) fn has(&self, kind: EntryKind) -> bool {
        lock(&self.0).kinds.contains(&kind)
    }

    pub(crate) fn find(&self, user: Option<&User>, kind: EntryKind, key: &str) -> Option<Entry> {
        self.visible(user, kind).into_iter().find(|entry| entry.key().is_some_and(|it| it == key))
    }

    /// Returns a page of a list, as the result of the list method. `from` is a cursor.
    pub(crate) fn page(
        &self,
        user: Option<&User>,
        kind: EntryKind,
        from: Option<&str>,
        size: Option<usize>,
    ) -> Result<Value, ErrorObject> {
        let entries = self.visible(user, kind);
        let size = size.unwrap_or(usize::MAX).max(1);
        let start = match from {
            None => 0,
            Some(given) => (0..entries.len().max(1))
                .step_by(size)
                .find(|start| page_cursor(kind, *start) == given)
                .ok_or_else(|| invalid_params_error("Unknown cursor"))?,
        };
        let page = entries.iter().skip(start).take(size).map(|entry| &entry.definition);
        let mut result = json!({ (kind.list()): page.collect::<Vec<_>>() });
        if start.saturating_add(size) < entries.len() {
            result["nextCursor"] = json!(page_cursor(kind, start + size));
        }
        Ok(result)
    }

    /// Returns the entries that a user can see. If an entry of the user has the same key as an
    /// entry for all users, it replaces that entry.
    pub(crate) fn visible(&self, user: Option<&User>, kind: EntryKind) -> Vec<Entry> {
        let entries = lock(&self.0);
        let of_user = user.and_then(|user| entries.by_user.get(user)).into_iter().flatten();
        let mut list = entries.common.clone();
        of_user.for_each(|entry| insert_entry(&mut list, entry.clone()));
        list.retain(|entry| entry.kind == kind);
        list
    }
}

pub(crate) fn invalid_params_error(message: impl Into<String>) -> ErrorObject {
    ErrorObject { code: error_code::INVALID_PARAMS, message: message.into(), data: None }
}

/// Returns the cursor of the page that starts at `start`. It is a hash, so that clients cannot rely
/// on its format.
pub(crate) fn page_cursor(kind: EntryKind, start: usize) -> String {
    let mut hasher = DefaultHasher::new();
    (kind, start).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn insert_entry(list: &mut Vec<Entry>, entry: Entry) {
    match list.iter_mut().find(|it| it.kind == entry.kind && it.key() == entry.key()) {
        Some(existing) => *existing = entry,
        None => list.push(entry),
    }
}
