//! An HTTP client that sends a request directly or through a proxy.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, header};
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
///
/// Each request has the header `User-Agent`, because firewalls reject requests without one. It is
/// `relay/VERSION`, unless [`HttpClientBuilder::user_agent`](crate::HttpClientBuilder::user_agent),
/// [`with_application`](Self::with_application) or a configured header replaces it.
#[derive(Clone)]
pub struct HttpClient {
    pub(super) backend: Backend,
    /// The `User-Agent` header. `None` if a reqwest client sets it.
    pub(super) user_agent: Option<HeaderValue>,
}

/// The `User-Agent` of this library.
pub(super) const USER_AGENT: &str = concat!("relay/", env!("CARGO_PKG_VERSION"));

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
    /// - It should set a `User-Agent`.
    ///
    /// The number of informational responses (1xx) before a response has no limit in reqwest. A
    /// hostile server can send them without end. Other tasks of the same thread then run only after
    /// about 50 MiB each time, and so do timeouts. Use a runtime with several threads. The clients
    /// of [`builder`](Self::builder) run other tasks after at most 128 KiB, except through a proxy.
    pub fn from_reqwest(client: reqwest::Client) -> Self {
        Self { backend: Backend::Custom(client), user_agent: None }
    }

    /// Returns a client that names the application in the header `User-Agent`, before `relay/VERSION`.
    /// It shares the connections with this one. A `User-Agent` that was set before is kept.
    ///
    /// Characters that are not allowed in the name of a product (RFC 9110, section 10.1.5) become `-`.
    #[must_use]
    pub fn with_application(&self, name: &str, version: &str) -> Self {
        let product = format!("{}/{} {USER_AGENT}", product_token(name), product_token(version));
        let is_default = self.user_agent.as_ref().is_some_and(|value| value == USER_AGENT);
        match HeaderValue::try_from(product) {
            Ok(user_agent) if is_default => Self { user_agent: Some(user_agent), ..self.clone() },
            _ => self.clone(),
        }
    }

    pub(crate) async fn send(
        &self,
        endpoint: &Endpoint,
        method: Method,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response, Error> {
        if let Some(user_agent) = &self.user_agent {
            headers.entry(header::USER_AGENT).or_insert_with(|| user_agent.clone());
        }
        let outcome = match &self.backend {
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
            Ok(received) => Ok(Response { url: endpoint.clone(), endpoint, received }),
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

/// Replaces the characters that a product name must not contain.
fn product_token(text: &str) -> String {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let token: String = text.chars().map(|c| if is_allowed(c) { c } else { '-' }).collect();
    if token.is_empty() { "-".to_owned() } else { token }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn user_agent(client: &HttpClient) -> &str {
        client.user_agent.as_ref().unwrap().to_str().unwrap()
    }

    #[test]
    fn the_application_comes_before_the_library() {
        let client = HttpClient::new().unwrap();
        assert_eq!(user_agent(&client), USER_AGENT);
        let named = client.with_application("My App (test)\r\n", "1.0");
        assert_eq!(user_agent(&named), format!("My-App--test---/1.0 {USER_AGENT}"));
        // The first name is kept.
        assert_eq!(user_agent(&named.with_application("b", "")), user_agent(&named));
        let client = HttpClient::builder().user_agent("crawler").build().unwrap();
        assert_eq!(user_agent(&client.with_application("b", "1")), "crawler");
        assert!(HttpClient::builder().user_agent("a\nb").build().is_err());
    }
}
