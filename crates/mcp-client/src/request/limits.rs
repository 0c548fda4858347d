//! Limits of a client: timeouts and the size of lists.

use std::time::Duration;

/// The default maximum number of server requests during one call.
pub(crate) const DEFAULT_MAX_SERVER_REQUESTS: usize = 100;

/// The limits of a [`Client`](crate::Client): timeouts and list sizes.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use mcp_client::Limits;
///
/// let mut limits = Limits::default();
/// limits.timeout = Duration::from_secs(10);
/// limits.max_items = 500;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The timeout of one request. Defaults to 30 seconds.
    ///
    /// It includes everything that the request waits for: detection of the protocol version,
    /// `initialize`, obtaining a token, and a retry in a new session. A progress notification restarts it,
    /// up to `max_total_timeout`. The client asks for progress with every tool call. It is paused
    /// while the [`Handler`](crate::Handler) works for the request.
    pub timeout: Duration,
    /// The total timeout of a call or a list, which progress does not extend. Defaults to 10
    /// minutes.
    pub max_total_timeout: Duration,
    /// The maximum number of pages of a list. Defaults to 1,000.
    pub max_pages: usize,
    /// The maximum number of entries of a list, such as tools. Defaults to 10,000.
    pub max_items: usize,
    /// The maximum size of all pages of a list together, in bytes. Defaults to 64 MiB.
    pub max_list_bytes: usize,
    /// The maximum number of requests that the server may send to the [`Handler`](crate::Handler)
    /// during one call. Beyond it, the call fails with
    /// [`Error::TooManyServerRequests`](crate::Error::TooManyServerRequests). Defaults to 100.
    ///
    /// `ping` does not count. Requests that do not show which call they belong to count for all
    /// calls together: at most 100 in a minute. This concerns the GET stream, HTTP+SSE and stdio, up
    /// to 2025-11-25.
    pub max_server_requests: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            max_total_timeout: Duration::from_secs(600),
            max_pages: 1_000,
            max_items: 10_000,
            max_list_bytes: 64 * 1024 * 1024,
            max_server_requests: DEFAULT_MAX_SERVER_REQUESTS,
        }
    }
}
