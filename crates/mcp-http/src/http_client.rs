//! The one place that knows which HTTP library does the work.

use std::{error::Error as StdError, fmt, io, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use mcp_client::BoxError;
use url::Url;
use zeroize::Zeroizing;

use crate::{endpoint::Endpoint, error::Error};

/// Connections to servers, shared by all users and all servers that are given a clone of it.
#[derive(Clone)]
pub struct HttpClient {
    client: reqwest::Client,
    /// For what does not leave this machine, where the other one has a proxy.
    direct: Option<reqwest::Client>,
}

/// Sets up an [`HttpClient`]; made by [`HttpClient::builder`].
#[must_use]
pub struct HttpClientBuilder {
    connect_timeout: Duration,
    proxy: Proxy,
    certificates: Vec<Vec<u8>>,
    identity: Option<Zeroizing<Vec<u8>>>,
    only_http2: bool,
}

enum Proxy {
    None,
    Url(String),
    OfEnvironment,
}

impl HttpClientBuilder {
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
        Self { proxy: Proxy::OfEnvironment, ..self }
    }

    /// Certificates of authorities to trust besides the machine's, in PEM, one or more.
    pub fn certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.certificates.push(pem.into());
        self
    }

    /// What to show to servers that ask who the client is: its certificate, those in between, and
    /// their private key, in PEM.
    pub fn identity(self, pem: impl Into<Vec<u8>>) -> Self {
        Self { identity: Some(Zeroizing::new(pem.into())), ..self }
    }

    /// Speaks HTTP/2 without asking whether the server does, over plain HTTP too.
    pub fn http2_prior_knowledge(self, only_http2: bool) -> Self {
        Self { only_http2, ..self }
    }

    /// The client. No connection is made yet.
    ///
    /// # Errors
    /// [`Error::Setup`] if one of the settings is not what it should be, or the machine does not
    /// allow for a client.
    pub fn build(self) -> Result<HttpClient, Error> {
        let client = self.client(&self.proxy)?;
        let direct = match self.proxy {
            Proxy::None => None,
            Proxy::Url(_) | Proxy::OfEnvironment => Some(self.client(&Proxy::None)?),
        };
        Ok(HttpClient { client, direct })
    }

    fn client(&self, proxy: &Proxy) -> Result<reqwest::Client, Error> {
        let mut certificates = Vec::new();
        for pem in &self.certificates {
            let found = reqwest::Certificate::from_pem_bundle(pem).map_err(setup)?;
            if found.is_empty() {
                return Err(Error::Setup { source: "there is no certificate in the PEM".into() });
            }
            certificates.extend(found);
        }
        let of_machine = self.settings(proxy)?.tls_certs_merge(certificates.clone()).build();
        // Without certificates of the machine, the other ones still work, and so does plain HTTP.
        of_machine.or_else(|error| {
            tracing::warn!(%error, "the certificates of this machine are of no use");
            self.settings(proxy)?.tls_certs_only(certificates).build().map_err(setup)
        })
    }

    fn settings(&self, proxy: &Proxy) -> Result<reqwest::ClientBuilder, Error> {
        const STREAM_WINDOW: u32 = 1024 * 1024;
        const CONNECTION_WINDOW: u32 = 16 * STREAM_WINDOW;
        let mut settings = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.connect_timeout)
            .http2_initial_stream_window_size(STREAM_WINDOW)
            .http2_initial_connection_window_size(CONNECTION_WINDOW)
            .http2_keep_alive_interval(Duration::from_secs(30));
        match proxy {
            Proxy::None => settings = settings.no_proxy(),
            Proxy::Url(url) => settings = settings.proxy(reqwest::Proxy::all(url).map_err(setup)?),
            Proxy::OfEnvironment => {}
        }
        if let Some(pem) = &self.identity {
            settings = settings.identity(reqwest::Identity::from_pem(pem).map_err(setup)?);
        }
        if self.only_http2 {
            settings = settings.http2_prior_knowledge();
        }
        Ok(settings)
    }
}

impl HttpClient {
    /// A client with this crate's settings: no redirects, no proxy, 10 seconds to connect, HTTP/1.1
    /// and HTTP/2, compressed answers, the machine's certificates.
    ///
    /// # Errors
    /// [`Error::Setup`] if the machine does not allow for one.
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
    ///     .certificates(own_authority)
    ///     .build()?;
    /// let transport = HttpTransport::builder("https://mcp.example.com/mcp")
    ///     .http_client(connections.clone())
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> HttpClientBuilder {
        HttpClientBuilder {
            connect_timeout: Duration::from_secs(10),
            proxy: Proxy::None,
            certificates: Vec::new(),
            identity: None,
            only_http2: false,
        }
    }

    /// Takes a client that is set up elsewhere, for what [`builder`](Self::builder) does not offer.
    ///
    /// It is shared by all users, so it must have neither cookies nor an `Authorization` of its own;
    /// it must not follow redirects, which would take the session id along; and what goes to this
    /// machine over plain HTTP must not go through its proxy, which could read the tokens.
    pub fn from_reqwest(client: reqwest::Client) -> Self {
        Self { client, direct: None }
    }

    pub(crate) async fn send(
        &self,
        endpoint: &Endpoint,
        method: Method,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response, Error> {
        let mut request = reqwest::Request::new(method, Url::clone(endpoint.url()));
        *request.headers_mut() = headers;
        *request.body_mut() = Some(body.into());
        let direct = self.direct.as_ref().filter(|_| endpoint.is_loopback());
        match direct.unwrap_or(&self.client).execute(request).await {
            Ok(response) => Ok(Response { endpoint: endpoint.clone(), response }),
            Err(error) if error.is_connect() => {
                Err(Error::Unreachable { endpoint: endpoint.clone(), source: cause(error) })
            }
            Err(error) => {
                Err(Error::Interrupted { endpoint: endpoint.clone(), source: cause(error) })
            }
        }
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpClient")
    }
}

impl fmt::Debug for HttpClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClientBuilder").finish_non_exhaustive()
    }
}

/// What the server sent: the head, and the body piece by piece.
pub(crate) struct Response {
    pub(crate) endpoint: Endpoint,
    response: reqwest::Response,
}

impl Response {
    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The length that the server announced, before decompression.
    pub(crate) fn announced_length(&self) -> Option<u64> {
        self.response.content_length()
    }

    /// The next piece of the body, after decompression; `None` at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.response.chunk().await.map_err(|error| {
            let endpoint = self.endpoint.clone();
            // What a connection does comes as an error of the library; only decompression gives this.
            match error.source().is_some_and(<dyn StdError>::is::<io::Error>) {
                true => Error::Protocol { endpoint, reason: "a body cannot be decompressed" },
                false => Error::Interrupted { endpoint, source: cause(error) },
            }
        })
    }
}

fn setup(error: reqwest::Error) -> Error {
    Error::Setup { source: cause(error) }
}

/// The error without the URL, which may hold a key in its query.
fn cause(error: reqwest::Error) -> BoxError {
    error.without_url().into()
}
