//! The keys of connections and tool lists.

use std::{
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
    sync::Arc,
};

use crate::principal::Principal;

/// The key of a connection or a tool list: a server, and the principal for whom it is used.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ServerKey {
    pub(crate) server: ServerId,
    pub(crate) principal: Principal,
}

/// Identifies one registration of a server. If the same name is registered again, the number
/// differs, so the two registrations share no sessions and no tool lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerId {
    pub(crate) name: Arc<str>,
    number: u64,
}

impl ServerId {
    /// Creates the id of the registration with this number.
    pub(crate) fn new(name: &str, number: u64) -> Self {
        Self { name: name.into(), number }
    }
}

/// Hashes only the number, which is fast. Every call looks up its connection.
impl Hash for ServerId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.number);
    }
}

impl Deref for ServerId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Creates an id for tests.
#[cfg(test)]
impl From<&str> for ServerId {
    fn from(name: &str) -> Self {
        Self::new(name, 0)
    }
}
