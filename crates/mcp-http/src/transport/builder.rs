//! The builder of a transport: server, connections, token source, headers, limits.

use std::{fmt, sync::Arc};

use http::HeaderMap;

use super::{
    http::HttpTransport,
    sender::{Sender, Server},
};
use crate::{
    auth::{AccessToken, TokenSource},
    client::HttpClient,
    endpoint::Endpoint,
    error::Error,
    message::{Headers, default_headers},
};

impl HttpTransport {
    /// Sets up a transport to the server at `url`.
    pub fn builder(url: impl Into<String>) -> HttpTransportBuilder {
        HttpTransportBuilder {
            url: url.into(),
            client: None,
            headers: Headers::new(),
            token_source: None,
            insecure: false,
            message_limit: Self::DEFAULT_MAX_MESSAGE_SIZE,
        }
    }
}

/// Sets up an [`HttpTransport`]; made by [`HttpTransport::builder`].
#[must_use]
pub struct HttpTransportBuilder {
    url: String,
    client: Option<HttpClient>,
    headers: Headers,
    token_source: Option<Arc<dyn TokenSource>>,
    insecure: bool,
    message_limit: usize,
}

impl HttpTransportBuilder {
    /// A token to send with every request.
    pub fn bearer_token(self, token: impl Into<AccessToken>) -> Self {
        self.token_source(token.into())
    }

    /// Where to get the token for each request.
    pub fn token_source(self, source: impl TokenSource) -> Self {
        Self { token_source: Some(Arc::new(source)), ..self }
    }

    /// A header to send with every request. The transport's own cannot be set. What it holds is
    /// taken for a secret, as a token is.
    pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { headers: self.headers.with(name, value), ..self }
    }

    /// Connections to share with other transports; one's own unless set.
    pub fn http_client(self, client: HttpClient) -> Self {
        Self { client: Some(client), ..self }
    }

    /// Sends tokens and headers over plain HTTP to other machines too, where anyone on the way can read them.
    pub fn dangerously_allow_insecure_http(self, insecure: bool) -> Self {
        Self { insecure, ..self }
    }

    /// The largest message to take from the server, in bytes after decompression; 32 MiB.
    pub fn max_message_size(self, message_limit: usize) -> Self {
        Self { message_limit, ..self }
    }

    /// Whether the settings can be used, which [`build`](Self::build) finds out too.
    ///
    /// # Errors
    /// Those of [`build`](Self::build), but for [`Error::ClientBuild`].
    pub fn validate(&self) -> Result<(), Error> {
        self.checked_parts().map(drop)
    }

    fn checked_parts(&self) -> Result<(Endpoint, HeaderMap), Error> {
        let endpoint = Endpoint::parse(&self.url)?;
        if !self.headers.is_empty() && !self.insecure && !endpoint.is_confidential() {
            return Err(Error::InsecureHttp { endpoint });
        }
        Ok((endpoint, default_headers(&self.headers)?))
    }

    /// The transport. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::InvalidEndpoint`], [`Error::InvalidHeader`], [`Error::InsecureHttp`] for headers over
    /// plain HTTP, and [`Error::ClientBuild`].
    pub fn build(self) -> Result<HttpTransport, Error> {
        let (endpoint, headers) = self.checked_parts()?;
        let server = Server {
            endpoint,
            client: self.client.map_or_else(HttpClient::new, Ok)?,
            headers,
            insecure: self.insecure,
            message_limit: self.message_limit,
        };
        Ok(HttpTransport(Sender::new(server, self.token_source)))
    }
}

impl fmt::Debug for HttpTransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransportBuilder").finish_non_exhaustive()
    }
}
