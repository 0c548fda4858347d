//! Discovery of the authorization server of an MCP server (MCP authorization, "Authorization Server
//! Discovery").
//!
//! The requests, in their order, for the MCP server `https://mcp/a` and the issuer `https://as/t`:
//!
//! | step | URL | next |
//! | --- | --- | --- |
//! | 1 | `resource_metadata` of the challenge | step 4, or step 2 if there is none or it is unusable |
//! | 2 | `https://mcp/.well-known/oauth-protected-resource/a` | step 4, or step 3 |
//! | 3 | `https://mcp/.well-known/oauth-protected-resource` | step 4, or step 7 if no step found a document |
//! | 4 | `https://as/.well-known/oauth-authorization-server/t` | done, or step 5 |
//! | 5 | `https://as/.well-known/openid-configuration/t` | done, or step 6 |
//! | 6 | `https://as/t/.well-known/openid-configuration` | done, or step 4 with the next issuer |
//! | 7 | `https://mcp/.well-known/oauth-authorization-server` | done, or step 8 |
//! | 8 | `https://mcp/.well-known/openid-configuration` | done, or the default endpoints of 2025-03-26 |
//!
//! A step is unusable if its URL is unsafe, if there is no JSON document with status 200, or if the
//! document names another resource or issuer. If all steps of a kind are unusable and one of them is
//! wrong rather than missing, discovery fails with the first error. If a host cannot be reached, its
//! other URLs are not tried.
//!
//! If the settings of the server have a `metadata_url`, it replaces steps 4 to 8. If they have the
//! endpoints, nothing replaces those steps. Steps 1 to 3 then only serve to find the scopes.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use mcp_http::Endpoint;
use tokio::time::Instant;
use url::Url;

use super::{
    configured,
    issuer::{is_same_issuer, quoted_url},
    metadata::{
        AuthorizationServerMetadata, MAX_LIST_ENTRIES, ProtectedResourceMetadata,
        authorization_server_urls, protected_resource_urls,
    },
    search::Search,
};
use crate::{
    error::{DisplayUrl, Error},
    http::GuardedClient,
    settings::OAuthSettings,
};

/// The time for which authorization server metadata is cached.
const CACHE_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// The largest number of cached metadata documents. The oldest is evicted.
const MAX_CACHED_SERVERS: usize = 1_000;
/// The largest number of authorization servers of one MCP server that are tried.
const MAX_SERVERS_TRIED: usize = 5;

/// Discovers authorization servers, and caches their metadata.
#[derive(Default)]
pub(crate) struct Discovery {
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
    /// Fetches the metadata of an MCP server. It is not cached. Returns `None` if there is none.
    ///
    /// Tries the URL of the challenge, then the well-known URLs of the server's own origin.
    ///
    /// # Errors
    ///
    /// Returns the first error if no URL has valid metadata.
    pub(crate) async fn protected_resource(
        &self,
        http: &GuardedClient,
        endpoint: &Endpoint,
        metadata_url: Option<&str>,
    ) -> Result<Option<ProtectedResourceMetadata>, Error> {
        let mut search = Search::new(http);
        let validate = |url: &Url, document| validate(endpoint, url, document);
        let named_url = metadata_url.map(|url| http.check(url)).transpose();
        let named_url = named_url.unwrap_or_else(|error| {
            search.record(error);
            None
        });
        if let Some(url) = &named_url {
            if let Some(document) = search.try_url(url, validate).await {
                return Ok(Some(document));
            }
            search.record(Error::untrusted(url, "it has no valid protected resource metadata"));
        }
        let well_known = protected_resource_urls(endpoint.url());
        let at_root = endpoint.url().path() == "/";
        for url in well_known.iter().skip(usize::from(at_root)) {
            if Some(url) == named_url.as_ref() {
                continue;
            }
            if let Some(document) = search.try_url(url, validate).await {
                return Ok(Some(document));
            }
        }
        search.finish()
    }

    /// Discovers the authorization server of an MCP server.
    ///
    /// It is the one that the settings locate, if they do. Otherwise, if the MCP server names several,
    /// chooses the configured one, or else the first that is usable. If it names none, chooses the
    /// configured one, or else the one at the origin of the MCP server.
    pub(crate) async fn discover(
        &self,
        http: &GuardedClient,
        endpoint: &Endpoint,
        metadata_url: Option<&str>,
        settings: &OAuthSettings,
        is_usable: impl Fn(&AuthorizationServerMetadata) -> bool,
    ) -> Result<DiscoveryResult, Error> {
        let located = configured::configured_server(http, settings).await?;
        let document = match self.protected_resource(http, endpoint, metadata_url).await {
            // The document is then needed only for scopes.
            Err(error @ Error::Untrusted { .. }) if located.is_some() => {
                tracing::debug!(%error, "ignoring the protected resource metadata");
                None
            }
            document => document?,
        };
        let document =
            document.unwrap_or_else(|| ProtectedResourceMetadata::without_document(endpoint));
        let listed = document.authorization_servers;
        let configured = settings.authorization_server.as_deref().map(|configured| {
            let found = listed.iter().find(|listed| is_same_issuer(listed, configured));
            (configured, found)
        });
        let issuers = match configured {
            Some((_, Some(listed))) => vec![listed.clone()],
            Some((configured, None)) if listed.is_empty() => vec![configured.to_owned()],
            _ => listed,
        };
        let authorization_server = match located {
            Some(located) => Arc::new(located),
            None if issuers.is_empty() => self.server_at_origin(http, endpoint, settings).await?,
            None => self.first_usable(http, &issuers, settings, is_usable).await?,
        };
        let ProtectedResourceMetadata { resource, scopes_supported, .. } = document;
        let resource = settings.resource.clone().unwrap_or(resource);
        Ok(DiscoveryResult { resource, scopes_supported, authorization_server })
    }

    /// Returns the first authorization server that is usable. If none is, returns the first with
    /// metadata, so that the caller can report what it lacks.
    async fn first_usable(
        &self,
        http: &GuardedClient,
        issuers: &[String],
        settings: &OAuthSettings,
        is_usable: impl Fn(&AuthorizationServerMetadata) -> bool,
    ) -> Result<Arc<AuthorizationServerMetadata>, Error> {
        let mut first = None;
        for issuer in issuers.iter().take(MAX_SERVERS_TRIED) {
            let server = self.authorization_server(http, issuer, settings).await;
            match server {
                Ok(server) if is_usable(&server) => return Ok(server),
                Err(error) if issuers.len() > 1 => {
                    tracing::debug!(%error, "trying the next authorization server");
                    first = first.or(Some(Err(error)));
                }
                outcome if !matches!(first, Some(Ok(_))) => first = Some(outcome),
                _ => {}
            }
        }
        first.expect("there is at least one issuer")
    }

    /// Returns the metadata of an authorization server, from the cache or the network.
    pub(crate) async fn authorization_server(
        &self,
        http: &GuardedClient,
        issuer: &str,
        settings: &OAuthSettings,
    ) -> Result<Arc<AuthorizationServerMetadata>, Error> {
        let url = http.check(issuer)?;
        // Metadata that only the settings of one server accept must not be used for another.
        let may_cache = settings.dangerously_accept_issuers.is_empty();
        if let Some(cached) = self.cached(issuer).filter(|_| may_cache) {
            return Ok(cached);
        }
        if url.query().is_some() {
            return Err(Error::untrusted(&url, "an issuer must not have a query"));
        }
        if let Some(document) = self.metadata_of(http, issuer, &url, settings).await? {
            let document = Arc::new(document);
            if may_cache {
                self.insert(issuer, Arc::clone(&document));
            }
            return Ok(document);
        }
        let reason = "it has no authorization server metadata (RFC 8414 or OpenID Connect)";
        Err(Error::untrusted(&url, reason))
    }

    /// Returns the authorization server at the origin of an MCP server that names none, as revision
    /// 2025-03-26 specifies.
    async fn server_at_origin(
        &self,
        http: &GuardedClient,
        endpoint: &Endpoint,
        settings: &OAuthSettings,
    ) -> Result<Arc<AuthorizationServerMetadata>, Error> {
        let origin = endpoint.url().origin().ascii_serialization();
        let url = http.check(&origin)?;
        if let Some(document) = self.metadata_of(http, &origin, &url, settings).await? {
            return Ok(Arc::new(document));
        }
        let server = DisplayUrl(&url);
        tracing::debug!(%server, "no metadata; using the default endpoints of 2025-03-26");
        Ok(Arc::new(AuthorizationServerMetadata::with_default_endpoints(&origin)))
    }

    /// Fetches the metadata of an issuer from its well-known URLs. Returns `None` if there is none.
    async fn metadata_of(
        &self,
        http: &GuardedClient,
        issuer: &str,
        url: &Url,
        settings: &OAuthSettings,
    ) -> Result<Option<AuthorizationServerMetadata>, Error> {
        let mut search = Search::new(http);
        let validate =
            |url: &Url, document| configured::check_issuer(document, url, issuer, settings);
        for url in authorization_server_urls(url) {
            if let Some(document) = search.try_url(&url, validate).await {
                return Ok(Some(document));
            }
        }
        search.finish()
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
        if cache.len() >= MAX_CACHED_SERVERS
            && let Some(oldest) = cache.iter().min_by_key(|(_, (since, _))| *since)
        {
            let oldest = oldest.0.clone();
            cache.remove(&oldest);
        }
        cache.insert(issuer.to_owned(), (Instant::now(), server));
    }
}

/// Returns the document if it is the metadata of `endpoint`.
fn validate(
    endpoint: &Endpoint,
    url: &Url,
    mut document: ProtectedResourceMetadata,
) -> Result<ProtectedResourceMetadata, Error> {
    if !document.is_valid_for(endpoint, url) {
        let named = quoted_url(&document.resource);
        let reason = format!("its metadata names resource {named}, expected \"{endpoint}\"");
        return Err(Error::untrusted(url, reason));
    }
    document.authorization_servers.truncate(MAX_LIST_ENTRIES);
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_cache_evicts_the_oldest_metadata() {
        let discovery = Discovery::default();
        let server = || Arc::new(AuthorizationServerMetadata::with_default_endpoints("i"));
        for number in 0..=MAX_CACHED_SERVERS {
            discovery.insert(&number.to_string(), server());
        }
        assert!(discovery.cached("0").is_none());
        for kept in [1, MAX_CACHED_SERVERS] {
            assert!(discovery.cached(&kept.to_string()).is_some(), "{kept}");
        }
        assert_eq!(discovery.cache.lock().unwrap().len(), MAX_CACHED_SERVERS);
    }
}
