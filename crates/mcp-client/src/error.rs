//! The one error type of this crate.

use std::time::Duration;

use mcp_types::{ErrorObject, Revision};

use crate::transport::{BoxError, TransportError, TransportErrorKind};

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The transport failed; its [kind](TransportError::kind) tells how.
    #[error(transparent)]
    Transport(#[from] TransportError),

    /// The server answered with a JSON-RPC error.
    #[error("`{method}` failed: {error}{}", .status.map(|status| format!(", HTTP status {status}")).unwrap_or_default())]
    Rpc {
        /// The method that was called.
        method: &'static str,
        /// Code, message and data, as the server sent them.
        error: ErrorObject,
        /// The HTTP status that came with it, where it was not a success.
        status: Option<u16>,
    },

    /// No answer came in time; the server was told that nobody waits any more.
    #[error("no answer to `{method}` within {limit:?}")]
    Timeout {
        /// The method that was called.
        method: &'static str,
        /// How long it was waited for.
        limit: Duration,
    },

    /// The server sent something that is no answer to the method.
    #[error("the answer to `{method}` is not valid")]
    InvalidAnswer {
        /// The method that was called.
        method: &'static str,
        /// What is wrong with it.
        source: BoxError,
    },

    /// Client and server have no revision of the protocol in common.
    #[error(
        "the server speaks protocol version {}; this client speaks {}",
        .server.join(", "),
        .client.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    )]
    Version {
        /// What the server speaks, as far as it said.
        server: Vec<String>,
        /// What this client speaks.
        client: Vec<Revision>,
    },

    /// The server did not declare the capability that the method needs. Nothing was sent.
    #[error("`{method}` needs the capability `{capability}`, which the server does not declare")]
    Capability {
        /// The method that was to be called.
        method: &'static str,
        /// The name of the capability.
        capability: &'static str,
    },

    /// A list of the server does not end within the limits.
    #[error("the list of `{method}` {reason}")]
    Endless {
        /// The method that lists.
        method: &'static str,
        /// Which limit was met.
        reason: String,
    },

    /// The parameters cannot be written as JSON. Nothing was sent.
    #[error("the parameters of `{method}` cannot be sent")]
    Params {
        /// The method that was to be called.
        method: &'static str,
        /// What is wrong with them.
        source: BoxError,
    },
}

impl Error {
    /// Whether the server surely did not run the method, so that calling again cannot run it twice.
    pub fn did_not_run(&self) -> bool {
        match self {
            Self::Transport(error) => error.did_not_run(),
            Self::Version { .. } | Self::Capability { .. } | Self::Params { .. } => true,
            Self::Rpc { .. }
            | Self::Timeout { .. }
            | Self::InvalidAnswer { .. }
            | Self::Endless { .. } => false,
        }
    }

    /// The HTTP status that came in place of a success, if one did.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Rpc { status, .. } => *status,
            Self::Transport(error) => match error.kind() {
                TransportErrorKind::Status(status) => Some(status),
                _ => None,
            },
            _ => None,
        }
    }

    /// The kind of the transport's failure, if it was the transport that failed.
    pub fn transport_kind(&self) -> Option<TransportErrorKind> {
        match self {
            Self::Transport(error) => Some(error.kind()),
            _ => None,
        }
    }
}
