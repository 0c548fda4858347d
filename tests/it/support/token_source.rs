//! A scripted source of tokens that keeps what it was asked.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use futures_util::future::{BoxFuture, ready};
use mcp_http::{AccessToken, TokenRequest, TokenSource, mcp_client::BoxError};

use super::masked;

type Give = dyn Fn(usize, bool) -> Result<Option<AccessToken>, BoxError> + Send + Sync;

/// Gives tokens by turn, counted from 1; clones are the same source.
#[derive(Clone)]
pub(crate) struct Source {
    give: Arc<Give>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Source {
    /// A source that gives what `give` makes of the turn and of whether a token was refused.
    pub(crate) fn new(
        give: impl Fn(usize, bool) -> Result<Option<AccessToken>, BoxError> + Send + Sync + 'static,
    ) -> Self {
        Self { give: Arc::new(give), asked: Arc::default() }
    }

    /// A source that gives one token, and another for good once that is refused.
    pub(crate) fn renewing(first: &'static str, second: &'static str) -> Self {
        let renewed = AtomicBool::new(false);
        Self::new(move |_, refused| {
            let renewed = renewed.fetch_or(refused, Ordering::Relaxed) || refused;
            Ok(Some(if renewed { second } else { first }.into()))
        })
    }

    /// What it was asked, one a line.
    pub(crate) fn asked(&self) -> String {
        self.log().join("\n")
    }

    fn log(&self) -> MutexGuard<'_, Vec<String>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenSource for Source {
    fn token<'a>(
        &'a self,
        request: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
        let question = match &request.refused {
            None => "a token".to_owned(),
            Some(refused) => {
                let token = refused.token.map_or("none", AccessToken::expose);
                let reason = refused.unauthorized.reason;
                let scope =
                    refused.unauthorized.challenge().and_then(|challenge| challenge.scope());
                masked(&format!("another than {token}: {reason:?}, scope {scope:?}"))
            }
        };
        let mut log = self.log();
        log.push(format!("{} for {}", question, request.endpoint.url().path()));
        Box::pin(ready((self.give)(log.len(), request.refused.is_some())))
    }
}
