//! The application as an OAuth client, for all its users and servers.

use std::{collections::BTreeMap, fmt, sync::Arc};

use mcp_http::Endpoint;
use url::Url;

use super::{
    builder::OAuthClientBuilder,
    user_tokens::{UserTokens, Users},
};
use crate::{
    crypto::SigningKey,
    discovery::{AuthorizationServer, Discovered, Discovery},
    error::Error,
    http::{Realm, Web},
    registration::{Applicant, RegisteredClient},
    store::{Key, Lock, Record, Registration, Store, TokenEndpointAuthMethod, Unreadable},
    token::{DpopKey, TokenEndpoint},
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
    pub(crate) metadata_document: Option<String>,
    pub(crate) metadata_key: Option<SigningKey>,
    pub(crate) registered: BTreeMap<String, RegisteredClient>,
    pub(crate) users: Users,
}

impl OAuthClient {
    /// Begins to set up an application with the name that people see, and the URL that they come back
    /// to: of https, on this machine, or with a scheme of the application's own.
    pub fn builder(name: impl Into<String>, redirect_uri: impl Into<String>) -> OAuthClientBuilder {
        OAuthClientBuilder::new(name.into(), redirect_uri.into())
    }

    /// The tokens of one principal, a name of the application's own choice, at any server: the same
    /// ones for all who ask, for as long as any of them is kept.
    pub fn user(&self, principal: impl Into<String>) -> UserTokens {
        UserTokens::of(self, principal.into())
    }

    /// Forgets what the application has registered itself as for a server, so that the next sign-in
    /// there does so anew.
    ///
    /// It does that by itself once it is told that it is not known any more. Some authorization
    /// servers tell only the person, on a page of theirs, and send nobody back.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn forget_registration(&self, server: &Endpoint) -> Result<(), Error> {
        let server = server.url().as_str();
        for key in self.shared.keys(None, server).await? {
            self.shared.forget_registration(server, &key.issuer).await?;
        }
        Ok(())
    }
}

impl Shared {
    pub(crate) async fn load(&self, key: &Key) -> Result<Option<Record>, Error> {
        self.store.load(key).await.map_err(Error::store)
    }

    /// The record of a key, where one that cannot be read is about to be replaced or removed.
    pub(crate) async fn load_readable(&self, key: &Key) -> Result<Option<Record>, Error> {
        match self.store.load(key).await {
            Err(error) if error.is::<Unreadable>() => {
                tracing::warn!(%error, "a record is not looked at any more");
                Ok(None)
            }
            loaded => loaded.map_err(Error::store),
        }
    }

    pub(crate) async fn save(&self, key: &Key, record: &Record) -> Result<(), Error> {
        self.store.save(key, record).await.map_err(Error::store)
    }

    pub(crate) async fn remove(&self, key: &Key) -> Result<(), Error> {
        self.store.remove(key).await.map_err(Error::store)
    }

    pub(crate) async fn lock(&self, key: &Key) -> Result<Lock, Error> {
        self.store.lock(key).await.map_err(Error::store)
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
        self.discovery.discover(endpoint, pointer, own).await
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
        if let Some(Record::Registration(known)) = self.load_readable(&key).await?
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

    /// Forgets what the application has registered itself as. One that was registered by hand stays
    /// with its authorization server.
    pub(crate) async fn forget_registration(
        &self,
        server: &str,
        issuer: &str,
    ) -> Result<(), Error> {
        match self.registered.contains_key(server) {
            true => Ok(()),
            false => self.remove(&Key::new(None, server, issuer)).await,
        }
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

    /// A client at a token endpoint, or at another that it proves itself at in the same way.
    pub(crate) fn token_endpoint<'a>(
        &'a self,
        server: &str,
        url: &'a Url,
        issuer: &'a str,
        registration: &'a Registration,
        dpop: Option<&'a DpopKey>,
    ) -> TokenEndpoint<'a> {
        let registered = self.registered.get(server);
        let registered = registered.filter(|client| client.id == registration.client_id);
        let key = match registered {
            Some(client) => client.key.as_deref(),
            None => self.metadata_key.as_ref(),
        };
        // What is configured may be newer than what was stored with a sign-in.
        let configured = registered.and_then(|client| client.secret.as_ref());
        let secret = configured.or(registration.client_secret.as_ref());
        TokenEndpoint { web: &self.web, url, issuer, registration, secret, key, dpop }
    }
}

fn no_registration(endpoint: &Endpoint, issuer: &str) -> Error {
    Error::configuration(format!(
        "{issuer} registers no clients by itself: register this application there, and set its \
         client id for {endpoint}"
    ))
}

impl fmt::Debug for OAuthClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Applicant { name, .. } = &self.shared.applicant;
        f.debug_struct("OAuthClient").field("name", name).finish_non_exhaustive()
    }
}
