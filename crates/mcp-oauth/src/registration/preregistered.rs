//! Clients that are registered by hand, before the application runs.

use std::sync::Arc;

use crate::{
    crypto::{Secret, SigningKey},
    discovery::AuthorizationServerMetadata,
    error::Error,
    store::{ClientRegistration, TokenEndpointAuthMethod},
};

/// A client that an authorization server knows beforehand.
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
    /// A client of this id, which is a public one unless it gets a secret or a key.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), secret: None, key: None, issuer: None }
    }

    /// The client's secret.
    pub fn with_secret(self, secret: impl Into<Secret>) -> Self {
        Self { secret: Some(secret.into()), ..self }
    }

    /// A key that the client proves itself with, in place of a secret.
    pub fn with_private_key(self, key: SigningKey) -> Self {
        Self { key: Some(Arc::new(key)), ..self }
    }

    /// The authorization server that knows the client. Unless set, it is the first that the client is
    /// used at; the client is never shown to another one.
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
                format!("the client {id:?} has no credentials of a kind that {issuer} takes");
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
