//! The error for a request that the server rejected because of its access token.

use std::{error::Error as StdError, fmt, sync::Arc};

use mcp_client::{BoxError, Truncated};

use super::challenge::Challenge;
use crate::endpoint::Endpoint;

/// A server that wants an access token, or a better one. The request
/// [did not run](Self::did_not_run), but for a rare case.
///
/// It is found in any error of a call with [`Unauthorized::find_in`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Unauthorized {
    /// The server.
    pub endpoint: Endpoint,
    /// What is wrong with the request's token.
    pub reason: UnauthorizedReason,
    /// What the server said in `WWW-Authenticate`, in its order; empty if it said nothing.
    pub challenges: Vec<Challenge>,
    /// The error of the token source when it was asked for another token.
    refresh_error: Option<Arc<dyn StdError + Send + Sync>>,
    /// Set if the server had accepted the request before, so that it may have run.
    may_have_run: bool,
}

/// What is wrong with the token of a refused request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnauthorizedReason {
    /// The request had none.
    Missing,
    /// It is expired, revoked, or not meant for this server (HTTP status 401).
    Rejected,
    /// It does not allow this request (HTTP status 403, `insufficient_scope`; RFC 6750,
    /// section 3.1).
    InsufficientScope,
}

impl Unauthorized {
    /// The refusal of a request to `endpoint`.
    pub fn new(endpoint: Endpoint, reason: UnauthorizedReason, challenges: Vec<Challenge>) -> Self {
        Self { endpoint, reason, challenges, refresh_error: None, may_have_run: false }
    }

    /// Adds the error of the token source when it was asked for another token.
    pub(crate) fn with_refresh_error(self, refresh_error: BoxError) -> Self {
        Self { refresh_error: Some(refresh_error.into()), ..self }
    }

    /// Marks the request as one that the server had accepted before, so that it may have run.
    pub(crate) fn with_may_have_run(self) -> Self {
        Self { may_have_run: true, ..self }
    }

    /// Whether the request surely did not run. It may have where the server had taken it, and refused
    /// to go on with an answer that had broken off.
    pub fn did_not_run(&self) -> bool {
        !self.may_have_run
    }

    /// The server's `Bearer` or `DPoP` challenge: of several, the one that names the error, or else the one
    /// that names the metadata.
    pub fn challenge(&self) -> Option<&Challenge> {
        let wants_token = |it: &&Challenge| it.is_scheme("Bearer") || it.is_scheme("DPoP");
        let bearer = || self.challenges.iter().filter(wants_token);
        bearer()
            .find(|challenge| challenge.error().is_some())
            .or_else(|| bearer().find(|challenge| challenge.resource_metadata().is_some()))
            .or_else(|| bearer().next())
    }
}

impl fmt::Display for Unauthorized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, reason, .. } = self;
        match reason {
            UnauthorizedReason::Missing => write!(f, "{endpoint} requires an access token")?,
            UnauthorizedReason::Rejected => write!(f, "{endpoint} rejected the access token")?,
            UnauthorizedReason::InsufficientScope => {
                write!(f, "{endpoint} requires an access token of wider scope")?;
            }
        }
        let Some(challenge) = self.challenge() else { return Ok(()) };
        if let Some(scope) = challenge.scope() {
            write!(f, ", scope {:?}", Truncated(scope))?;
        }
        match challenge.error_description().or_else(|| challenge.error()) {
            Some(description) => write!(f, " ({})", Truncated(description)),
            None => Ok(()),
        }
    }
}

/// Two values are equal if the server said the same. The error of the token source is not compared.
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
