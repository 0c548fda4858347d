//! The application as an OAuth client, for all its users and servers.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use mcp_http::{Endpoint, HttpClient, HttpClientBuilder};
use url::Url;

use crate::{
    credentials::{Registration, TokenEndpointAuthMethod},
    discovery::{Discovered, Discovery},
    error::Error,
    jws::SigningKey,
    memory_store::MemoryStore,
    metadata::AuthorizationServer,
    registered_client::RegisteredClient,
    registration::Applicant,
    store::{Key, Record, Store},
    user_tokens::UserTokens,
    web::{self, Realm, Web},
};

/// An application that signs people in to MCP servers: its name, where people come back to, what it
/// is registered as, and its store. Clones share everything.
///
/// A web application redirects to what [`UserTokens::begin`] gives, keeps the
/// [`PendingSignIn`](crate::PendingSignIn) sealed, and at the callback calls [`finish`](Self::finish),
/// in whichever process that is.
///
/// ```no_run
/// # async fn run(
/// #     session: &mut std::collections::HashMap<&str, String>,
/// #     key: mcp_oauth::SealingKey,
/// #     callback: String,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// use mcp_http::{Client, Endpoint, HttpTransport, Unauthorized};
/// use mcp_oauth::{OAuthClient, PendingSignIn};
///
/// let application = OAuthClient::builder("Our application", "https://app.example/callback").build()?;
/// let ann = application.user("ann");
/// let server = Endpoint::parse("https://mcp.example.com/mcp")?;
/// let transport = HttpTransport::builder(server.url().as_str()).token_source(ann.clone()).build()?;
/// let Err(error) = Client::new(transport).list_tools().await else { return Ok(()) };
///
/// let sign_in = ann.begin(&server, Unauthorized::of(&error)).await?;
/// session.insert("sign-in", sign_in.pending.seal(&key));
/// println!("redirect to {}", sign_in.authorization_url);
/// // The callback, elsewhere and later:
/// let pending = PendingSignIn::open(&key, &session["sign-in"])?;
/// application.finish(pending, &callback).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct OAuthClient {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) applicant: Applicant,
    pub(crate) web: Web,
    pub(crate) discovery: Discovery,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) dpop: bool,
    metadata_document: Option<String>,
    metadata_key: Option<SigningKey>,
    registered: BTreeMap<String, RegisteredClient>,
}

/// Sets up an [`OAuthClient`]; made by [`OAuthClient::builder`].
#[must_use]
pub struct OAuthClientBuilder {
    name: String,
    redirect_uri: String,
    store: Arc<dyn Store>,
    http: HttpClientBuilder,
    allowed_hosts: BTreeSet<String>,
    dpop: bool,
    metadata_document: Option<String>,
    metadata_key: Option<SigningKey>,
    registered: Vec<(String, RegisteredClient)>,
}

impl OAuthClientBuilder {
    /// Where sign-ins are kept; in memory unless set.
    pub fn store(self, store: impl Store) -> Self {
        Self { store: Arc::new(store), ..self }
    }

    /// What the application is registered as for the MCP server at this URL.
    pub fn registered(mut self, server: impl Into<String>, client: RegisteredClient) -> Self {
        self.registered.push((server.into(), client));
        self
    }

    /// The URL of the application's metadata document, which is its id wherever authorization servers
    /// take such ones.
    pub fn metadata_document(self, url: impl Into<String>) -> Self {
        Self { metadata_document: Some(url.into()), ..self }
    }

    /// The private key to a public one in the metadata document, with which the application proves
    /// itself where `private_key_jwt` is taken.
    pub fn metadata_document_key(self, key: SigningKey) -> Self {
        Self { metadata_key: Some(key), ..self }
    }

    /// Asks for tokens that only this application can use (RFC 9449).
    pub fn dpop(self, dpop: bool) -> Self {
        Self { dpop, ..self }
    }

    /// How to connect to authorization servers, in place of the defaults. What goes through a proxy is
    /// looked up there: the proxy has to keep it away from private networks.
    pub fn http(self, http: HttpClientBuilder) -> Self {
        Self { http, ..self }
    }

    /// A host that may be on a private network, or on this machine, though an MCP server names it.
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.allowed_hosts.insert(host.into());
        self
    }

    /// The client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Configuration`] if one of the settings is not what it should be.
    pub fn build(self) -> Result<OAuthClient, Error> {
        let setup = |error: mcp_http::Error| Error::configuration(error.to_string());
        let web = Web::new(self.http, self.allowed_hosts).map_err(setup)?;
        let mut registered = BTreeMap::new();
        for (server, client) in self.registered {
            registered.insert(Endpoint::parse(&server).map_err(setup)?.url().to_string(), client);
        }
        Ok(OAuthClient {
            shared: Arc::new(Shared {
                applicant: applicant(self.name, self.redirect_uri)?,
                discovery: Discovery::new(web.clone()),
                web,
                store: self.store,
                dpop: self.dpop,
                metadata_document: self.metadata_document.map(metadata_document).transpose()?,
                metadata_key: self.metadata_key,
                registered,
            }),
        })
    }
}

impl OAuthClient {
    /// Begins to set up an application with the name that people see, and the URL that they come back
    /// to: of https, on this machine, or with a scheme of the application's own.
    pub fn builder(name: impl Into<String>, redirect_uri: impl Into<String>) -> OAuthClientBuilder {
        OAuthClientBuilder {
            name: name.into(),
            redirect_uri: redirect_uri.into(),
            store: Arc::new(MemoryStore::new()),
            http: HttpClient::builder(),
            allowed_hosts: BTreeSet::new(),
            dpop: false,
            metadata_document: None,
            metadata_key: None,
            registered: Vec::new(),
        }
    }

    /// The tokens of one principal, a name of the application's own choice, at any server.
    pub fn user(&self, principal: impl Into<String>) -> UserTokens {
        UserTokens::new(self.clone(), principal.into())
    }
}

impl Shared {
    pub(crate) async fn load(&self, key: &Key) -> Result<Option<Record>, Error> {
        self.store.load(key).await.map_err(Error::store)
    }

    pub(crate) async fn save(&self, key: &Key, record: &Record) -> Result<(), Error> {
        self.store.save(key, record).await.map_err(Error::store)
    }

    pub(crate) async fn remove(&self, key: &Key) -> Result<(), Error> {
        self.store.remove(key).await.map_err(Error::store)
    }

    pub(crate) async fn keys(&self, of: Option<&str>, server: &str) -> Result<Vec<Key>, Error> {
        self.store.keys(of, server).await.map_err(Error::store)
    }

    /// The authorization server of an MCP server, by the last challenge's pointer if there is one.
    pub(crate) async fn discover(
        &self,
        endpoint: &Endpoint,
        pointer: Option<&str>,
    ) -> Result<Discovered, Error> {
        let registered = self.registered.get(endpoint.url().as_str());
        let own = registered.and_then(|client| client.issuer.as_deref());
        self.discovery.discover(endpoint, pointer, |issuer| Some(issuer) == own).await
    }

    /// The application as the authorization server knows it, or comes to know it now, in the order of
    /// the specification.
    pub(crate) async fn registration(
        &self,
        endpoint: &Endpoint,
        server: &AuthorizationServer,
        scope: Option<&str>,
    ) -> Result<Registration, Error> {
        let redirect_uri = &self.applicant.redirect_uri;
        let key = Key::new(None, endpoint.url().as_str(), &server.issuer);
        if let Some(client) = self.registered.get(endpoint.url().as_str()) {
            let registration = client.registration(server, Some(redirect_uri))?;
            self.pin(client, &key, &registration).await?;
            return Ok(registration);
        }
        if let Some(url) = &self.metadata_document
            && server.client_id_metadata_document_supported
        {
            return Ok(self.by_metadata_document(url.clone(), server));
        }
        if let Some(Record::Registration(known)) = self.load(&key).await?
            && known.is_good_for(redirect_uri)
        {
            return Ok(known);
        }
        let realm = Realm::of(endpoint);
        let new = self.applicant.register(&self.web, server, realm, scope).await?;
        let new = new.ok_or_else(|| no_registration(endpoint, &server.issuer))?;
        self.save(&key, &Record::Registration(new.clone())).await?;
        Ok(new)
    }

    /// Fails if a client that was registered by hand is about to be shown to another authorization
    /// server than its own; if nobody said which that is, the first is.
    async fn pin(
        &self,
        client: &RegisteredClient,
        key: &Key,
        registration: &Registration,
    ) -> Result<(), Error> {
        let known = match &client.issuer {
            Some(issuer) => Some(issuer.clone()),
            None => {
                let keys = self.keys(None, &key.server).await?;
                let mut of_client = None;
                for known in keys {
                    if let Some(Record::Registration(it)) = self.load(&known).await?
                        && it.client_id == client.id
                    {
                        of_client = Some(known.issuer);
                    }
                }
                of_client
            }
        };
        match known {
            Some(issuer) if issuer != key.issuer => Err(Error::configuration(format!(
                "the client {:?} is registered with {issuer}, and the server wants sign-ins by {}",
                client.id, key.issuer,
            ))),
            Some(_) if client.issuer.is_some() => Ok(()),
            // The secret is in the configuration, and need not be anywhere else.
            _ => {
                let public = Registration { client_secret: None, ..registration.clone() };
                self.save(key, &Record::Registration(public)).await
            }
        }
    }

    fn by_metadata_document(
        &self,
        client_id: String,
        server: &AuthorizationServer,
    ) -> Registration {
        let by_key = TokenEndpointAuthMethod::PrivateKeyJwt;
        let has_key = self.metadata_key.is_some() && by_key.is_supported_by(server);
        Registration {
            client_id,
            client_secret: None,
            secret_expires_at: None,
            auth_method: if has_key { by_key } else { TokenEndpointAuthMethod::None },
            redirect_uri: Some(self.applicant.redirect_uri.clone()),
        }
    }

    /// The key that a client signs with, which is not part of what is stored.
    pub(crate) fn key_of(&self, server: &str, registration: &Registration) -> Option<&SigningKey> {
        let registered = self.registered.get(server);
        let registered = registered.filter(|client| client.id == registration.client_id);
        match registered {
            Some(client) => client.key.as_deref(),
            None => self.metadata_key.as_ref(),
        }
    }
}

fn no_registration(endpoint: &Endpoint, issuer: &str) -> Error {
    Error::configuration(format!(
        "{issuer} registers no clients by itself: register this application there, and set its \
         client id for {endpoint}"
    ))
}

/// The application, with where people come back to (MCP authorization, "Communication Security").
fn applicant(name: String, redirect_uri: String) -> Result<Applicant, Error> {
    let wrong = |reason| Error::configuration(format!("the redirect URI {reason}"));
    let url = Url::parse(&redirect_uri).map_err(|error| wrong(error.to_string()))?;
    let is_own = !matches!(url.scheme(), "http" | "javascript" | "data" | "file" | "vbscript");
    if !(is_own || url.scheme() == "http" && web::is_loopback(&url)) {
        return Err(wrong("has to be of https, or on this machine".to_owned()));
    }
    if url.fragment().is_some() {
        return Err(wrong("must not have a fragment".to_owned()));
    }
    let is_native = url.scheme() != "https" || web::is_loopback(&url);
    Ok(Applicant { name, redirect_uri, is_native })
}

/// A client id that is a URL (MCP authorization, "Client ID Metadata Documents").
fn metadata_document(text: String) -> Result<String, Error> {
    let url = Url::parse(&text).ok().filter(|url| url.scheme() == "https" && url.path() != "/");
    url.map(|_| text).ok_or_else(|| {
        Error::configuration("a client id metadata document has a URL of https, with a path")
    })
}

impl fmt::Debug for OAuthClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Applicant { name, .. } = &self.shared.applicant;
        f.debug_struct("OAuthClient").field("name", name).finish_non_exhaustive()
    }
}

impl fmt::Debug for OAuthClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthClientBuilder").finish_non_exhaustive()
    }
}
