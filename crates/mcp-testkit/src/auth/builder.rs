//! How an authorization server is set up.

use std::{collections::BTreeMap, net::Ipv4Addr, net::SocketAddr, time::Duration};

use super::authorization_server::AuthorizationServer;
use crate::{
    auth::{authorization::KnownClient, endpoints::MetadataLocation},
    base::Error,
};

/// Sets up an [`AuthorizationServer`]; made by [`AuthorizationServer::builder`].
#[derive(Debug, Clone)]
#[must_use]
pub struct AuthorizationServerBuilder {
    port: u16,
    clients: Vec<KnownClient>,
    config: Config,
}

/// What becomes of a refresh token that is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rotation {
    /// Another one takes its place. Whoever comes with the old one again loses all.
    #[default]
    Strict,
    /// Another one takes its place, and the old one stays good.
    Lenient,
    /// It goes on being the only one.
    Never,
}

/// What stays as it is while the server runs.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) issuer_path: String,
    pub(crate) announced_issuer: Option<String>,
    pub(crate) metadata_location: MetadataLocation,
    pub(crate) pkce_methods: Vec<String>,
    pub(crate) auth_methods: Vec<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) names_issuer: bool,
    pub(crate) registration: bool,
    pub(crate) metadata_documents: bool,
    pub(crate) life: Duration,
    pub(crate) rotation: Rotation,
    pub(crate) subject: String,
    /// Whom an assertion is about.
    pub(crate) assertions: BTreeMap<String, String>,
}

impl AuthorizationServerBuilder {
    pub(crate) fn new() -> Self {
        Self { port: 0, clients: Vec::new(), config: Config::default() }
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
    pub fn token_life(mut self, life: Duration) -> Self {
        self.config.life = life;
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
        self.config.assertions.insert(assertion.into(), subject.into());
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

impl Default for Config {
    fn default() -> Self {
        let auth_methods = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"];
        Self {
            issuer_path: String::new(),
            announced_issuer: None,
            metadata_location: MetadataLocation::default(),
            pkce_methods: vec!["S256".to_owned()],
            auth_methods: auth_methods.map(str::to_owned).to_vec(),
            scopes: Vec::new(),
            names_issuer: true,
            registration: true,
            metadata_documents: false,
            life: Duration::from_secs(3600),
            rotation: Rotation::default(),
            subject: "alice".to_owned(),
            assertions: BTreeMap::new(),
        }
    }
}
