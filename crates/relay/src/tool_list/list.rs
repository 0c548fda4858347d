//! A tool list, and how long it may be cached.

use std::{sync::Arc, time::Duration};

use super::named_tools::NamedTools;

/// A tool list, and how long it may be cached.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) named: Arc<NamedTools>,
    /// How long the list is fresh, from when it was received.
    pub(crate) ttl: Duration,
    /// Whether all users share the list.
    pub(crate) public: bool,
}
