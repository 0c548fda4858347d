//! The settings, HTTP client and store of an application, shared by all its users.

use std::{collections::BTreeMap, sync::Arc};

use mcp_http::Endpoint;
use url::Url;

use super::event::{ConnectionChange, ConnectionEvent, EventCallback};
use crate::{
    crypto::SigningKey,
    discovery::{
        AuthorizationServerMetadata, Discovery, DiscoveryResult, is_same_issuer, quoted_url,
    },
    error::Error,
    http::GuardedClient,
    registration::{ClientMetadata, PreregisteredClient},
    settings::OAuthSettings,
    store::{ClientRegistration, InvalidRecord, Record, Store, StoreKey, StoreLock},
    token::{DpopKey, TokenEndpoint},
};

pub(crate) struct ClientState {
    pub(crate) client_metadata: ClientMetadata,
    pub(crate) guarded_client: GuardedClient,
    pub(crate) discovery: Discovery,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) dpop: bool,
    pub(crate) client_metadata_url: Option<String>,
    pub(crate) client_metadata_key: Option<SigningKey>,
    pub(crate) preregistered: BTreeMap<String, PreregisteredClient>,
    /// The settings of MCP servers, by their URLs.
    pub(crate) server_settings: BTreeMap<String, OAuthSettings>,
    pub(crate) default_server_settings: OAuthSettings,
    pub(crate) on_event: Option<EventCallback>,
}

impl ClientState {
    pub(crate) async fn load(&self, key: &StoreKey) -> Result<Option<Record>, Error> {
        self.store.load(key).await.map_err(Error::store)
    }

    /// Loads a record that is about to be replaced or removed. Returns `None` if it is unreadable.
    pub(crate) async fn load_readable(&self, key: &StoreKey) -> Result<Option<Record>, Error> {
        match self.store.load(key).await {
            Err(error) if error.is::<InvalidRecord>() => {
                tracing::warn!(%error, "ignoring an unreadable record");
                Ok(None)
            }
            loaded => loaded.map_err(Error::store),
        }
    }

    pub(crate) async fn save(&self, key: &StoreKey, record: &Record) -> Result<(), Error> {
        self.store.save(key, record).await.map_err(Error::store)
    }

    pub(crate) async fn remove(&self, key: &StoreKey) -> Result<(), Error> {
        self.store.remove(key).await.map_err(Error::store)
    }

    pub(crate) async fn lock(&self, key: &StoreKey) -> Result<StoreLock, Error> {
        self.store.lock(key).await.map_err(Error::store)
    }

    pub(crate) async fn keys(
        &self,
        principal: Option<&str>,
        server: &str,
    ) -> Result<Vec<StoreKey>, Error> {
        self.store.keys(principal, server).await.map_err(Error::store)
    }

    pub(crate) async fn keys_of_principal(&self, principal: &str) -> Result<Vec<StoreKey>, Error> {
        self.store.keys_of_principal(Some(principal)).await.map_err(Error::store)
    }

    /// Reports a change of a connection to the log and to the application.
    pub(crate) fn report(&self, key: &StoreKey, change: ConnectionChange) {
        let event = ConnectionEvent::new(key, change);
        event.trace();
        if let Some(on_event) = &self.on_event {
            on_event(&event);
        }
    }

    /// Returns the HTTP client for requests that belong to an MCP server.
    pub(crate) fn http(&self, endpoint: &Endpoint) -> GuardedClient {
        let settings = self.server_settings(endpoint.url().as_str());
        self.guarded_client.for_server(endpoint, settings)
    }

    /// Returns the client metadata of the application for an MCP server.
    pub(crate) fn client_metadata_at(&self, endpoint: &Endpoint) -> ClientMetadata {
        self.client_metadata.with_redirect(self.server_settings(endpoint.url().as_str()))
    }

    /// Returns the settings of an MCP server.
    pub(crate) fn server_settings(&self, server: &str) -> &OAuthSettings {
        self.server_settings.get(server).unwrap_or(&self.default_server_settings)
    }

    /// Discovers the authorization server of an MCP server. `metadata_url` is from the last
    /// challenge.
    pub(crate) async fn discover(
        &self,
        endpoint: &Endpoint,
        metadata_url: Option<&str>,
    ) -> Result<DiscoveryResult, Error> {
        let server = endpoint.url().as_str();
        let mut settings = self.server_settings(server).clone();
        if let Some(client) = self.preregistered.get(server) {
            settings.authorization_server = client.issuer.clone().or(settings.authorization_server);
        }
        let assumes_pkce = settings.dangerously_assume_pkce;
        let is_usable = |server: &AuthorizationServerMetadata| {
            let has_endpoints =
                server.authorization_endpoint.is_some() && server.token_endpoint.is_some();
            has_endpoints && (assumes_pkce || server.supports_pkce())
        };
        let discovered = self
            .discovery
            .discover(&self.http(endpoint), endpoint, metadata_url, &settings, is_usable)
            .await?;
        let issuer = &discovered.authorization_server.issuer;
        match &self.server_settings(server).authorization_server {
            Some(expected) if !is_same_issuer(expected, issuer) => {
                let (named, expected) = (quoted_url(issuer), quoted_url(expected));
                let reason = format!(
                    "it names authorization server {named}, but \"authorization_server\" in the \
                     settings of the server is {expected}"
                );
                Err(Error::untrusted(endpoint.url(), reason))
            }
            _ => Ok(discovered),
        }
    }

    /// Returns a client of the token endpoint, or of another endpoint with the same client
    /// authentication.
    pub(crate) fn token_endpoint<'a>(
        &'a self,
        http: &'a GuardedClient,
        server: &str,
        url: &'a Url,
        issuer: &'a str,
        registration: &'a ClientRegistration,
        dpop: Option<&'a DpopKey>,
    ) -> TokenEndpoint<'a> {
        let preregistered = self.preregistered.get(server);
        let preregistered = preregistered.filter(|client| client.id == registration.client_id);
        let key = match preregistered {
            Some(client) => client.key.as_deref(),
            None => self.client_metadata_key.as_ref(),
        };
        // A configured secret may be newer than the one stored with the credentials.
        let configured = preregistered.and_then(|client| client.secret.as_ref());
        let secret = configured.or(registration.client_secret.as_ref());
        let is_auth_method_configured =
            preregistered.is_some_and(|client| client.auth_method.is_some());
        TokenEndpoint {
            http,
            url,
            issuer,
            registration,
            secret,
            key,
            is_auth_method_configured,
            dpop,
        }
    }
}
