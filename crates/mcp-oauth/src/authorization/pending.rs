//! A sign-in between redirect and callback.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use super::callback::Callback;
use crate::{
    crypto::{SealingKey, Secret, Unsealable, base64url, sha256},
    discovery::{OFFLINE_ACCESS, join, split},
    error::Error,
    store::{Credentials, Registration, TokenType, now},
    token::{DpopKey, TokenResponse},
};

/// The time that a person has to sign in, in seconds.
const LONGEST: u64 = 60 * 60;
/// What [`PendingSignIn::seal`] seals for.
const PURPOSE: &str = "mcp-oauth pending sign-in";

/// A sign-in between redirect and callback.
///
/// It is kept where only the same person's browser gets at it: [sealed](Self::seal) in a cookie, or
/// in their session. Whoever could hand in another's would sign that one in. What is sealed is
/// thrown away with the callback, for it opens as often as it is handed in.
///
/// It holds the proof that redeems the code, so that it leaves the process in no other form:
///
/// ```compile_fail,E0277
/// fn leak(pending: &mcp_oauth::PendingSignIn) -> String {
///     serde_json::to_string(pending).unwrap()
/// }
/// ```
pub struct PendingSignIn(pub(crate) Box<Flow>);

/// What is known of a sign-in before it ends.
#[derive(Serialize, Deserialize)]
pub(crate) struct Flow {
    pub(crate) principal: String,
    pub(crate) server: String,
    pub(crate) resource: String,
    /// The issuer that the person is sent to (RFC 9207, section 2.4).
    pub(crate) issuer: String,
    /// Whether the issuer has said that its answers name it.
    pub(crate) names_issuer: bool,
    pub(crate) state: Secret,
    pub(crate) verifier: Secret,
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) step_ups: u32,
    pub(crate) registration: Registration,
    pub(crate) token_endpoint: String,
    pub(crate) revocation_endpoint: Option<String>,
    pub(crate) dpop_key: Option<Secret>,
    pub(crate) begun_at: u64,
}

impl PendingSignIn {
    /// Who signs in.
    pub fn principal(&self) -> &str {
        &self.0.principal
    }

    /// The value that the callback has as `state`, by which an application may find this again.
    pub fn state(&self) -> &str {
        self.0.state.expose()
    }

    /// Seals it, so that it can be kept where others have access.
    pub fn seal(&self, key: &SealingKey) -> String {
        let json = serde_json::to_vec(&self.0).expect("a map of texts and numbers is JSON");
        key.seal(PURPOSE, &Zeroizing::new(json))
    }

    /// Opens what [`seal`](Self::seal) gave.
    ///
    /// # Errors
    /// [`Unsealable`] if it was sealed with another key, or changed.
    pub fn open(key: &SealingKey, sealed: &str) -> Result<Self, Unsealable> {
        serde_json::from_slice(&key.open(PURPOSE, sealed)?).map(Self).map_err(|_| Unsealable)
    }
}

impl Flow {
    pub(crate) fn authorization_url(&self, mut url: Url, dpop: Option<&DpopKey>) -> Url {
        let Registration { client_id, redirect_uri, .. } = &self.registration;
        let challenge = base64url(&sha256(self.verifier.expose().as_bytes()));
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", client_id)
            .append_pair("redirect_uri", redirect_uri.as_deref().unwrap_or_default())
            .append_pair("state", self.state.expose())
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("resource", &self.resource);
        if let Some(scope) = join(&self.scopes) {
            query.append_pair("scope", &scope);
        }
        if self.scopes.contains(OFFLINE_ACCESS) {
            // Without it, the scope is to be ignored (OpenID Connect Core 1.0, section 11).
            query.append_pair("prompt", "consent");
        }
        if let Some(key) = dpop {
            query.append_pair("dpop_jkt", &key.thumbprint());
        }
        drop(query);
        url
    }

    /// The code of an answer, if it is the answer to this sign-in.
    ///
    /// Whose answer it is comes first: nothing of another's is acted upon or shown (RFC 9207,
    /// section 2.4).
    pub(crate) fn code(&self, callback: &str) -> Result<Secret, Error> {
        let invalid = |reason| Err(Error::InvalidCallback { reason });
        let Some(answer) = Callback::parse(callback) else {
            return invalid("it cannot be read, or has a parameter twice");
        };
        if now() > self.begun_at.saturating_add(LONGEST) {
            return invalid("it comes too late");
        }
        if !answer.has_state(self.state.expose()) {
            return invalid("its state is another");
        }
        match &answer.iss {
            Some(iss) if *iss != self.issuer => return invalid("it is of another issuer"),
            None if self.names_issuer => return invalid("it does not name its issuer"),
            _ => {}
        }
        if let Some(error) = answer.error {
            let (url, description) = (self.issuer.clone(), answer.error_description);
            return Err(Error::Refused { url, error, description });
        }
        answer.code.map_or_else(|| invalid("it holds no code"), |code| Ok(Secret::new(code)))
    }

    pub(crate) fn credentials(
        &self,
        url: &Url,
        tokens: TokenResponse,
    ) -> Result<Credentials, Error> {
        let token_type = tokens.token_type(url)?;
        if (token_type == TokenType::DPoP) != self.dpop_key.is_some() {
            return Err(Error::untrusted(url, "it gives tokens of another type than asked for"));
        }
        let mut requested_scopes = self.scopes.clone();
        if requested_scopes.is_empty() {
            requested_scopes = split(tokens.scope().unwrap_or_default());
        }
        Ok(Credentials {
            issuer: self.issuer.clone(),
            resource: self.resource.clone(),
            token_type,
            expires_at: tokens.expires_at(),
            refresh_token: tokens.refresh_token().cloned(),
            access_token: tokens.access_token,
            requested_scopes,
            step_ups: self.step_ups,
            issued_at: now(),
            registration: self.registration.clone(),
            token_endpoint: self.token_endpoint.clone(),
            revocation_endpoint: self.revocation_endpoint.clone(),
            dpop_key: self.dpop_key.clone(),
        })
    }
}

impl fmt::Debug for PendingSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Flow { principal, issuer, .. } = &*self.0;
        let mut shown = f.debug_struct("PendingSignIn");
        shown.field("principal", principal).field("issuer", issuer).finish_non_exhaustive()
    }
}
