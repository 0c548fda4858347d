//! The one place that knows which HTTP library does the work.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use mcp_client::BoxError;
use url::Url;

use crate::{endpoint::Endpoint, error::Error};

/// Connections to servers, shared by all users and all servers that are given a clone of it.
#[derive(Clone)]
pub struct HttpClient(reqwest::Client);

/// The time for making a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

impl HttpClient {
    /// A client with this crate's settings: no redirects, no proxy, 10 seconds to connect, HTTP/1.1
    /// and HTTP/2, compressed answers, the machine's certificates.
    ///
    /// # Errors
    /// [`Error::Setup`] if the machine does not allow for one.
    pub fn new() -> Result<Self, Error> {
        let build = |builder: reqwest::ClientBuilder| {
            builder
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .connect_timeout(CONNECT_LIMIT)
                .http2_keep_alive_interval(Duration::from_secs(30))
                .build()
        };
        // Without certificates of the machine, plain HTTP (to this machine) still works.
        let client = build(reqwest::Client::builder()).or_else(|error| {
            tracing::warn!(%error, "no certificates found: https will fail");
            build(reqwest::Client::builder().tls_certs_only([]))
        });
        Ok(Self(client.map_err(|error| Error::Setup { source: error.into() })?))
    }

    /// Takes a client that is set up elsewhere, for a proxy or certificates of one's own.
    ///
    /// It is shared by all users, so it must have neither cookies nor an `Authorization` of its own;
    /// it must not follow redirects, which would take the session id along; and what goes to this
    /// machine over plain HTTP must not go through its proxy, which could read the tokens.
    pub fn from_reqwest(client: reqwest::Client) -> Self {
        Self(client)
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
        match self.0.execute(request).await {
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
        self.response.chunk().await.map_err(|error| Error::Interrupted {
            endpoint: self.endpoint.clone(),
            source: cause(error),
        })
    }
}

/// The error without the URL, which may hold a key in its query.
fn cause(error: reqwest::Error) -> BoxError {
    error.without_url().into()
}
