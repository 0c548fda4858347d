//! Discovery of the authorization server of an MCP server (MCP authorization, "Authorization Server
//! Discovery").

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use mcp_http::Endpoint;
use tokio::time::Instant;
use url::Url;

use super::metadata::{
    AuthorizationServerMetadata, MAX_LIST_ENTRIES, ProtectedResourceMetadata,
    authorization_server_urls, protected_resource_urls,
};
use crate::{
    error::{DisplayUrl, Error},
    http::{GuardedClient, NetworkZone},
};

/// The time for which authorization server metadata is cached.
const CACHE_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// The largest number of cached metadata documents.
const MAX_CACHED_SERVERS: usize = 1_000;

/// Discovers authorization servers, and caches their metadata.
pub(crate) struct Discovery {
    http: GuardedClient,
    cache: Mutex<BTreeMap<String, CachedServer>>,
}

/// The metadata of an authorization server, with the time at which it was fetched.
type CachedServer = (Instant, Arc<AuthorizationServerMetadata>);

/// The result of discovery: the data about an MCP server that token requests need.
#[derive(Debug, Clone)]
pub(crate) struct DiscoveryResult {
    pub(crate) resource: String,
    pub(crate) scopes_supported: Option<Vec<String>>,
    pub(crate) authorization_server: Arc<AuthorizationServerMetadata>,
}

impl Discovery {
    pub(crate) fn new(http: GuardedClient) -> Self {
        Self { http, cache: Mutex::default() }
    }

    /// Fetches the metadata of an MCP server. It is not cached. Returns `None` if there is none.
    pub(crate) async fn protected_resource(
        &self,
        endpoint: &Endpoint,
        metadata_url: Option<&str>,
    ) -> Result<Option<ProtectedResourceMetadata>, Error> {
        let zone = NetworkZone::of(endpoint);
        if let Some(metadata_url) = metadata_url {
            let url = self.http.check(metadata_url, zone)?;
            let document = self.http.get_json(&url, zone).await?;
            let document = document.ok_or_else(|| {
                Error::untrusted(&url, "it has no valid protected resource metadata")
            })?;
            return self.validate(endpoint, &url, document).map(Some);
        }
        let urls = protected_resource_urls(endpoint.url());
        let at_root = endpoint.url().path() == "/";
        for url in urls.into_iter().skip(usize::from(at_root)) {
            if let Some(document) = self.http.get_json(&url, zone).await? {
                return self.validate(endpoint, &url, document).map(Some);
            }
        }
        Ok(None)
    }

    /// Returns the document if it is the metadata of `endpoint`.
    fn validate(
        &self,
        endpoint: &Endpoint,
        url: &Url,
        mut document: ProtectedResourceMetadata,
    ) -> Result<ProtectedResourceMetadata, Error> {
        if !document.is_valid_for(endpoint, url) {
            let reason = format!("its metadata names another resource than {endpoint}");
            return Err(Error::untrusted(url, reason));
        }
        document.authorization_servers.truncate(MAX_LIST_ENTRIES);
        Ok(document)
    }

    /// Discovers the authorization server of an MCP server.
    ///
    /// If the MCP server names several, chooses the configured one, or else the first. If it names
    /// none, chooses the configured one, or else the one at the origin of the MCP server.
    pub(crate) async fn discover(
        &self,
        endpoint: &Endpoint,
        metadata_url: Option<&str>,
        configured_issuer: Option<&str>,
    ) -> Result<DiscoveryResult, Error> {
        let document = self.protected_resource(endpoint, metadata_url).await?;
        let document =
            document.unwrap_or_else(|| ProtectedResourceMetadata::without_document(endpoint));
        let mut issuers = document.authorization_servers.iter().map(String::as_str);
        let first = issuers.clone().next();
        let issuer =
            issuers.find(|it| Some(*it) == configured_issuer).or(first).or(configured_issuer);
        let authorization_server = match issuer {
            Some(issuer) => self.authorization_server(issuer, NetworkZone::of(endpoint)).await?,
            None => self.server_at_origin(endpoint).await?,
        };
        let ProtectedResourceMetadata { resource, scopes_supported, .. } = document;
        Ok(DiscoveryResult { resource, scopes_supported, authorization_server })
    }

    /// Returns the metadata of an authorization server, from the cache or the network.
    pub(crate) async fn authorization_server(
        &self,
        issuer: &str,
        zone: NetworkZone,
    ) -> Result<Arc<AuthorizationServerMetadata>, Error> {
        let url = self.http.check(issuer, zone)?;
        if let Some(cached) = self.cached(issuer) {
            return Ok(cached);
        }
        if url.query().is_some() {
            return Err(Error::untrusted(&url, "an issuer must not have a query"));
        }
        for url in authorization_server_urls(&url) {
            if let Some(document) =
                self.http.get_json::<AuthorizationServerMetadata>(&url, zone).await?
            {
                // Compared as strings: an equivalent URL may belong to another issuer (RFC 8414,
                // section 3.3).
                if document.issuer != issuer {
                    return Err(Error::untrusted(&url, "its metadata names another issuer"));
                }
                let document = Arc::new(document);
                self.insert(issuer, Arc::clone(&document));
                return Ok(document);
            }
        }
        let reason = "it has no authorization server metadata (RFC 8414 or OpenID Connect)";
        Err(Error::untrusted(&url, reason))
    }

    /// Returns the authorization server at the origin of an MCP server that names none, as revision
    /// 2025-03-26 specifies.
    async fn server_at_origin(
        &self,
        endpoint: &Endpoint,
    ) -> Result<Arc<AuthorizationServerMetadata>, Error> {
        let origin = endpoint.url().origin().ascii_serialization();
        let zone = NetworkZone::of(endpoint);
        let url = self.http.check(&origin, zone)?;
        for url in authorization_server_urls(&url) {
            if let Some(document) =
                self.http.get_json::<AuthorizationServerMetadata>(&url, zone).await?
            {
                return match document.issuer.strip_suffix('/').unwrap_or(&document.issuer) {
                    issuer if issuer == origin => Ok(Arc::new(document)),
                    _ => Err(Error::untrusted(&url, "its metadata names another issuer")),
                };
            }
        }
        let server = DisplayUrl(&url);
        tracing::debug!(%server, "no metadata; using the default endpoints of 2025-03-26");
        Ok(Arc::new(AuthorizationServerMetadata::with_default_endpoints(&origin)))
    }

    /// Removes the metadata of an authorization server from the cache, because it may be outdated.
    pub(crate) fn forget(&self, issuer: &str) {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).remove(issuer);
    }

    fn cached(&self, issuer: &str) -> Option<Arc<AuthorizationServerMetadata>> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, server) = cache.get(issuer)?;
        (since.elapsed() < CACHE_LIFETIME).then(|| Arc::clone(server))
    }

    fn insert(&self, issuer: &str, server: Arc<AuthorizationServerMetadata>) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.retain(|_, (since, _)| since.elapsed() < CACHE_LIFETIME);
        if cache.len() < MAX_CACHED_SERVERS {
            cache.insert(issuer.to_owned(), (Instant::now(), server));
        }
    }
}
