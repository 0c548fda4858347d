//! How connections are set up.

use std::{fmt, time::Duration};

use zeroize::Zeroizing;

use crate::{
    error::Error,
    http_client::{HttpClient, cause},
};

/// Sets up an [`HttpClient`]; made by [`HttpClient::builder`].
#[must_use]
pub struct HttpClientBuilder {
    connect_timeout: Duration,
    proxy: Proxy,
    certificates: Vec<Vec<u8>>,
    identity: Option<Zeroizing<Vec<u8>>>,
    only_http2: bool,
}

/// What stands between a client and servers on other machines.
enum Proxy {
    None,
    Url(String),
    OfEnvironment,
}

impl HttpClientBuilder {
    pub(crate) fn new() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            proxy: Proxy::None,
            certificates: Vec::new(),
            identity: None,
            only_http2: false,
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

impl fmt::Debug for HttpClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClientBuilder").finish_non_exhaustive()
    }
}

fn setup(error: reqwest::Error) -> Error {
    Error::Setup { source: cause(error) }
}
