//! The options of a single call over HTTP.

use mcp_client::CallOptions;

use super::headers::Headers;
use crate::auth::AccessToken;

/// What the [`CallOptions`] of a call may hold for a call over HTTP.
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
    /// The token of the call, in place of what the transport's source would give (RFC 6750). If the
    /// server refuses it, the source is not asked for another.
    ///
    /// It goes with this call alone: what opens the conversation (`server/discover`, `initialize`)
    /// has the token of the source, and calls with other tokens share that conversation. Users who
    /// must not share a session need a transport each, as
    /// [`with_token_source`](crate::HttpTransport::with_token_source) makes it.
    #[must_use]
    fn bearer_token(self, token: impl Into<AccessToken>) -> Self;

    /// Headers of the call, in place of configured ones of the same name, and of those that these
    /// options had before.
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
