//! The error of a token source that cannot return a token at the moment.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use mcp_client::BoxError;

/// The error of a [`TokenSource`](crate::TokenSource) that cannot return a token at the moment, for
/// example because the authorization server is overloaded.
///
/// The transport turns it into [`Error::TokenUnavailable`](crate::Error::TokenUnavailable), even
/// after the server rejected a token: the user need not sign in again.
///
/// ```
/// use std::time::Duration;
///
/// use mcp_http::{TokenUnavailable, mcp_client::BoxError};
///
/// let error = TokenUnavailable::new("HTTP status 503").with_retry_after(Duration::from_secs(5));
/// let error: BoxError = error.into();
/// assert_eq!(error.to_string(), "no access token is available at the moment");
/// ```
#[derive(Debug, Clone)]
pub struct TokenUnavailable {
    retry_after: Option<Duration>,
    source: Arc<dyn StdError + Send + Sync>,
}

impl TokenUnavailable {
    /// Creates the error with its cause.
    pub fn new(source: impl Into<BoxError>) -> Self {
        Self { retry_after: None, source: source.into().into() }
    }

    /// Sets how long to wait before the next attempt, if the authorization server named a time.
    #[must_use]
    pub fn with_retry_after(self, retry_after: impl Into<Option<Duration>>) -> Self {
        Self { retry_after: retry_after.into(), ..self }
    }

    /// Returns how long to wait before the next attempt, if the authorization server named a time.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for TokenUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no access token is available at the moment")
    }
}

impl StdError for TokenUnavailable {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}
