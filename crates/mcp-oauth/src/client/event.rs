//! Events of the connections between users and MCP servers.

use std::{collections::BTreeSet, fmt};

use crate::{error::SignInReason, store::StoreKey};

/// A change of the connection between a user and an MCP server. Passed to the callback of
/// [`OAuthClientBuilder::on_event`](crate::OAuthClientBuilder::on_event).
///
/// It contains no token. `Debug` omits the query of the server's URL, because it may contain an API
/// key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionEvent {
    /// The user, the MCP server and the authorization server.
    pub key: StoreKey,
    /// The change.
    pub change: ConnectionChange,
}

/// The kind of a [`ConnectionEvent`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionChange {
    /// The user has signed in, and the credentials are stored.
    Connected {
        /// The scopes of the access token.
        scopes: BTreeSet<String>,
    },
    /// The access token was refreshed.
    Refreshed {
        /// The time at which the new access token expires, in seconds since 1970.
        expires_at: Option<u64>,
    },
    /// The user must sign in again. Occurs once, and not again at each request.
    NeedsSignIn {
        /// The reason.
        reason: SignInReason,
    },
    /// The credentials were removed, because the user has signed out.
    Disconnected {
        /// `true` if the authorization server has revoked the tokens. `false` if that failed, or if
        /// it has no revocation endpoint.
        is_revoked: bool,
    },
}

/// The callback of an application, which receives each event.
pub(crate) type EventCallback = Box<dyn Fn(&ConnectionEvent) + Send + Sync>;

impl ConnectionEvent {
    pub(crate) fn new(key: &StoreKey, change: ConnectionChange) -> Self {
        Self { key: key.clone(), change }
    }

    /// Writes the event as a `tracing` event.
    pub(crate) fn trace(&self) {
        let StoreKey { principal, issuer, .. } = &self.key;
        let server = self.key.server_without_query();
        let principal = principal.as_deref().unwrap_or_default();
        tracing::info!(principal, server, issuer, "{}", self.change);
    }
}

impl fmt::Display for ConnectionChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connected { .. } => f.write_str("connected"),
            Self::Refreshed { .. } => f.write_str("refreshed"),
            Self::NeedsSignIn { reason } => write!(f, "needs sign-in: {reason}"),
            Self::Disconnected { is_revoked: true } => f.write_str("disconnected and revoked"),
            Self::Disconnected { is_revoked: false } => f.write_str("disconnected, not revoked"),
        }
    }
}
