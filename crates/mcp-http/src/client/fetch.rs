//! Requests that are not MCP messages, such as for the metadata of an authorization server.

use bytes::Bytes;
use http::{Request, Response};

use super::http_client::HttpClient;
use crate::{endpoint::Endpoint, error::Error};

impl HttpClient {
    /// Sends a request and reads the whole answer, of whatever status; redirects are not followed.
    ///
    /// Its headers and bodies are not part of any trace.
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use mcp_http::HttpClient;
    ///
    /// let request = http::Request::get("https://example.com/.well-known/about").body("".into())?;
    /// let answer = HttpClient::new()?.fetch(request, 64 * 1024).await?;
    /// println!("{}: {} bytes", answer.status(), answer.body().len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidEndpoint`]; [`Error::InsecureHttp`] over plain HTTP to another machine;
    /// [`Error::TooLarge`] for a body of more than `limit` bytes after decompression; what became of
    /// the connection.
    pub async fn fetch(
        &self,
        request: Request<Bytes>,
        limit: usize,
    ) -> Result<Response<Bytes>, Error> {
        let (head, content) = request.into_parts();
        let endpoint = Endpoint::parse(&head.uri.to_string())?;
        if !endpoint.is_confidential() {
            return Err(Error::InsecureHttp { endpoint });
        }
        let response = self.send(&endpoint, head.method, head.headers, content).await?;
        let mut fetched = Response::new(Bytes::new());
        *fetched.status_mut() = response.status();
        *fetched.headers_mut() = response.headers().clone();
        *fetched.body_mut() = response.read_all(limit).await?;
        Ok(fetched)
    }
}
