//! This side of the conversations of a client: who it is, what it serves, what it has heard.

use std::sync::atomic::{AtomicU64, Ordering};

use mcp_types::{
    NotificationMethod,
    v2026_07_28::{ClientCapabilities, Implementation, ToolListChangedNotification},
};

/// What is the same in all conversations of a client.
#[derive(Debug)]
pub(crate) struct Host {
    /// Its name and version.
    pub(crate) info: Implementation,
    /// What it serves, and so what it declares: the same in both eras.
    pub(crate) capabilities: ClientCapabilities,
    tool_changes: AtomicU64,
}

impl Host {
    pub(crate) fn new(info: Implementation) -> Self {
        let capabilities = ClientCapabilities::default();
        Self { info, capabilities, tool_changes: AtomicU64::new(0) }
    }

    /// Takes note of what the server tells of itself.
    pub(crate) fn notice(&self, method: &str) {
        if method == ToolListChangedNotification::NAME {
            self.tool_changes.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often the server has said that its list of tools has changed.
    pub(crate) fn tool_changes(&self) -> u64 {
        self.tool_changes.load(Ordering::Relaxed)
    }
}
