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

/// A source of assertions to exchange for access tokens (RFC 7523, section 2.1).
///
/// A [`Secret`] is a source that always returns the same assertion. [`TokenExchange`] requests
/// assertions from an identity provider.
pub trait AssertionSource: Send + Sync + 'static {
    /// Returns an assertion for one token request.
    ///
    /// # Errors
    ///
    /// Returns any error. It becomes the source of [`Error::Assertion`].
    fn assertion<'a>(
        &'a self,
        request: AssertionRequest<'a>,
    ) -> BoxFuture<'a, Result<Secret, BoxError>>;
}

/// The parameters of the token request that an assertion is for.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct AssertionRequest<'a> {
    /// The issuer of the authorization server that receives the assertion.
    pub audience: &'a str,
    /// The resource identifier of the MCP server that the access token is for (RFC 8707).
    pub resource: &'a str,
    /// The scopes to request, separated by spaces.
    pub scope: Option<&'a str>,
    pub(crate) http: &'a GuardedClient,
}

impl AssertionSource for Secret {
    fn assertion<'a>(&'a self, _: AssertionRequest<'a>) -> BoxFuture<'a, Result<Secret, BoxError>> {
        Box::pin(future::ready(Ok(self.clone())))
    }
}

/// An assertion source that exchanges a user's ID token at an identity provider, for
/// enterprise-managed authorization (RFC 8693, and the Identity Assertion Authorization Grant).
///
/// # Examples
///
/// ```
/// use mcp_oauth::{ClientCredentials, PreregisteredClient, TokenExchange};
///
/// fn main() -> Result<(), mcp_oauth::Error> {
///     // The application is registered at the identity provider and at the authorization server.
///     let idp_client = PreregisteredClient::new("our-app").with_secret("s3cret");
///     let exchange = TokenExchange::new("https://idp.example/token", idp_client, "the ID token");
///     let client = PreregisteredClient::new("our-app-at-mcp").with_secret("another s3cret");
///     let tokens = ClientCredentials::builder(client).assertion_source(exchange).build()?;
///     println!("{tokens:?}");
///     Ok(())
/// }
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
    /// Creates a source that exchanges `id_token` at the token endpoint of the identity provider.
    /// `client` is the registration of this application there.
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

    /// Sets a function that returns the current ID token. It is called for each exchange, because
    /// ID tokens expire soon.
    #[must_use]
    pub fn with_id_token(self, id_token: impl Fn() -> Secret + Send + Sync + 'static) -> Self {
        Self { id_token: Arc::new(id_token), ..self }
    }

    async fn exchange(&self, request: AssertionRequest<'_>) -> Result<Secret, Error> {
        let invalid_url =
            |_| Error::configuration("the token endpoint of the identity provider is not a URL");
        let url = Url::parse(&self.token_endpoint).map_err(invalid_url)?;
        let registration = self.client.registration(&idp_metadata(&self.token_endpoint), None)?;
        let endpoint = TokenEndpoint {
            http: request.http,
            url: &url,
            issuer: self.client.issuer.as_deref().unwrap_or(&self.token_endpoint),
            registration: &registration,
            secret: registration.client_secret.as_ref(),
            key: self.client.key.as_deref(),
            is_auth_method_configured: self.client.auth_method.is_some(),
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
        match tokens.issued_token_type() {
            Some(TOKEN_TYPE_ID_JAG) => Ok(tokens.access_token),
            _ => Err(Error::untrusted(&url, "the issued token is not of the requested type")),
        }
    }
}

/// Returns minimal metadata of an identity provider. It lists no authentication methods, so each of
/// them counts as supported.
fn idp_metadata(token_endpoint: &str) -> AuthorizationServerMetadata {
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
        f.debug_struct("TokenExchange")
            .field("token_endpoint", token_endpoint)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AssertionRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { audience, resource, .. } = self;
        let mut shown = f.debug_struct("AssertionRequest");
        shown.field("audience", audience).field("resource", resource).finish_non_exhaustive()
    }
}
