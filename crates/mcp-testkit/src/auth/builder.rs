//! How an authorization server is set up.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use super::{
    authorization::{AuthorizationConfig, KnownClient, MetadataLocation, Rotation},
    authorization_server::AuthorizationServer,
};
use crate::base::Error;

/// Sets up an [`AuthorizationServer`]; made by [`AuthorizationServer::builder`].
#[derive(Debug, Clone)]
#[must_use]
pub struct AuthorizationServerBuilder {
    port: u16,
    clients: Vec<KnownClient>,
    config: AuthorizationConfig,
}

impl AuthorizationServer {
    /// Begins to set up a server.
    pub fn builder() -> AuthorizationServerBuilder {
        AuthorizationServerBuilder::new()
    }
}

impl AuthorizationServerBuilder {
    pub(crate) fn new() -> Self {
        Self { port: 0, clients: Vec::new(), config: AuthorizationConfig::default() }
    }

    /// Gives the issuer a path, such as `/tenant`; it has none unless set.
    pub fn issuer_path(mut self, path: impl Into<String>) -> Self {
        self.config.issuer_path = path.into();
        self
    }

    /// Sets where the metadata is; where RFC 8414 has it unless set.
    pub fn metadata_location(mut self, location: MetadataLocation) -> Self {
        self.config.metadata_location = location;
        self
    }

    /// Has the metadata name another issuer: a server that speaks for one that it is not.
    pub fn announced_issuer(mut self, issuer: impl Into<String>) -> Self {
        self.config.announced_issuer = Some(issuer.into());
        self
    }

    /// Sets the methods of PKCE that the metadata names; `S256` unless set. No other is taken.
    pub fn pkce_methods<T: Into<String>>(mut self, methods: impl IntoIterator<Item = T>) -> Self {
        self.config.pkce_methods = methods.into_iter().map(Into::into).collect();
        self
    }

    /// Sets how clients may prove themselves at the token endpoint; in any way unless set.
    pub fn auth_methods<T: Into<String>>(mut self, methods: impl IntoIterator<Item = T>) -> Self {
        self.config.auth_methods = methods.into_iter().map(Into::into).collect();
        self
    }

    /// Names the scopes that there are.
    pub fn scopes<T: Into<String>>(mut self, scopes: impl IntoIterator<Item = T>) -> Self {
        self.config.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Says whether answers name their issuer (RFC 9207); they do unless set.
    pub fn names_issuer(mut self, names: bool) -> Self {
        self.config.names_issuer = names;
        self
    }

    /// Says whether clients may register themselves (RFC 7591); they may unless set.
    pub fn registration(mut self, allowed: bool) -> Self {
        self.config.registration = allowed;
        self
    }

    /// Says whether a client's id may be the URL of its metadata document; it may not unless set.
    /// The documents are not fetched: their clients are [known](Self::client).
    pub fn metadata_documents(mut self, allowed: bool) -> Self {
        self.config.metadata_documents = allowed;
        self
    }

    /// Adds a client that is known beforehand.
    pub fn client(mut self, client: KnownClient) -> Self {
        self.clients.push(client);
        self
    }

    /// Sets how long access tokens are good; an hour unless set.
    pub fn token_life(mut self, lifetime: Duration) -> Self {
        self.config.access_token_lifetime = lifetime;
        self
    }

    /// Sets what becomes of refresh tokens that are used.
    pub fn rotation(mut self, rotation: Rotation) -> Self {
        self.config.rotation = rotation;
        self
    }

    /// Sets who signs in; `alice` unless set.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.config.subject = subject.into();
        self
    }

    /// Trusts an assertion about somebody, which gets an access token for them: by `jwt-bearer`
    /// (RFC 7523) or as the subject token of an exchange (RFC 8693). It need not be a JWT.
    pub fn trusted_assertion(
        mut self,
        assertion: impl Into<String>,
        subject: impl Into<String>,
    ) -> Self {
        self.config.trusted_assertions.insert(assertion.into(), subject.into());
        self
    }

    /// Sets the port on loopback; any free one unless set.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Starts the server on the current tokio runtime.
    ///
    /// # Errors
    /// [`Error::Listen`] if the port cannot be had.
    pub async fn start(self) -> Result<AuthorizationServer, Error> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        AuthorizationServer::start(address, self.config, self.clients)
            .await
            .map_err(|source| Error::Listen { address, source })
    }
}
