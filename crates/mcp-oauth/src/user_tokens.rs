//! The tokens of one person, as a token source.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::future::BoxFuture;
use mcp_http::{AccessToken, Endpoint, TokenRequest, TokenSource, mcp_client::BoxError};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::{
    client::OAuthClient,
    credentials::{Credentials, TokenType},
    dpop::DpopKey,
    error::Error,
    renewal::{Refusal, Renewal},
    revocation,
    store::Record,
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
    client: OAuthClient,
    principal: String,
    /// What is known of each server.
    slots: Mutex<BTreeMap<String, Arc<Slot>>>,
}

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
    pub(crate) fn new(client: OAuthClient, principal: String) -> Self {
        Self(Arc::new(Inner { client, principal, slots: Mutex::default() }))
    }

    /// Whose tokens they are.
    pub fn principal(&self) -> &str {
        &self.0.principal
    }

    pub(crate) fn client(&self) -> &OAuthClient {
        &self.0.client
    }

    /// Forgets the sign-ins at a server, and tells its authorization server where that wants to know
    /// (RFC 7009). What is forgotten here is so even if nobody can be told.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn sign_out(&self, server: &Endpoint) -> Result<(), Error> {
        let shared = &self.client().shared;
        let slot = self.slot(server);
        let _alone = slot.renewing.lock().await;
        for key in shared.keys(Some(self.principal()), server.url().as_str()).await? {
            let record = shared.load(&key).await?;
            shared.remove(&key).await?;
            if let Some(Record::Credentials(credentials)) = record {
                revocation::revoke(shared, &key, &credentials).await;
            }
        }
        slot.set(None);
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
            client: self.client().clone(),
            principal: self.principal().to_owned(),
            endpoint: request.endpoint.clone(),
            refusal: request.refused.map(Refusal::new),
        };
        // A task, for it must come to its end when the call is dropped: the authorization server may
        // have taken back the old refresh token, and the new one is not stored yet.
        let task = tokio::spawn(renew(slot, renewal, alone));
        task.await.map_err(|error| Error::Store { source: error.into() })?
    }

    fn slot(&self, server: &Endpoint) -> Arc<Slot> {
        let mut slots = self.0.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(server.url().as_str()) {
            return Arc::clone(slot);
        }
        Arc::clone(slots.entry(server.url().to_string()).or_default())
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

/// The access token as requests carry it.
pub(crate) fn access_token(credentials: &Credentials) -> Result<AccessToken, Error> {
    let token = credentials.access_token.expose();
    match (credentials.token_type, &credentials.dpop_key) {
        (TokenType::DPoP, Some(key)) => {
            let signer = DpopKey::read(key)?.signer(&credentials.access_token);
            Ok(AccessToken::signed(token, signer))
        }
        _ => Ok(AccessToken::new(token)),
    }
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
