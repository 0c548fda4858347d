//! Reads from a failed request which protocol versions a server speaks.

use mcp_types::error_code;

use super::version;
use crate::{error::Error, transport::TransportErrorKind};

/// The evidence of an error about the server. Only proof that a server does not know the stateless
/// versions permits `initialize` (MCP 2026-07-28, basic/versioning, "Backward Compatibility").
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Evidence {
    /// It speaks a stateless version, whatever is wrong with the request.
    Stateless,
    /// It rejects the version of the request, and speaks these.
    Versions(Vec<String>),
    /// It does not know the stateless versions.
    Stateful,
    /// It accepts no POST, so it may be one that has only the fallback transport.
    NoPost,
    /// The error shows nothing.
    None,
}

impl Evidence {
    /// Reads what an error shows, by its HTTP status first and then by its JSON-RPC code.
    pub(super) fn of(error: &Error) -> Self {
        match error.status() {
            // Authorization, rate limits, redirects and server faults are independent of versions.
            Some(401 | 403 | 407 | 408 | 425 | 429 | 300..=399 | 500..) => return Self::None,
            Some(405) if error.code().is_none() => return Self::NoPost,
            _ => {}
        }
        match error.code() {
            Some(error_code::UNSUPPORTED_PROTOCOL_VERSION) => {
                Self::Versions(version::supported(error).unwrap_or_default())
            }
            Some(error_code::HEADER_MISMATCH | error_code::MISSING_REQUIRED_CLIENT_CAPABILITY) => {
                Self::Stateless
            }
            // Every other code, for no particular one stands for a stateful server
            // (MCP 2026-07-28, basic/transports/stdio, "Backward Compatibility").
            Some(_) => Self::Stateful,
            None => match error.transport_kind() {
                Some(TransportErrorKind::Status(400..=499)) => Self::Stateful,
                _ => Self::None,
            },
        }
    }
}

/// Whether the failure of a call casts doubt on what is known about a stateless server: it rejects
/// the request in the way of a server that does not know the stateless versions.
pub(super) fn contradicts_stateless(error: &Error) -> bool {
    /// The codes without a common meaning, such as "no session" (MCP 2026-07-28, basic, "Error
    /// Codes").
    const MEANINGLESS: std::ops::RangeInclusive<i64> = -32019..=-32000;
    match (Evidence::of(error), error.code()) {
        (Evidence::Stateful, Some(code)) => error.status().is_some() && MEANINGLESS.contains(&code),
        (evidence, None) => matches!(evidence, Evidence::Stateful | Evidence::NoPost),
        _ => false,
    }
}
