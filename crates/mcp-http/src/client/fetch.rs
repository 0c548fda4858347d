//! Requests that are not MCP messages, such as those for the metadata of an authorization server.

use bytes::Bytes;
use http::{Request, Response};

use super::http_client::HttpClient;
use crate::{endpoint::Endpoint, error::Error};

impl HttpClient {
    /// Sends a request and reads the whole response. A response with an error status is not an
    /// error. Redirects are not followed.
    ///
    /// The headers and bodies are not traced.
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use mcp_http::HttpClient;
    ///
    /// let request = http::Request::get("https://example.com/.well-known/about").body("".into())?;
    /// let client = HttpClient::new()?;
    /// let response = client.fetch(request, 64 * 1024).await?;
    /// println!("{}: {} bytes", response.status(), response.body().len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`Error::InvalidEndpoint`] if the URL is invalid, and [`Error::InsecureHttp`] if it
    /// is a plain HTTP URL of another machine. Returns [`Error::TooLarge`] if the body is larger
    /// than `limit` bytes after decompression. Returns [`Error::Unreachable`],
    /// [`Error::Interrupted`] or [`Error::Protocol`] if the response cannot be read.
    pub async fn fetch(
        &self,
        request: Request<Bytes>,
        limit: usize,
    ) -> Result<Response<Bytes>, Error> {
        let endpoint = Endpoint::parse(&request.uri().to_string())?;
        match endpoint.is_confidential() {
            true => self.dangerously_fetch_insecure(request, limit).await,
            false => Err(Error::InsecureHttp { endpoint }),
        }
    }

    /// Like [`fetch`](Self::fetch), but also sends the request over plain HTTP to another machine.
    /// Anyone on the network can then read it.
    ///
    /// # Errors
    /// Returns the errors of [`fetch`](Self::fetch) except [`Error::InsecureHttp`].
    pub async fn dangerously_fetch_insecure(
        &self,
        request: Request<Bytes>,
        limit: usize,
    ) -> Result<Response<Bytes>, Error> {
        let (parts, body) = request.into_parts();
        let endpoint = Endpoint::parse(&parts.uri.to_string())?;
        let response = self.send(&endpoint, parts.method, parts.headers, body).await?;
        let mut full_response = Response::new(Bytes::new());
        *full_response.status_mut() = response.status();
        *full_response.headers_mut() = response.headers().clone();
        *full_response.body_mut() = response.read_all(limit).await?;
        Ok(full_response)
    }
}
