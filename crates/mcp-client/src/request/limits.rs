//! Limits of a client: timeouts and the size of lists.

use std::time::Duration;

/// How long and how far a [`Client`](crate::Client) goes along with a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Time for one request until its answer, with all that it has to wait for: the token, the
    /// opening of the conversation, a repetition in a new session; 30 seconds. A report of progress
    /// begins it anew, and it stands still while the [`Handler`](crate::Handler) is at work for it.
    pub timeout: Duration,
    /// Time for a call or a list in all, whatever progress it makes; 10 minutes.
    pub max_total_timeout: Duration,
    /// Pages in a list; 1,000.
    pub max_pages: usize,
    /// Entries of a list, such as tools; 10,000.
    pub max_items: usize,
    /// Bytes of a list, all pages together; 64 MiB.
    pub max_list_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            max_total_timeout: Duration::from_secs(600),
            max_pages: 1_000,
            max_items: 10_000,
            max_list_bytes: 64 * 1024 * 1024,
        }
    }
}
