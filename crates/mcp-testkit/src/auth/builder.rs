//! The builder of an authorization server.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use super::{
    authorization::{
        AuthorizationConfig, DeviceGrant, KnownClient, MetadataLocation, ResourceParameter,
        Rotation,
    },
    authorization_server::AuthorizationServer,
};
use crate::base::Error;

/// A builder of an [`AuthorizationServer`], from [`AuthorizationServer::builder`].
#[derive(Debug, Clone)]
#[must_use]
pub struct AuthorizationServerBuilder {
    port: u16,
    clients: Vec<KnownClient>,
    config: AuthorizationConfig,
}

impl AuthorizationServer {
    /// Returns a builder with default settings.
    pub fn builder() -> AuthorizationServerBuilder {
        AuthorizationServerBuilder::new()
    }
}

impl AuthorizationServerBuilder {
    pub(crate) fn new() -> Self {
        Self { port: 0, clients: Vec::new(), config: AuthorizationConfig::default() }
    }

    /// Sets the path of the issuer, such as `/tenant`. Defaults to none.
    pub fn issuer_path(mut self, path: impl Into<String>) -> Self {
        self.config.issuer_path = path.into();
        self
    }

    /// Sets the location of the metadata. Defaults to that of RFC 8414.
    pub fn metadata_location(mut self, location: MetadataLocation) -> Self {
        self.config.metadata_location = location;
        self
    }

    /// Sets another issuer in the metadata, like a server that impersonates another one.
    pub fn announced_issuer(mut self, issuer: impl Into<String>) -> Self {
        self.config.announced_issuer = Some(issuer.into());
        self
    }

    /// Sets the PKCE methods in the metadata. Defaults to `S256`. Without methods, the metadata has no
    /// list. In any case, the server accepts only `S256`.
    pub fn pkce_methods<T: Into<String>>(mut self, methods: impl IntoIterator<Item = T>) -> Self {
        self.config.pkce_methods = methods.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the client authentication methods of the token endpoint. Defaults to `none`,
    /// `client_secret_basic`, `client_secret_post` and `private_key_jwt`.
    pub fn auth_methods<T: Into<String>>(mut self, methods: impl IntoIterator<Item = T>) -> Self {
        self.config.auth_methods = methods.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the client authentication methods that the token endpoint accepts, like a server whose
    /// metadata is wrong. The methods that clients are registered with do not count then. Defaults
    /// to the methods of [`auth_methods`](Self::auth_methods).
    ///
    /// ```
    /// use mcp_testkit::AuthorizationServer;
    ///
    /// // A client that believes the metadata gets "invalid_client", and can try another method.
    /// let accounts = AuthorizationServer::builder()
    ///     .auth_methods(["client_secret_basic"])
    ///     .accepted_auth_methods(["client_secret_post"]);
    /// # let _ = accounts;
    /// ```
    pub fn accepted_auth_methods<T: Into<String>>(
        mut self,
        methods: impl IntoIterator<Item = T>,
    ) -> Self {
        self.config.accepted_auth_methods = Some(methods.into_iter().map(Into::into).collect());
        self
    }

    /// Allows or rejects the form parameter `client_id` together with the header of
    /// `client_secret_basic`. Defaults to `true`.
    ///
    /// Some servers count both as two authentication methods, and respond with `invalid_request`
    /// (RFC 6749, section 2.3).
    pub fn client_id_with_basic(mut self, allowed: bool) -> Self {
        self.config.client_id_with_basic = allowed;
        self
    }

    /// Sets the supported scopes.
    pub fn scopes<T: Into<String>>(mut self, scopes: impl IntoIterator<Item = T>) -> Self {
        self.config.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the handling of the parameter `resource`. Defaults to [`ResourceParameter::Required`].
    ///
    /// ```
    /// use mcp_testkit::{AuthorizationServer, ResourceParameter};
    ///
    /// // A client must omit the parameter.
    /// let accounts = AuthorizationServer::builder().resource_parameter(ResourceParameter::Rejected);
    /// # let _ = accounts;
    /// ```
    pub fn resource_parameter(mut self, handling: ResourceParameter) -> Self {
        self.config.resource_parameter = handling;
        self
    }

    /// Sets the name of the parameter of the authorization request that determines where tokens are
    /// valid, such as `audience`. Without the parameter, they are valid nowhere. Defaults to the
    /// parameter `resource`.
    pub fn audience_parameter(mut self, name: impl Into<String>) -> Self {
        self.config.audience_parameter = Some(name.into());
        self
    }

    /// Issues refresh tokens only if the authorization request has this parameter, such as
    /// `access_type` with the value `offline`. By default, each sign-in gets a refresh token.
    pub fn refresh_token_parameter(
        mut self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        self.config.refresh_token_parameter = Some((name.into(), value.into()));
        self
    }

    /// Sets the `token_type` of token responses. Defaults to `Bearer`. The tokens are bearer tokens in
    /// any case.
    pub fn token_type(mut self, token_type: impl Into<String>) -> Self {
        self.config.token_type = token_type.into();
        self
    }

    /// Enables or disables the `iss` parameter of authorization responses (RFC 9207). Defaults to
    /// `true`.
    pub fn callback_names_issuer(mut self, names: bool) -> Self {
        self.config.callback_names_issuer = names;
        self
    }

    /// Enables or disables dynamic client registration (RFC 7591). Defaults to `true`.
    pub fn registration(mut self, allowed: bool) -> Self {
        self.config.registration = allowed;
        self
    }

    /// Allows or rejects a loopback redirect URI with another port than the registered one (RFC
    /// 8252, section 7.3). Defaults to `true`. Some servers compare the whole URI.
    pub fn any_loopback_port(mut self, allowed: bool) -> Self {
        self.config.any_loopback_port = allowed;
        self
    }

    /// Allows or rejects client ids that are URLs of metadata documents. Defaults to `false`. The
    /// server does not fetch the documents. Add their clients with [`client`](Self::client).
    pub fn metadata_documents(mut self, allowed: bool) -> Self {
        self.config.metadata_documents = allowed;
        self
    }

    /// Adds a client that is registered in advance.
    pub fn client(mut self, client: KnownClient) -> Self {
        self.clients.push(client);
        self
    }

    /// Sets the lifetime of access tokens. Defaults to one hour.
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.config.access_token_lifetime = lifetime;
        self
    }

    /// Sets the handling of used refresh tokens. Defaults to [`Rotation::Strict`].
    pub fn rotation(mut self, rotation: Rotation) -> Self {
        self.config.rotation = rotation;
        self
    }

    /// Offers the device authorization grant (RFC 8628). It is not offered by default.
    pub fn device_grant(mut self, grant: DeviceGrant) -> Self {
        self.config.device_grant = Some(grant);
        self
    }

    /// Sets the user who signs in. Defaults to `alice`.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.config.subject = subject.into();
        self
    }

    /// Adds an assertion that is trusted for a subject. It need not be a JWT.
    ///
    /// Clients can exchange it for an access token with `jwt-bearer` (RFC 7523), or as the subject
    /// token of a token exchange (RFC 8693).
    pub fn trusted_assertion(
        mut self,
        assertion: impl Into<String>,
        subject: impl Into<String>,
    ) -> Self {
        self.config.trusted_assertions.insert(assertion.into(), subject.into());
        self
    }

    /// Sets the port on the loopback interface. Defaults to any free port.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Starts the server on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Listen`] if the server cannot listen on the port.
    pub async fn start(self) -> Result<AuthorizationServer, Error> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        AuthorizationServer::start(address, self.config, self.clients)
            .await
            .map_err(|source| Error::Listen { address, source })
    }
}
