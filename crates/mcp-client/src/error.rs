//! The one error type of this crate.

use std::{error::Error as StdError, sync::Arc, time::Duration};

use mcp_types::{ErrorObject, Method, Revision, v2025_11_25::InitializeRequest};

use crate::{
    brief::Brief,
    transport::{TransportError, TransportErrorKind},
};

/// The cause of an error, shared by all who waited for the same thing.
type Cause = Arc<dyn StdError + Send + Sync>;

/// Why a call has no result.
#[derive(Debug, Clone, thiserror::Error)]
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

    /// No answer came in time. A server that has the request was told that nobody waits any more.
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
        source: Cause,
    },

    /// Client and server have no revision of the protocol in common.
    #[error(
        "the server speaks protocol version {}; this client speaks {}",
        listed(.server.iter().map(|version| Brief(version))),
        listed(.client),
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
        source: Cause,
    },
}

fn listed(versions: impl IntoIterator<Item: ToString>) -> String {
    let versions: Vec<_> = versions.into_iter().map(|version| version.to_string()).collect();
    match versions.join(", ") {
        none if none.is_empty() => "(none said)".to_owned(),
        versions => versions,
    }
}

impl Error {
    /// Whether the server surely did not run the method, so that calling again cannot run it twice.
    pub fn did_not_run(&self) -> bool {
        match self {
            Self::Transport(error) => error.did_not_run(),
            Self::Version { .. } | Self::Capability { .. } | Self::Params { .. } => true,
            // Whatever was to be called had to wait for the conversation to open.
            Self::Rpc { method, .. } | Self::InvalidAnswer { method, .. } => {
                *method == InitializeRequest::NAME
            }
            Self::Timeout { .. } | Self::Endless { .. } => false,
        }
    }

    /// The same for a call that had to wait for the conversation to be opened.
    pub(crate) fn while_opening(self) -> Self {
        match self {
            Self::Transport(error) => Self::Transport(error.while_opening()),
            error => error,
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
