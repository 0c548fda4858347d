//! A tool list, and how long it may be kept.

use std::{sync::Arc, time::Duration};

use super::named_tools::NamedTools;

/// A list of tools, and how it may be kept.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) named: Arc<NamedTools>,
    /// How long it is fresh from when it came.
    pub(crate) ttl: Duration,
    /// Whether it is the same for everyone.
    pub(crate) public: bool,
}
