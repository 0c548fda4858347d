//! What an authorization server has given, and what became of it.

use std::{collections::HashMap, fmt, sync::Mutex, time::Duration};

use tokio::time::Instant;

use super::{config::Rotation, oauth_error::Refusal};
use crate::base::{lock, random};

/// Codes and tokens. `Debug` shows none of them.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<Given>);

#[derive(Default)]
struct Given {
    codes: HashMap<String, Code>,
    refresh_tokens: HashMap<String, RefreshToken>,
    access_tokens: HashMap<String, AccessToken>,
    families: u64,
}

/// Who may do what, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Consent {
    pub(crate) subject: String,
    pub(crate) client_id: String,
    pub(crate) scope: Option<String>,
    pub(crate) resource: Option<String>,
}

/// A code, until it is traded for tokens.
pub(crate) struct Code {
    pub(crate) consent: Consent,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
    /// The tokens that it was traded for.
    family: Option<u64>,
}

struct RefreshToken {
    consent: Consent,
    family: u64,
    used: bool,
}

struct AccessToken {
    consent: Consent,
    family: u64,
    expires: Instant,
    revoked: bool,
}

/// Tokens as they are given.
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
}

/// What an access token is good for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// For requests of this person to the server.
    Good {
        subject: String,
    },
    Expired,
    Revoked,
    /// For another server.
    Elsewhere,
    Unknown,
}

impl Code {
    pub(crate) fn new(consent: Consent, redirect_uri: &str, challenge: &str) -> Self {
        let (redirect_uri, challenge) = (redirect_uri.to_owned(), challenge.to_owned());
        Self { consent, redirect_uri, challenge, family: None }
    }
}

impl Ledger {
    /// Writes down a code.
    pub(crate) fn give_code(&self, code: Code) -> String {
        let text = random("code");
        lock(&self.0).codes.insert(text.clone(), code);
        text
    }

    /// Trades a code for tokens, if `check` finds nothing wrong. A code that comes again costs the
    /// tokens that it was traded for (OAuth 2.1, section 4.1.3).
    pub(crate) fn trade_code(
        &self,
        text: &str,
        check: impl FnOnce(&Code) -> Result<(), Refusal>,
        life: Duration,
    ) -> Result<(Consent, Tokens), Refusal> {
        let mut given = lock(&self.0);
        let code = given.codes.get(text);
        let code = code.ok_or_else(|| Refusal::new("invalid_grant", "the code is unknown"))?;
        if let Some(family) = code.family {
            given.revoke(family);
            return Err(Refusal::new("invalid_grant", "the code was used twice"));
        }
        check(code)?;
        let consent = code.consent.clone();
        given.families += 1;
        let family = given.families;
        if let Some(code) = given.codes.get_mut(text) {
            code.family = Some(family);
        }
        let tokens = given.give(&consent, family, life, true);
        Ok((consent, tokens))
    }

    /// Trades a refresh token for new tokens, if `check` finds nothing wrong. One that was replaced
    /// and comes again has been stolen by somebody: all that came of it is revoked (OAuth 2.1,
    /// section 4.3.1).
    pub(crate) fn refresh(
        &self,
        text: &str,
        check: impl FnOnce(&Consent) -> Result<(), Refusal>,
        life: Duration,
        rotation: Rotation,
    ) -> Result<(Consent, Tokens), Refusal> {
        let mut given = lock(&self.0);
        let refresh = given.refresh_tokens.get(text);
        let refresh =
            refresh.ok_or_else(|| Refusal::new("invalid_grant", "the refresh token is unknown"))?;
        let (family, used, consent) = (refresh.family, refresh.used, refresh.consent.clone());
        if used && rotation == Rotation::Strict {
            given.revoke(family);
            return Err(Refusal::new("invalid_grant", "a refresh token was used twice"));
        }
        check(&consent)?;
        if let Some(refresh) = given.refresh_tokens.get_mut(text) {
            refresh.used = true;
        }
        let tokens = given.give(&consent, family, life, rotation != Rotation::Never);
        Ok((consent, tokens))
    }

    /// An access token without a refresh token, for a client that acts for itself.
    pub(crate) fn give_access(&self, consent: &Consent, life: Duration) -> Tokens {
        let mut given = lock(&self.0);
        given.families += 1;
        let family = given.families;
        given.give(consent, family, life, false)
    }

    /// Revokes a token with all that came of the same sign-in (RFC 7009, section 2.1).
    pub(crate) fn revoke(&self, token: &str) {
        let mut given = lock(&self.0);
        let refresh = given.refresh_tokens.get(token).map(|refresh| refresh.family);
        let access = || given.access_tokens.get(token).map(|access| access.family);
        if let Some(family) = refresh.or_else(access) {
            given.revoke(family);
        }
    }

    /// Forgets all refresh tokens; access tokens live on.
    pub(crate) fn forget_refresh_tokens(&self) {
        lock(&self.0).refresh_tokens.clear();
    }

    pub(crate) fn expire_access_tokens(&self) {
        let now = Instant::now();
        lock(&self.0).access_tokens.values_mut().for_each(|token| token.expires = now);
    }

    /// What an access token is good for at the server of this name.
    pub(crate) fn standing(&self, token: &str, resource: &str) -> Standing {
        let given = lock(&self.0);
        match given.access_tokens.get(token) {
            None => Standing::Unknown,
            Some(token) if token.revoked => Standing::Revoked,
            Some(token) if token.expires <= Instant::now() => Standing::Expired,
            Some(AccessToken { consent, .. }) if consent.resource.as_deref() != Some(resource) => {
                Standing::Elsewhere
            }
            Some(token) => Standing::Good { subject: token.consent.subject.clone() },
        }
    }
}

impl Given {
    fn give(&mut self, consent: &Consent, family: u64, life: Duration, refresh: bool) -> Tokens {
        let access = random("access");
        let expires = Instant::now() + life;
        let token = AccessToken { consent: consent.clone(), family, expires, revoked: false };
        self.access_tokens.insert(access.clone(), token);
        let refresh = refresh.then(|| {
            let text = random("refresh");
            let token = RefreshToken { consent: consent.clone(), family, used: false };
            self.refresh_tokens.insert(text.clone(), token);
            text
        });
        Tokens { access, refresh }
    }

    fn revoke(&mut self, family: u64) {
        self.refresh_tokens.retain(|_, token| token.family != family);
        let of_family = |token: &&mut AccessToken| token.family == family;
        self.access_tokens.values_mut().filter(of_family).for_each(|token| token.revoked = true);
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").finish_non_exhaustive()
    }
}
