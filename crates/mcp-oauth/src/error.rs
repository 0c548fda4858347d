//! The error type of this crate.

use std::fmt;

use mcp_http::{
    Endpoint,
    mcp_client::{BoxError, Truncated},
};
use url::Url;

/// Why there is no token, or no sign-in.
///
/// No variant shows a token, a code, a secret or the query of a URL. What an authorization server
/// says of an error is untrusted text, shown in one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Only a person can go on: begin a sign-in, with [`UserTokens::begin_sign_in`](crate::UserTokens::begin_sign_in).
    #[error("{reason}: sign in to {server} again")]
    SignInRequired {
        /// The MCP server.
        server: Endpoint,
        /// What is wrong with what there is.
        reason: SignInReason,
    },

    /// The server wants a scope that the last sign-in asked for and was not given, or it wants more
    /// each time: another sign-in would not help.
    #[error("{server} wants a scope that a sign-in does not give{}", ScopeList(.scopes))]
    ScopeNotGranted {
        /// The MCP server.
        server: Endpoint,
        /// What it wants.
        scopes: Vec<String>,
    },

    /// What came back from a sign-in does not belong to it, and was not looked at any further.
    #[error("what came back is not the answer to this sign-in: {reason}")]
    InvalidCallback {
        /// What gives it away.
        reason: &'static str,
    },

    /// The authorization server refused.
    #[error("{url} refused: {}{}", Truncated(.error), ErrorDescription(.description))]
    ErrorResponse {
        /// What was asked, without its query.
        url: String,
        /// The error code (RFC 6749, sections 4.1.2.1 and 5.2), such as `access_denied`.
        error: String,
        /// The same for people.
        description: Option<String>,
    },

    /// No answer, or none that says anything: it may go well later.
    #[error("cannot reach {url}")]
    Unreachable {
        /// What was asked, without its query.
        url: String,
        /// Why there is no answer.
        source: BoxError,
    },

    /// A server breaks a rule that keeps people safe; nothing was sent where that would matter.
    #[error("{url} cannot be trusted: {reason}")]
    Untrusted {
        /// What breaks it, without its query.
        url: String,
        /// Which rule.
        reason: String,
    },

    /// There is no assertion to trade for a token.
    #[error("there is no assertion to trade for an access token")]
    Assertion {
        /// Why.
        source: BoxError,
    },

    /// Something has to be set up first.
    #[error("{reason}")]
    Configuration {
        /// What, and where.
        reason: String,
    },

    /// The store could not be read or written.
    #[error("the store of credentials failed")]
    Store {
        /// Why.
        source: BoxError,
    },
}

/// Why a person has to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignInReason {
    /// There was no sign-in yet, or it was undone.
    NotSignedIn,
    /// The server refused the access token, and there is nothing to get another one with.
    TokenRejected,
    /// The authorization server no longer takes the refresh token.
    RefreshTokenRejected,
    /// The authorization server no longer knows the application.
    ClientUnknown,
    /// The server wants a wider scope.
    InsufficientScope,
    /// The server has moved to another authorization server.
    AuthorizationServerChanged,
}

impl Error {
    pub(crate) fn untrusted(url: &Url, reason: impl Into<String>) -> Self {
        Self::Untrusted { url: DisplayUrl(url).to_string(), reason: reason.into() }
    }

    pub(crate) fn unreachable(url: &Url, source: impl Into<BoxError>) -> Self {
        Self::Unreachable { url: DisplayUrl(url).to_string(), source: source.into() }
    }

    pub(crate) fn configuration(reason: impl Into<String>) -> Self {
        Self::Configuration { reason: reason.into() }
    }

    pub(crate) fn store(source: BoxError) -> Self {
        Self::Store { source }
    }

    /// Whether the same may go well later.
    pub fn is_temporary(&self) -> bool {
        let passing = ["temporarily_unavailable", "server_error", "slow_down"];
        match self {
            Self::Unreachable { .. } | Self::Store { .. } => true,
            Self::ErrorResponse { error, .. } => passing.contains(&error.as_str()),
            _ => false,
        }
    }

    /// Returns whether the authorization server rejected the client itself. It may have deleted the
    /// registration.
    pub(crate) fn is_client_rejected(&self) -> bool {
        self.has_code("invalid_client") || self.has_code("unauthorized_client")
    }

    /// Returns whether this is an error response with this code.
    pub(crate) fn has_code(&self, code: &str) -> bool {
        matches!(self, Self::ErrorResponse { error, .. } if error == code)
    }
}

impl fmt::Display for SignInReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSignedIn => "nobody is signed in",
            Self::TokenRejected => "the access token was refused",
            Self::RefreshTokenRejected => "the sign-in has expired or was revoked",
            Self::ClientUnknown => "the authorization server no longer knows this application",
            Self::InsufficientScope => "the sign-in does not allow this",
            Self::AuthorizationServerChanged => "the server has another authorization server now",
        })
    }
}

/// Displays a URL without its query and user information.
pub(crate) struct DisplayUrl<'a>(pub(crate) &'a Url);

impl fmt::Display for DisplayUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0[url::Position::BeforeScheme..url::Position::AfterScheme])?;
        let host = &self.0[url::Position::BeforeHost..url::Position::AfterPath];
        write!(f, "://{}", Truncated(host))
    }
}

struct ErrorDescription<'a>(&'a Option<String>);

impl fmt::Display for ErrorDescription<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|text| write!(f, " ({})", Truncated(text)))
    }
}

struct ScopeList<'a>(&'a [String]);

impl fmt::Display for ScopeList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => Ok(()),
            scopes => write!(f, ": {}", Truncated(&scopes.join(" "))),
        }
    }
}
