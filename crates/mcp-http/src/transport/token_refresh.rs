//! The tokens of one user, refreshed by one call at a time.

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
    auth::{AccessToken, Refused, TokenRequest, TokenSource},
    endpoint::Endpoint,
    error::Error,
};

/// The time that a source has to find another token.
const RENEWAL_LIMIT: Duration = Duration::from_secs(20);

/// The token source of one user, asked for another token by one call at a time.
pub(super) struct Tokens {
    source: Option<Arc<dyn TokenSource>>,
    renewing: Mutex<()>,
    /// How often another token has been asked for.
    renewals: AtomicU64,
}

impl Tokens {
    pub(super) fn new(source: Option<Arc<dyn TokenSource>>) -> Self {
        Self { source, renewing: Mutex::default(), renewals: AtomicU64::new(0) }
    }

    /// The token for a request to `endpoint`.
    pub(super) async fn current(&self, endpoint: &Endpoint) -> Result<Option<AccessToken>, Error> {
        let token = self.ask(TokenRequest::new(endpoint)).await;
        token.map_err(|source| Error::TokenSource { endpoint: endpoint.clone(), source })
    }

    /// Another token than the refused one, if there is any.
    pub(super) async fn renewed(
        &self,
        endpoint: &Endpoint,
        refused: Refused<'_>,
    ) -> Result<Option<AccessToken>, BoxError> {
        let renewal = time::timeout(RENEWAL_LIMIT, self.renew(endpoint, refused));
        renewal.await.unwrap_or_else(|_| Err("no other token came in time".into()))
    }

    /// Whoever waits here while another call renews takes what came out, and asks for no third.
    async fn renew(
        &self,
        endpoint: &Endpoint,
        refused: Refused<'_>,
    ) -> Result<Option<AccessToken>, BoxError> {
        let before = self.renewals.load(Ordering::Acquire);
        let _alone = self.renewing.lock().await;
        let other = |token: &AccessToken| Some(token) != refused.token;
        let request = TokenRequest::new(endpoint);
        if let Some(token) = self.ask(request).await?.filter(other) {
            return Ok(Some(token));
        }
        if self.renewals.load(Ordering::Acquire) > before {
            return Ok(None);
        }
        let token = self.ask(request.with_refused(refused)).await;
        self.renewals.fetch_add(1, Ordering::Release);
        Ok(token?.filter(other))
    }

    async fn ask(&self, request: TokenRequest<'_>) -> Result<Option<AccessToken>, BoxError> {
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
    use crate::auth::{Reason, Unauthorized};

    /// Gives one token, and fails to give another; counts how often it was to.
    #[derive(Default)]
    struct Failing(AtomicU64);

    impl TokenSource for Arc<Failing> {
        fn token<'a>(
            &'a self,
            request: TokenRequest<'a>,
        ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
            Box::pin(async move {
                if request.refused.is_none() {
                    return Ok(Some(AccessToken::new("old")));
                }
                self.0.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Err("there is no other".into())
            })
        }
    }

    #[tokio::test]
    async fn concurrent_renewals_that_fail_are_one() {
        let source = Arc::new(Failing::default());
        let tokens = Tokens::new(Some(Arc::new(Arc::clone(&source))));
        let endpoint = Endpoint::parse("https://example.com/").unwrap();
        let unauthorized = Unauthorized::new(endpoint.clone(), Reason::Rejected, Vec::new());
        let old = AccessToken::new("old");
        let refused = Refused::new(Some(&old), &unauthorized);
        let renewals = join_all((0..8).map(|_| tokens.renewed(&endpoint, refused))).await;
        assert!(renewals.iter().all(|renewed| !matches!(renewed, Ok(Some(_)))));
        assert_eq!(renewals.iter().filter(|renewed| renewed.is_err()).count(), 1);
        assert_eq!(source.0.load(Ordering::Relaxed), 1);
        // A later refusal asks anew.
        assert!(tokens.renewed(&endpoint, refused).await.is_err());
        assert_eq!(source.0.load(Ordering::Relaxed), 2);
    }
}
