//! From an MCP server to its authorization server (MCP authorization, "Authorization Server
//! Discovery").

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use mcp_http::Endpoint;
use url::Url;

use super::metadata::{
    AuthorizationServer, MOST, ProtectedResource, authorization_server_urls,
    protected_resource_urls,
};
use crate::{
    error::{At, Error},
    http::{Realm, Web},
};

/// How long an authorization server's metadata is good.
const FRESH: Duration = Duration::from_secs(10 * 60);
/// How many are kept.
const KEPT: usize = 1_000;

/// Finds authorization servers, and keeps for a while what they say.
pub(crate) struct Discovery {
    web: Web,
    known: Mutex<BTreeMap<String, Known>>,
}

/// What an authorization server said, and when.
type Known = (Instant, Arc<AuthorizationServer>);

/// What there is to know of an MCP server before a sign-in.
#[derive(Debug, Clone)]
pub(crate) struct Discovered {
    pub(crate) resource: String,
    pub(crate) scopes_supported: Option<Vec<String>>,
    pub(crate) server: Arc<AuthorizationServer>,
}

impl Discovery {
    pub(crate) fn new(web: Web) -> Self {
        Self { web, known: Mutex::default() }
    }

    /// What an MCP server says of itself, asked anew each time; `None` if it says nothing.
    pub(crate) async fn resource(
        &self,
        endpoint: &Endpoint,
        pointer: Option<&str>,
    ) -> Result<Option<ProtectedResource>, Error> {
        let realm = Realm::of(endpoint);
        if let Some(pointer) = pointer {
            let url = self.web.check(pointer, realm)?;
            let document = self.web.document(&url, realm).await?;
            let document = document.ok_or_else(|| {
                Error::untrusted(&url, "it was named as the server's metadata, and is none")
            })?;
            return self.trusted(endpoint, &url, document).map(Some);
        }
        let urls = protected_resource_urls(endpoint.url());
        let at_root = endpoint.url().path() == "/";
        for url in urls.into_iter().skip(usize::from(at_root)) {
            if let Some(document) = self.web.document(&url, realm).await? {
                return self.trusted(endpoint, &url, document).map(Some);
            }
        }
        Ok(None)
    }

    fn trusted(
        &self,
        endpoint: &Endpoint,
        url: &Url,
        mut document: ProtectedResource,
    ) -> Result<ProtectedResource, Error> {
        if !document.speaks_for(endpoint, url) {
            let reason = format!("it is the metadata of another resource than {endpoint}");
            return Err(Error::untrusted(url, reason));
        }
        document.authorization_servers.truncate(MOST);
        Ok(document)
    }

    /// The authorization server of an MCP server. Of several it is the `configured` one, or else the
    /// first; it is the configured one too where the MCP server names none.
    pub(crate) async fn discover(
        &self,
        endpoint: &Endpoint,
        pointer: Option<&str>,
        configured: Option<&str>,
    ) -> Result<Discovered, Error> {
        let document = self.resource(endpoint, pointer).await?;
        let document = document.unwrap_or_else(|| ProtectedResource::silent(endpoint));
        let mut issuers = document.authorization_servers.iter().map(String::as_str);
        let first = issuers.clone().next();
        let issuer = issuers.find(|it| Some(*it) == configured).or(first).or(configured);
        let server = match issuer {
            Some(issuer) => self.server(issuer, Realm::of(endpoint)).await?,
            None => self.of_origin(endpoint).await?,
        };
        let ProtectedResource { resource, scopes_supported, .. } = document;
        Ok(Discovered { resource, scopes_supported, server })
    }

    /// The metadata of an authorization server.
    pub(crate) async fn server(
        &self,
        issuer: &str,
        realm: Realm,
    ) -> Result<Arc<AuthorizationServer>, Error> {
        let url = self.web.check(issuer, realm)?;
        if let Some(known) = self.known(issuer) {
            return Ok(known);
        }
        if url.query().is_some() {
            return Err(Error::untrusted(&url, "an issuer has no query"));
        }
        for url in authorization_server_urls(&url) {
            if let Some(document) = self.web.document::<AuthorizationServer>(&url, realm).await? {
                // As strings: what only means the same may be another's (RFC 8414, section 3.3).
                if document.issuer != issuer {
                    return Err(Error::untrusted(&url, "it is the metadata of another issuer"));
                }
                let document = Arc::new(document);
                self.keep(issuer, Arc::clone(&document));
                return Ok(document);
            }
        }
        let reason = "it has no authorization server metadata (RFC 8414 or OpenID Connect)";
        Err(Error::untrusted(&url, reason))
    }

    /// The authorization server of an MCP server that names none: itself, as revision 2025-03-26 has
    /// it.
    async fn of_origin(&self, endpoint: &Endpoint) -> Result<Arc<AuthorizationServer>, Error> {
        let origin = endpoint.url().origin().ascii_serialization();
        let realm = Realm::of(endpoint);
        let url = self.web.check(&origin, realm)?;
        for url in authorization_server_urls(&url) {
            if let Some(document) = self.web.document::<AuthorizationServer>(&url, realm).await? {
                return match document.issuer.strip_suffix('/').unwrap_or(&document.issuer) {
                    issuer if issuer == origin => Ok(Arc::new(document)),
                    _ => Err(Error::untrusted(&url, "it is the metadata of another issuer")),
                };
            }
        }
        tracing::debug!(server = %At(&url), "no metadata: the defaults of 2025-03-26 are tried");
        Ok(Arc::new(AuthorizationServer::silent(&origin)))
    }

    /// Asks an authorization server anew the next time, for what it said may be no longer so.
    pub(crate) fn forget(&self, issuer: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(issuer);
    }

    fn known(&self, issuer: &str) -> Option<Arc<AuthorizationServer>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, server) = known.get(issuer)?;
        (since.elapsed() < FRESH).then(|| Arc::clone(server))
    }

    fn keep(&self, issuer: &str, server: Arc<AuthorizationServer>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (since, _)| since.elapsed() < FRESH);
        if known.len() < KEPT {
            known.insert(issuer.to_owned(), (Instant::now(), server));
        }
    }
}
