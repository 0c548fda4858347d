//! Access tokens without a user: the client credentials grant, and assertion grants (RFC 7523).

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use futures_util::future::BoxFuture;
use mcp_http::{
    AccessToken, Challenge, Endpoint, RejectedToken, TokenRequest, TokenSource, Unauthorized,
    mcp_client::BoxError,
};
use tokio::sync::Mutex as AsyncMutex;

use crate::{
    clock::now,
    discovery::{
        AuthorizationServerMetadata, Discovery, DiscoveryResult, RequestedScopes, format_scopes,
        is_same_issuer,
    },
    error::Error,
    http::GuardedClient,
    registration::PreregisteredClient,
    settings::{OAuthSettings, Settings},
    store::{Credentials, TokenType},
    token::{AssertionRequest, AssertionSource, DpopKey, TokenEndpoint, access_token},
};

/// A token source for an application that acts without a user, at any number of MCP servers.
///
/// It uses the client credentials grant (OAuth 2.1, section 4.2), or exchanges assertions for
/// access tokens if an [`AssertionSource`] is set (RFC 7523).
///
/// The access tokens are kept in memory only. The first request to an MCP server is sent without a
/// token, because the response to it leads to the authorization server. Clones share the tokens.
///
/// # Examples
///
/// ```no_run
/// use mcp_http::{Client, HttpTransport};
/// use mcp_oauth::{ClientCredentials, PreregisteredClient};
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let client = PreregisteredClient::new("nightly-report").with_secret("s3cret");
///     let tokens = ClientCredentials::builder(client).build()?;
///     let transport =
///         HttpTransport::builder("https://mcp.example.com/mcp").token_source(tokens).build()?;
///     let list = Client::new(transport).list_tools().await?;
///     println!("{} tools", list.tools.len());
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct ClientCredentials(Arc<Inner>);

struct Inner {
    client: PreregisteredClient,
    assertions: Option<Arc<dyn AssertionSource>>,
    dpop: Option<DpopKey>,
    guarded_client: GuardedClient,
    discovery: Discovery,
    /// The authorization server that the client is registered with.
    issuer: OnceLock<String>,
    tokens: Mutex<BTreeMap<String, Arc<CachedToken>>>,
}

/// The cached token for one MCP server, and the lock that allows one request at a time.
#[derive(Default)]
struct CachedToken {
    issued: Mutex<Option<Arc<IssuedToken>>>,
    request_lock: AsyncMutex<()>,
}

/// An access token, with the data for the next token request.
struct IssuedToken {
    discovered: DiscoveryResult,
    credentials: Credentials,
    token: AccessToken,
}

/// A builder of [`ClientCredentials`]. Created by [`ClientCredentials::builder`].
#[must_use]
pub struct ClientCredentialsBuilder {
    client: PreregisteredClient,
    assertions: Option<Arc<dyn AssertionSource>>,
    settings: Settings,
}

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

impl ClientCredentialsBuilder {
    /// Sets a source of assertions to exchange for access tokens (RFC 7523).
    ///
    /// Without it, the client requests tokens with its own credentials. An assertion is, for
    /// example, the identity of a workload, or the result of a
    /// [`TokenExchange`](crate::TokenExchange).
    pub fn assertion_source(self, source: impl AssertionSource) -> Self {
        Self { assertions: Some(Arc::new(source)), ..self }
    }

    /// Sets the settings for connections to authorization servers and for the type of tokens.
    /// Defaults to [`Settings::new`].
    pub fn settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    /// Builds the token source. Sends nothing.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Configuration`] if a setting is invalid.
    pub fn build(self) -> Result<ClientCredentials, Error> {
        let dpop = self.settings.dpop.then(DpopKey::generate);
        let http = self.settings.guarded_client()?;
        Ok(ClientCredentials(Arc::new(Inner {
            issuer: self.client.issuer.clone().map(OnceLock::from).unwrap_or_default(),
            tokens: Mutex::default(),
            client: self.client,
            assertions: self.assertions,
            dpop,
            discovery: Discovery::default(),
            guarded_client: http,
        })))
    }
}

impl ClientCredentials {
    /// Returns a builder for the tokens of a client.
    pub fn builder(client: PreregisteredClient) -> ClientCredentialsBuilder {
        ClientCredentialsBuilder { client, assertions: None, settings: Settings::new() }
    }
}

impl Inner {
    async fn find_token(&self, request: TokenRequest<'_>) -> Result<Option<AccessToken>, Error> {
        let cached = self.cached_token(request.endpoint);
        match cached.issued() {
            None if request.rejected.is_none() => Ok(None),
            Some(issued) if issued.is_usable_for(&request) => Ok(Some(issued.token.clone())),
            _ => self.request_once(&cached, request).await.map(Some),
        }
    }

    /// Requests another token. One call at a time does so, and the others use its result.
    async fn request_once(
        &self,
        cached: &CachedToken,
        request: TokenRequest<'_>,
    ) -> Result<AccessToken, Error> {
        let _guard = cached.request_lock.lock().await;
        let previous = cached.issued();
        let previous = previous.as_deref();
        if let Some(issued) = previous.filter(|issued| issued.is_usable_for(&request)) {
            return Ok(issued.token.clone());
        }
        match self.request_token(&request, previous).await {
            Ok(issued) => {
                let token = issued.token.clone();
                cached.set(issued);
                Ok(token)
            }
            // If the previous token is still valid, the next request tries again.
            Err(error) => match previous.filter(|issued| issued.is_usable_until_expiry(&request)) {
                Some(issued) => {
                    tracing::debug!(%error, "cannot get a new access token; using the current one");
                    Ok(issued.token.clone())
                }
                None => Err(error),
            },
        }
    }

    async fn request_token(
        &self,
        request: &TokenRequest<'_>,
        previous: Option<&IssuedToken>,
    ) -> Result<IssuedToken, Error> {
        let (discovered, requested) = match (previous, &request.rejected) {
            (Some(previous), None) => {
                let scopes = previous.credentials.requested_scopes.clone();
                (
                    previous.discovered.clone(),
                    RequestedScopes { scopes, step_ups: 0, is_exact: false },
                )
            }
            (_, rejected) => self.select(request.endpoint, rejected.as_ref(), previous).await?,
        };
        self.check_issuer(&discovered)?;
        let credentials =
            self.request_credentials(request.endpoint, &discovered, requested, previous).await?;
        let token = access_token(&credentials)?;
        Ok(IssuedToken { discovered, credentials, token })
    }

    fn http(&self, endpoint: &Endpoint) -> GuardedClient {
        self.guarded_client.for_server(endpoint, &OAuthSettings::new())
    }

    fn cached_token(&self, server: &Endpoint) -> Arc<CachedToken> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = tokens.get(server.url().as_str()) {
            return Arc::clone(cached);
        }
        Arc::clone(tokens.entry(server.url().to_string()).or_default())
    }

    /// Returns the authorization server and the scopes to request after a rejection.
    async fn select(
        &self,
        endpoint: &Endpoint,
        rejected: Option<&RejectedToken<'_>>,
        previous: Option<&IssuedToken>,
    ) -> Result<(DiscoveryResult, RequestedScopes), Error> {
        let unauthorized = rejected.map(|rejected| rejected.unauthorized);
        let challenge = unauthorized.and_then(Unauthorized::challenge);
        let metadata_url = challenge.and_then(Challenge::resource_metadata);
        let configured_issuer = self.client.issuer.as_deref();
        let is_usable = |server: &AuthorizationServerMetadata| server.token_endpoint.is_some();
        let mut settings = OAuthSettings::new();
        settings.authorization_server = configured_issuer.map(str::to_owned);
        let discovered = self
            .discovery
            .discover(&self.http(endpoint), endpoint, metadata_url, &settings, is_usable)
            .await?;
        let previous = previous.map(|issued| &issued.credentials);
        let requested =
            RequestedScopes::select(endpoint, &discovered, None, unauthorized, previous)?;
        Ok((discovered, requested))
    }

    /// Returns an error if the client would be used at another authorization server than its own.
    fn check_issuer(&self, discovered: &DiscoveryResult) -> Result<(), Error> {
        let issuer = &discovered.authorization_server.issuer;
        match self.issuer.get_or_init(|| issuer.clone()) {
            expected if is_same_issuer(expected, issuer) => Ok(()),
            expected => Err(Error::configuration(format!(
                "client {:?} is registered with {expected}, but the server uses {issuer}",
                self.client.id,
            ))),
        }
    }

    async fn request_credentials(
        &self,
        server: &Endpoint,
        discovered: &DiscoveryResult,
        requested: RequestedScopes,
        previous: Option<&IssuedToken>,
    ) -> Result<Credentials, Error> {
        let DiscoveryResult { resource, authorization_server: metadata, .. } = discovered;
        let url = metadata.token_endpoint.as_deref().ok_or_else(|| Error::Untrusted {
            url: metadata.issuer.clone(),
            reason: "its metadata has no token endpoint".to_owned(),
        })?;
        let http = self.http(server);
        let url = http.check(url)?;
        let mut registration = self.client.registration(metadata, None)?;
        if let Some(learned) = previous.filter(|_| self.client.auth_method.is_none()) {
            registration.auth_method = learned.credentials.registration.auth_method;
        }
        let endpoint = TokenEndpoint {
            http: &http,
            url: &url,
            issuer: &metadata.issuer,
            registration: &registration,
            secret: registration.client_secret.as_ref(),
            key: self.client.key.as_deref(),
            is_auth_method_configured: self.client.auth_method.is_some(),
            dpop: self.dpop.as_ref(),
        };
        let scope = format_scopes(&requested.scopes);
        let assertion = match &self.assertions {
            Some(source) => {
                let (audience, scope) = (metadata.issuer.as_str(), scope.as_deref());
                let request = AssertionRequest { audience, resource, scope, http: &http };
                let no_assertion = |source| Error::Assertion { source };
                Some(source.assertion(request).await.map_err(no_assertion)?)
            }
            None => None,
        };
        let mut grant = match &assertion {
            Some(assertion) => vec![("grant_type", JWT_BEARER), ("assertion", assertion.expose())],
            None => vec![("grant_type", "client_credentials")],
        };
        grant.push(("resource", resource));
        grant.extend(scope.as_deref().map(|scope| ("scope", scope)));
        let tokens = endpoint.request_token(&grant).await?;
        let token_type = tokens.token_type();
        if (token_type == TokenType::DPoP) != self.dpop.is_some() {
            return Err(Error::untrusted(&url, "the access token is not of the requested type"));
        }
        Ok(Credentials {
            issuer: metadata.issuer.clone(),
            resource: resource.clone(),
            token_type,
            expires_at: tokens.expires_at(),
            registration: registration.with_auth_method(tokens.auth_method),
            access_token: tokens.access_token,
            refresh_token: None,
            requested_scopes: requested.scopes,
            granted_scopes: BTreeSet::new(),
            challenged_scopes: BTreeSet::new(),
            last_error: None,
            step_ups: requested.step_ups,
            issued_at: now(),
            token_endpoint: url.to_string(),
            revocation_endpoint: None,
            dpop_key: self.dpop.as_ref().map(|key| key.encoded().clone()),
        })
    }
}

impl CachedToken {
    fn issued(&self) -> Option<Arc<IssuedToken>> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, issued: IssuedToken) {
        *self.issued.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(issued));
    }
}

impl IssuedToken {
    fn is_usable_for(&self, request: &TokenRequest<'_>) -> bool {
        let rejected = request.rejected.as_ref().and_then(|rejected| rejected.token);
        !self.credentials.needs_refresh() && rejected != Some(&self.token)
    }

    /// Returns `true` if the token can be used although no new one is available.
    fn is_usable_until_expiry(&self, request: &TokenRequest<'_>) -> bool {
        request.rejected.is_none() && !self.credentials.is_expired()
    }
}

impl TokenSource for ClientCredentials {
    fn token<'a>(
        &'a self,
        request: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
        Box::pin(
            async move { self.0.find_token(request).await.map_err(Error::into_token_source_error) },
        )
    }
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials")
            .field("client", &self.0.client.id)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ClientCredentialsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentialsBuilder").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A token that was issued an hour ago, by a server that is not running.
    fn issued(client: &PreregisteredClient, left: u64) -> IssuedToken {
        let server = AuthorizationServerMetadata::with_default_endpoints("http://127.0.0.1:9");
        let registration = client.registration(&server, None).unwrap();
        IssuedToken {
            token: AccessToken::new("held"),
            credentials: Credentials {
                issuer: server.issuer.clone(),
                resource: "http://127.0.0.1:9/mcp".to_owned(),
                access_token: "held".into(),
                token_type: TokenType::Bearer,
                expires_at: Some(now() + left),
                refresh_token: None,
                requested_scopes: BTreeSet::new(),
                granted_scopes: BTreeSet::new(),
                challenged_scopes: BTreeSet::new(),
                last_error: None,
                step_ups: 0,
                issued_at: now() - 3600,
                registration,
                token_endpoint: String::new(),
                revocation_endpoint: None,
                dpop_key: None,
            },
            discovered: DiscoveryResult {
                resource: "http://127.0.0.1:9/mcp".to_owned(),
                scopes_supported: None,
                authorization_server: Arc::new(server),
            },
        }
    }

    #[tokio::test]
    async fn a_token_is_used_until_it_expires_if_no_new_one_is_available() {
        let client = PreregisteredClient::new("service").with_secret("s3cret");
        let tokens = ClientCredentials::builder(client.clone()).build().unwrap();
        let endpoint = Endpoint::parse("http://127.0.0.1:9/mcp").unwrap();
        for (left, is_used) in [(30, true), (0, false)] {
            tokens.0.cached_token(&endpoint).set(issued(&client, left));
            let found = tokens.0.find_token(TokenRequest::new(&endpoint)).await;
            assert_eq!(found.is_ok_and(|token| token.is_some()), is_used, "{left}");
        }
    }
}
