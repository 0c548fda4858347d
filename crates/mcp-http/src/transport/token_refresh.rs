//! The access tokens of one user. Only one call at a time refreshes them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use mcp_client::BoxError;
use tokio::{sync::Mutex, time};

use crate::{
    auth::{AccessToken, RejectedToken, TokenRequest, TokenSource, TokenUnavailable},
    endpoint::Endpoint,
    error::Error,
};

/// The time limit for a token source to return another token.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(20);

/// The token source of one user. Only one call at a time requests another token from it.
pub(super) struct TokenRefresher {
    source: Option<Arc<dyn TokenSource>>,
    /// Held during a refresh. Holds the error of the last refresh if it was temporary.
    refresh_lock: Mutex<Option<TokenUnavailable>>,
    /// The number of completed refreshes. A waiting call compares it, to see whether another call
    /// refreshed in the meantime.
    refresh_count: AtomicU64,
}

impl TokenRefresher {
    pub(super) fn new(source: Option<Arc<dyn TokenSource>>) -> Self {
        Self { source, refresh_lock: Mutex::default(), refresh_count: AtomicU64::new(0) }
    }

    /// Returns the token for a request to `endpoint`.
    pub(super) async fn current(&self, endpoint: &Endpoint) -> Result<Option<AccessToken>, Error> {
        let token = self.request_token(TokenRequest::new(endpoint)).await;
        token.map_err(|error| Error::from_token_source(endpoint, error))
    }

    /// Returns a token that differs from the rejected one, if there is one.
    pub(super) async fn refresh(
        &self,
        endpoint: &Endpoint,
        rejected: RejectedToken<'_>,
    ) -> Result<Option<AccessToken>, BoxError> {
        let refreshed =
            time::timeout(REFRESH_TIMEOUT, self.refresh_exclusively(endpoint, rejected));
        refreshed.await.unwrap_or_else(|_| {
            let reason = format!("the token source timed out after {REFRESH_TIMEOUT:?}");
            Err(TokenUnavailable::new(reason).into())
        })
    }

    /// Refreshes the token, one call at a time. Calls that wait while another call refreshes use
    /// its result, and do not refresh again.
    async fn refresh_exclusively(
        &self,
        endpoint: &Endpoint,
        rejected: RejectedToken<'_>,
    ) -> Result<Option<AccessToken>, BoxError> {
        let before = self.refresh_count.load(Ordering::Acquire);
        let mut last_error = self.refresh_lock.lock().await;
        let was_refreshed = self.refresh_count.load(Ordering::Acquire) > before;
        if let Some(unavailable) = last_error.as_ref().filter(|_| was_refreshed) {
            return Err(unavailable.clone().into());
        }
        let is_different = |token: &AccessToken| Some(token) != rejected.token;
        let request = TokenRequest::new(endpoint);
        let outcome = match self.request_token(request).await {
            Ok(Some(token)) if is_different(&token) => return Ok(Some(token)),
            Ok(_) if was_refreshed => return Ok(None),
            Ok(_) => self.request_token(request.with_rejected(rejected)).await,
            Err(error) => Err(error),
        };
        let unavailable = outcome.as_ref().err().and_then(|error| error.downcast_ref());
        *last_error = unavailable.cloned();
        self.refresh_count.fetch_add(1, Ordering::Release);
        Ok(outcome?.filter(is_different))
    }

    async fn request_token(
        &self,
        request: TokenRequest<'_>,
    ) -> Result<Option<AccessToken>, BoxError> {
        match &self.source {
            Some(source) => source.token(request).await,
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::{BoxFuture, join_all};

    use super::*;
    use crate::auth::{Unauthorized, UnauthorizedReason};

    /// Returns one token, fails to return another, and counts the attempts.
    #[derive(Default)]
    struct Failing {
        attempts: AtomicU64,
        temporarily: bool,
    }

    impl TokenSource for Arc<Failing> {
        fn token<'a>(
            &'a self,
            request: TokenRequest<'a>,
        ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
            Box::pin(async move {
                if request.rejected.is_none() {
                    return Ok(Some(AccessToken::new("old")));
                }
                self.attempts.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                match self.temporarily {
                    true => Err(TokenUnavailable::new("HTTP status 503").into()),
                    false => Err("no other token".into()),
                }
            })
        }
    }

    #[tokio::test]
    async fn concurrent_refreshes_share_one_failed_attempt() {
        for temporarily in [false, true] {
            concurrent_refreshes_share_one_failure(temporarily).await;
        }
    }

    async fn concurrent_refreshes_share_one_failure(temporarily: bool) {
        let source = Arc::new(Failing { temporarily, ..Failing::default() });
        let tokens = TokenRefresher::new(Some(Arc::new(Arc::clone(&source))));
        let endpoint = Endpoint::parse("https://example.com/").unwrap();
        let unauthorized =
            Unauthorized::new(endpoint.clone(), UnauthorizedReason::Rejected, Vec::new());
        let old = AccessToken::new("old");
        let rejected = RejectedToken::new(Some(&old), &unauthorized);
        let outcomes = join_all((0..8).map(|_| tokens.refresh(&endpoint, rejected))).await;
        assert!(outcomes.iter().all(|outcome| !matches!(outcome, Ok(Some(_)))));
        // A temporary failure must not look like a rejected token to the calls that waited.
        let failed = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        assert_eq!(failed, if temporarily { 8 } else { 1 });
        assert_eq!(source.attempts.load(Ordering::Relaxed), 1);
        // A later rejection requests another token again.
        assert!(tokens.refresh(&endpoint, rejected).await.is_err());
        assert_eq!(source.attempts.load(Ordering::Relaxed), 2);
    }
}
