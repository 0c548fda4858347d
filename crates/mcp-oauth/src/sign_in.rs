//! Sending a person to the authorization server, and what comes back (OAuth 2.1, section 4.1).

use std::{collections::BTreeSet, fmt};

use mcp_http::{Challenge, Endpoint, Unauthorized};
use serde::{Deserialize, Serialize};
use url::{Url, form_urlencoded};

use crate::{
    client::OAuthClient,
    credentials::{Credentials, Registration, TokenType, now},
    crypto::{base64url, random_text, sha256},
    dpop::DpopKey,
    error::Error,
    scopes::{OFFLINE_ACCESS, Wanted, split},
    seal::{SealingKey, Unsealable},
    secret::Secret,
    store::{Key, Record},
    token_endpoint::{TokenEndpoint, TokenResponse},
    user_tokens::UserTokens,
    web::Realm,
};

/// The time that a person has to sign in, in seconds.
const LONGEST: u64 = 60 * 60;
/// The largest callback that is read, in bytes.
const LARGEST: usize = 64 * 1024;
/// What [`PendingSignIn::seal`] seals for.
const PURPOSE: &str = "mcp-oauth pending sign-in";

/// A sign-in that has begun.
#[derive(Debug)]
#[non_exhaustive]
pub struct SignIn {
    /// Where the person has to go, with a browser of their own: of https, or on this machine.
    pub authorization_url: Url,
    /// What to keep until they come back.
    pub pending: PendingSignIn,
}

/// A sign-in between redirect and callback.
///
/// It is kept where only the same person's browser gets at it: [sealed](Self::seal) in a cookie, or
/// in their session. Whoever could hand in another's would sign that one in.
#[derive(Serialize, Deserialize)]
pub struct PendingSignIn {
    principal: String,
    server: String,
    resource: String,
    /// The issuer that the person is sent to (RFC 9207, section 2.4).
    issuer: String,
    /// Whether the issuer has said that its answers name it.
    names_issuer: bool,
    state: Secret,
    verifier: Secret,
    scopes: BTreeSet<String>,
    step_ups: u32,
    registration: Registration,
    token_endpoint: String,
    revocation_endpoint: Option<String>,
    dpop_key: Option<Secret>,
    begun_at: u64,
}

impl UserTokens {
    /// Begins a sign-in at a server. What the server has refused, if it has, says which scopes it
    /// wants and where its metadata is.
    ///
    /// # Errors
    /// [`Error::ScopeNotGranted`] where another sign-in would not help; [`Error::Untrusted`] where the
    /// server or its authorization server break a rule; [`Error::Configuration`] where the application
    /// has to be registered by hand; [`Error::Unreachable`], [`Error::Refused`], [`Error::Store`].
    pub async fn begin(
        &self,
        server: &Endpoint,
        unauthorized: Option<&Unauthorized>,
    ) -> Result<SignIn, Error> {
        let shared = &self.client().shared;
        let unauthorized = unauthorized.filter(|it| it.endpoint == *server);
        let challenge = unauthorized.and_then(Unauthorized::challenge);
        let pointer = challenge.and_then(Challenge::resource_metadata);
        let discovered = shared.discover(server, pointer).await?;
        let metadata = &discovered.server;
        let realm = Realm::of(server);
        let missing = |what: &str| Error::Untrusted {
            url: metadata.issuer.clone(),
            reason: format!("its metadata names no {what}"),
        };
        let authorization_endpoint = metadata.authorization_endpoint.as_deref();
        let authorization_endpoint =
            authorization_endpoint.ok_or_else(|| missing("authorization endpoint"))?;
        let token_endpoint = metadata.token_endpoint.as_deref();
        let token_endpoint = token_endpoint.ok_or_else(|| missing("token endpoint"))?;
        shared.web.check(token_endpoint, realm)?;
        let url = shared.web.check(authorization_endpoint, realm)?;
        if !metadata.supports_pkce() {
            return Err(Error::untrusted(&url, "it does not protect codes by PKCE with S256"));
        }
        let key = Key::new(Some(self.principal()), server.url().as_str(), &metadata.issuer);
        let before = match shared.load(&key).await? {
            Some(Record::Credentials(before)) => Some(before),
            _ => None,
        };
        let wanted = Wanted::new(server, &discovered, unauthorized, before.as_deref())?;
        let may_want = || {
            let supported = discovered.scopes_supported.iter().flatten().cloned();
            let all = wanted.scopes.iter().cloned().chain(supported).collect();
            crate::scopes::join(&all)
        };
        let scope = may_want();
        let registration = shared.registration(server, metadata, scope.as_deref()).await?;
        let dpop = shared.dpop.then(DpopKey::generate);
        let pending = PendingSignIn {
            principal: self.principal().to_owned(),
            server: server.url().to_string(),
            resource: discovered.resource.clone(),
            issuer: metadata.issuer.clone(),
            names_issuer: metadata.authorization_response_iss_parameter_supported,
            state: Secret::new(random_text()),
            verifier: Secret::new(random_text()),
            step_ups: wanted.step_ups,
            registration,
            token_endpoint: token_endpoint.to_owned(),
            revocation_endpoint: metadata.revocation_endpoint.clone(),
            dpop_key: dpop.as_ref().map(|key| key.kept().clone()),
            begun_at: now(),
            scopes: wanted.scopes,
        };
        let authorization_url = pending.authorization_url(url, dpop.as_ref());
        Ok(SignIn { authorization_url, pending })
    }
}

impl OAuthClient {
    /// Ends a sign-in with what came back: the callback's URL, or its query. From now on the person's
    /// [`UserTokens`] have a token for the server.
    ///
    /// # Errors
    /// [`Error::InvalidCallback`] for an answer to something else, which may be an attack;
    /// [`Error::Refused`] if the person or the authorization server did; [`Error::Unreachable`],
    /// [`Error::Untrusted`], [`Error::Store`].
    pub async fn finish(
        &self,
        pending: PendingSignIn,
        callback: &str,
    ) -> Result<Credentials, Error> {
        let code = pending.code(callback)?;
        let shared = &self.shared;
        let server = Endpoint::parse(&pending.server);
        let server = server.map_err(|error| Error::configuration(error.to_string()))?;
        let url = shared.web.check(&pending.token_endpoint, Realm::of(&server))?;
        let dpop = pending.dpop_key.as_ref().map(DpopKey::read).transpose()?;
        let endpoint = TokenEndpoint {
            web: &shared.web,
            url: &url,
            issuer: &pending.issuer,
            registration: &pending.registration,
            key: shared.key_of(&pending.server, &pending.registration),
            dpop: dpop.as_ref(),
        };
        let redirect_uri = pending.registration.redirect_uri.as_deref().unwrap_or_default();
        let grant = [
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", redirect_uri),
            ("code_verifier", pending.verifier.expose()),
            ("resource", &pending.resource),
        ];
        let tokens = match endpoint.ask(&grant).await {
            Err(error) if error.is_refusal("invalid_client") => {
                // The next sign-in registers anew.
                shared.remove(&Key::new(None, &pending.server, &pending.issuer)).await?;
                return Err(error);
            }
            outcome => outcome?,
        };
        let credentials = pending.credentials(&url, tokens)?;
        let key = Key::new(Some(&pending.principal), &pending.server, &pending.issuer);
        let record = Record::Credentials(Box::new(credentials.clone()));
        shared.save(&key, &record).await?;
        // The last sign-in is the one that counts.
        for other in shared.keys(key.principal.as_deref(), &key.server).await? {
            if other != key {
                shared.remove(&other).await?;
            }
        }
        Ok(credentials)
    }
}

impl PendingSignIn {
    /// Who signs in.
    pub fn principal(&self) -> &str {
        &self.principal
    }

    /// The value that the callback has as `state`, by which an application may find this again.
    pub fn state(&self) -> &str {
        self.state.expose()
    }

    /// Seals it, so that it can be kept where others have access.
    pub fn seal(&self, key: &SealingKey) -> String {
        let json = serde_json::to_vec(self).expect("a map of texts and numbers is JSON");
        key.seal(PURPOSE, &zeroize::Zeroizing::new(json))
    }

    /// Opens what [`seal`](Self::seal) gave.
    ///
    /// # Errors
    /// [`Unsealable`] if it was sealed with another key, or changed.
    pub fn open(key: &SealingKey, sealed: &str) -> Result<Self, Unsealable> {
        serde_json::from_slice(&key.open(PURPOSE, sealed)?).map_err(|_| Unsealable)
    }

    fn authorization_url(&self, mut url: Url, dpop: Option<&DpopKey>) -> Url {
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
        if let Some(scope) = crate::scopes::join(&self.scopes) {
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
    fn code(&self, callback: &str) -> Result<Secret, Error> {
        let invalid = |reason| Err(Error::InvalidCallback { reason });
        let Ok(answer) = Answer::parse(callback) else {
            return invalid("it cannot be read, or has a parameter twice");
        };
        if now() > self.begun_at.saturating_add(LONGEST) {
            return invalid("it comes too late");
        }
        match &answer.state {
            Some(state) if equal(state, self.state.expose()) => {}
            _ => return invalid("its state is another"),
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

    fn credentials(&self, url: &Url, tokens: TokenResponse) -> Result<Credentials, Error> {
        let token_type = tokens.token_type(url)?;
        if (token_type == TokenType::DPoP) != self.dpop_key.is_some() {
            return Err(Error::untrusted(url, "it gives tokens of another type than asked for"));
        }
        let mut requested_scopes = self.scopes.clone();
        if requested_scopes.is_empty() {
            requested_scopes = split(tokens.scope.as_deref().unwrap_or_default());
        }
        Ok(Credentials {
            issuer: self.issuer.clone(),
            resource: self.resource.clone(),
            token_type,
            expires_at: tokens.expires_at(),
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
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
        let Self { principal, issuer, .. } = self;
        let mut shown = f.debug_struct("PendingSignIn");
        shown.field("principal", principal).field("issuer", issuer).finish_non_exhaustive()
    }
}

/// What an authorization server sends a person back with (OAuth 2.1, section 4.1.2).
#[derive(Default)]
struct Answer {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

impl Answer {
    fn parse(callback: &str) -> Result<Self, ()> {
        if callback.len() > LARGEST {
            return Err(());
        }
        let query = callback.split_once('?').map_or(callback, |(_, query)| query);
        let query = query.split('#').next().unwrap_or_default();
        let mut answer = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match &*name {
                "code" => &mut answer.code,
                "state" => &mut answer.state,
                "iss" => &mut answer.iss,
                "error" => &mut answer.error,
                "error_description" => &mut answer.error_description,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(());
            }
        }
        Ok(answer)
    }
}

/// Compares without telling by the time where the texts differ.
fn equal(one: &str, other: &str) -> bool {
    sha256(one.as_bytes()) == sha256(other.as_bytes())
}
