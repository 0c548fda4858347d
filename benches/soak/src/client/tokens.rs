//! The tokens of all users, which rotate while requests are in flight.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use relay::{AccessToken, TokenSource, mcp_client::BoxError, mcp_http::TokenRequest};
use tokio::{sync::watch, time};

use crate::{
    options::Injected,
    plan::{self, HTTP_SERVERS, SSE, USERS},
};

/// The generations of the tokens that the client knows.
pub(crate) struct Tokens {
    injected: Injected,
    urls: Vec<String>,
    generations: Vec<watch::Sender<u64>>,
    requests: AtomicU64,
}

/// The tokens of one user. If a token is rejected, it waits for the next generation.
pub(crate) struct UserTokens {
    tokens: Arc<Tokens>,
    user: usize,
}

impl Tokens {
    pub(crate) fn new(urls: Vec<String>, injected: Injected) -> Self {
        let generations = (0..USERS * HTTP_SERVERS).map(|_| watch::Sender::new(0)).collect();
        Self { injected, urls, generations, requests: AtomicU64::new(0) }
    }

    pub(crate) fn urls(&self) -> &[String] {
        &self.urls
    }

    pub(crate) fn current(&self, server: usize, user: usize) -> String {
        plan::token(server, user, *self.generation(server, user).borrow())
    }

    pub(crate) fn set(&self, server: usize, user: usize, generation: u64) {
        self.generation(server, user).send_replace(generation);
    }

    /// Returns the tokens of a user as a token source.
    pub(crate) fn of(self: &Arc<Self>, user: usize) -> UserTokens {
        UserTokens { tokens: Arc::clone(self), user }
    }

    /// Returns a token that is not `rejected`.
    pub(crate) async fn other_than(&self, server: usize, user: usize, rejected: &str) -> String {
        const TIMEOUT: Duration = Duration::from_secs(10);
        let mut generations = self.generation(server, user).subscribe();
        let changed = |generation: &u64| plan::token(server, user, *generation) != rejected;
        // Without a new token, the rejected one is used again, and the user must sign in.
        drop(time::timeout(TIMEOUT, generations.wait_for(changed)).await);
        self.current(server, user)
    }

    fn generation(&self, server: usize, user: usize) -> &watch::Sender<u64> {
        &self.generations[user * HTTP_SERVERS + server]
    }
}

impl TokenSource for UserTokens {
    fn token<'a>(
        &'a self,
        request: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
        Box::pin(async move {
            let url = request.endpoint.url().as_str();
            let server = self.tokens.urls.iter().position(|known| known == url);
            let mut server = server.ok_or("an unknown server")?;
            let number = self.tokens.requests.fetch_add(1, Relaxed);
            if self.tokens.injected == Injected::Token && number % 10_000 == 9_999 {
                server = SSE;
            }
            let rejected = request.rejected.and_then(|rejected| rejected.token);
            let token = match rejected {
                Some(token) => self.tokens.other_than(server, self.user, token.expose()).await,
                None => self.tokens.current(server, self.user),
            };
            Ok(Some(AccessToken::new(token)))
        })
    }
}
