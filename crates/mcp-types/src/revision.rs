//! The published protocol versions, and the difference between stateful and stateless ones.

use std::{fmt, str::FromStr};

/// A published version of the protocol. Newer versions compare as greater.
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
    /// 2024-11-05, the first version: HTTP+SSE and stdio.
    V2024_11_05,
    /// 2025-03-26: Streamable HTTP and message batches.
    V2025_03_26,
    /// 2025-06-18: structured tool output, elicitation and the `MCP-Protocol-Version` header.
    V2025_06_18,
    /// 2025-11-25: icons, sampling with tools, URL elicitation and experimental tasks.
    V2025_11_25,
    /// 2026-07-28: stateless, without `initialize` and sessions.
    V2026_07_28,
}

/// The two kinds of protocol versions. They differ in how the client and the server agree on the
/// version and the capabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Era {
    /// All versions up to 2025-11-25. The client sends `initialize` first. The agreed version and
    /// capabilities apply to all later messages of the connection. Over HTTP, the server may create
    /// a session, and the client then sends its id with each request.
    Stateful,
    /// All versions from 2026-07-28. There is no `initialize` and no session. Each request contains
    /// the version and the client's capabilities, and does not depend on earlier requests.
    Stateless,
}

impl Revision {
    /// All versions, from the oldest to the newest.
    pub const ALL: &'static [Self] = &[
        Self::V2024_11_05,
        Self::V2025_03_26,
        Self::V2025_06_18,
        Self::V2025_11_25,
        Self::V2026_07_28,
    ];

    /// Returns the name in messages, which is the date of publication, such as `2025-11-25`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    /// Returns the kind of the version.
    ///
    /// [`Era::Stateful`] means that the client must send `initialize` first. [`Era::Stateless`]
    /// means that each request contains the version and the client's capabilities.
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

/// The error for a protocol version that is not in [`Revision::ALL`].
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_names_of_all_revisions_are_known() {
        for revision in Revision::ALL {
            assert_eq!(revision.as_str().parse(), Ok(*revision));
        }
        for name in ["", "2099-01-01", "2026-07-28 ", "draft"] {
            assert_eq!(name.parse::<Revision>(), Err(UnknownRevision(name.to_owned())));
        }
    }
}
