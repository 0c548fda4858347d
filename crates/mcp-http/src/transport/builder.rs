//! The builder of an HTTP transport: server, HTTP client, token source, headers and limits.

use std::{fmt, sync::Arc};

use http::HeaderMap;
use mcp_client::Redactor;

use super::{
    http::HttpTransport,
    sender::{Sender, Server},
};
use crate::{
    auth::{AccessToken, TokenSource},
    client::HttpClient,
    compat::HttpDeviations,
    endpoint::Endpoint,
    error::Error,
    message::{ConfiguredSecrets, Headers, default_headers},
};

impl HttpTransport {
    /// Creates a builder for a transport to the server at `url`.
    pub fn builder(url: impl Into<String>) -> HttpTransportBuilder {
        HttpTransportBuilder {
            url: url.into(),
            client: None,
            headers: Headers::new(),
            token_source: None,
            insecure: false,
            max_message_size: Self::DEFAULT_MAX_MESSAGE_SIZE,
            cookies: true,
        }
    }
}

/// A builder for an [`HttpTransport`]. Created by [`HttpTransport::builder`].
#[must_use]
pub struct HttpTransportBuilder {
    url: String,
    client: Option<HttpClient>,
    headers: Headers,
    token_source: Option<Arc<dyn TokenSource>>,
    insecure: bool,
    max_message_size: usize,
    cookies: bool,
}

impl HttpTransportBuilder {
    /// Sets a token to send with every request. For other credentials than a bearer token, see
    /// [`AccessToken::from_authorization`].
    pub fn bearer_token(self, token: impl Into<AccessToken>) -> Self {
        self.token_source(token.into())
    }

    /// Sets the source of the token for each request.
    pub fn token_source(self, source: impl TokenSource) -> Self {
        Self { token_source: Some(Arc::new(source)), ..self }
    }

    /// Adds a header to send with every request. The value counts as a secret, like a token.
    /// Headers that are reserved for the transport cannot be set.
    pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { headers: self.headers.with(name, value), ..self }
    }

    /// Sets the HTTP client. Transports with clones of one client share its connections. Defaults
    /// to a new client with the settings of [`HttpClient::new`].
    pub fn http_client(self, client: HttpClient) -> Self {
        Self { client: Some(client), ..self }
    }

    /// Sets whether tokens and configured headers may be sent to other machines over unencrypted
    /// HTTP. Anyone on the network path can then read them. Defaults to false.
    pub fn dangerously_allow_insecure_http(self, insecure: bool) -> Self {
        Self { insecure, ..self }
    }

    /// Sets the maximum size of a message from the server, in bytes after decompression. Defaults
    /// to 32 MiB.
    pub fn max_message_size(self, max_message_size: usize) -> Self {
        Self { max_message_size, ..self }
    }

    /// Sets whether cookies of the server are sent back to it. Load balancers use cookies to keep a
    /// session at one replica. Each user has separate cookies, which count as secrets and go only to
    /// the origin that has set them. A call with a [token of its
    /// own](crate::HttpCallOptions::bearer_token) does not use cookies. Defaults to true.
    pub fn cookies(self, cookies: bool) -> Self {
        Self { cookies, ..self }
    }

    /// Validates the settings. [`build`](Self::build) does this too.
    ///
    /// # Errors
    /// Returns the errors of [`build`](Self::build), except [`Error::ClientBuild`].
    pub fn validate(&self) -> Result<(), Error> {
        self.endpoint_and_headers().map(drop)
    }

    /// Returns the secrets of the settings: the values of the headers and of the query of the URL.
    /// There are none if the URL is invalid, because the transport cannot be built then.
    pub fn redactor(&self) -> Redactor {
        let endpoint = Endpoint::parse(&self.url).ok();
        let configured =
            endpoint.map(|endpoint| ConfiguredSecrets::new(self.headers.clone(), endpoint));
        Redactor::new(configured.iter().flat_map(ConfiguredSecrets::texts))
    }

    fn endpoint_and_headers(&self) -> Result<(Endpoint, HeaderMap), Error> {
        let endpoint = Endpoint::parse(&self.url)?;
        if !self.headers.is_empty() && !self.insecure && !endpoint.is_confidential() {
            return Err(Error::InsecureHttp { endpoint });
        }
        Ok((endpoint, default_headers(&self.headers)?))
    }

    /// Creates the transport. Nothing is sent yet.
    ///
    /// # Errors
    /// Returns [`Error::InvalidEndpoint`] if the URL is invalid, and [`Error::InvalidHeader`] if a
    /// header is invalid or reserved. Returns [`Error::InsecureHttp`] if headers would be sent
    /// unencrypted. Returns [`Error::ClientBuild`] if the default HTTP client cannot be created.
    pub fn build(self) -> Result<HttpTransport, Error> {
        let (endpoint, headers) = self.endpoint_and_headers()?;
        let server = Server {
            secrets: ConfiguredSecrets::new(self.headers, endpoint.clone()),
            endpoint,
            client: self.client.map_or_else(HttpClient::new, Ok)?,
            headers,
            insecure: self.insecure,
            max_message_size: self.max_message_size,
            cookies: self.cookies,
            deviations: HttpDeviations::default(),
        };
        Ok(HttpTransport(Sender::new(server, self.token_source)))
    }
}

impl fmt::Debug for HttpTransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransportBuilder").finish_non_exhaustive()
    }
}
