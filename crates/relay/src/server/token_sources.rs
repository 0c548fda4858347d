//! The token sources of users with an id.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError, RwLock, Weak},
};

use futures_util::future::BoxFuture;
use mcp_client::BoxError;
use mcp_http::{AccessToken, TokenRequest, TokenSource};

use crate::principal::Principal;

/// The token sources of the users who have a handle or an open connection.
#[derive(Default)]
pub(crate) struct TokenSources(Mutex<HashMap<Principal, Weak<UserTokenSource>>>);

/// The token source of one user. It uses the source that the application set last.
///
/// Open connections keep a reference to it, so they use the newest source too.
pub(crate) struct UserTokenSource(RwLock<Arc<dyn TokenSource>>);

impl TokenSources {
    /// Sets the source of `principal`, for all its handles and connections.
    pub(crate) fn replace(
        &self,
        principal: Principal,
        newest: Arc<dyn TokenSource>,
    ) -> Arc<UserTokenSource> {
        let mut sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = sources.get(&principal).and_then(Weak::upgrade) {
            *source.0.write().unwrap_or_else(PoisonError::into_inner) = newest;
            return source;
        }
        // Drop unused entries before the map grows.
        if sources.len() == sources.capacity() {
            sources.retain(|_, source| source.strong_count() > 0);
        }
        let source = Arc::new(UserTokenSource(RwLock::new(newest)));
        sources.insert(principal, Arc::downgrade(&source));
        source
    }
}

impl TokenSource for UserTokenSource {
    fn token<'a>(
        &'a self,
        request: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
        let newest = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        Box::pin(async move { newest.token(request).await })
    }
}

impl fmt::Debug for TokenSources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSources")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_sources_without_users_are_removed() {
        let token_sources = TokenSources::default();
        let token: Arc<dyn TokenSource> = Arc::new(AccessToken::new("a"));
        let of = |n: usize| {
            token_sources.replace(Principal::from_id(&n.to_string()), Arc::clone(&token))
        };
        let held: Vec<_> = (0..10).map(of).collect();
        (10..10_000).for_each(|n| drop(of(n)));
        assert!(token_sources.0.lock().unwrap().capacity() < 100);
        assert!(Arc::ptr_eq(&held[3], &of(3)));
    }
}
