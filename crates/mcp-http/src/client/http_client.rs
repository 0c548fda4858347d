//! An HTTP client that sends a request directly or through a proxy.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use hyper_util::client::legacy;
use mcp_client::BoxError;
use url::Url;

use super::{
    pool::{self, Pool},
    response::{Received, Response, without_url},
};
use crate::{endpoint::Endpoint, error::Error};

/// An HTTP client with a pool of connections. Clones share the connections, for any number of
/// servers and users.
#[derive(Clone)]
pub struct HttpClient(pub(super) Backend);

/// The HTTP libraries that send the requests.
#[derive(Clone)]
pub(super) enum Backend {
    /// Connects directly, with hyper.
    Direct(Pool),
    /// Connects through a proxy with reqwest, and directly to servers on this machine.
    Proxied(reqwest::Client, Pool),
    /// Uses a reqwest client that the application has configured.
    Custom(reqwest::Client),
}

impl HttpClient {
    /// Creates a client from a reqwest client, for settings that [`builder`](Self::builder) does
    /// not have.
    ///
    /// All users share the client. Therefore it must meet these conditions:
    ///
    /// - It must not store cookies, and it must not set an `Authorization` header.
    /// - It must not follow redirects, because they would send the session id to another server.
    /// - It must not send requests to this machine over plain HTTP through a proxy, which could
    ///   read the tokens.
    ///
    /// The number of informational responses (1xx) before a response has no limit in reqwest. A
    /// hostile server can send them without end. Other tasks of the same thread then run only after
    /// about 50 MiB each time, and so do timeouts. Use a runtime with several threads. The clients
    /// of [`builder`](Self::builder) run other tasks after at most 128 KiB, except through a proxy.
    pub fn from_reqwest(client: reqwest::Client) -> Self {
        Self(Backend::Custom(client))
    }

    pub(crate) async fn send(
        &self,
        endpoint: &Endpoint,
        method: Method,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response, Error> {
        let outcome = match &self.0 {
            Backend::Proxied(client, _) if !endpoint.is_loopback() => {
                send_with_reqwest(client, endpoint, method, headers, body).await
            }
            Backend::Custom(client) => {
                send_with_reqwest(client, endpoint, method, headers, body).await
            }
            Backend::Direct(pool) | Backend::Proxied(_, pool) => {
                send_with_pool(pool, endpoint, method, headers, body).await
            }
        };
        let endpoint = endpoint.clone();
        match outcome {
            Ok(received) => Ok(Response { endpoint, received }),
            Err(SendError { unsent: true, source }) => Err(Error::Unreachable { endpoint, source }),
            Err(SendError { source, .. }) => Err(Error::Interrupted { endpoint, source }),
        }
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpClient")
    }
}

async fn send_with_pool(
    pool: &Pool,
    endpoint: &Endpoint,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Received, SendError> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = endpoint.uri().clone();
    *request.headers_mut() = headers;
    Ok(Received::Hyper(pool.send(request).await?))
}

async fn send_with_reqwest(
    client: &reqwest::Client,
    endpoint: &Endpoint,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Received, SendError> {
    let mut request = reqwest::Request::new(method, Url::clone(endpoint.url()));
    *request.headers_mut() = headers;
    *request.body_mut() = Some(body.into());
    Ok(Received::Reqwest(client.execute(request).await?))
}

/// The error of a request that received no response.
struct SendError {
    /// Set if the server cannot have processed the request: there was no connection, or the server
    /// did not accept the request on it.
    unsent: bool,
    source: BoxError,
}

impl From<legacy::Error> for SendError {
    fn from(error: legacy::Error) -> Self {
        let unsent = error.is_connect() || pool::is_unprocessed(&error);
        Self { unsent, source: error.into() }
    }
}

impl From<reqwest::Error> for SendError {
    fn from(error: reqwest::Error) -> Self {
        Self { unsent: error.is_connect(), source: without_url(error) }
    }
}
