//! A token source that is scripted by a closure and records its requests.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use futures_util::future::{BoxFuture, ready};
use mcp_http::{AccessToken, TokenRequest, TokenSource, mcp_client::BoxError};

use super::redact_tokens;

type Respond = dyn Fn(usize, bool) -> Result<Option<AccessToken>, BoxError> + Send + Sync;

/// Returns the token that a closure returns. Clones share their state.
#[derive(Clone)]
pub(crate) struct ScriptedTokenSource {
    respond: Arc<Respond>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl ScriptedTokenSource {
    /// A source that returns `respond(turn, rejected)`.
    ///
    /// `turn` is the number of the request, counted from 1. `rejected` says whether a token was rejected.
    pub(crate) fn new(
        respond: impl Fn(usize, bool) -> Result<Option<AccessToken>, BoxError> + Send + Sync + 'static,
    ) -> Self {
        Self { respond: Arc::new(respond), requests: Arc::default() }
    }

    /// A source that returns `first` until it is rejected, and `second` from then on.
    pub(crate) fn with_replacement(first: &'static str, second: &'static str) -> Self {
        let replaced = AtomicBool::new(false);
        Self::new(move |_, rejected| {
            let replaced = replaced.fetch_or(rejected, Ordering::Relaxed) || rejected;
            Ok(Some(if replaced { second } else { first }.into()))
        })
    }

    /// The requests so far, one line each.
    pub(crate) fn requests(&self) -> String {
        self.log().join("\n")
    }

    fn log(&self) -> MutexGuard<'_, Vec<String>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenSource for ScriptedTokenSource {
    fn token<'a>(
        &'a self,
        request: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
        let line = match &request.rejected {
            None => "a token".to_owned(),
            Some(rejected) => {
                let token = rejected.token.map_or("none", AccessToken::expose);
                let reason = rejected.unauthorized.reason;
                let scope =
                    rejected.unauthorized.challenge().and_then(|challenge| challenge.scope());
                redact_tokens(&format!("another than {token}: {reason:?}, scope {scope:?}"))
            }
        };
        let mut log = self.log();
        log.push(format!("{} for {}", line, request.endpoint.url().path()));
        Box::pin(ready((self.respond)(log.len(), request.rejected.is_some())))
    }
}
