//! The tokens of one person, as a token source.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use futures_util::future::BoxFuture;
use mcp_http::{AccessToken, Endpoint, TokenRequest, TokenSource, mcp_client::BoxError};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use super::{
    detached::to_its_end,
    refresh::{Refusal, Renewal},
    revocation,
    state::ClientState,
};
use crate::{
    error::Error,
    store::{Credentials, Key, Record},
    token::access_token,
};

/// The tokens of one principal at any server: gives a fresh one for each request, refreshing it a
/// little before it expires and when a server refuses it, once however many calls wait.
///
/// It never asks a person anything. When only they can go on, a call ends in
/// [`Unauthorized`](mcp_http::Unauthorized) with [`Error::SignInRequired`] as its source, and the
/// application [begins](Self::begin) a sign-in. Clones share everything.
///
/// ```no_run
/// # fn run(application: mcp_oauth::OAuthClient) -> Result<(), mcp_http::Error> {
/// let transport = mcp_http::HttpTransport::builder("https://mcp.example.com/mcp")
///     .token_source(application.user("ann"))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct UserTokens(Arc<Inner>);

struct Inner {
    state: Arc<ClientState>,
    users: Arc<Users>,
    principal: String,
    /// What is known of each server.
    slots: Mutex<BTreeMap<String, Arc<Slot>>>,
}

/// Whose tokens somebody has, so that what one does with them all the others see.
#[derive(Default)]
pub(crate) struct Users(Mutex<BTreeMap<String, Weak<Inner>>>);

/// The token for one server, and the right to look for another.
#[derive(Default)]
pub(crate) struct Slot {
    current: Mutex<Option<Current>>,
    renewing: Arc<AsyncMutex<()>>,
}

#[derive(Clone)]
struct Current {
    credentials: Arc<Credentials>,
    token: AccessToken,
}

impl UserTokens {
    pub(crate) fn of(state: &Arc<ClientState>, users: &Arc<Users>, principal: String) -> Self {
        let mut known = users.lock();
        if let Some(known) = known.get(&principal).and_then(Weak::upgrade) {
            return Self(known);
        }
        let new = Arc::new(Inner {
            state: Arc::clone(state),
            users: Arc::clone(users),
            principal: principal.clone(),
            slots: Mutex::default(),
        });
        known.insert(principal, Arc::downgrade(&new));
        Self(new)
    }

    /// Whose tokens they are.
    pub fn principal(&self) -> &str {
        &self.0.principal
    }

    pub(crate) fn state(&self) -> &ClientState {
        &self.0.state
    }

    /// Forgets the sign-ins at a server, and tells its authorization server where that wants to know
    /// (RFC 7009). What is forgotten here is so even if nobody can be told. It comes to its end though
    /// it is dropped.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn sign_out(&self, server: &Endpoint) -> Result<(), Error> {
        to_its_end(self.clone().forget(server.clone())).await
    }

    async fn forget(self, server: Endpoint) -> Result<(), Error> {
        let shared = self.state();
        let slot = self.slot(&server);
        let _alone = slot.renewing.lock().await;
        slot.set(None);
        for key in shared.keys(Some(self.principal()), server.url().as_str()).await? {
            // Nobody who is about to refresh puts it back.
            let lock = shared.lock(&key).await?;
            let record = shared.load_readable(&key).await?;
            shared.remove(&key).await?;
            drop(lock);
            if let Some(Record::Credentials(credentials)) = record {
                revocation::revoke(shared, &key, &credentials).await;
            }
        }
        Ok(())
    }

    /// Puts a new sign-in in the place of all that there were.
    pub(crate) async fn replace(&self, key: &Key, new: Credentials) -> Result<(), Error> {
        let shared = self.state();
        let slot = self.slot_of(&key.server);
        let _alone = slot.renewing.lock().await;
        slot.set(None);
        // Nobody who is about to refresh an older one puts that back.
        let lock = shared.lock(key).await?;
        shared.save(key, &Record::Credentials(Box::new(new))).await?;
        drop(lock);
        for other in shared.keys(key.principal.as_deref(), &key.server).await? {
            if other != *key {
                let _lock = shared.lock(&other).await?;
                shared.remove(&other).await?;
            }
        }
        Ok(())
    }

    async fn find(&self, request: TokenRequest<'_>) -> Result<Option<AccessToken>, Error> {
        let slot = self.slot(request.endpoint);
        if let Some(token) = slot.fresh(&request) {
            return Ok(Some(token));
        }
        let alone = Arc::clone(&slot.renewing).lock_owned().await;
        if let Some(token) = slot.fresh(&request) {
            return Ok(Some(token));
        }
        let renewal = Renewal {
            state: Arc::clone(&self.0.state),
            principal: self.principal().to_owned(),
            endpoint: request.endpoint.clone(),
            refusal: request.refused.map(Refusal::new),
        };
        // The authorization server may have taken back the old refresh token, and the new one is not
        // stored yet.
        to_its_end(renew(slot, renewal, alone)).await
    }

    fn slot(&self, server: &Endpoint) -> Arc<Slot> {
        self.slot_of(server.url().as_str())
    }

    fn slot_of(&self, server: &str) -> Arc<Slot> {
        let mut slots = self.0.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(server) {
            return Arc::clone(slot);
        }
        Arc::clone(slots.entry(server.to_owned()).or_default())
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
        // Meanwhile there may be another one.
        if users.get(&self.principal).is_some_and(|it| it.strong_count() == 0) {
            users.remove(&self.principal);
        }
    }
}

async fn renew(
    slot: Arc<Slot>,
    renewal: Renewal,
    _alone: OwnedMutexGuard<()>,
) -> Result<Option<AccessToken>, Error> {
    let credentials = renewal.credentials().await?;
    let Some(credentials) = credentials else {
        slot.set(None);
        return Ok(None);
    };
    let token = access_token(&credentials)?;
    slot.set(Some(Current { credentials: Arc::new(credentials), token: token.clone() }));
    Ok(Some(token))
}

impl Slot {
    /// The known token, if it will do for a request.
    fn fresh(&self, request: &TokenRequest<'_>) -> Option<AccessToken> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let Current { credentials, token } = current.as_ref()?;
        let refused = request.refused.as_ref().and_then(|refused| refused.token);
        let suits = !credentials.is_stale() && request.refused.is_none()
            || refused.is_some_and(|it| it != token);
        suits.then(|| token.clone())
    }

    fn set(&self, current: Option<Current>) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = current;
    }
}

impl TokenSource for UserTokens {
    fn token<'a>(
        &'a self,
        request: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
        Box::pin(async move { Ok(self.find(request).await?) })
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
    fn a_principal_has_one_source_for_as_long_as_somebody_has_it() {
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
