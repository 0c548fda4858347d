//! The authorization request: its URL, the check of its callback, and the resulting credentials.

use std::collections::BTreeSet;

use mcp_http::mcp_client::Redactor;
use serde::{Deserialize, Serialize};
use url::Url;

use super::callback::Callback;
use crate::{
    clock::now,
    crypto::{Secret, base64url, sha256},
    discovery::{format_scopes, parse_scopes, quoted_url},
    error::Error,
    store::{ClientRegistration, Credentials, TokenType},
    token::{DpopKey, TokenResponse},
};

/// The longest time between the request and the callback, in seconds.
const SIGN_IN_TIMEOUT: u64 = 60 * 60;

/// An authorization request (OAuth 2.1, section 4.1.1), with the data for the token request that
/// follows.
///
/// [`PendingSignIn`](crate::PendingSignIn) serializes it, so the names of its fields must not
/// change.
#[derive(Serialize, Deserialize)]
pub(crate) struct AuthorizationRequest {
    pub(crate) principal: String,
    pub(crate) server: String,
    /// Empty if the parameter is omitted.
    pub(crate) resource: String,
    /// Other issuers that the response may name: from the settings, and as the MCP server names it.
    #[serde(default)]
    pub(crate) accepted_issuers: Vec<String>,
    /// The authorization server that the user is redirected to (RFC 9207, section 2.4).
    pub(crate) issuer: String,
    /// Set if the authorization server declares that its responses have an `iss` parameter.
    pub(crate) names_issuer: bool,
    pub(crate) state: Secret,
    pub(crate) verifier: Secret,
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) step_ups: u32,
    pub(crate) registration: ClientRegistration,
    pub(crate) token_endpoint: String,
    pub(crate) revocation_endpoint: Option<String>,
    pub(crate) dpop_key: Option<Secret>,
    pub(crate) begun_at: u64,
}

impl AuthorizationRequest {
    /// Returns the URL to redirect the user to. `other` are further parameters.
    pub(crate) fn authorization_url(
        &self,
        mut url: Url,
        dpop: Option<&DpopKey>,
        other: &[(String, String)],
    ) -> Url {
        let ClientRegistration { client_id, redirect_uri, .. } = &self.registration;
        let challenge = base64url(&sha256(self.verifier.expose().as_bytes()));
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", client_id)
            .append_pair("redirect_uri", redirect_uri.as_deref().unwrap_or_default())
            .append_pair("state", self.state.expose())
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        if !self.resource.is_empty() {
            query.append_pair("resource", &self.resource);
        }
        if let Some(scope) = format_scopes(&self.scopes) {
            query.append_pair("scope", &scope);
        }
        query.extend_pairs(other);
        if let Some(key) = dpop {
            query.append_pair("dpop_jkt", &key.thumbprint());
        }
        drop(query);
        url
    }

    /// Returns the authorization code of a callback, if the callback belongs to this request.
    ///
    /// Checks `state` and `iss` first. If they do not match, the other parameters must not be used
    /// or displayed (RFC 9207, section 2.4).
    pub(crate) fn code_from_callback(&self, callback: &str) -> Result<Secret, Error> {
        let invalid = |reason: &'static str| Err(Error::InvalidCallback { reason: reason.into() });
        let Some(response) = Callback::parse(callback) else {
            return invalid("it is too long or has a duplicate parameter");
        };
        if now() > self.begun_at.saturating_add(SIGN_IN_TIMEOUT) {
            return invalid("the sign-in expired after one hour");
        }
        if !response.has_state(self.state.expose()) {
            return invalid(r#"the parameter "state" does not match"#);
        }
        match &response.iss {
            Some(iss) if !self.is_accepted_issuer(iss) => {
                let (named, expected) = (quoted_url(iss), quoted_url(&self.issuer));
                let reason = format!("the parameter \"iss\" is {named}, expected {expected}");
                return Err(Error::InvalidCallback { reason: reason.into() });
            }
            None if self.names_issuer => return invalid(r#"the parameter "iss" is missing"#),
            _ => {}
        }
        if let Some(error) = response.error {
            let secrets = [&self.state, &self.verifier].map(|secret| secret.expose().to_owned());
            let redactor = Redactor::new(secrets.into_iter().chain(response.code));
            let description = response.error_description.as_deref();
            return Err(Error::response(&self.issuer, &error, description, &redactor));
        }
        match response.code {
            Some(code) => Ok(Secret::new(code)),
            None => invalid(r#"the parameter "code" is missing"#),
        }
    }

    /// Returns `true` if a response may name this issuer. Compares strings without normalization
    /// (RFC 9207, section 2.4).
    fn is_accepted_issuer(&self, iss: &str) -> bool {
        self.accepted_issuers.iter().chain([&self.issuer]).any(|accepted| accepted == iss)
    }

    /// Returns the credentials for a response of the token endpoint at `url`.
    pub(crate) fn credentials(
        &self,
        url: &Url,
        tokens: TokenResponse,
    ) -> Result<Credentials, Error> {
        let token_type = tokens.token_type();
        if (token_type == TokenType::DPoP) != self.dpop_key.is_some() {
            return Err(Error::untrusted(url, "the access token is not of the requested type"));
        }
        let granted_scopes = tokens.scope().map_or_else(|| self.scopes.clone(), parse_scopes);
        let mut requested_scopes = self.scopes.clone();
        if requested_scopes.is_empty() {
            requested_scopes.clone_from(&granted_scopes);
        }
        Ok(Credentials {
            issuer: self.issuer.clone(),
            resource: self.resource.clone(),
            token_type,
            expires_at: tokens.expires_at(),
            refresh_token: tokens.refresh_token().cloned(),
            access_token: tokens.access_token,
            requested_scopes,
            granted_scopes,
            challenged_scopes: BTreeSet::new(),
            last_error: None,
            step_ups: self.step_ups,
            issued_at: now(),
            registration: self.registration.clone().with_auth_method(tokens.auth_method),
            token_endpoint: self.token_endpoint.clone(),
            revocation_endpoint: self.revocation_endpoint.clone(),
            dpop_key: self.dpop_key.clone(),
        })
    }
}
