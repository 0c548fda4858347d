//! Connections, and the requests that go over them.

use std::{error::Error as StdError, fmt, io};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use mcp_client::BoxError;
use url::Url;

use crate::{endpoint::Endpoint, error::Error, http_client_builder::HttpClientBuilder};

/// Connections to servers, shared by all users and all servers that are given a clone of it.
#[derive(Clone)]
pub struct HttpClient {
    pub(crate) client: reqwest::Client,
    /// For what does not leave this machine, where the other one has a proxy.
    pub(crate) direct: Option<reqwest::Client>,
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
        HttpClientBuilder::new()
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

/// The error without the URL, which may hold a key in its query.
pub(crate) fn cause(error: reqwest::Error) -> BoxError {
    error.without_url().into()
}
