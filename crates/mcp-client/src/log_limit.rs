//! A limit on log events that a server can cause without end.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts equal events of one call or connection, so that only some of them are logged.
///
/// # Examples
/// ```
/// use mcp_client::LogLimit;
///
/// let limit = LogLimit::default();
/// let logged = (0..10_000).filter_map(|_| limit.count()).collect::<Vec<_>>();
/// assert_eq!(logged, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100, 1_000, 10_000]);
/// ```
#[derive(Debug, Default)]
pub struct LogLimit(AtomicU64);

impl LogLimit {
    /// The number of events that are all logged.
    const ALL: u64 = 10;

    /// Counts an event. Returns its number if it must be logged. This is the case for the first ten,
    /// and after that for the numbers 100, 1,000 and so on.
    pub fn count(&self) -> Option<u64> {
        let count = self.0.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let is_power = || 10_u64.checked_pow(count.ilog10()) == Some(count);
        (count <= Self::ALL || is_power()).then_some(count)
    }
}
