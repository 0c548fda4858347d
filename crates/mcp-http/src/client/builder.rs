//! The builder of an HTTP client: timeouts, proxies, certificates and address filters.

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use http::HeaderValue;
use rustls::ClientConfig;
use zeroize::Zeroizing;

use super::{
    http_client::{Backend, HttpClient, USER_AGENT},
    pool::{self, Pool},
    resolver::AddressFilter,
    response::without_url,
    tls,
};
use crate::error::Error;

impl HttpClient {
    /// Creates a client with the default settings. It makes direct connections, without a proxy,
    /// over HTTP/1.1 and HTTP/2. The connect timeout is 10 seconds. It accepts compressed
    /// responses, trusts the certificates of the system, and does not follow redirects.
    ///
    /// # Errors
    /// Returns [`Error::ClientBuild`] if the system does not provide what the client needs.
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// Creates a builder for a client with other settings than [`new`](Self::new).
    ///
    /// ```no_run
    /// # fn run(authority: Vec<u8>) -> Result<(), mcp_http::Error> {
    /// use mcp_http::{HttpClient, HttpTransport};
    ///
    /// let client = HttpClient::builder()
    ///     .proxy("http://proxy.example.com:3128")
    ///     .root_certificates(authority)
    ///     .build()?;
    /// let transport = HttpTransport::builder("https://mcp.example.com/mcp")
    ///     .http_client(client.clone())
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> HttpClientBuilder {
        HttpClientBuilder::new()
    }
}

/// A builder for an [`HttpClient`]. Created by [`HttpClient::builder`].
#[derive(Clone)]
#[must_use]
pub struct HttpClientBuilder {
    connect_timeout: Duration,
    proxy: Proxy,
    certificates: Vec<Vec<u8>>,
    identity: Option<Zeroizing<Vec<u8>>>,
    http2_only: bool,
    filter: Option<AddressFilter>,
    user_agent: String,
}

/// The proxy for connections to other machines.
#[derive(Clone)]
enum Proxy {
    None,
    Url(String),
    Environment,
}

impl HttpClientBuilder {
    fn new() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            proxy: Proxy::None,
            certificates: Vec::new(),
            identity: None,
            http2_only: false,
            filter: None,
            user_agent: USER_AGENT.to_owned(),
        }
    }

    /// Sets the time limit for a connection: name resolution, TCP and TLS together. Defaults to 10
    /// seconds.
    pub fn connect_timeout(self, connect_timeout: Duration) -> Self {
        Self { connect_timeout, ..self }
    }

    /// Sets the proxy for all servers except those on this machine. The URL may contain a user name
    /// and a password. The proxy sees the host of each request. It can read requests only over
    /// plain HTTP. Informational responses (1xx) through a proxy have no limit; see
    /// [`HttpClient::from_reqwest`].
    pub fn proxy(self, url: impl Into<String>) -> Self {
        Self { proxy: Proxy::Url(url.into()), ..self }
    }

    /// Uses the proxies of the environment (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY` and similar
    /// variables). They replace [`proxy`](Self::proxy). The variables are read when the client is
    /// built. By default, they are ignored.
    pub fn environment_proxies(self) -> Self {
        Self { proxy: Proxy::Environment, ..self }
    }

    /// Adds certificates of authorities to trust, in addition to those of the system. `pem`
    /// contains one or more certificates in PEM.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.certificates.push(pem.into());
        self
    }

    /// Sets the client certificate for servers that request one. `pem` contains the certificate,
    /// the intermediate certificates and the private key, all in PEM.
    pub fn identity(self, pem: impl Into<Vec<u8>>) -> Self {
        Self { identity: Some(Zeroizing::new(pem.into())), ..self }
    }

    /// Sets whether to use only HTTP/2, without negotiation, also over plain HTTP. Defaults to
    /// false.
    pub fn http2_prior_knowledge(self, http2_only: bool) -> Self {
        Self { http2_only, ..self }
    }

    /// Sets the header `User-Agent` of all requests. Defaults to `relay/VERSION`.
    pub fn user_agent(self, user_agent: impl Into<String>) -> Self {
        Self { user_agent: user_agent.into(), ..self }
    }

    /// Adds a filter for the addresses to connect to. `filter` gets the host of the URL and an IP
    /// address of the host. If there are several filters, all must return true.
    ///
    /// The client connects to exactly the address that was checked, and does not resolve the name
    /// again. A proxy resolves names itself. The filter does not apply to requests that are sent
    /// through a proxy.
    pub fn address_filter(
        self,
        filter: impl Fn(&str, IpAddr) -> bool + Send + Sync + 'static,
    ) -> Self {
        let earlier = self.filter.clone();
        let combined = move |host: &str, address: IpAddr| {
            earlier.as_ref().is_none_or(|earlier| earlier(host, address)) && filter(host, address)
        };
        Self { filter: Some(Arc::new(combined)), ..self }
    }

    /// Creates the client. No connection is made yet.
    ///
    /// # Errors
    /// Returns [`Error::ClientBuild`] if a setting is invalid, or if the system does not provide
    /// what the client needs. Returns [`Error::InvalidHeader`] if the `User-Agent` is invalid.
    pub fn build(self) -> Result<HttpClient, Error> {
        let user_agent = HeaderValue::try_from(&self.user_agent)
            .map_err(|_| Error::invalid_header_value("User-Agent"))?;
        let user_agent = Some(user_agent);
        let identity = self.identity.as_ref().map(|pem| pem.as_slice());
        let mut tls = tls::client_config(&self.certificates, identity)?;
        tls.alpn_protocols = match self.http2_only {
            true => vec!["h2".into()],
            false => vec!["h2".into(), "http/1.1".into()],
        };
        let pool =
            Pool::new(tls.clone(), self.connect_timeout, self.http2_only, self.filter.clone());
        let proxied = match &self.proxy {
            Proxy::None => {
                return Ok(HttpClient { backend: Backend::Direct(pool), user_agent });
            }
            Proxy::Url(url) => {
                self.reqwest_builder(tls).proxy(reqwest::Proxy::all(url).map_err(setup_error)?)
            }
            Proxy::Environment => self.reqwest_builder(tls),
        };
        let proxied = proxied.build().map_err(setup_error)?;
        Ok(HttpClient { backend: Backend::Proxied(proxied, pool), user_agent })
    }

    /// Returns a reqwest builder with the same settings, for connections through a proxy. If no
    /// proxy is set on it, reqwest uses the proxies of the environment.
    fn reqwest_builder(&self, tls: ClientConfig) -> reqwest::ClientBuilder {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.connect_timeout)
            .http2_initial_stream_window_size(pool::STREAM_WINDOW)
            .http2_initial_connection_window_size(pool::CONNECTION_WINDOW)
            .http2_keep_alive_interval(pool::KEEP_ALIVE);
        if self.http2_only { client.http2_prior_knowledge() } else { client }
    }
}

impl fmt::Debug for HttpClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClientBuilder").finish_non_exhaustive()
    }
}

fn setup_error(error: reqwest::Error) -> Error {
    Error::ClientBuild { source: without_url(error) }
}
