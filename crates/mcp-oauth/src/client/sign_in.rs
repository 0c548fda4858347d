//! Sending a person to the authorization server, and what comes of it (OAuth 2.1, section 4.1).

use std::collections::BTreeSet;

use mcp_http::{Challenge, Endpoint, Unauthorized};
use url::Url;

use super::{
    client::OAuthClient, detached::to_its_end, state::ClientState, user_tokens::UserTokens,
};
use crate::{
    authorization::{Flow, PendingSignIn},
    clock::now,
    crypto::{Secret, random_text},
    discovery::{AuthorizationServer, Discovered, Wanted, join},
    error::Error,
    http::Realm,
    store::{Credentials, Key, Record},
    token::DpopKey,
};

/// A sign-in that has begun.
#[derive(Debug)]
#[non_exhaustive]
pub struct SignIn {
    /// Where the person has to go, with a browser of their own: of https, or on this machine.
    pub authorization_url: Url,
    /// What to keep until they come back.
    pub pending: PendingSignIn,
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
        let shared = self.state();
        let unauthorized = unauthorized.filter(|it| it.endpoint == *server);
        let challenge = unauthorized.and_then(Unauthorized::challenge);
        let pointer = challenge.and_then(Challenge::resource_metadata);
        let discovered = shared.discover(server, pointer).await?;
        let begun = self.begin_at(server, &discovered, unauthorized).await;
        if begun.is_err() {
            shared.discovery.forget(&discovered.server.issuer);
        }
        begun
    }

    async fn begin_at(
        &self,
        server: &Endpoint,
        discovered: &Discovered,
        unauthorized: Option<&Unauthorized>,
    ) -> Result<SignIn, Error> {
        let shared = self.state();
        let metadata = &discovered.server;
        let authorization_endpoint = shared.authorization_endpoint(metadata, Realm::of(server))?;
        let token_endpoint = shared.checked_token_endpoint(metadata, Realm::of(server))?;
        let key = Key::new(Some(self.principal()), server.url().as_str(), &metadata.issuer);
        let before = match shared.load_readable(&key).await? {
            Some(Record::Credentials(before)) => Some(before),
            _ => None,
        };
        let wanted = Wanted::new(server, discovered, unauthorized, before.as_deref())?;
        let wanted = wanted.offline(metadata);
        let scope = ever_wanted(discovered, &wanted);
        let registration = shared.registration(server, metadata, scope.as_deref()).await?;
        let dpop = shared.dpop.then(DpopKey::generate);
        let flow = Flow {
            principal: self.principal().to_owned(),
            server: server.url().to_string(),
            resource: discovered.resource.clone(),
            issuer: metadata.issuer.clone(),
            names_issuer: metadata.authorization_response_iss_parameter_supported,
            state: Secret::new(random_text()),
            verifier: Secret::new(random_text()),
            scopes: wanted.scopes,
            step_ups: wanted.step_ups,
            registration,
            token_endpoint: token_endpoint.into(),
            revocation_endpoint: metadata.revocation_endpoint.clone(),
            dpop_key: dpop.as_ref().map(|key| key.kept().clone()),
            begun_at: now(),
        };
        let authorization_url = flow.authorization_url(authorization_endpoint, dpop.as_ref());
        Ok(SignIn { authorization_url, pending: PendingSignIn(Box::new(flow)) })
    }
}

/// The scopes to register for: those of this sign-in, and those that a later one may ask for. None are
/// named where one is not among those that the authorization server lists: some list only their own,
/// and register nobody for that of an MCP server.
fn ever_wanted(discovered: &Discovered, wanted: &Wanted) -> Option<String> {
    let Discovered { scopes_supported, server, .. } = discovered;
    let scopes = wanted.scopes.iter().chain(scopes_supported.iter().flatten()).cloned().collect();
    let is_taken =
        |scope: &String| server.scopes_supported.is_none() || server.supports_scope(scope);
    BTreeSet::iter(&scopes).all(is_taken).then(|| join(&scopes)).flatten()
}

impl ClientState {
    /// Where people go, if what they bring back is safe with them (MCP authorization, "Authorization
    /// Code Protection").
    fn authorization_endpoint(
        &self,
        metadata: &AuthorizationServer,
        realm: Realm,
    ) -> Result<Url, Error> {
        let endpoint = metadata.authorization_endpoint.as_deref();
        let endpoint = endpoint.ok_or_else(|| missing(metadata, "authorization endpoint"))?;
        let url = self.web.check(endpoint, realm)?;
        match metadata.supports_pkce() {
            true => Ok(url),
            false => Err(Error::untrusted(&url, "it does not protect codes by PKCE with S256")),
        }
    }

    fn checked_token_endpoint(
        &self,
        metadata: &AuthorizationServer,
        realm: Realm,
    ) -> Result<Url, Error> {
        let endpoint = metadata.token_endpoint.as_deref();
        let endpoint = endpoint.ok_or_else(|| missing(metadata, "token endpoint"))?;
        self.web.check(endpoint, realm)
    }
}

fn missing(metadata: &AuthorizationServer, what: &str) -> Error {
    let reason = format!("its metadata names no {what}");
    Error::Untrusted { url: metadata.issuer.clone(), reason }
}

impl OAuthClient {
    /// Ends a sign-in with what came back: the callback's URL, or its query. From now on the person's
    /// [`UserTokens`] have a token for the server. Once the code is sent it comes to its end, though it
    /// is dropped.
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
        let PendingSignIn(flow) = pending;
        let code = flow.code(callback);
        to_its_end(self.clone().end(flow, code)).await
    }

    async fn end(self, flow: Box<Flow>, code: Result<Secret, Error>) -> Result<Credentials, Error> {
        let shared = &self.state;
        let traded = match code {
            Ok(code) => shared.trade(&flow, &code).await,
            Err(error) => Err(error),
        };
        if let Err(error) = &traded {
            shared.discovery.forget(&flow.issuer);
            if error.is_of_client() {
                shared.forget_registration(&flow.server, &flow.issuer).await?;
            }
        }
        let credentials = traded?;
        let key = Key::new(Some(&flow.principal), &flow.server, &flow.issuer);
        self.user(&flow.principal).replace(&key, credentials.clone()).await?;
        Ok(credentials)
    }
}

impl ClientState {
    /// Trades a code for tokens (OAuth 2.1, section 4.1.3).
    async fn trade(&self, flow: &Flow, code: &Secret) -> Result<Credentials, Error> {
        let server = Endpoint::parse(&flow.server);
        let server = server.map_err(|error| Error::configuration(error.to_string()))?;
        let url = self.web.check(&flow.token_endpoint, Realm::of(&server))?;
        let dpop = flow.dpop_key.as_ref().map(DpopKey::read).transpose()?;
        let Flow { issuer, registration, resource, .. } = flow;
        let endpoint = self.token_endpoint(&flow.server, &url, issuer, registration, dpop.as_ref());
        let grant = [
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", registration.redirect_uri.as_deref().unwrap_or_default()),
            ("code_verifier", flow.verifier.expose()),
            ("resource", resource),
        ];
        flow.credentials(&url, endpoint.ask(&grant).await?)
    }
}
