//! Connections, and the requests that go over them.

use std::{error::Error as StdError, fmt, io};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use hyper::body::Body as _;
use hyper_util::client::legacy;
use mcp_client::BoxError;
use url::Url;

use crate::{
    client::builder::HttpClientBuilder,
    client::pool::{self, Decoded, Direct},
    endpoint::Endpoint,
    error::Error,
};

/// Connections to servers, shared by all users and all servers that are given a clone of it.
#[derive(Clone)]
pub struct HttpClient(pub(crate) Ways);

/// How requests get to servers.
#[derive(Clone)]
pub(crate) enum Ways {
    /// Straight.
    Direct(Direct),
    /// Through a proxy, and straight to this machine.
    Proxied(reqwest::Client, Direct),
    /// As the application has set it up.
    Given(reqwest::Client),
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
        Self(Ways::Given(client))
    }

    pub(crate) async fn send(
        &self,
        endpoint: &Endpoint,
        method: Method,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response, Error> {
        let outcome = match &self.0 {
            Ways::Proxied(client, _) if !endpoint.is_loopback() => {
                by_reqwest(client, endpoint, method, headers, body).await
            }
            Ways::Given(client) => by_reqwest(client, endpoint, method, headers, body).await,
            Ways::Direct(direct) | Ways::Proxied(_, direct) => {
                directly(direct, endpoint, method, headers, body).await
            }
        };
        let endpoint = endpoint.clone();
        match outcome {
            Ok(received) => Ok(Response { endpoint, received }),
            Err(Failure { unsent: true, source }) => Err(Error::Unreachable { endpoint, source }),
            Err(Failure { source, .. }) => Err(Error::Interrupted { endpoint, source }),
        }
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpClient")
    }
}

async fn directly(
    direct: &Direct,
    endpoint: &Endpoint,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Received, Failure> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = endpoint.uri().clone();
    *request.headers_mut() = headers;
    Ok(Received::Direct(direct.send(request).await?))
}

async fn by_reqwest(
    client: &reqwest::Client,
    endpoint: &Endpoint,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Received, Failure> {
    let mut request = reqwest::Request::new(method, Url::clone(endpoint.url()));
    *request.headers_mut() = headers;
    *request.body_mut() = Some(body.into());
    Ok(Received::Reqwest(client.execute(request).await?))
}

/// Why there is no response.
struct Failure {
    /// Whether there was no connection over which the server would take a request.
    unsent: bool,
    source: BoxError,
}

impl From<legacy::Error> for Failure {
    fn from(error: legacy::Error) -> Self {
        let unsent = error.is_connect() || pool::is_refusal(&error);
        Self { unsent, source: error.into() }
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self { unsent: error.is_connect(), source: cause(error) }
    }
}

/// What the server sent: the head, and the body piece by piece.
pub(crate) struct Response {
    pub(crate) endpoint: Endpoint,
    received: Received,
}

enum Received {
    Direct(http::Response<Decoded>),
    Reqwest(reqwest::Response),
}

impl Response {
    pub(crate) fn status(&self) -> StatusCode {
        match &self.received {
            Received::Direct(response) => response.status(),
            Received::Reqwest(response) => response.status(),
        }
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        match &self.received {
            Received::Direct(response) => response.headers(),
            Received::Reqwest(response) => response.headers(),
        }
    }

    /// The length that the server announced, if the body is not compressed.
    pub(crate) fn announced_length(&self) -> Option<u64> {
        match &self.received {
            Received::Direct(response) => response.body().size_hint().exact(),
            Received::Reqwest(response) => response.content_length(),
        }
    }

    /// The next piece of the body, after decompression; `None` at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let chunk = match &mut self.received {
            Received::Direct(response) => {
                let chunk = pool::chunk(response.body_mut()).await;
                chunk.map_err(|error| (error.is::<hyper::Error>(), error))
            }
            Received::Reqwest(response) => {
                let chunk = response.chunk().await;
                chunk.map_err(|error| (!is_of_decompression(&error), cause(error)))
            }
        };
        chunk.map_err(|(is_of_connection, source)| {
            let endpoint = self.endpoint.clone();
            match is_of_connection {
                true => Error::Interrupted { endpoint, source },
                false => Error::Protocol { endpoint, reason: "a body cannot be decompressed" },
            }
        })
    }
}

/// What a connection does comes as an error of hyper; only decompression gives this.
fn is_of_decompression(error: &reqwest::Error) -> bool {
    error.source().is_some_and(<dyn StdError>::is::<io::Error>)
}

/// The error without the URL, which may hold a key in its query.
pub(crate) fn cause(error: reqwest::Error) -> BoxError {
    error.without_url().into()
}
