//! Assertions that are exchanged for access tokens (RFC 7521).

use std::{fmt, sync::Arc};

use futures_util::future::{self, BoxFuture};
use mcp_http::mcp_client::BoxError;
use url::Url;

use super::endpoint::TokenEndpoint;
use crate::{
    crypto::Secret, discovery::AuthorizationServerMetadata, error::Error, http::GuardedClient,
    registration::PreregisteredClient,
};

/// Where the assertion comes from that is traded for an access token (RFC 7523, section 2.1).
///
/// A [`Secret`] is one that always gives itself; [`TokenExchange`] asks an identity provider.
pub trait AssertionSource: Send + Sync + 'static {
    /// Gives an assertion for one token request.
    ///
    /// # Errors
    /// Whatever kept it from giving one.
    fn assertion<'a>(
        &'a self,
        request: AssertionRequest<'a>,
    ) -> BoxFuture<'a, Result<Secret, BoxError>>;
}

/// What an assertion is wanted for.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct AssertionRequest<'a> {
    /// The authorization server that it is shown to.
    pub audience: &'a str,
    /// The MCP server that the access token is for.
    pub resource: &'a str,
    /// The scopes to ask for, separated by spaces.
    pub scope: Option<&'a str>,
    pub(crate) http: &'a GuardedClient,
}

impl AssertionSource for Secret {
    fn assertion<'a>(&'a self, _: AssertionRequest<'a>) -> BoxFuture<'a, Result<Secret, BoxError>> {
        Box::pin(future::ready(Ok(self.clone())))
    }
}

/// Gets assertions from an identity provider for what it has said about a person: enterprise-managed
/// authorization (RFC 8693, and the Identity Assertion Authorization Grant).
///
/// ```
/// use mcp_oauth::{PreregisteredClient, TokenExchange};
///
/// let at_idp = PreregisteredClient::new("our-app").with_secret("s3cret");
/// let exchange = TokenExchange::new("https://idp.example/token", at_idp, "the id token");
/// ```
#[derive(Clone)]
pub struct TokenExchange {
    token_endpoint: String,
    client: PreregisteredClient,
    id_token: Arc<dyn Fn() -> Secret + Send + Sync>,
}

const GRANT_TYPE_TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const TOKEN_TYPE_ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const TOKEN_TYPE_ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";

impl TokenExchange {
    /// Exchanges an ID token at the token endpoint of the identity provider, where this application
    /// is `client`.
    pub fn new(
        token_endpoint: impl Into<String>,
        client: PreregisteredClient,
        id_token: impl Into<Secret>,
    ) -> Self {
        let id_token = id_token.into();
        Self {
            token_endpoint: token_endpoint.into(),
            client,
            id_token: Arc::new(move || id_token.clone()),
        }
    }

    /// The same with an ID token that is asked for each time, for it does not live long.
    #[must_use]
    pub fn with_id_token(self, id_token: impl Fn() -> Secret + Send + Sync + 'static) -> Self {
        Self { id_token: Arc::new(id_token), ..self }
    }

    async fn exchange(&self, request: AssertionRequest<'_>) -> Result<Secret, Error> {
        let invalid_url =
            |_| Error::configuration("the identity provider's token endpoint is no URL");
        let url = Url::parse(&self.token_endpoint).map_err(invalid_url)?;
        let registration = self.client.registration(&provider(&self.token_endpoint), None)?;
        let endpoint = TokenEndpoint {
            http: request.http,
            url: &url,
            issuer: self.client.issuer.as_deref().unwrap_or(&self.token_endpoint),
            registration: &registration,
            secret: registration.client_secret.as_ref(),
            key: self.client.key.as_deref(),
            dpop: None,
        };
        let id_token = (self.id_token)();
        let mut grant = vec![
            ("grant_type", GRANT_TYPE_TOKEN_EXCHANGE),
            ("requested_token_type", TOKEN_TYPE_ID_JAG),
            ("subject_token_type", TOKEN_TYPE_ID_TOKEN),
            ("subject_token", id_token.expose()),
            ("audience", request.audience),
            ("resource", request.resource),
        ];
        grant.extend(request.scope.map(|scope| ("scope", scope)));
        let tokens = endpoint.request_token(&grant).await?;
        match tokens.issued_token_type.as_deref() {
            Some(TOKEN_TYPE_ID_JAG) => Ok(tokens.access_token),
            _ => Err(Error::untrusted(&url, "it issues another type of token than asked for")),
        }
    }
}

/// An identity provider as far as its client has to know it.
fn provider(token_endpoint: &str) -> AuthorizationServerMetadata {
    AuthorizationServerMetadata::with_default_endpoints(token_endpoint)
}

impl AssertionSource for TokenExchange {
    fn assertion<'a>(
        &'a self,
        request: AssertionRequest<'a>,
    ) -> BoxFuture<'a, Result<Secret, BoxError>> {
        Box::pin(async move { Ok(self.exchange(request).await?) })
    }
}

impl fmt::Debug for TokenExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { token_endpoint, .. } = self;
        f.debug_struct("TokenExchange").field("at", token_endpoint).finish_non_exhaustive()
    }
}

impl fmt::Debug for AssertionRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { audience, resource, .. } = self;
        let mut shown = f.debug_struct("AssertionRequest");
        shown.field("audience", audience).field("resource", resource).finish_non_exhaustive()
    }
}
