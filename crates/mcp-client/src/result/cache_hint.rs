//! A server's hint how long a result may be cached, and for whom.

use std::time::Duration;

use mcp_types::v2026_07_28::CacheScope;

/// The server's hint how long a result may be cached, and for whom (MCP 2026-07-28,
/// server/utilities/caching).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheHint {
    /// The time that the result stays fresh after it was received. At most 24 hours. Zero if the
    /// server gives no time.
    pub ttl: Duration,
    /// If `true`, the result is the same for all users. Otherwise it may only be reused with the
    /// same authorization.
    pub public: bool,
}

impl CacheHint {
    /// Reads the hint. Returns `None` if the server sent none.
    pub(crate) fn new(ttl_ms: Option<i64>, scope: Option<&CacheScope>) -> Option<Self> {
        const MAX_TTL: Duration = Duration::from_secs(24 * 60 * 60);
        if ttl_ms.is_none() && scope.is_none() {
            return None;
        }
        let ttl = ttl_ms.and_then(|ttl| u64::try_from(ttl).ok()).unwrap_or(0);
        let public = scope == Some(&CacheScope::Public);
        Some(Self { ttl: Duration::from_millis(ttl).min(MAX_TTL), public })
    }

    /// Combines two hints to the stricter one.
    pub(super) fn combine(self, other: Self) -> Self {
        Self { ttl: self.ttl.min(other.ttl), public: self.public && other.public }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_public_only_if_the_server_says_so() {
        // N-CACHE-03
        let unknown: CacheScope = serde_json::from_str("\"everyone\"").unwrap();
        assert_eq!(CacheHint::new(None, None), None);
        for (scope, public) in [
            (None, false),
            (Some(&CacheScope::Private), false),
            (Some(&unknown), false),
            (Some(&CacheScope::Public), true),
        ] {
            assert_eq!(CacheHint::new(Some(5), scope).unwrap().public, public, "{scope:?}");
        }
        assert_eq!(CacheHint::new(None, Some(&CacheScope::Public)).unwrap().ttl, Duration::ZERO);
        assert_eq!(CacheHint::new(Some(-1), None).unwrap().ttl, Duration::ZERO);
        let day = Duration::from_secs(24 * 60 * 60);
        assert_eq!(CacheHint::new(Some(i64::MAX), None).unwrap().ttl, day);
    }
}
