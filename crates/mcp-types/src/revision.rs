//! The published revisions of the protocol and the era each belongs to.

use std::{fmt, str::FromStr};

/// A published revision of the protocol, ordered by age.
///
/// ```
/// use mcp_types::{Era, Revision};
///
/// let revision: Revision = "2025-11-25".parse()?;
/// assert_eq!(revision.era(), Era::Stateful);
/// assert!(revision > Revision::V2025_03_26);
/// # Ok::<(), mcp_types::UnknownRevision>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Revision {
    /// 2024-11-05, the first one: HTTP+SSE and stdio.
    V2024_11_05,
    /// 2025-03-26: Streamable HTTP, message batches.
    V2025_03_26,
    /// 2025-06-18: structured tool output, elicitation, the version header.
    V2025_06_18,
    /// 2025-11-25: icons, sampling with tools, URL elicitation, experimental tasks.
    V2025_11_25,
    /// 2026-07-28: no handshake and no session; every request is complete in itself.
    V2026_07_28,
}

/// The way in which a revision opens a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Era {
    /// `initialize` first, then perhaps a session: all revisions up to 2025-11-25.
    Stateful,
    /// No handshake: each request carries version and capabilities. From 2026-07-28 on.
    Stateless,
}

impl Revision {
    /// All revisions, oldest first.
    pub const ALL: &'static [Self] = &[
        Self::V2024_11_05,
        Self::V2025_03_26,
        Self::V2025_06_18,
        Self::V2025_11_25,
        Self::V2026_07_28,
    ];

    /// The name on the wire: the date of publication.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    /// Returns the era of the revision.
    pub const fn era(self) -> Era {
        match self {
            Self::V2024_11_05 | Self::V2025_03_26 | Self::V2025_06_18 | Self::V2025_11_25 => {
                Era::Stateful
            }
            Self::V2026_07_28 => Era::Stateless,
        }
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Revision {
    type Err = UnknownRevision;

    fn from_str(name: &str) -> Result<Self, UnknownRevision> {
        Self::ALL
            .iter()
            .copied()
            .find(|revision| revision.as_str() == name)
            .ok_or_else(|| UnknownRevision(name.to_owned()))
    }
}

/// A protocol version that is none of [`Revision::ALL`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRevision(
    /// The unknown version.
    pub String,
);

impl fmt::Display for UnknownRevision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown protocol version {:?}", self.0)
    }
}

impl std::error::Error for UnknownRevision {}
