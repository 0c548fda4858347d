//! Issued authorization codes and tokens: expiry, rotation and revocation.

use std::{collections::HashMap, fmt, sync::Mutex, time::Duration};

use tokio::time::Instant;

use super::{config::Rotation, oauth_error::OAuthError};
use crate::base::{lock, random_token};

/// The issued authorization codes and tokens. The `Debug` output contains none of them.
#[derive(Default)]
pub(crate) struct IssuedTokens(Mutex<State>);

#[derive(Default)]
struct State {
    codes: HashMap<String, AuthorizationCode>,
    refresh_tokens: HashMap<String, RefreshToken>,
    access_tokens: HashMap<String, AccessToken>,
    families: u64,
}

/// An authorization grant with its subject, client, scope and resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) subject: String,
    pub(crate) client_id: String,
    pub(crate) scope: Option<String>,
    /// The only resource where the tokens are valid. `None` stands for all.
    pub(crate) resource: Option<String>,
    /// Set if the client gets a refresh token.
    pub(crate) is_refreshable: bool,
}

/// An authorization code and the request that it belongs to.
pub(crate) struct AuthorizationCode {
    pub(crate) grant: Grant,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
    /// The token family that it was exchanged for.
    family: Option<u64>,
}

struct RefreshToken {
    grant: Grant,
    family: u64,
    used: bool,
}

struct AccessToken {
    grant: Grant,
    family: u64,
    expires: Instant,
    revoked: bool,
}

/// An access token, and a refresh token if one is issued.
pub(crate) struct TokenPair {
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
}

/// The status of an access token at a resource server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TokenStatus {
    /// Valid for this subject.
    Active {
        subject: String,
    },
    Expired,
    Revoked,
    /// Issued for another resource.
    WrongAudience,
    Unknown,
}

impl AuthorizationCode {
    pub(crate) fn new(grant: Grant, redirect_uri: &str, challenge: &str) -> Self {
        let (redirect_uri, challenge) = (redirect_uri.to_owned(), challenge.to_owned());
        Self { grant, redirect_uri, challenge, family: None }
    }
}

impl IssuedTokens {
    /// Stores a code and returns its text.
    pub(crate) fn issue_code(&self, code: AuthorizationCode) -> String {
        let text = random_token("code");
        lock(&self.0).codes.insert(text.clone(), code);
        text
    }

    /// Exchanges a code for tokens, if `check` accepts it. If a code is used twice, its tokens are
    /// revoked (OAuth 2.1, section 4.1.3).
    pub(crate) fn exchange_code(
        &self,
        text: &str,
        check: impl FnOnce(&AuthorizationCode) -> Result<(), OAuthError>,
        access_token_lifetime: Duration,
    ) -> Result<(Grant, TokenPair), OAuthError> {
        let mut state = lock(&self.0);
        let code = state.codes.get(text);
        let code = code.ok_or_else(|| OAuthError::new("invalid_grant", "unknown code"))?;
        if let Some(family) = code.family {
            state.revoke(family);
            return Err(OAuthError::new("invalid_grant", "code already used"));
        }
        check(code)?;
        let grant = code.grant.clone();
        state.families += 1;
        let family = state.families;
        if let Some(code) = state.codes.get_mut(text) {
            code.family = Some(family);
        }
        let tokens = state.issue(&grant, family, access_token_lifetime, grant.is_refreshable);
        Ok((grant, tokens))
    }

    /// Exchanges a refresh token for new tokens, if `check` accepts it. If a replaced token is used
    /// again, it may be stolen. Then its whole family is revoked (OAuth 2.1, section 4.3.1).
    pub(crate) fn refresh(
        &self,
        text: &str,
        check: impl FnOnce(&Grant) -> Result<(), OAuthError>,
        access_token_lifetime: Duration,
        rotation: Rotation,
    ) -> Result<(Grant, TokenPair), OAuthError> {
        let mut state = lock(&self.0);
        let refresh = state.refresh_tokens.get(text);
        let refresh =
            refresh.ok_or_else(|| OAuthError::new("invalid_grant", "unknown refresh token"))?;
        let (family, used, grant) = (refresh.family, refresh.used, refresh.grant.clone());
        if used && rotation == Rotation::Strict {
            state.revoke(family);
            return Err(OAuthError::new("invalid_grant", "refresh token already used"));
        }
        check(&grant)?;
        if let Some(refresh) = state.refresh_tokens.get_mut(text) {
            refresh.used = true;
        }
        let tokens =
            state.issue(&grant, family, access_token_lifetime, rotation != Rotation::Never);
        Ok((grant, tokens))
    }

    /// Issues an access token without a refresh token, for the client itself or an assertion.
    pub(crate) fn issue_access_token(
        &self,
        grant: &Grant,
        access_token_lifetime: Duration,
    ) -> TokenPair {
        self.issue(grant, access_token_lifetime, false)
    }

    /// Issues an access token and a refresh token, for a device.
    pub(crate) fn issue_with_refresh_token(
        &self,
        grant: &Grant,
        access_token_lifetime: Duration,
    ) -> TokenPair {
        self.issue(grant, access_token_lifetime, true)
    }

    fn issue(&self, grant: &Grant, access_token_lifetime: Duration, refresh: bool) -> TokenPair {
        let mut state = lock(&self.0);
        state.families += 1;
        let family = state.families;
        state.issue(grant, family, access_token_lifetime, refresh)
    }

    /// Revokes a token and its family (RFC 7009, section 2.1).
    pub(crate) fn revoke(&self, token: &str) {
        let mut state = lock(&self.0);
        let refresh = state.refresh_tokens.get(token).map(|refresh| refresh.family);
        let access = || state.access_tokens.get(token).map(|access| access.family);
        if let Some(family) = refresh.or_else(access) {
            state.revoke(family);
        }
    }

    /// Removes all refresh tokens. Access tokens stay valid.
    pub(crate) fn remove_refresh_tokens(&self) {
        lock(&self.0).refresh_tokens.clear();
    }

    pub(crate) fn expire_access_tokens(&self) {
        let now = Instant::now();
        lock(&self.0).access_tokens.values_mut().for_each(|token| token.expires = now);
    }

    /// Returns the status of an access token at the resource server with this identifier.
    pub(crate) fn status(&self, token: &str, resource: &str) -> TokenStatus {
        let state = lock(&self.0);
        match state.access_tokens.get(token) {
            None => TokenStatus::Unknown,
            Some(token) if token.revoked => TokenStatus::Revoked,
            Some(token) if token.expires <= Instant::now() => TokenStatus::Expired,
            Some(AccessToken { grant, .. })
                if grant.resource.as_ref().is_some_and(|it| it != resource) =>
            {
                TokenStatus::WrongAudience
            }
            Some(token) => TokenStatus::Active { subject: token.grant.subject.clone() },
        }
    }
}

impl State {
    fn issue(
        &mut self,
        grant: &Grant,
        family: u64,
        access_token_lifetime: Duration,
        refresh: bool,
    ) -> TokenPair {
        let access = random_token("access");
        let expires = Instant::now() + access_token_lifetime;
        let token = AccessToken { grant: grant.clone(), family, expires, revoked: false };
        self.access_tokens.insert(access.clone(), token);
        let refresh = refresh.then(|| {
            let text = random_token("refresh");
            let token = RefreshToken { grant: grant.clone(), family, used: false };
            self.refresh_tokens.insert(text.clone(), token);
            text
        });
        TokenPair { access, refresh }
    }

    fn revoke(&mut self, family: u64) {
        self.refresh_tokens.retain(|_, token| token.family != family);
        let of_family = |token: &&mut AccessToken| token.family == family;
        self.access_tokens.values_mut().filter(of_family).for_each(|token| token.revoked = true);
    }
}

impl fmt::Debug for IssuedTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedTokens").finish_non_exhaustive()
    }
}
