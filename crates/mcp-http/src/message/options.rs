//! The HTTP options of a single call.

use mcp_client::CallOptions;

use super::headers::Headers;
use crate::auth::AccessToken;

/// Methods that add HTTP options to the [`CallOptions`] of a call.
///
/// ```no_run
/// # async fn run(client: mcp_http::Client, token: String) -> Result<(), mcp_client::Error> {
/// use mcp_http::{Headers, HttpCallOptions, mcp_client::CallOptions};
///
/// let options = CallOptions::new()
///     .bearer_token(token)
///     .headers(Headers::new().with("X-Tenant", "blue"));
/// client.with_options(options).call_tool("refund", ()).await?;
/// # Ok(())
/// # }
/// ```
pub trait HttpCallOptions: Sized + sealed::Sealed {
    /// Sets the token of the call (RFC 6750). It replaces the token of the transport's source. If
    /// the server rejects it, the transport does not request another token from the source.
    ///
    /// The token applies to this call only. Requests that open the connection (`server/discover`,
    /// `initialize`) use the token of the source, and calls with different tokens share the
    /// session. If users must not share a session, create a transport for each of them with
    /// [`with_token_source`](crate::HttpTransport::with_token_source).
    #[must_use]
    fn bearer_token(self, token: impl Into<AccessToken>) -> Self;

    /// Sets the headers of the call. They replace configured headers with the same name, and all
    /// headers that these options had before.
    #[must_use]
    fn headers(self, headers: Headers) -> Self;
}

impl HttpCallOptions for CallOptions {
    fn bearer_token(self, token: impl Into<AccessToken>) -> Self {
        self.extension(token.into())
    }

    fn headers(self, headers: Headers) -> Self {
        self.extension(headers)
    }
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for mcp_client::CallOptions {}
}
