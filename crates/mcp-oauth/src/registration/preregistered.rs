//! Clients that are registered manually, before the application runs.

use std::sync::Arc;

use crate::{
    crypto::{Secret, SigningKey},
    discovery::AuthorizationServerMetadata,
    error::Error,
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
}

impl PreregisteredClient {
    /// Creates a client with this client ID. It is a public client unless a secret or a private key
    /// is set.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), secret: None, key: None, issuer: None }
    }

    /// Sets the client secret, for `client_secret_basic` or `client_secret_post`.
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

    /// Returns the registration at a server, with the best authentication method that both support.
    pub(crate) fn registration(
        &self,
        server: &AuthorizationServerMetadata,
        redirect_uri: Option<&str>,
    ) -> Result<ClientRegistration, Error> {
        use TokenEndpointAuthMethod::{ClientSecretBasic, ClientSecretPost, None, PrivateKeyJwt};
        let methods: &[_] = match (&self.key, &self.secret) {
            (Some(_), _) => &[PrivateKeyJwt],
            (_, Some(_)) => &[ClientSecretBasic, ClientSecretPost],
            _ => &[None],
        };
        let supported = methods.iter().find(|method| method.is_supported_by(server));
        let Some(&auth_method) = supported else {
            let Self { id, .. } = self;
            let AuthorizationServerMetadata { issuer, .. } = server;
            let reason =
                format!("client {id:?} has no authentication method that {issuer} supports");
            return Err(Error::configuration(reason));
        };
        Ok(ClientRegistration {
            client_id: self.id.clone(),
            client_secret: self.secret.clone(),
            secret_expires_at: Option::None,
            auth_method,
            redirect_uri: redirect_uri.map(str::to_owned),
        })
    }
}
