//! The refresh of an access token, without interaction with the user (OAuth 2.1, section 4.3).
//!
//! Three locks turn concurrent refreshes into a single one. The `TokenRefresher` of
//! `mcp-http` lets only one call per transport ask for another token. `CachedToken::refresh_lock` in
//! `user_tokens.rs` lets only one call per user and MCP server refresh in this process. The lock of the store, taken in
//! [`TokenRefresh::usable_credentials`], does it for all processes.

use std::{collections::BTreeSet, sync::Arc};

use mcp_http::{AccessToken, Challenge, Endpoint, RejectedToken, Unauthorized, UnauthorizedReason};

use super::{event::ConnectionChange, state::ClientState};
use crate::{
    clock::now,
    crypto::Secret,
    discovery::{is_same_issuer, parse_scopes},
    error::{Error, SignInReason},
    store::{Credentials, Record, StoreKey},
    token::DpopKey,
};

/// The largest number of required scopes that are kept for the next sign-in.
const MAX_CHALLENGED_SCOPES: usize = 100;

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
    /// The scopes that the server requires, from the challenge.
    scopes: BTreeSet<String>,
}

impl Rejection {
    pub(crate) fn new(rejected: RejectedToken<'_>) -> Self {
        let challenge = rejected.unauthorized.challenge();
        let metadata_url = challenge.and_then(Challenge::resource_metadata);
        Self {
            token: rejected.token.cloned(),
            reason: Unauthorized::clone(rejected.unauthorized).reason,
            metadata_url: metadata_url.map(str::to_owned),
            scopes: challenge.and_then(Challenge::scope).map(parse_scopes).unwrap_or_default(),
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
                return Err(self.insufficient_scope(&key, credentials, rejection).await);
            }
            self.check_issuer(&key, &credentials, rejection).await?;
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

    /// Returns the most recent credentials, whichever authorization server issued them. An unreadable
    /// record is an error only if there is no other one.
    async fn latest(&self) -> Result<Option<(StoreKey, Credentials)>, Error> {
        let server = self.endpoint.url().as_str();
        let mut latest: Option<(StoreKey, Credentials)> = None;
        let mut unreadable = None;
        for key in self.client.keys(Some(&self.principal), server).await? {
            match self.client.load(&key).await {
                Ok(Some(Record::Credentials(stored)))
                    if latest.as_ref().is_none_or(|(_, it)| it.issued_at <= stored.issued_at) =>
                {
                    latest = Some((key, *stored));
                }
                Ok(_) => {}
                Err(error) if error.is_temporary() => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, "ignoring an unreadable record");
                    unreadable = Some(error);
                }
            }
        }
        match (latest, unreadable) {
            (None, Some(error)) => Err(error),
            (latest, _) => Ok(latest),
        }
    }

    fn is_usable(&self, credentials: &Credentials) -> bool {
        let rejected = self.rejection.as_ref().and_then(|rejection| rejection.token.as_ref());
        let is_rejected =
            rejected.is_some_and(|it| it.expose() == credentials.access_token.expose());
        !credentials.needs_refresh() && !is_rejected
    }

    /// Returns the error for an access token that lacks a scope. Keeps the required scopes with the
    /// credentials, so that the next sign-in requests them.
    async fn insufficient_scope(
        &self,
        key: &StoreKey,
        credentials: Credentials,
        rejection: &Rejection,
    ) -> Error {
        let required = &rejection.scopes;
        // Another sign-in would request the same scopes, and get the same token.
        if !required.is_empty() && required.is_subset(&credentials.requested_scopes) {
            let error = Error::scope_not_granted(&self.endpoint, required);
            self.update(key, |current| current.set_error(error.chain(), false)).await;
            return error;
        }
        let reason = SignInReason::InsufficientScope;
        if !required.is_subset(&credentials.challenged_scopes) {
            let is_new = self.update(key, |current| {
                let known = current.challenged_scopes.len();
                let new = required.iter().take(MAX_CHALLENGED_SCOPES.saturating_sub(known));
                current.challenged_scopes.extend(new.cloned());
                current.challenged_scopes.len() > known
            });
            if is_new.await {
                self.client.report(key, ConnectionChange::NeedsSignIn { reason });
            }
        }
        self.sign_in_required(reason)
    }

    /// Changes the stored credentials with `change`, which returns `true` if they have changed.
    /// Returns `true` if the change is stored. A failure is only logged, because the caller reports
    /// another error.
    async fn update(&self, key: &StoreKey, change: impl FnOnce(&mut Credentials) -> bool) -> bool {
        let update = async {
            let _lock = self.client.lock(key).await?;
            let Some(Record::Credentials(mut current)) = self.client.load(key).await? else {
                return Ok(false);
            };
            let has_changed = change(&mut current);
            if has_changed {
                self.client.save(key, &Record::Credentials(current)).await?;
            }
            Ok(has_changed)
        };
        update.await.unwrap_or_else(|error: Error| {
            tracing::warn!(%error, "cannot store the error of a connection");
            false
        })
    }

    /// Returns an error if the MCP server now names another authorization server. There is then no
    /// refresh, so no authorization server gets the refresh token.
    async fn check_issuer(
        &self,
        key: &StoreKey,
        credentials: &Credentials,
        rejection: &Rejection,
    ) -> Result<(), Error> {
        let settings = self.client.server_settings(self.endpoint.url().as_str());
        if settings.locate_authorization_server() {
            return Ok(());
        }
        let discovery = &self.client.discovery;
        let http = self.client.http(&self.endpoint);
        let metadata_url = rejection.metadata_url.as_deref();
        let resource = discovery.protected_resource(&http, &self.endpoint, metadata_url).await?;
        let issuers = resource.map(|resource| resource.authorization_servers).unwrap_or_default();
        let is_listed = issuers.iter().any(|issuer| is_same_issuer(issuer, &credentials.issuer));
        if issuers.is_empty() || is_listed {
            return Ok(());
        }
        let reason = SignInReason::AuthorizationServerChanged;
        let error = self.sign_in_required(reason);
        if self.update(key, |current| current.set_error(error.chain(), true)).await {
            self.client.report(key, ConnectionChange::NeedsSignIn { reason });
        }
        Err(error)
    }

    async fn refresh_and_save(
        &self,
        key: &StoreKey,
        credentials: Credentials,
    ) -> Result<Credentials, Error> {
        let Some(refresh_token) = &credentials.refresh_token else {
            let reason = SignInReason::TokenRejected;
            if self.rejection.is_none() {
                return Ok(credentials);
            }
            let error = self.sign_in_required(reason);
            self.save_error(key, credentials, &error, Some(reason)).await;
            return Err(error);
        };
        let error = match self.request_token(&credentials, refresh_token).await {
            Ok(new) => {
                // The new token is stored before it is used, because the old refresh token may be
                // revoked (OAuth 2.1, section 4.3.1).
                let record = Record::Credentials(Box::new(new.clone()));
                self.client.save(key, &record).await?;
                let expires_at = new.expires_at;
                self.client.report(key, ConnectionChange::Refreshed { expires_at });
                if new.registration.auth_method != credentials.registration.auth_method {
                    let StoreKey { server, issuer, .. } = key;
                    self.client.remember_auth_method(server, issuer, &new.registration).await;
                }
                return Ok(new);
            }
            Err(error) => error,
        };
        if error.has_code("invalid_grant") {
            return self
                .remove_refresh_token(key, credentials, SignInReason::RefreshTokenRejected, error)
                .await;
        }
        // A client from the configuration may work again after its settings are corrected.
        if error.is_client_rejected() && !credentials.registration.is_preregistered {
            let StoreKey { server, issuer, .. } = key;
            self.client.forget_rejected(server, issuer, &credentials.registration).await;
            return self
                .remove_refresh_token(key, credentials, SignInReason::ClientUnknown, error)
                .await;
        }
        if error.is_rejection() && !error.is_temporary() {
            // The refresh token is kept, because the error does not say that it is invalid.
            tracing::debug!(%error, "cannot refresh the access token");
            let reason = match error.is_client_rejected() {
                true => SignInReason::ClientUnknown,
                false => SignInReason::RefreshFailed,
            };
            let credentials = self.save_error(key, credentials, &error, Some(reason)).await;
            return self.keep_unless_rejected(credentials, reason, error);
        }
        // The failure is temporary, or the response is unusable. An access token that is still valid
        // stays in use, and the next request tries to refresh again.
        let credentials = self.save_error(key, credentials, &error, None).await;
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
        let http = client.http(&self.endpoint);
        let url = http.check(&credentials.token_endpoint)?;
        let dpop = credentials.dpop_key.as_ref().map(DpopKey::decode).transpose()?;
        let Credentials { issuer, registration, resource, .. } = credentials;
        let server = self.endpoint.url().as_str();
        let endpoint =
            client.token_endpoint(&http, server, &url, issuer, registration, dpop.as_ref());
        let mut grant =
            vec![("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose())];
        grant.extend((!resource.is_empty()).then_some(("resource", resource.as_str())));
        let tokens = endpoint.request_token(&grant).await?;
        // A token that is no longer bound to its key would weaken the protection of the user.
        if tokens.token_type() != credentials.token_type {
            let reason = "the new access token is not of the same type as the previous one";
            return Err(Error::untrusted(&url, reason));
        }
        let granted_scopes =
            tokens.scope().map_or_else(|| credentials.granted_scopes.clone(), parse_scopes);
        Ok(Credentials {
            expires_at: tokens.expires_at(),
            issued_at: now(),
            // The old refresh token stays in use if there is no new one.
            refresh_token: tokens.refresh_token().or(credentials.refresh_token.as_ref()).cloned(),
            registration: registration.clone().with_auth_method(tokens.auth_method),
            access_token: tokens.access_token,
            granted_scopes,
            last_error: None,
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
        error: Error,
    ) -> Result<Credentials, Error> {
        let mut credentials = Credentials { refresh_token: None, ..credentials };
        let is_new = credentials.set_error(error.chain(), true);
        self.client.save(key, &Record::Credentials(Box::new(credentials.clone()))).await?;
        if is_new {
            self.client.report(key, ConnectionChange::NeedsSignIn { reason });
        }
        self.keep_unless_rejected(credentials, reason, error)
    }

    /// Stores an error with the credentials, for the application to show. `reason` is set if the
    /// user must sign in. The caller holds the lock of the record.
    ///
    /// An error that is known is not stored again, so a server that is down for long causes one write.
    /// A failure to write is only logged.
    async fn save_error(
        &self,
        key: &StoreKey,
        mut credentials: Credentials,
        error: &Error,
        reason: Option<SignInReason>,
    ) -> Credentials {
        if credentials.set_error(error.chain(), reason.is_some()) {
            let record = Record::Credentials(Box::new(credentials.clone()));
            if let Err(error) = self.client.save(key, &record).await {
                tracing::warn!(%error, "cannot store the error of a connection");
            } else if let Some(reason) = reason {
                self.client.report(key, ConnectionChange::NeedsSignIn { reason });
            }
        }
        credentials
    }

    /// Returns the credentials unchanged. If the MCP server rejected a request, returns the error
    /// that the user must sign in.
    fn keep_unless_rejected(
        &self,
        credentials: Credentials,
        reason: SignInReason,
        error: Error,
    ) -> Result<Credentials, Error> {
        let source = Some(Box::new(error));
        match self.rejection {
            None => Ok(credentials),
            Some(_) => Err(Error::SignInRequired { server: self.endpoint.clone(), reason, source }),
        }
    }

    fn not_signed_in<T>(&self) -> Result<Option<T>, Error> {
        match self.rejection {
            None => Ok(None),
            Some(_) => Err(self.sign_in_required(SignInReason::NotSignedIn)),
        }
    }

    fn sign_in_required(&self, reason: SignInReason) -> Error {
        Error::SignInRequired { server: self.endpoint.clone(), reason, source: None }
    }
}
