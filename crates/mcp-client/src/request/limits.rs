//! Limits of a client: timeouts and the size of lists.

use std::time::Duration;

/// How long and how far a [`Client`](crate::Client) goes along with a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Time for one request until its answer, with all that it has to wait for: the token, the
    /// opening of the conversation, a repetition in a new session; 30 seconds. A report of progress
    /// begins it anew, and it stands still while the [`Handler`](crate::Handler) is at work for it.
    pub request: Duration,
    /// Time for a call or a list in all, whatever progress it makes; 10 minutes.
    pub total: Duration,
    /// Pages in a list; 1,000.
    pub pages: usize,
    /// Entries of a list, such as tools; 10,000.
    pub items: usize,
    /// Bytes of a list, all pages together; 64 MiB.
    pub list_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(30),
            total: Duration::from_secs(600),
            pages: 1_000,
            items: 10_000,
            list_bytes: 64 * 1024 * 1024,
        }
    }
}
