//! How long a result may be cached, and for whom.

use std::time::Duration;

use mcp_types::v2026_07_28::CacheScope;

/// How long something may be kept, and for whom, as its server says
/// (MCP 2026-07-28, server/utilities/caching).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheHint {
    /// How long it is fresh from when it was received; at most 24 hours, zero if it is not.
    pub ttl: Duration,
    /// Whether it is the same for everyone; otherwise it is only for those with the same
    /// authorization.
    pub public: bool,
}

impl CacheHint {
    /// Reads the hint; a server that says nothing gives none.
    pub(crate) fn new(ttl_ms: Option<i64>, scope: Option<&CacheScope>) -> Option<Self> {
        const MAX_TTL: Duration = Duration::from_secs(24 * 60 * 60);
        if ttl_ms.is_none() && scope.is_none() {
            return None;
        }
        let ttl = ttl_ms.and_then(|ttl| u64::try_from(ttl).ok()).unwrap_or(0);
        let public = scope == Some(&CacheScope::Public);
        Some(Self { ttl: Duration::from_millis(ttl).min(MAX_TTL), public })
    }

    /// The hint for both together.
    pub(super) fn combine(self, other: Self) -> Self {
        Self { ttl: self.ttl.min(other.ttl), public: self.public && other.public }
    }
}
