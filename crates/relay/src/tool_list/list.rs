//! A tool list, with the time for which it may be cached.

use std::{sync::Arc, time::Duration};

use super::named_tools::NamedTools;

/// A tool list, with the time for which it may be cached.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) named: Arc<NamedTools>,
    /// The time for which the list is fresh after it was received.
    pub(crate) ttl: Duration,
    /// True if all users may share the list.
    pub(crate) public: bool,
}
