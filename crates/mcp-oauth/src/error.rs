//! The error type of this crate.

use std::{borrow::Cow, collections::BTreeSet, fmt, time::Duration};

use http::StatusCode;
use mcp_http::{
    Endpoint,
    mcp_client::{BoxError, Redactor, Truncated},
};
use url::Url;

/// An error of a sign-in, a token request or the store.
///
/// No variant contains a token, an authorization code, a client secret or the query of a URL.
/// Error texts of authorization servers are untrusted. They are truncated, and displayed on one
/// line without control characters.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The user must sign in. Call
    /// [`UserTokens::begin_sign_in`](crate::UserTokens::begin_sign_in).
    #[error("{reason}; sign in to {server}")]
    SignInRequired {
        /// The MCP server.
        server: Endpoint,
        /// The reason.
        reason: SignInReason,
        /// The error of the authorization server, if it refused to refresh the access token.
        source: Option<Box<Error>>,
    },

    /// Another sign-in would not help. The server requires a scope that the last sign-in requested
    /// and did not get, or it requires further scopes after each sign-in.
    #[error("{server} requires scopes that a sign-in does not grant{}", ScopeList(.scopes))]
    ScopeNotGranted {
        /// The MCP server.
        server: Endpoint,
        /// The first 20 scopes that the server requires, each truncated to 200 characters.
        scopes: Vec<String>,
    },

    /// The callback does not belong to this sign-in, is malformed or is too late. It was not
    /// processed.
    #[error("invalid callback: {reason}")]
    InvalidCallback {
        /// The reason.
        reason: Cow<'static, str>,
    },

    /// The authorization server or identity provider returned an error response.
    #[error("{url} returned an error: {}{}", Truncated(.error), ErrorDescription(.description))]
    ErrorResponse {
        /// The URL of the request without its query, or the issuer if the error came with the
        /// callback.
        url: String,
        /// The error code (RFC 6749, sections 4.1.2.1 and 5.2), such as `access_denied`.
        error: String,
        /// The `error_description`, which is text for developers.
        description: Option<String>,
    },

    /// The server returned an HTTP status between 400 and 499 without an OAuth error code.
    #[error("{url} returned HTTP status {status} without an error code")]
    UnexpectedStatus {
        /// The URL of the request, without its query.
        url: String,
        /// The HTTP status.
        status: StatusCode,
    },

    /// The server cannot be reached, or it is temporarily unavailable. The request may succeed
    /// later.
    #[error("request to {url} failed")]
    Unreachable {
        /// The URL of the request, without its query.
        url: String,
        /// The time that the server asks the client to wait before the next request
        /// (`Retry-After`).
        retry_after: Option<Duration>,
        /// The cause.
        source: BoxError,
    },

    /// A server violates a security rule. No secret was sent to a URL that failed a check.
    #[error("{url} cannot be trusted: {reason}")]
    Untrusted {
        /// The URL that violates the rule, without its query.
        url: String,
        /// The violation.
        reason: String,
    },

    /// The MCP server offers no sign-in: it has no metadata, and none of the endpoints that servers
    /// of revision 2025-03-26 have without metadata.
    #[error("{server} offers no OAuth sign-in: it has no metadata and no registration endpoint")]
    SignInUnavailable {
        /// The MCP server.
        server: Endpoint,
        /// The error of the registration endpoint.
        source: Box<Error>,
    },

    /// The authorization server offers no sign-in with a code on another device (RFC 8628).
    #[error(
        "{issuer} offers no sign-in with a code: its metadata has no device authorization endpoint"
    )]
    DeviceSignInUnavailable {
        /// The MCP server.
        server: Endpoint,
        /// The issuer of the authorization server.
        issuer: String,
    },

    /// The user did not complete the sign-in in time.
    #[error("the sign-in to {server} expired before it was completed")]
    SignInExpired {
        /// The MCP server.
        server: Endpoint,
    },

    /// The assertion source returned an error.
    #[error("cannot get an assertion for the token request")]
    Assertion {
        /// The error of the assertion source.
        source: BoxError,
    },

    /// A setting is invalid or missing.
    #[error("{reason}")]
    Configuration {
        /// The setting, and how to correct it.
        reason: String,
    },

    /// The store cannot be read or written.
    #[error("cannot read or write the credential store")]
    Store {
        /// The error of the store.
        source: BoxError,
    },

    /// The async runtime shut down before the operation was complete.
    #[error("the async runtime shut down before the operation was complete")]
    Interrupted,
}

/// The reason that a user must sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignInReason {
    /// The user has not signed in, or has signed out.
    NotSignedIn,
    /// The MCP server rejected the access token, and there is no refresh token.
    TokenRejected,
    /// The authorization server rejected the refresh token.
    RefreshTokenRejected,
    /// The authorization server refused to refresh the access token, for another reason than the
    /// refresh token.
    RefreshFailed,
    /// The authorization server no longer knows this client.
    ClientUnknown,
    /// The MCP server requires scopes that the access token does not have.
    InsufficientScope,
    /// The MCP server now uses another authorization server.
    AuthorizationServerChanged,
}

impl Error {
    pub(crate) fn untrusted(url: &Url, reason: impl Into<String>) -> Self {
        Self::Untrusted { url: DisplayUrl(url).to_string(), reason: reason.into() }
    }

    pub(crate) fn unreachable(url: &Url, source: impl Into<BoxError>) -> Self {
        let url = DisplayUrl(url).to_string();
        Self::Unreachable { url, retry_after: None, source: source.into() }
    }

    /// Creates the error of an error response. Both texts are redacted, then truncated.
    pub(crate) fn response(
        url: &str,
        error: &str,
        description: Option<&str>,
        redactor: &Redactor,
    ) -> Self {
        let shown = |text: &str| Truncated(&redactor.redact(text)).to_string();
        let (url, error, description) = (shown(url), shown(error), description.map(shown));
        Self::ErrorResponse { url, error, description }
    }

    /// Creates the error for scopes from a server, which may be long.
    pub(crate) fn scope_not_granted(server: &Endpoint, scopes: &BTreeSet<String>) -> Self {
        const MAX_SCOPES: usize = 20;
        let scopes = scopes.iter().take(MAX_SCOPES).map(|scope| Truncated(scope).to_string());
        Self::ScopeNotGranted { server: server.clone(), scopes: scopes.collect() }
    }

    pub(crate) fn configuration(reason: impl Into<String>) -> Self {
        Self::Configuration { reason: reason.into() }
    }

    pub(crate) fn store(source: BoxError) -> Self {
        Self::Store { source }
    }

    /// Returns the message of the error and of its causes, on one line. Each is truncated.
    pub(crate) fn chain(&self) -> String {
        const MAX_CAUSES: usize = 5;
        let error: &(dyn std::error::Error + 'static) = self;
        let chain = std::iter::successors(Some(error), |error| error.source()).take(MAX_CAUSES);
        let texts: Vec<_> = chain.map(|error| Truncated(&error.to_string()).to_string()).collect();
        texts.join(": ")
    }

    /// Returns how long the server asks the client to wait before the next request, if it does.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unreachable { retry_after, .. } => *retry_after,
            Self::Assertion { source } => source.downcast_ref().and_then(Self::retry_after),
            _ => None,
        }
    }

    /// Returns `true` if no response came from the server.
    pub(crate) fn is_unreachable_host(&self) -> bool {
        matches!(self, Self::Unreachable { source, .. } if !source.is::<TemporaryStatus>())
    }

    /// Returns `true` if the token endpoint may have rejected the client authentication (RFC 6749,
    /// section 5.2). It has then not used the code or the refresh token of the request.
    pub(crate) fn may_reject_client_authentication(&self) -> bool {
        match self {
            Self::UnexpectedStatus { status, .. } => *status == StatusCode::UNAUTHORIZED,
            _ => self.has_code("invalid_client") || self.has_code("invalid_request"),
        }
    }

    /// Returns `true` if the authorization server rejected the client itself. It may have deleted
    /// the registration.
    pub(crate) fn is_client_rejected(&self) -> bool {
        self.has_code("invalid_client") || self.has_code("unauthorized_client")
    }

    /// Returns `true` if the authorization server understood the request and refused it.
    pub(crate) fn is_rejection(&self) -> bool {
        matches!(self, Self::ErrorResponse { .. } | Self::UnexpectedStatus { .. })
    }

    /// Returns `true` if this is an error response with this code.
    pub(crate) fn has_code(&self, code: &str) -> bool {
        matches!(self, Self::ErrorResponse { error, .. } if error == code)
    }
}

impl fmt::Display for SignInReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSignedIn => "not signed in",
            Self::TokenRejected => "the server rejected the access token",
            Self::RefreshTokenRejected => "the refresh token has expired or was revoked",
            Self::RefreshFailed => "the authorization server refused to refresh the access token",
            Self::ClientUnknown => "the authorization server no longer knows this client",
            Self::InsufficientScope => "the access token lacks a required scope",
            Self::AuthorizationServerChanged => "the server now uses another authorization server",
        })
    }
}

/// The HTTP status of a server that is temporarily unavailable.
#[derive(Debug, thiserror::Error)]
#[error("HTTP status {0}")]
pub(crate) struct TemporaryStatus(pub(crate) StatusCode);

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
            scopes => write!(f, ": {:?}", Truncated(&scopes.join(" "))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scopes_of_an_error_are_bounded() {
        let server = Endpoint::parse("https://mcp.example/").unwrap();
        let scopes = (0..16).map(|number| format!("{number}{}", "a".repeat(1_000))).collect();
        assert!(format!("{:?}", Error::scope_not_granted(&server, &scopes)).len() < 5_000);
        let scopes = (0..4_000).map(|number| format!("read-{number}")).collect();
        let error = Error::scope_not_granted(&server, &scopes);
        assert!(format!("{error:?}").len() < 500);
        assert!(error.to_string().contains("read-0 read-1 "));
    }
}
