//! Looking for a better token than the one at hand, without asking a person.

use std::sync::Arc;

use mcp_http::{AccessToken, Challenge, Endpoint, Reason, Refused, Unauthorized};

use super::state::ClientState;
use crate::{
    clock::now,
    crypto::Secret,
    error::{Error, SignInReason},
    http::Realm,
    store::{Credentials, Key, Record},
    token::DpopKey,
};

/// One search, of which there is one at a time for a principal and a server.
pub(crate) struct Renewal {
    pub(crate) state: Arc<ClientState>,
    pub(crate) principal: String,
    pub(crate) endpoint: Endpoint,
    pub(crate) refusal: Option<Refusal>,
}

/// What a server did not take.
pub(crate) struct Refusal {
    token: Option<AccessToken>,
    reason: Reason,
    /// Where the server says its metadata is.
    pointer: Option<String>,
}

impl Refusal {
    pub(crate) fn new(refused: Refused<'_>) -> Self {
        let challenge = refused.unauthorized.challenge();
        let pointer = challenge.and_then(Challenge::resource_metadata);
        Self {
            token: refused.token.cloned(),
            reason: Unauthorized::clone(refused.unauthorized).reason,
            pointer: pointer.map(str::to_owned),
        }
    }
}

impl Renewal {
    /// The credentials to use; `None` where nobody has signed in and nobody has been refused.
    pub(crate) async fn credentials(&self) -> Result<Option<Credentials>, Error> {
        let Some((key, known)) = self.newest().await? else { return self.none() };
        if self.suits(&known) {
            return Ok(Some(known));
        }
        if let Some(refusal) = &self.refusal {
            if refusal.reason == Reason::InsufficientScope {
                return Err(self.sign_in(SignInReason::InsufficientScope));
            }
            self.check_issuer(&known, refusal).await?;
        }
        let _lock = self.state.lock(&key).await?;
        // Another process may have been faster.
        match self.state.load(&key).await? {
            Some(Record::Credentials(known)) if self.suits(&known) => Ok(Some(*known)),
            Some(Record::Credentials(known)) => self.refreshed(&key, *known).await.map(Some),
            _ => self.none(),
        }
    }

    /// The last sign-in, whoever the authorization server was.
    async fn newest(&self) -> Result<Option<(Key, Credentials)>, Error> {
        let server = self.endpoint.url().as_str();
        let mut newest: Option<(Key, Credentials)> = None;
        for key in self.state.keys(Some(&self.principal), server).await? {
            if let Some(Record::Credentials(found)) = self.state.load(&key).await?
                && newest.as_ref().is_none_or(|(_, it)| it.issued_at <= found.issued_at)
            {
                newest = Some((key, *found));
            }
        }
        Ok(newest)
    }

    fn suits(&self, credentials: &Credentials) -> bool {
        let refused = self.refusal.as_ref().and_then(|refusal| refusal.token.as_ref());
        let is_refused = refused.is_some_and(|it| it.expose() == credentials.access_token.expose());
        !credentials.is_stale() && !is_refused
    }

    /// Fails if the server has another authorization server now: the refresh token is shown to the
    /// old one no more than to the new one.
    async fn check_issuer(&self, known: &Credentials, refusal: &Refusal) -> Result<(), Error> {
        let discovery = &self.state.discovery;
        let resource = discovery.resource(&self.endpoint, refusal.pointer.as_deref()).await?;
        let issuers = resource.map(|resource| resource.authorization_servers).unwrap_or_default();
        match issuers.is_empty() || issuers.contains(&known.issuer) {
            true => Ok(()),
            false => Err(self.sign_in(SignInReason::OtherAuthorizationServer)),
        }
    }

    async fn refreshed(&self, key: &Key, known: Credentials) -> Result<Credentials, Error> {
        let Some(refresh_token) = &known.refresh_token else {
            return self.as_it_is(known, SignInReason::TokenRefused);
        };
        let error = match self.refresh(&known, refresh_token).await {
            Ok(new) => {
                // Before anything is done with it (OAuth 2.1, section 4.3.1).
                let record = Record::Credentials(Box::new(new.clone()));
                self.state.save(key, &record).await?;
                return Ok(new);
            }
            Err(error) => error,
        };
        if error.is_of_client() {
            self.state.forget_registration(&key.server, &key.issuer).await?;
            return self.ended(key, known, SignInReason::ClientForgotten).await;
        }
        if error.is_refusal("invalid_grant") {
            return self.ended(key, known, SignInReason::RefreshTokenRefused).await;
        }
        if matches!(error, Error::Refused { .. }) && !error.is_temporary() {
            // Not that the token is bad, but that it gets nothing all the same.
            tracing::debug!(%error, "no new access token");
            return self.as_it_is(known, SignInReason::RefreshTokenRefused);
        }
        // There is time left to try again.
        match self.refusal.is_none() && !known.is_expired() {
            true => {
                tracing::debug!(%error, "no new access token yet");
                Ok(known)
            }
            false => Err(error),
        }
    }

    async fn refresh(
        &self,
        known: &Credentials,
        refresh_token: &Secret,
    ) -> Result<Credentials, Error> {
        let shared = &self.state;
        let url = shared.web.check(&known.token_endpoint, Realm::of(&self.endpoint))?;
        let dpop = known.dpop_key.as_ref().map(DpopKey::read).transpose()?;
        let Credentials { issuer, registration, resource, .. } = known;
        let server = self.endpoint.url().as_str();
        let endpoint = shared.token_endpoint(server, &url, issuer, registration, dpop.as_ref());
        let grant = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.expose()),
            ("resource", resource),
        ];
        let tokens = endpoint.ask(&grant).await?;
        if tokens.token_type(&url)? != known.token_type {
            return Err(Error::untrusted(&url, "it gives tokens of another type than before"));
        }
        Ok(Credentials {
            expires_at: tokens.expires_at(),
            issued_at: now(),
            // Where there is no new one, the old one goes on.
            refresh_token: tokens.refresh_token().or(known.refresh_token.as_ref()).cloned(),
            access_token: tokens.access_token,
            step_ups: 0,
            ..known.clone()
        })
    }

    /// Keeps that there is no refreshing any more.
    async fn ended(
        &self,
        key: &Key,
        known: Credentials,
        reason: SignInReason,
    ) -> Result<Credentials, Error> {
        let known = Credentials { refresh_token: None, ..known };
        self.state.save(key, &Record::Credentials(Box::new(known.clone()))).await?;
        self.as_it_is(known, reason)
    }

    /// Gives the old access token, for it is the server that says whether it is good; once it has
    /// said so, a person has to sign in.
    fn as_it_is(&self, known: Credentials, reason: SignInReason) -> Result<Credentials, Error> {
        match self.refusal {
            None => Ok(known),
            Some(_) => Err(self.sign_in(reason)),
        }
    }

    fn none<T>(&self) -> Result<Option<T>, Error> {
        match self.refusal {
            None => Ok(None),
            Some(_) => Err(self.sign_in(SignInReason::NotSignedIn)),
        }
    }

    fn sign_in(&self, reason: SignInReason) -> Error {
        Error::SignInRequired { server: self.endpoint.clone(), reason }
    }
}
