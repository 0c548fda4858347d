//! The tokens of one user, as a token source.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use futures_util::{
    future::BoxFuture,
    stream::{self, StreamExt as _},
};
use mcp_http::{AccessToken, Endpoint, TokenRequest, TokenSource, mcp_client::BoxError};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use super::{
    detached::run_to_completion,
    event::ConnectionChange,
    refresh::{Rejection, TokenRefresh},
    revocation,
    state::ClientState,
};
use crate::{
    error::Error,
    store::{Credentials, Record, StoreKey},
    token::access_token,
};

/// The largest number of tokens of one user that are revoked at the same time.
const MAX_REVOCATIONS: usize = 8;

/// The token source of one principal, for any number of MCP servers.
///
/// It returns a valid access token for each request. It refreshes the token shortly before it
/// expires, or after a server rejects it. Concurrent calls share one refresh. If the user is not
/// signed in, requests are sent without a token.
///
/// It never opens a browser. If the user must sign in, the call returns
/// [`Unauthorized`](mcp_http::Unauthorized) with [`Error::SignInRequired`] as its source. The
/// application then calls [`begin_sign_in`](Self::begin_sign_in). Clones share the tokens.
///
/// # Examples
///
/// ```no_run
/// use mcp_http::HttpTransport;
/// use mcp_oauth::OAuthClient;
///
/// fn transport(application: &OAuthClient) -> Result<HttpTransport, mcp_http::Error> {
///     HttpTransport::builder("https://mcp.example.com/mcp")
///         .token_source(application.user("ann"))
///         .build()
/// }
/// ```
#[derive(Clone)]
pub struct UserTokens(Arc<Inner>);

struct Inner {
    client: Arc<ClientState>,
    users: Arc<Users>,
    principal: String,
    /// The cached token of each MCP server, by its URL.
    tokens: Mutex<BTreeMap<String, Arc<CachedToken>>>,
}

/// The users whose tokens are in use, by principal. All values that `OAuthClient::user` returns for
/// one principal share one entry.
#[derive(Default)]
pub(crate) struct Users(Mutex<BTreeMap<String, Weak<Inner>>>);

/// The cached token for one MCP server, and the lock that allows one refresh at a time.
#[derive(Default)]
pub(crate) struct CachedToken {
    current: Mutex<Option<CurrentToken>>,
    refresh_lock: Arc<AsyncMutex<()>>,
}

#[derive(Clone)]
struct CurrentToken {
    credentials: Arc<Credentials>,
    token: AccessToken,
}

impl UserTokens {
    pub(crate) fn new(client: &Arc<ClientState>, users: &Arc<Users>, principal: String) -> Self {
        let mut entries = users.lock();
        if let Some(known) = entries.get(&principal).and_then(Weak::upgrade) {
            return Self(known);
        }
        let new = Arc::new(Inner {
            client: Arc::clone(client),
            users: Arc::clone(users),
            principal: principal.clone(),
            tokens: Mutex::default(),
        });
        entries.insert(principal, Arc::downgrade(&new));
        Self(new)
    }

    /// Returns the principal, as it was passed to [`OAuthClient::user`](crate::OAuthClient::user).
    pub fn principal(&self) -> &str {
        &self.0.principal
    }

    pub(crate) fn client(&self) -> &ClientState {
        &self.0.client
    }

    /// Signs the user out of an MCP server.
    ///
    /// Removes the credentials from the store, then revokes their tokens if the authorization server
    /// has a revocation endpoint (RFC 7009). If the revocation fails, the credentials are still
    /// removed, and the failure is logged. The sign-out completes even if the future is dropped
    /// after the first poll.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Store`] if the store cannot be read or written.
    pub async fn sign_out(&self, server: &Endpoint) -> Result<(), Error> {
        run_to_completion(self.clone().remove_credentials_for(server.clone())).await
    }

    async fn remove_credentials_for(self, server: Endpoint) -> Result<(), Error> {
        let cached = self.cached_token(&server);
        let guard = cached.refresh_lock.lock().await;
        // Credentials that are not stored any more may still be cached.
        cached.set(None);
        let keys = self.client().keys(Some(self.principal()), server.url().as_str()).await?;
        drop(guard);
        self.remove_credentials(keys).await
    }

    /// Removes credentials, and revokes them afterwards. If a record cannot be removed, returns the
    /// error after all others are removed.
    pub(crate) async fn remove_credentials(self, keys: Vec<StoreKey>) -> Result<(), Error> {
        let mut removed = Vec::new();
        let mut outcome = Ok(());
        for key in keys {
            match self.remove_record(&key).await {
                Ok(credentials) => removed.push((key, credentials)),
                Err(error) => outcome = Err(error),
            }
        }
        let client = self.client();
        stream::iter(removed)
            .for_each_concurrent(MAX_REVOCATIONS, async |(key, credentials)| {
                let is_revoked = match credentials {
                    Some(credentials) => revocation::revoke(client, &key, &credentials).await,
                    None => false,
                };
                client.report(&key, ConnectionChange::Disconnected { is_revoked });
            })
            .await;
        outcome
    }

    /// Removes a record. Returns its credentials, if they can be read.
    async fn remove_record(&self, key: &StoreKey) -> Result<Option<Box<Credentials>>, Error> {
        let client = self.client();
        let cached = self.cached_token_for(&key.server);
        let _guard = cached.refresh_lock.lock().await;
        cached.set(None);
        // While the lock is held, no other process can refresh the credentials and save them after
        // they are removed.
        let _lock = client.lock(key).await?;
        let record = client.load_readable(key).await?;
        client.remove(key).await?;
        Ok(match record {
            Some(Record::Credentials(credentials)) => Some(credentials),
            _ => None,
        })
    }

    /// Stores new credentials, and removes those of other authorization servers.
    pub(crate) async fn store_credentials(
        &self,
        key: &StoreKey,
        new: Credentials,
    ) -> Result<(), Error> {
        let client = self.client();
        let cached = self.cached_token_for(&key.server);
        let _guard = cached.refresh_lock.lock().await;
        cached.set(None);
        // Under the lock, no refresh in another process can save older credentials.
        let lock = client.lock(key).await?;
        client.save(key, &Record::Credentials(Box::new(new))).await?;
        drop(lock);
        for other in client.keys(key.principal.as_deref(), &key.server).await? {
            if other != *key {
                let _lock = client.lock(&other).await?;
                client.remove(&other).await?;
            }
        }
        Ok(())
    }

    async fn find_token(&self, request: TokenRequest<'_>) -> Result<Option<AccessToken>, Error> {
        let cached = self.cached_token(request.endpoint);
        if let Some(token) = cached.usable(&request) {
            return Ok(Some(token));
        }
        let guard = Arc::clone(&cached.refresh_lock).lock_owned().await;
        if let Some(token) = cached.usable(&request) {
            return Ok(Some(token));
        }
        let refresh = TokenRefresh {
            client: Arc::clone(&self.0.client),
            principal: self.principal().to_owned(),
            endpoint: request.endpoint.clone(),
            rejection: request.rejected.map(Rejection::new),
        };
        // The refresh must run to completion, because the authorization server may revoke the old
        // refresh token before the new one is stored.
        run_to_completion(refresh_cached(cached, refresh, guard)).await
    }

    fn cached_token(&self, server: &Endpoint) -> Arc<CachedToken> {
        self.cached_token_for(server.url().as_str())
    }

    fn cached_token_for(&self, server: &str) -> Arc<CachedToken> {
        let mut tokens = self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = tokens.get(server) {
            return Arc::clone(cached);
        }
        Arc::clone(tokens.entry(server.to_owned()).or_default())
    }
}

impl Users {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Weak<Inner>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let mut users = self.users.lock();
        // The entry may already belong to a newer value.
        if users.get(&self.principal).is_some_and(|entry| entry.strong_count() == 0) {
            users.remove(&self.principal);
        }
    }
}

/// Refreshes the credentials, and caches the access token.
async fn refresh_cached(
    cached: Arc<CachedToken>,
    refresh: TokenRefresh,
    _guard: OwnedMutexGuard<()>,
) -> Result<Option<AccessToken>, Error> {
    let credentials = refresh.usable_credentials().await?;
    let Some(credentials) = credentials else {
        cached.set(None);
        return Ok(None);
    };
    let token = access_token(&credentials)?;
    cached.set(Some(CurrentToken { credentials: Arc::new(credentials), token: token.clone() }));
    Ok(Some(token))
}

impl CachedToken {
    /// Returns the cached token, if it can be used for a request.
    fn usable(&self, request: &TokenRequest<'_>) -> Option<AccessToken> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let CurrentToken { credentials, token } = current.as_ref()?;
        let rejected = request.rejected.as_ref().and_then(|rejected| rejected.token);
        let is_usable = !credentials.needs_refresh() && request.rejected.is_none()
            || rejected.is_some_and(|rejected| rejected != token);
        is_usable.then(|| token.clone())
    }

    fn set(&self, current: Option<CurrentToken>) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = current;
    }
}

impl TokenSource for UserTokens {
    fn token<'a>(
        &'a self,
        request: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
        Box::pin(
            async move { self.find_token(request).await.map_err(Error::into_token_source_error) },
        )
    }
}

impl fmt::Debug for UserTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let principal = self.principal();
        f.debug_struct("UserTokens").field("principal", &principal).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::OAuthClient;

    #[test]
    fn a_principal_has_one_token_source_while_any_clone_lives() {
        let client = OAuthClient::builder("Tests", "https://app.example/").build().unwrap();
        let [one, other] = [client.user("ann"), client.user("ann")];
        assert!(Arc::ptr_eq(&one.0, &other.0));
        assert!(!Arc::ptr_eq(&one.0, &client.user("bob").0));
        drop(one);
        assert!(Arc::ptr_eq(&other.0, &client.user("ann").0));
        drop(other);
        assert!(client.users.lock().is_empty());
    }
}
