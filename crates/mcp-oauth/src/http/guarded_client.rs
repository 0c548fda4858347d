//! An HTTP client for metadata and the endpoints of authorization servers.
//!
//! These URLs come from servers, so each is checked first (MCP security best practices,
//! "Server-Side Request Forgery"). A URL must use HTTPS, except on this machine. No address may be
//! on a private network, even if a host name resolves to it. The size and time of a response are
//! limited.

use std::{collections::BTreeSet, error::Error as StdError, net::IpAddr, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use mcp_http::{
    AddressBlocked, Endpoint, HttpClient, HttpClientBuilder, OAuthSettings, mcp_client::Truncated,
    retry_after,
};
use serde::de::DeserializeOwned;
use tokio::time;
use url::{Host, Url};

use super::address::is_public;
use crate::error::{DisplayUrl, Error, TemporaryStatus};

/// The largest response, in bytes after decompression.
const MAX_RESPONSE_SIZE: usize = 1024 * 1024;
/// The timeout of a request, including redirects.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest number of redirects of metadata, all within one origin.
const MAX_REDIRECTS: usize = 3;

/// The reason for the rejection of a private address, and what to do about it.
const PRIVATE_ADDRESS: &str = "it is on a private network or on this machine; if this is intended, \
     \"allow_hosts\" in the settings of the server allows its host";

/// The reason for the rejection of plain HTTP, and what to do about it.
const INSECURE_HTTP: &str = "it does not use HTTPS, so others could read the tokens; \
     \"dangerously_allow_insecure_http\" in the settings of the server allows it";

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// An HTTP client that only sends requests to safe URLs and addresses.
#[derive(Clone)]
pub(crate) struct GuardedClient {
    /// Connects to public addresses, and to this machine by its name.
    public: HttpClient,
    /// Connects to all addresses. It is for the allowed hosts only.
    unrestricted: HttpClient,
    /// The hosts that may have private addresses.
    allowed_hosts: BTreeSet<String>,
    /// Set if requests are for an MCP server on this machine, which may name URLs on it.
    allows_loopback: bool,
    allows_insecure_http: bool,
}

impl GuardedClient {
    /// Creates a client. `allowed_hosts` are allowed for all MCP servers.
    pub(crate) fn new(
        http: HttpClientBuilder,
        allowed_hosts: BTreeSet<String>,
    ) -> Result<Self, mcp_http::Error> {
        Ok(Self {
            unrestricted: http.clone().build()?,
            public: http.address_filter(is_allowed_address).build()?,
            allowed_hosts,
            allows_loopback: false,
            allows_insecure_http: false,
        })
    }

    /// Returns the client for requests that belong to one MCP server.
    ///
    /// The application names the hosts of the MCP server and of its settings, so they are allowed.
    /// Others come from the MCP server or its authorization server.
    pub(crate) fn for_server(&self, endpoint: &Endpoint, settings: &OAuthSettings) -> Self {
        let own = endpoint.url().host_str().map(str::to_owned);
        // Invalid settings are rejected when the application's client is built.
        let configured = settings.allowed_hosts().unwrap_or_default();
        let is_local = is_loopback(endpoint.url());
        let mut client = self.clone();
        client.allowed_hosts.extend(own.into_iter().filter(|_| !is_local).chain(configured));
        client.allows_loopback = is_local;
        client.allows_insecure_http = settings.dangerously_allow_insecure_http;
        client
    }

    /// Parses and checks a URL from a server. Returns an error if no request may be sent to it.
    pub(crate) fn check(&self, url: &str) -> Result<Url, Error> {
        let not_a_url =
            || Error::Untrusted { url: without_secrets(url), reason: "it is not a URL".to_owned() };
        let parsed = Url::parse(url).map_err(|_| not_a_url())?;
        // The parser drops these characters, so the text could differ from the URL that is
        // requested.
        if url.contains(|c: char| c.is_control() || c.is_whitespace()) {
            return Err(not_a_url());
        }
        let untrusted = |reason: &str| Error::untrusted(&parsed, reason);
        let host = parsed.host_str().ok_or_else(|| untrusted("it has no host"))?;
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(untrusted("it contains a user name or password"));
        }
        if parsed.fragment().is_some() {
            return Err(untrusted("it contains a fragment"));
        }
        let loopback = is_loopback(&parsed);
        match parsed.scheme() {
            "https" => {}
            "http" if loopback || self.allows_insecure_http => {}
            "http" => return Err(untrusted(INSECURE_HTTP)),
            _ => return Err(untrusted("it does not use HTTPS")),
        }
        let literal = match parsed.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            _ => None,
        };
        let private = literal.is_some_and(|address| !is_public(address));
        let is_local_server = loopback && self.allows_loopback;
        if (loopback || private) && !is_local_server && !self.allowed_hosts.contains(host) {
            return Err(untrusted(PRIVATE_ADDRESS));
        }
        Ok(parsed)
    }

    /// Fetches a JSON document. Returns `None` if there is none at the URL.
    pub(crate) async fn get_json<T: DeserializeOwned>(
        &self,
        url: &Url,
    ) -> Result<Option<T>, Error> {
        with_timeout(url, self.get_following_redirects(url)).await
    }

    async fn get_following_redirects<T: DeserializeOwned>(
        &self,
        url: &Url,
    ) -> Result<Option<T>, Error> {
        let mut current = self.check(url.as_str())?;
        for _ in 0..=MAX_REDIRECTS {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, JSON);
            let response = self.send(Method::GET, &current, headers, Bytes::new()).await?;
            let status = response.status();
            // The document may exist although the server cannot deliver it now.
            if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
                return Err(status_error(&current, status, response.headers()));
            }
            if !status.is_redirection() {
                let found = status == StatusCode::OK;
                return Ok(found.then(|| serde_json::from_slice(response.body()).ok()).flatten());
            }
            let location = response.headers().get(header::LOCATION).and_then(|it| it.to_str().ok());
            match location.and_then(|location| current.join(location).ok()) {
                // Another origin must not supply the metadata of this one.
                Some(next) if next.origin() == current.origin() => {
                    current = self.check(next.as_str())?;
                }
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Requests a page like a browser. Follows no redirect.
    pub(crate) async fn get_page(&self, url: &Url) -> Result<Response<Bytes>, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("text/html, */*"));
        with_timeout(url, self.send(Method::GET, url, headers, Bytes::new())).await
    }

    /// Posts JSON.
    pub(crate) async fn post_json(
        &self,
        url: &Url,
        json: Vec<u8>,
    ) -> Result<Response<Bytes>, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, JSON);
        headers.insert(header::CONTENT_TYPE, JSON);
        with_timeout(url, self.send(Method::POST, url, headers, json.into())).await
    }

    /// Posts a form.
    pub(crate) async fn post_form(
        &self,
        url: &Url,
        mut headers: HeaderMap,
        form: String,
    ) -> Result<Response<Bytes>, Error> {
        headers.insert(header::ACCEPT, JSON);
        headers.insert(header::CONTENT_TYPE, FORM);
        with_timeout(url, self.send(Method::POST, url, headers, form.into())).await
    }

    async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Bytes>, Error> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = url.as_str().parse().map_err(|_| invalid_uri(url))?;
        *request.headers_mut() = headers;
        let is_allowed = url.host_str().is_some_and(|host| self.allowed_hosts.contains(host));
        let http = if is_allowed { &self.unrestricted } else { &self.public };
        let response = match self.allows_insecure_http {
            true => http.dangerously_fetch_insecure(request, MAX_RESPONSE_SIZE).await,
            false => http.fetch(request, MAX_RESPONSE_SIZE).await,
        };
        response.map_err(|error| match error {
            mcp_http::Error::TooLarge { .. } => Error::untrusted(url, error.to_string()),
            _ if is_address_blocked(&error) => Error::untrusted(url, PRIVATE_ADDRESS),
            _ => Error::unreachable(url, error),
        })
    }
}

/// Returns an error if the work does not complete in time.
async fn with_timeout<T>(
    url: &Url,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let timed_out = || Error::unreachable(url, format!("no response within {TIMEOUT:?}"));
    time::timeout(TIMEOUT, work).await.unwrap_or_else(|_| Err(timed_out()))
}

/// Returns `true` if the connection failed because the address filter blocked all addresses.
fn is_address_blocked(error: &(dyn StdError + 'static)) -> bool {
    error.is::<AddressBlocked>() || error.source().is_some_and(is_address_blocked)
}

/// Returns the part of an invalid URL that can be shown: no query and no password.
fn without_secrets(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let url = url.rsplit('@').next().unwrap_or_default();
    Truncated(url).to_string()
}

fn invalid_uri(url: &Url) -> Error {
    Error::untrusted(url, "it contains characters that HTTP does not allow")
}

/// Returns the error for a status that means that the server is temporarily unavailable.
pub(crate) fn status_error(url: &Url, status: StatusCode, headers: &HeaderMap) -> Error {
    Error::Unreachable {
        url: DisplayUrl(url).to_string(),
        retry_after: retry_after(headers),
        source: TemporaryStatus(status).into(),
    }
}

/// Returns `true` if a host that is not explicitly allowed may have this address.
fn is_allowed_address(host: &str, address: IpAddr) -> bool {
    // `check` decides by the URL alone if requests to this machine are allowed.
    let is_local = is_loopback_host(host) && address.to_canonical().is_loopback();
    is_public(address) || is_local
}

/// Returns `true` if a URL is on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(is_loopback_host)
}

fn is_loopback_host(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    match address {
        Ok(address) => IpAddr::to_canonical(&address).is_loopback(),
        Err(_) => host == "localhost",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the client for requests of an MCP server.
    fn client(server: &str, settings: &OAuthSettings) -> GuardedClient {
        let client = GuardedClient::new(HttpClient::builder(), BTreeSet::new()).unwrap();
        client.for_server(&Endpoint::parse(server).unwrap(), settings)
    }

    #[test]
    fn rejects_unsafe_urls() {
        // AUTH-20, AUTH-42, AUTH-43, AUTH-44, N-AUTH-16
        let client = client("https://mcp.example/", &OAuthSettings::new());
        for good in ["https://a.example/x", "https://1.1.1.1/", "https://a.example:8443/?b=c"] {
            client.check(good).unwrap();
        }
        for bad in [
            "http://a.example/",
            "https://10.0.0.1/",
            "https://[fd00::1]/",
            "https://localhost/",
            "http://127.0.0.1/",
            "http://2130706433/",
            "https://169.254.169.254/latest/meta-data/",
            "https://[::ffff:127.0.0.1]/",
            "https://user@a.example/",
            "https://a.example/#b",
            "javascript:alert(1)",
            "data:,x",
            "file:///etc/passwd",
            "//a.example/",
            "",
            "https://",
            "https://a.example/\n",
            " https://a.example/",
            "https://a.exa\tmple/",
            "https://a.example/\u{1b}[2J",
            "https://a.example/\u{a0}",
        ] {
            let error = client.check(bad).unwrap_err();
            assert!(matches!(error, Error::Untrusted { .. }), "{bad}");
            assert!(!error.to_string().contains(char::is_control), "{error}");
        }
        for hidden in ["https://s3cret@a.example/?s3cret", "https://s3cret@:b/", "s3cret@a?s3cret"]
        {
            let error = client.check(hidden).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn rejects_host_names_that_resolve_to_private_addresses() {
        // AUTH-43: the address is checked at connection time (DNS rebinding)
        for (host, address) in [
            ("login.example", "127.0.0.1"),
            ("login.example", "169.254.169.254"),
            ("login.example", "::ffff:10.0.0.1"),
            ("localhost.", "127.0.0.1"),
            ("api.localhost", "::1"),
            ("localhost", "10.0.0.1"),
            ("localhost", "0.0.0.0"),
        ] {
            assert!(!is_allowed_address(host, address.parse().unwrap()), "{host} {address}");
        }
        for (host, address) in
            [("login.example", "1.1.1.1"), ("localhost", "::1"), ("[::1]", "::1")]
        {
            assert!(is_allowed_address(host, address.parse().unwrap()), "{host} {address}");
        }
    }

    #[test]
    fn allows_loopback_for_local_servers_and_hosts_that_the_application_names() {
        let new = OAuthSettings::new;
        let (remote, local) = ("https://mcp.example/", "http://127.0.0.1:1/mcp");
        let at = |host: &str| new().authorization_server(format!("https://{host}/x"));
        for (server, settings, url, is_allowed) in [
            (local, new(), "http://localhost:1/a", true),
            (local, new(), "https://10.0.0.1/", false),
            (remote, new(), "https://localhost:1/a", false),
            (remote, new().allow_hosts(["10.0.0.1"]), "https://10.0.0.1/", true),
            (remote, new().allow_hosts(["10.0.0.1"]), "http://10.0.0.1/", false),
            (remote, new().allow_hosts(["localhost"]), "http://localhost:1/", true),
            (remote, at("10.0.0.2"), "https://10.0.0.2:8443/token", true),
            ("https://10.0.0.3/mcp", new(), "https://10.0.0.3/token", true),
            ("https://10.0.0.3/mcp", new(), "https://10.0.0.4/token", false),
            (remote, new().dangerously_allow_insecure_http(true), "http://a.example/", true),
            (remote, new().dangerously_allow_insecure_http(true), "http://10.0.0.1/", false),
        ] {
            let checked = client(server, &settings).check(url);
            assert_eq!(checked.is_ok(), is_allowed, "{server} {settings:?} {url}: {checked:?}");
        }
    }
}
