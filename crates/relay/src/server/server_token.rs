//! Access tokens that are for one server, and the memory of which server that is.
//!
//! **Invariant:** an access token that the application gave without naming a server is sent to one
//! server only. Three rules ensure this:
//!
//! - All handles with the same token text share one [`OnceLock`], which holds the server. The first
//!   operation that names a server sets it, and no operation can change it.
//! - [`ServerToken`] is the only token source that holds such a token. It returns the token only
//!   for the URL of that server, so no connection to another server can get it.
//! - A server is known by its URL and not by its name. If a name is given to another server, the
//!   token does not follow.

use std::{
    collections::HashMap,
    fmt, mem,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use futures_util::future::{BoxFuture, ready};
use mcp_client::BoxError;
use mcp_http::{AccessToken, Endpoint, TokenRequest, TokenSource};

use crate::{error::Error, principal::Principal};

/// The maximum number of unused tokens whose server is remembered. At least the half that was used
/// last is remembered.
const CAPACITY: usize = 100_000;

/// An access token, and the server that it is for. It is a token source for this server only.
///
/// Clones share the server.
#[derive(Clone)]
pub(crate) struct ServerToken {
    token: AccessToken,
    /// The server. Empty until an operation names one.
    server: Arc<OnceLock<TokenServer>>,
}

/// The server of a token.
pub(crate) struct TokenServer {
    name: Arc<str>,
    endpoint: Endpoint,
}

impl ServerToken {
    /// Creates a token for the server that the application named. If there is no such server, the
    /// token is never sent.
    pub(crate) fn for_server(token: AccessToken, server: Option<(Arc<str>, Endpoint)>) -> Self {
        let server = server.map(|(name, endpoint)| TokenServer { name, endpoint });
        Self { token, server: Arc::new(server.map_or_else(OnceLock::new, OnceLock::from)) }
    }

    /// Sets the server, unless the token has one.
    ///
    /// # Errors
    ///
    /// Returns an error if the token is for another server.
    pub(crate) fn set_server(&self, name: &Arc<str>, endpoint: &Endpoint) -> Result<(), Error> {
        let new = || TokenServer { name: Arc::clone(name), endpoint: endpoint.clone() };
        let server = self.server.get_or_init(new);
        if server.endpoint == *endpoint {
            return Ok(());
        }
        let reason = match server.name == *name {
            true => "the access token was used before this server was replaced, and is not sent \
                     to another URL; pass it with \"Relay::with_tokens\""
                .to_owned(),
            false => format!(
                "the access token was used with server \"{}\", and is not sent to a second \
                 server; pass the token of each server with \"Relay::with_tokens\", or use a \
                 \"TokenSource\"",
                server.name
            ),
        };
        Err(Error::configuration(Some(name), reason))
    }

    /// Returns whether the token is for the server with this URL.
    pub(crate) fn is_for(&self, endpoint: &Endpoint) -> bool {
        self.server.get().is_some_and(|server| server.endpoint == *endpoint)
    }
}

impl TokenSource for ServerToken {
    fn token<'a>(
        &'a self,
        request: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
        Box::pin(ready(match self.is_for(request.endpoint) {
            true => Ok(Some(self.token.clone())),
            false => Err("the access token is for another server".into()),
        }))
    }
}

/// The servers of the tokens that the application gave without naming a server.
///
/// A server is remembered while a handle or a connection has the token. Without one, it is
/// remembered until half of [`CAPACITY`] other tokens have been added.
pub(crate) struct TokenServers(Mutex<Memory>);

/// The servers, by the hash of the token.
type Servers = HashMap<Principal, Arc<OnceLock<TokenServer>>>;

struct Memory {
    newer: Servers,
    /// Unused tokens only. A token that is used again moves to `newer`.
    older: Servers,
    /// The number of tokens that were added to `newer` since `older` was replaced.
    added: usize,
    capacity: usize,
}

impl TokenServers {
    pub(crate) fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    fn with_capacity(capacity: usize) -> Self {
        let (newer, older) = (Servers::new(), Servers::new());
        Self(Mutex::new(Memory { newer, older, added: 0, capacity }))
    }

    /// Returns the token with the server that it was used with, if there is one.
    pub(crate) fn token(&self, token: AccessToken) -> ServerToken {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let server = memory.server(Principal::from_token(&token));
        ServerToken { token, server }
    }
}

impl Memory {
    fn server(&mut self, token: Principal) -> Arc<OnceLock<TokenServer>> {
        if let Some(server) = self.newer.get(&token) {
            return Arc::clone(server);
        }
        let server = self.older.remove(&token).unwrap_or_default();
        if self.added >= self.capacity / 2 {
            self.forget_older();
        }
        self.added += 1;
        self.newer.insert(token, Arc::clone(&server));
        server
    }

    /// Forgets the older tokens. The unused ones of the newer tokens are then the older ones.
    fn forget_older(&mut self) {
        let is_used = |server: &Arc<_>| Arc::strong_count(server) > 1;
        let used = self.newer.extract_if(|_, server| is_used(server)).collect();
        self.older = mem::replace(&mut self.newer, used);
        self.added = 0;
    }
}

impl fmt::Debug for TokenServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenServers")
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use futures_util::FutureExt;

    use super::*;

    fn endpoint(url: &str) -> Endpoint {
        Endpoint::parse(url).unwrap()
    }

    fn token_for(token: &ServerToken, url: &str) -> Result<Option<AccessToken>, BoxError> {
        token.token(TokenRequest::new(&endpoint(url))).now_or_never().unwrap()
    }

    #[test]
    fn a_token_is_returned_for_its_own_server_only() {
        let servers = TokenServers::new();
        let token = servers.token("a".into());
        assert!(token_for(&token, "https://a.example/").is_err(), "no server is named yet");
        token.set_server(&"a".into(), &endpoint("https://a.example/")).unwrap();
        // Another handle with the same token.
        let again = servers.token("a".into());
        assert!(again.set_server(&"b".into(), &endpoint("https://b.example/")).is_err());
        assert_eq!(token_for(&again, "https://a.example/").unwrap(), Some("a".into()));
        for other in ["https://b.example/", "https://a.example/b", "https://a.example/?b"] {
            assert!(token_for(&again, other).is_err(), "{other}");
        }
        // Another name of the same URL is the same server.
        again.set_server(&"c".into(), &endpoint("https://a.example/")).unwrap();
    }

    /// Uses a token with a server, and drops the handle.
    fn use_once(servers: &TokenServers, token: &str) {
        let token = servers.token(token.into());
        token.set_server(&"a".into(), &endpoint("https://a.example/")).unwrap();
    }

    fn is_remembered(servers: &TokenServers, token: &str) -> bool {
        let memory = servers.0.lock().unwrap();
        let key = Principal::from_token(&token.into());
        [&memory.newer, &memory.older].into_iter().any(|tokens| tokens.contains_key(&key))
    }

    fn add_others(servers: &TokenServers, numbers: Range<usize>) {
        numbers.for_each(|n| drop(servers.token(format!("other {n}").into())));
    }

    #[test]
    fn the_server_of_an_unused_token_is_remembered_until_50_others_are_added() {
        // At any time before the limit, and at the limit.
        for before in 0..=120 {
            let servers = TokenServers::with_capacity(100);
            let held = servers.token("held".into());
            add_others(&servers, 0..before);
            use_once(&servers, "a");
            // It was held for a long time, and is unused from now on.
            drop(held);
            add_others(&servers, before..before + 50);
            assert!(is_remembered(&servers, "held"), "{before}");
            let again = servers.token("a".into());
            let other = endpoint("https://b.example/");
            assert!(again.set_server(&"b".into(), &other).is_err(), "{before}");
        }
    }

    #[test]
    fn the_oldest_unused_tokens_are_forgotten_at_the_limit() {
        let servers = TokenServers::with_capacity(100);
        let held: Vec<_> = (0..300).map(|n| servers.token(format!("held {n}").into())).collect();
        use_once(&servers, "a");
        let count = || {
            let memory = servers.0.lock().unwrap();
            memory.newer.len() + memory.older.len()
        };
        for n in 0..500 {
            add_others(&servers, n..n + 1);
            assert!(count() <= 300 + 100, "{n}");
        }
        assert!(!is_remembered(&servers, "a"));
        assert!(is_remembered(&servers, "other 499"));
        assert!(Arc::ptr_eq(&held[0].server, &servers.token("held 0".into()).server));
        // After a peak, the limit is the same as before.
        drop(held);
        add_others(&servers, 500..650);
        assert!(count() <= 100, "{}", count());
    }
}
