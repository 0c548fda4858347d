//! The token sources of users with an id.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError, RwLock, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::future::BoxFuture;
use mcp_client::BoxError;
use mcp_http::{AccessToken, Endpoint, TokenRequest, TokenSource};

use super::server_token::ServerToken;
use crate::principal::Principal;

/// The token sources of the users who have a handle or an open connection.
#[derive(Default)]
pub(crate) struct TokenSources {
    users: Mutex<HashMap<Principal, Weak<UserTokenSource>>>,
    /// The number of the next source or token.
    next: AtomicU64,
}

/// The token source of one user. For each server, it uses the source or the token that the
/// application gave last.
///
/// Open connections keep a reference to it, so they use the newest source too.
#[derive(Default)]
pub(crate) struct UserTokenSource(RwLock<Newest>);

/// The newest source and the newest tokens. Each has the number of the handle that it came with.
#[derive(Default)]
struct Newest {
    source: Option<(u64, Arc<dyn TokenSource>)>,
    /// The tokens that are newer than the source, by the URL of their server.
    tokens: HashMap<String, (u64, Arc<ServerToken>)>,
}

impl TokenSources {
    /// Returns the token source of a user, which all handles and connections of the user share.
    pub(crate) fn of_user(&self, principal: Principal) -> Arc<UserTokenSource> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = users.get(&principal).and_then(Weak::upgrade) {
            return source;
        }
        // Drop unused entries before the map grows.
        if users.len() == users.capacity() {
            users.retain(|_, source| source.strong_count() > 0);
        }
        let source = Arc::<UserTokenSource>::default();
        users.insert(principal, Arc::downgrade(&source));
        source
    }

    /// Returns a number that is higher than all numbers before.
    pub(crate) fn next_number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}

impl UserTokenSource {
    /// Uses `source` for all servers, unless a newer source is set.
    pub(crate) fn set_source(&self, number: u64, source: Arc<dyn TokenSource>) {
        let mut newest = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if newest.source.as_ref().is_none_or(|(other, _)| *other < number) {
            newest.tokens.retain(|_, (other, _)| *other > number);
            newest.source = Some((number, source));
        }
    }

    /// Uses `token` for its server, unless a newer source or token is set.
    pub(crate) fn set_token(&self, number: u64, endpoint: &Endpoint, token: &ServerToken) {
        let mut newest = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let url = endpoint.url().as_str();
        let is_newer = |other: u64| other >= number;
        if newest.source.as_ref().is_some_and(|(other, _)| is_newer(*other))
            || newest.tokens.get(url).is_some_and(|(other, _)| is_newer(*other))
        {
            return;
        }
        newest.tokens.insert(url.to_owned(), (number, Arc::new(token.clone())));
    }

    /// Returns the newest source for a server.
    fn source_for(&self, endpoint: &Endpoint) -> Option<Arc<dyn TokenSource>> {
        let newest = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match newest.tokens.get(endpoint.url().as_str()) {
            Some((_, token)) => Some(Arc::<ServerToken>::clone(token)),
            None => newest.source.as_ref().map(|(_, source)| Arc::clone(source)),
        }
    }
}

impl TokenSource for UserTokenSource {
    fn token<'a>(
        &'a self,
        request: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
        let newest = self.source_for(request.endpoint);
        Box::pin(async move {
            match newest {
                Some(source) => source.token(request).await,
                None => Ok(None),
            }
        })
    }
}

impl fmt::Debug for TokenSources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSources")
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn token_sources_without_users_are_removed() {
        let token_sources = TokenSources::default();
        let of = |n: usize| token_sources.of_user(Principal::from_id(&n.to_string()));
        let held: Vec<_> = (0..10).map(of).collect();
        (10..10_000).for_each(|n| drop(of(n)));
        assert!(token_sources.users.lock().unwrap().capacity() < 100);
        assert!(Arc::ptr_eq(&held[3], &of(3)));
    }

    #[test]
    fn the_newest_source_or_token_of_a_server_is_used() {
        let (user, number) = (UserTokenSource::default(), AtomicU64::new(0));
        let next = || number.fetch_add(1, Ordering::Relaxed);
        let [a, b] =
            ["https://a.example/", "https://b.example/"].map(|url| Endpoint::parse(url).unwrap());
        let token = |text: &str, endpoint: &Endpoint| {
            ServerToken::for_server(text.into(), Some(("name".into(), endpoint.clone())))
        };
        let sent = || {
            let token = |endpoint| user.token(TokenRequest::new(endpoint)).now_or_never().unwrap();
            [&a, &b].map(|endpoint| token(endpoint).unwrap().map(|it| it.expose().to_owned()))
        };
        let expected = |a: Option<&str>, b: Option<&str>| [a, b].map(|it| it.map(str::to_owned));
        assert_eq!(sent(), expected(None, None));
        let (older, newer) = (next(), next());
        user.set_token(newer, &a, &token("a2", &a));
        user.set_token(older, &a, &token("a1", &a));
        assert_eq!(sent(), expected(Some("a2"), None));
        user.set_token(next(), &b, &token("b1", &b));
        assert_eq!(sent(), expected(Some("a2"), Some("b1")));
        user.set_source(next(), Arc::new(AccessToken::new("all")));
        user.set_token(newer, &a, &token("a2", &a));
        assert_eq!(sent(), expected(Some("all"), Some("all")));
        user.set_token(next(), &a, &token("a3", &a));
        assert_eq!(sent(), expected(Some("a3"), Some("all")));
    }
}
