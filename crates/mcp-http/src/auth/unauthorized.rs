//! The error for a request that the server rejected because of its access token.

use std::{error::Error as StdError, fmt, sync::Arc};

use mcp_client::{BoxError, Truncated};

use super::challenge::Challenge;
use crate::endpoint::Endpoint;

/// The server requires an access token, or rejected the one that was sent.
///
/// The request [did not run](Self::did_not_run), except in a rare case. [`Unauthorized::find_in`]
/// finds this error in any error of a call.
#[derive(Clone)]
#[non_exhaustive]
pub struct Unauthorized {
    /// The URL of the server.
    pub endpoint: Endpoint,
    /// The reason why the server requires another token.
    pub reason: UnauthorizedReason,
    /// The challenges of the `WWW-Authenticate` headers, in the server's order. Empty if there are
    /// none.
    pub challenges: Vec<Challenge>,
    /// The error that the token source returned when it was called for another token.
    refresh_error: Option<Arc<dyn StdError + Send + Sync>>,
    /// Set if the server had accepted the request before it rejected the token, so that it may have
    /// run.
    may_have_run: bool,
}

/// The reason why a server requires another access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnauthorizedReason {
    /// The request had no token.
    Missing,
    /// The token is expired, revoked, or for another server (HTTP status 401).
    Rejected,
    /// The scope of the token does not cover the request (HTTP status 403, `insufficient_scope`;
    /// RFC 6750, section 3.1).
    InsufficientScope,
}

impl Unauthorized {
    /// Creates an error for a request to `endpoint`.
    pub fn new(endpoint: Endpoint, reason: UnauthorizedReason, challenges: Vec<Challenge>) -> Self {
        Self { endpoint, reason, challenges, refresh_error: None, may_have_run: false }
    }

    /// Adds the error that the token source returned when it was called for another token.
    pub(crate) fn with_refresh_error(self, refresh_error: BoxError) -> Self {
        Self { refresh_error: Some(refresh_error.into()), ..self }
    }

    /// Records that the server had accepted the request before it rejected the token.
    pub(crate) fn with_may_have_run(self) -> Self {
        Self { may_have_run: true, ..self }
    }

    /// Returns whether the request certainly did not run.
    ///
    /// Returns false if the server had accepted the request, the response was interrupted, and the
    /// server rejected the token when the client resumed the response.
    pub fn did_not_run(&self) -> bool {
        !self.may_have_run
    }

    /// Returns the `Bearer` or `DPoP` challenge of the server. If there are several, prefers the
    /// first one with an error, then the first one with resource metadata.
    pub fn challenge(&self) -> Option<&Challenge> {
        let is_supported =
            |challenge: &&Challenge| challenge.is_scheme("Bearer") || challenge.is_scheme("DPoP");
        let supported = || self.challenges.iter().filter(is_supported);
        supported()
            .find(|challenge| challenge.error().is_some())
            .or_else(|| supported().find(|challenge| challenge.resource_metadata().is_some()))
            .or_else(|| supported().next())
    }
}

impl fmt::Display for Unauthorized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, reason, .. } = self;
        match reason {
            UnauthorizedReason::Missing => write!(f, "{endpoint} requires an access token")?,
            UnauthorizedReason::Rejected => write!(f, "{endpoint} rejected the access token")?,
            UnauthorizedReason::InsufficientScope => {
                write!(f, "{endpoint} requires an access token with a wider scope")?;
            }
        }
        let Some(challenge) = self.challenge() else { return Ok(()) };
        if let Some(description) = challenge.error_description().or_else(|| challenge.error()) {
            write!(f, " ({})", Truncated(description))?;
        }
        match challenge.scope() {
            Some(scope) => write!(f, "; required scope {:?}", Truncated(scope)),
            None => Ok(()),
        }
    }
}

/// Shows the first challenges. A server may send very many.
impl fmt::Debug for Unauthorized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAX_CHALLENGES: usize = 3;
        f.debug_struct("Unauthorized")
            .field("endpoint", &self.endpoint)
            .field("reason", &self.reason)
            .field("challenges", &&self.challenges[..self.challenges.len().min(MAX_CHALLENGES)])
            .field("challenge_count", &self.challenges.len())
            .field("refresh_error", &self.refresh_error)
            .field("may_have_run", &self.may_have_run)
            .finish()
    }
}

/// Compares everything except the error of the token source.
impl PartialEq for Unauthorized {
    fn eq(&self, other: &Self) -> bool {
        self.endpoint == other.endpoint
            && self.reason == other.reason
            && self.challenges == other.challenges
            && self.may_have_run == other.may_have_run
    }
}

impl Eq for Unauthorized {}

impl StdError for Unauthorized {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.refresh_error.as_deref().map(|refresh_error| refresh_error as _)
    }
}
