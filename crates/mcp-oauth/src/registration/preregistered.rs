//! Clients that are registered manually, before the application runs.

use std::sync::Arc;

use super::auth_method::{WITH_SECRET, first_supported};
use crate::{
    crypto::{Secret, SigningKey},
    discovery::AuthorizationServerMetadata,
    error::Error,
    settings::OAuthSettings,
    store::{ClientRegistration, TokenEndpointAuthMethod},
};

/// A client that was registered at an authorization server before the application runs (MCP
/// authorization, "Client Registration").
///
/// # Examples
///
/// ```
/// use mcp_oauth::PreregisteredClient;
///
/// let client = PreregisteredClient::new("our-app")
///     .with_secret("s3cret")
///     .with_issuer("https://login.example.com");
/// assert!(!format!("{client:?}").contains("s3cret"));
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct PreregisteredClient {
    pub(crate) id: String,
    pub(crate) secret: Option<Secret>,
    pub(crate) key: Option<Arc<SigningKey>>,
    pub(crate) issuer: Option<String>,
    pub(crate) auth_method: Option<TokenEndpointAuthMethod>,
}

impl PreregisteredClient {
    /// Creates a client with this client ID. It is a public client unless a secret or a private key
    /// is set.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), secret: None, key: None, issuer: None, auth_method: None }
    }

    /// Returns the client of the settings of an MCP server, if they have a client ID.
    pub(crate) fn from_settings(settings: &OAuthSettings) -> Option<Self> {
        Some(Self {
            id: settings.client_id.clone()?,
            secret: settings.client_secret.clone(),
            key: None,
            issuer: settings.authorization_server.clone(),
            auth_method: settings.token_endpoint_auth_method,
        })
    }

    /// Sets the client secret, for `client_secret_post` or `client_secret_basic`.
    ///
    /// The client uses the method that the authorization server lists, and `client_secret_post` if
    /// it lists both. If the server rejects the method, the client tries the other one once.
    pub fn with_secret(self, secret: impl Into<Secret>) -> Self {
        Self { secret: Some(secret.into()), ..self }
    }

    /// Sets a private key to authenticate with (`private_key_jwt`). It is used instead of the
    /// secret.
    pub fn with_private_key(self, key: SigningKey) -> Self {
        Self { key: Some(Arc::new(key)), ..self }
    }

    /// Sets the issuer of the authorization server that the client is registered with.
    ///
    /// Defaults to the first authorization server that the client is used with. The client ID and
    /// its credentials are never sent to another one.
    pub fn with_issuer(self, issuer: impl Into<String>) -> Self {
        Self { issuer: Some(issuer.into()), ..self }
    }

    /// Sets the authentication method at the token endpoint. No other one is tried, whatever the
    /// metadata of the authorization server lists.
    pub fn with_auth_method(self, auth_method: TokenEndpointAuthMethod) -> Self {
        Self { auth_method: Some(auth_method), ..self }
    }

    /// Returns the registration at a server, with the best authentication method that both support.
    /// A client without a secret and without a key is public, even if the server does not list
    /// `none`.
    pub(crate) fn registration(
        &self,
        server: &AuthorizationServerMetadata,
        redirect_uri: Option<&str>,
    ) -> Result<ClientRegistration, Error> {
        Ok(ClientRegistration {
            client_id: self.id.clone(),
            client_secret: self.secret.clone(),
            secret_expires_at: None,
            auth_method: self.auth_method.map_or_else(|| self.auth_method_at(server), Ok)?,
            redirect_uri: redirect_uri.map(str::to_owned),
            is_preregistered: true,
            is_port_fixed: false,
        })
    }

    fn auth_method_at(
        &self,
        server: &AuthorizationServerMetadata,
    ) -> Result<TokenEndpointAuthMethod, Error> {
        let methods: &[_] = match (&self.key, &self.secret) {
            (Some(_), _) => &[TokenEndpointAuthMethod::PrivateKeyJwt],
            (_, Some(_)) => &WITH_SECRET,
            _ => return Ok(TokenEndpointAuthMethod::None),
        };
        first_supported(methods, server).ok_or_else(|| {
            let Self { id, .. } = self;
            let AuthorizationServerMetadata { issuer, .. } = server;
            Error::configuration(format!(
                "client {id:?} has no authentication method that {issuer} lists; if the list is \
                 wrong, set the authentication method of the client"
            ))
        })
    }
}
