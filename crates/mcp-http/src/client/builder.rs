//! The settings of an HTTP client: timeouts, proxies, certificates, address filters.

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use rustls::ClientConfig;
use zeroize::Zeroizing;

use super::{
    http_client::{Backend, HttpClient},
    pool::{self, Pool},
    resolver::AddressFilter,
    response::without_url,
    tls,
};
use crate::error::Error;

impl HttpClient {
    /// A client with this crate's settings: no redirects, no proxy, 10 seconds to connect, HTTP/1.1
    /// and HTTP/2, compressed answers, the machine's certificates.
    ///
    /// # Errors
    /// [`Error::ClientBuild`] if the machine does not allow for one.
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// Begins to set up a client that differs from [`new`](Self::new).
    ///
    /// ```no_run
    /// # fn run(own_authority: Vec<u8>) -> Result<(), mcp_http::Error> {
    /// use mcp_http::{HttpClient, HttpTransport};
    ///
    /// let connections = HttpClient::builder()
    ///     .proxy("http://proxy.example.com:3128")
    ///     .root_certificates(own_authority)
    ///     .build()?;
    /// let transport = HttpTransport::builder("https://mcp.example.com/mcp")
    ///     .http_client(connections.clone())
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> HttpClientBuilder {
        HttpClientBuilder::new()
    }
}

/// Sets up an [`HttpClient`]; made by [`HttpClient::builder`].
#[must_use]
pub struct HttpClientBuilder {
    connect_timeout: Duration,
    proxy: Proxy,
    certificates: Vec<Vec<u8>>,
    identity: Option<Zeroizing<Vec<u8>>>,
    http2_only: bool,
    filter: Option<AddressFilter>,
}

/// The proxy for connections to other machines.
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
        }
    }

    /// The time for making a connection; 10 seconds.
    pub fn connect_timeout(self, connect_timeout: Duration) -> Self {
        Self { connect_timeout, ..self }
    }

    /// A proxy for all servers but those on this machine, which may have a name and a password in its
    /// URL. It sees where a request goes, and what it holds only where that is plain HTTP.
    pub fn proxy(self, url: impl Into<String>) -> Self {
        Self { proxy: Proxy::Url(url.into()), ..self }
    }

    /// The proxies that the environment names when the client is built (`HTTPS_PROXY`, `ALL_PROXY`,
    /// `NO_PROXY` and their like), in place of [`proxy`](Self::proxy); the environment is not asked
    /// unless this is set.
    pub fn environment_proxies(self) -> Self {
        Self { proxy: Proxy::Environment, ..self }
    }

    /// Certificates of authorities to trust besides the machine's, in PEM, one or more.
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.certificates.push(pem.into());
        self
    }

    /// What to show to servers that ask who the client is: its certificate, those in between, and
    /// their private key, in PEM.
    pub fn identity(self, pem: impl Into<Vec<u8>>) -> Self {
        Self { identity: Some(Zeroizing::new(pem.into())), ..self }
    }

    /// Speaks HTTP/2 without asking whether the server does, over plain HTTP too.
    pub fn http2_prior_knowledge(self, http2_only: bool) -> Self {
        Self { http2_only, ..self }
    }

    /// Connects only where `filter` says so, by the host of the URL and by the address that it stands
    /// for; of several filters, where all say so. What is connected to is the very address that was
    /// looked at. A proxy looks up names by itself, so that nothing filters what goes through it.
    pub fn address_filter(
        self,
        filter: impl Fn(&str, IpAddr) -> bool + Send + Sync + 'static,
    ) -> Self {
        let before = self.filter.clone();
        let all = move |host: &str, address: IpAddr| {
            before.as_ref().is_none_or(|before| before(host, address)) && filter(host, address)
        };
        Self { filter: Some(Arc::new(all)), ..self }
    }

    /// The client. No connection is made yet.
    ///
    /// # Errors
    /// [`Error::ClientBuild`] if one of the settings is not what it should be, or the machine does not
    /// allow for a client.
    pub fn build(self) -> Result<HttpClient, Error> {
        let identity = self.identity.as_ref().map(|pem| pem.as_slice());
        let mut tls = tls::client_config(&self.certificates, identity)?;
        tls.alpn_protocols = match self.http2_only {
            true => vec!["h2".into()],
            false => vec!["h2".into(), "http/1.1".into()],
        };
        let pool =
            Pool::new(tls.clone(), self.connect_timeout, self.http2_only, self.filter.clone());
        let proxied = match &self.proxy {
            Proxy::None => return Ok(HttpClient(Backend::Direct(pool))),
            Proxy::Url(url) => {
                self.reqwest_builder(tls).proxy(reqwest::Proxy::all(url).map_err(setup_error)?)
            }
            Proxy::Environment => self.reqwest_builder(tls),
        };
        let proxied = proxied.build().map_err(setup_error)?;
        Ok(HttpClient(Backend::Proxied(proxied, pool)))
    }

    /// Returns a reqwest builder with the same settings, for connections through a proxy. Unless
    /// one is set, reqwest takes the proxies of the environment.
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
