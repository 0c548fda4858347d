//! Detects from a failed request which protocol versions a server supports.

use mcp_types::error_code;

use super::version;
use crate::{error::Error, transport::TransportErrorKind};

/// A conclusion from an error about the server. The client may send `initialize` only if a server
/// does not support the stateless versions (MCP 2026-07-28, basic/versioning, "Backward
/// Compatibility").
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Evidence {
    /// The server supports a stateless version, whatever is wrong with the request.
    Stateless,
    /// The server rejects the version of the request and supports these versions.
    Versions(Vec<String>),
    /// The server does not support the stateless versions.
    Stateful,
    /// The server accepts no POST, so it may support only the fallback transport.
    NoPost,
    /// The error proves nothing.
    Inconclusive,
}

impl Evidence {
    /// Evaluates an error, by its HTTP status first and then by its JSON-RPC code.
    pub(super) fn of(error: &Error) -> Self {
        match error.status() {
            // Authorization, rate limits, redirects and server errors do not depend on the version.
            Some(401 | 403 | 407 | 408 | 425 | 429 | 300..=399 | 500..) => {
                return Self::Inconclusive;
            }
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
            // All other codes, because stateful servers have no particular code for this (MCP
            // 2026-07-28, basic/transports/stdio, "Backward Compatibility").
            Some(_) => Self::Stateful,
            None => match error.transport_kind() {
                Some(TransportErrorKind::Status(400..=499)) => Self::Stateful,
                _ => Self::Inconclusive,
            },
        }
    }
}

/// Returns `true` if the server does not support the fallback transport.
pub(super) fn lacks_fallback(error: &Error) -> bool {
    match Evidence::of(error) {
        Evidence::Stateful | Evidence::NoPost => true,
        _ => error.transport_kind() == Some(TransportErrorKind::Protocol),
    }
}

/// Returns `true` if a stateful server could return the same error, so that the server is perhaps
/// not stateless.
pub(super) fn contradicts_stateless(error: &Error) -> bool {
    /// The codes without a defined meaning, such as "no session" (MCP 2026-07-28, basic, "Error
    /// Codes").
    const UNDEFINED_CODES: std::ops::RangeInclusive<i64> = -32019..=-32000;
    match (Evidence::of(error), error.code()) {
        (Evidence::Stateful, Some(code)) => {
            error.status().is_some() && UNDEFINED_CODES.contains(&code)
        }
        (evidence, None) => matches!(evidence, Evidence::Stateful | Evidence::NoPost),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use mcp_types::ErrorObject;

    use super::*;

    fn rpc_error(code: i64, status: Option<u16>) -> Error {
        let error = ErrorObject { code, message: "it failed".to_owned(), data: None };
        Error::Rpc {
            method: "tools/call".into(),
            error: error.into(),
            status,
            retry_after: None,
            is_response: true,
        }
    }

    #[test]
    fn a_code_without_meaning_is_doubtful_only_with_an_error_status() {
        for code in [-32019, -32000] {
            assert!(contradicts_stateless(&rpc_error(code, Some(400))), "{code}");
            // A tool that fails may return any code.
            assert!(!contradicts_stateless(&rpc_error(code, None)), "{code}");
        }
        for code in [-32020, -31999, error_code::METHOD_NOT_FOUND] {
            assert!(!contradicts_stateless(&rpc_error(code, Some(400))), "{code}");
        }
    }
}
