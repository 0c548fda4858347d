//! The builder of an OAuth client.

use std::{collections::BTreeMap, fmt, sync::Arc};

use mcp_http::Endpoint;
use url::Url;

use super::{
    client::OAuthClient,
    event::{ConnectionEvent, EventCallback},
    state::ClientState,
};
use crate::{
    crypto::SigningKey,
    discovery::Discovery,
    error::Error,
    http::is_loopback,
    registration::{ClientMetadata, PreregisteredClient},
    settings::{OAuthSettings, Settings},
    store::{MemoryStore, Store},
};

/// A builder of an [`OAuthClient`]. Created by [`OAuthClient::builder`].
#[must_use]
pub struct OAuthClientBuilder {
    name: String,
    redirect_uri: String,
    store: Arc<dyn Store>,
    settings: Settings,
    client_metadata_url: Option<String>,
    client_metadata_key: Option<SigningKey>,
    preregistered: Vec<(String, PreregisteredClient)>,
    server_settings: Vec<(String, OAuthSettings)>,
    on_event: Option<EventCallback>,
}

impl OAuthClient {
    /// Returns a builder for an application.
    ///
    /// Authorization servers show `name` to users, and redirect them to `redirect_uri` after
    /// sign-in. The redirect URI must use HTTPS, a loopback address, or a URI scheme of the
    /// application (MCP authorization, "Communication Security").
    pub fn builder(name: impl Into<String>, redirect_uri: impl Into<String>) -> OAuthClientBuilder {
        OAuthClientBuilder::new(name.into(), redirect_uri.into())
    }
}

impl OAuthClientBuilder {
    fn new(name: String, redirect_uri: String) -> Self {
        Self {
            name,
            redirect_uri,
            store: Arc::new(MemoryStore::new()),
            settings: Settings::new(),
            client_metadata_url: None,
            client_metadata_key: None,
            preregistered: Vec::new(),
            server_settings: Vec::new(),
            on_event: None,
        }
    }

    /// Sets the store of credentials and client registrations. Defaults to a [`MemoryStore`].
    pub fn store(self, store: impl Store) -> Self {
        Self { store: Arc::new(store), ..self }
    }

    /// Adds a pre-registered client for the MCP server at the URL `server`.
    pub fn preregistered(mut self, server: impl Into<String>, client: PreregisteredClient) -> Self {
        self.preregistered.push((server.into(), client));
        self
    }

    /// Sets the settings for sign-ins at the MCP server at the URL `server`. Defaults to
    /// [`OAuthSettings::new`].
    ///
    /// A client ID in the settings is that of a [pre-registered](Self::preregistered) client. If
    /// several settings are for the same URL, the last ones apply.
    pub fn server_settings(mut self, server: impl Into<String>, settings: OAuthSettings) -> Self {
        self.server_settings.push((server.into(), settings));
        self
    }

    /// Sets the settings for sign-ins at several MCP servers, by their URLs, such as those that
    /// `Relay::oauth_settings` returns.
    pub fn all_server_settings(
        mut self,
        servers: impl IntoIterator<Item = (String, OAuthSettings)>,
    ) -> Self {
        self.server_settings.extend(servers);
        self
    }

    /// Sets the URL of the client ID metadata document of the application.
    ///
    /// The URL is the client ID at authorization servers that support such documents (MCP
    /// authorization, "Client ID Metadata Documents"). It must use HTTPS and have a path.
    pub fn client_metadata_url(self, url: impl Into<String>) -> Self {
        Self { client_metadata_url: Some(url.into()), ..self }
    }

    /// Sets the private key that belongs to a public key in the client ID metadata document.
    ///
    /// The client authenticates with it at authorization servers that support `private_key_jwt`.
    pub fn client_metadata_key(self, key: SigningKey) -> Self {
        Self { client_metadata_key: Some(key), ..self }
    }

    /// Sets the settings for connections to authorization servers and for the type of tokens.
    /// Defaults to [`Settings::new`].
    pub fn settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    /// Sets a function that is called when a user connects or disconnects, when an access token is
    /// refreshed, and when a user must sign in again. It must not block.
    ///
    /// Each event is also a `tracing` event of the level `INFO`.
    ///
    /// # Examples
    ///
    /// ```
    /// use mcp_oauth::{ConnectionChange, Error, OAuthClient};
    ///
    /// fn main() -> Result<(), Error> {
    ///     let application = OAuthClient::builder("Our application", "https://app.example/callback")
    ///         .on_event(|event| {
    ///             if let ConnectionChange::NeedsSignIn { reason } = &event.change {
    ///                 println!("notify {:?}: {reason}", event.key.principal);
    ///             }
    ///         })
    ///         .build()?;
    ///     println!("{application:?}");
    ///     Ok(())
    /// }
    /// ```
    pub fn on_event(self, on_event: impl Fn(&ConnectionEvent) + Send + Sync + 'static) -> Self {
        Self { on_event: Some(Box::new(on_event)), ..self }
    }

    /// Builds the client. Sends nothing.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Configuration`] if a setting is invalid.
    pub fn build(self) -> Result<OAuthClient, Error> {
        let mut preregistered = BTreeMap::new();
        for (server, client) in self.preregistered {
            preregistered.insert(normalize_url(&server)?, client);
        }
        let mut server_settings = BTreeMap::new();
        for (server, settings) in self.server_settings {
            let server = normalize_url(&server)?;
            let invalid = |reason: &dyn fmt::Display| {
                Error::configuration(format!("settings of {server}: {reason}"))
            };
            settings.validate().map_err(|error| invalid(&error))?;
            let has_client = settings.client_id.is_some();
            if has_client && preregistered.contains_key(&server) {
                return Err(invalid(
                    &"\"client_id\": the server has a pre-registered client already",
                ));
            }
            server_settings.insert(server, settings);
        }
        let clients = server_settings.iter().filter_map(|(server, settings)| {
            Some((server.clone(), PreregisteredClient::from_settings(settings)?))
        });
        preregistered.extend(clients);
        let dpop = self.settings.dpop;
        let http = self.settings.guarded_client()?;
        Ok(OAuthClient {
            state: Arc::new(ClientState {
                client_metadata: client_metadata(self.name, self.redirect_uri)?,
                discovery: Discovery::default(),
                guarded_client: http,
                store: self.store,
                dpop,
                client_metadata_url: self
                    .client_metadata_url
                    .map(check_client_metadata_url)
                    .transpose()?,
                client_metadata_key: self.client_metadata_key,
                preregistered,
                server_settings,
                default_server_settings: OAuthSettings::new(),
                on_event: self.on_event,
            }),
            users: Arc::default(),
        })
    }
}

/// Returns the URL of an MCP server as the keys of the store have it.
fn normalize_url(server: &str) -> Result<String, Error> {
    let server = Endpoint::parse(server);
    Ok(server.map_err(|error| Error::configuration(error.to_string()))?.url().to_string())
}

/// Returns the client metadata, if the redirect URI is valid (MCP authorization, "Communication
/// Security").
fn client_metadata(name: String, redirect_uri: String) -> Result<ClientMetadata, Error> {
    let invalid = |reason| Error::configuration(format!("invalid redirect URI: {reason}"));
    let url = Url::parse(&redirect_uri).map_err(|error| invalid(error.to_string()))?;
    let has_own_scheme =
        !matches!(url.scheme(), "http" | "javascript" | "data" | "file" | "vbscript");
    if !(has_own_scheme || url.scheme() == "http" && is_loopback(&url)) {
        let expected = "expected HTTPS, a loopback address or a scheme of the application";
        return Err(invalid(expected.to_owned()));
    }
    if url.fragment().is_some() {
        return Err(invalid("it must not have a fragment".to_owned()));
    }
    let is_native = url.scheme() != "https" || is_loopback(&url);
    Ok(ClientMetadata { name, redirect_uri, is_native })
}

/// Checks a client ID that is a URL (MCP authorization, "Client ID Metadata Documents").
fn check_client_metadata_url(text: String) -> Result<String, Error> {
    let is_valid = |url: &Url| {
        let is_plain = url.fragment().is_none() && url.username().is_empty();
        url.scheme() == "https" && url.path() != "/" && is_plain && url.password().is_none()
    };
    let url = Url::parse(&text).ok().filter(is_valid);
    url.map(|_| text).ok_or_else(|| {
        Error::configuration(
            "invalid URL of the client ID metadata document: expected HTTPS and a path, without a \
             fragment, user name or password",
        )
    })
}

impl fmt::Debug for OAuthClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthClientBuilder").finish_non_exhaustive()
    }
}
