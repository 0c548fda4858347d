//! The refresh of an access token, without interaction with the user (OAuth 2.1, section 4.3).
//!
//! Three locks turn concurrent refreshes into a single one. The `TokenRefresher` of
//! `mcp-http` lets only one call per transport ask for another token. `CachedToken::refresh_lock` in
//! `user_tokens.rs` lets only one call per user and MCP server refresh in this process. The lock of the store, taken in
//! [`TokenRefresh::usable_credentials`], does it for all processes.

use std::sync::Arc;

use mcp_http::{AccessToken, Challenge, Endpoint, RejectedToken, Unauthorized, UnauthorizedReason};

use super::state::ClientState;
use crate::{
    clock::now,
    crypto::Secret,
    error::{Error, SignInReason},
    http::NetworkZone,
    store::{Credentials, Record, StoreKey},
    token::DpopKey,
};

/// Finds usable credentials of one principal for one MCP server, and refreshes them if necessary.
/// `UserTokens` runs at most one of these at a time for each principal and server, under
/// `CachedToken::refresh_lock`.
pub(crate) struct TokenRefresh {
    pub(crate) client: Arc<ClientState>,
    pub(crate) principal: String,
    pub(crate) endpoint: Endpoint,
    pub(crate) rejection: Option<Rejection>,
}

/// The rejection of a request by an MCP server, with the access token that the request had.
pub(crate) struct Rejection {
    token: Option<AccessToken>,
    reason: UnauthorizedReason,
    /// The URL of the protected resource metadata, from the challenge.
    metadata_url: Option<String>,
}

impl Rejection {
    pub(crate) fn new(rejected: RejectedToken<'_>) -> Self {
        let challenge = rejected.unauthorized.challenge();
        let metadata_url = challenge.and_then(Challenge::resource_metadata);
        Self {
            token: rejected.token.cloned(),
            reason: Unauthorized::clone(rejected.unauthorized).reason,
            metadata_url: metadata_url.map(str::to_owned),
        }
    }
}

impl TokenRefresh {
    /// Returns the credentials to use, and refreshes them if necessary. If the user is not signed
    /// in, returns `None`, or an error if the server has rejected a request.
    pub(crate) async fn usable_credentials(&self) -> Result<Option<Credentials>, Error> {
        let Some((key, credentials)) = self.latest().await? else { return self.not_signed_in() };
        if self.is_usable(&credentials) {
            return Ok(Some(credentials));
        }
        if let Some(rejection) = &self.rejection {
            if rejection.reason == UnauthorizedReason::InsufficientScope {
                return Err(self.sign_in_required(SignInReason::InsufficientScope));
            }
            self.check_issuer(&credentials, rejection).await?;
        }
        let _lock = self.client.lock(&key).await?;
        // Another process may have refreshed the credentials while this one waited for the lock.
        match self.client.load(&key).await? {
            Some(Record::Credentials(credentials)) if self.is_usable(&credentials) => {
                Ok(Some(*credentials))
            }
            Some(Record::Credentials(credentials)) => {
                self.refresh_and_save(&key, *credentials).await.map(Some)
            }
            _ => self.not_signed_in(),
        }
    }

    /// Returns the most recent credentials, whichever authorization server issued them.
    async fn latest(&self) -> Result<Option<(StoreKey, Credentials)>, Error> {
        let server = self.endpoint.url().as_str();
        let mut latest: Option<(StoreKey, Credentials)> = None;
        for key in self.client.keys(Some(&self.principal), server).await? {
            if let Some(Record::Credentials(stored)) = self.client.load(&key).await?
                && latest.as_ref().is_none_or(|(_, it)| it.issued_at <= stored.issued_at)
            {
                latest = Some((key, *stored));
            }
        }
        Ok(latest)
    }

    fn is_usable(&self, credentials: &Credentials) -> bool {
        let rejected = self.rejection.as_ref().and_then(|rejection| rejection.token.as_ref());
        let is_rejected =
            rejected.is_some_and(|it| it.expose() == credentials.access_token.expose());
        !credentials.needs_refresh() && !is_rejected
    }

    /// Returns an error if the MCP server now names another authorization server. There is then no
    /// refresh, so no authorization server gets the refresh token.
    async fn check_issuer(
        &self,
        credentials: &Credentials,
        rejection: &Rejection,
    ) -> Result<(), Error> {
        let discovery = &self.client.discovery;
        let resource =
            discovery.protected_resource(&self.endpoint, rejection.metadata_url.as_deref()).await?;
        let issuers = resource.map(|resource| resource.authorization_servers).unwrap_or_default();
        match issuers.is_empty() || issuers.contains(&credentials.issuer) {
            true => Ok(()),
            false => Err(self.sign_in_required(SignInReason::AuthorizationServerChanged)),
        }
    }

    async fn refresh_and_save(
        &self,
        key: &StoreKey,
        credentials: Credentials,
    ) -> Result<Credentials, Error> {
        let Some(refresh_token) = &credentials.refresh_token else {
            return self.keep_unless_rejected(credentials, SignInReason::TokenRejected);
        };
        let error = match self.request_token(&credentials, refresh_token).await {
            Ok(new) => {
                // The new token is stored before it is used, because the old refresh token may be
                // revoked (OAuth 2.1, section 4.3.1).
                let record = Record::Credentials(Box::new(new.clone()));
                self.client.save(key, &record).await?;
                return Ok(new);
            }
            Err(error) => error,
        };
        if error.is_client_rejected() {
            self.client.forget_registration(&key.server, &key.issuer).await?;
            return self.remove_refresh_token(key, credentials, SignInReason::ClientUnknown).await;
        }
        if error.has_code("invalid_grant") {
            return self
                .remove_refresh_token(key, credentials, SignInReason::RefreshTokenRejected)
                .await;
        }
        if matches!(error, Error::ErrorResponse { .. }) && !error.is_temporary() {
            // The refresh token is kept, because the error does not say that it is invalid.
            tracing::debug!(%error, "cannot refresh the access token");
            return self.keep_unless_rejected(credentials, SignInReason::RefreshTokenRejected);
        }
        // The failure is temporary. An access token that is still valid stays in use, and the next
        // request tries to refresh again.
        match self.rejection.is_none() && !credentials.is_expired() {
            true => {
                tracing::debug!(%error, "cannot refresh the access token; using the current one");
                Ok(credentials)
            }
            false => Err(error),
        }
    }

    async fn request_token(
        &self,
        credentials: &Credentials,
        refresh_token: &Secret,
    ) -> Result<Credentials, Error> {
        let client = &self.client;
        let url =
            client.http.check(&credentials.token_endpoint, NetworkZone::of(&self.endpoint))?;
        let dpop = credentials.dpop_key.as_ref().map(DpopKey::decode).transpose()?;
        let Credentials { issuer, registration, resource, .. } = credentials;
        let server = self.endpoint.url().as_str();
        let endpoint = client.token_endpoint(server, &url, issuer, registration, dpop.as_ref());
        let grant = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.expose()),
            ("resource", resource),
        ];
        let tokens = endpoint.request_token(&grant).await?;
        if tokens.token_type(&url)? != credentials.token_type {
            let reason = "the new access token is not of the same type as the previous one";
            return Err(Error::untrusted(&url, reason));
        }
        Ok(Credentials {
            expires_at: tokens.expires_at(),
            issued_at: now(),
            // The old refresh token stays in use if there is no new one.
            refresh_token: tokens.refresh_token().or(credentials.refresh_token.as_ref()).cloned(),
            access_token: tokens.access_token,
            step_ups: 0,
            ..credentials.clone()
        })
    }

    /// Removes the refresh token from the stored credentials, because it is no longer valid. Then
    /// returns like [`keep_unless_rejected`](Self::keep_unless_rejected).
    async fn remove_refresh_token(
        &self,
        key: &StoreKey,
        credentials: Credentials,
        reason: SignInReason,
    ) -> Result<Credentials, Error> {
        let credentials = Credentials { refresh_token: None, ..credentials };
        self.client.save(key, &Record::Credentials(Box::new(credentials.clone()))).await?;
        self.keep_unless_rejected(credentials, reason)
    }

    /// Returns the credentials unchanged. If the MCP server rejected a request, returns the error
    /// that the user must sign in.
    fn keep_unless_rejected(
        &self,
        credentials: Credentials,
        reason: SignInReason,
    ) -> Result<Credentials, Error> {
        match self.rejection {
            None => Ok(credentials),
            Some(_) => Err(self.sign_in_required(reason)),
        }
    }

    fn not_signed_in<T>(&self) -> Result<Option<T>, Error> {
        match self.rejection {
            None => Ok(None),
            Some(_) => Err(self.sign_in_required(SignInReason::NotSignedIn)),
        }
    }

    fn sign_in_required(&self, reason: SignInReason) -> Error {
        Error::SignInRequired { server: self.endpoint.clone(), reason }
    }
}
