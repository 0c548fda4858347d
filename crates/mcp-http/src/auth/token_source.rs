//! Sources of access tokens: a trait for applications to implement, and its arguments.

use futures_util::future::{self, BoxFuture};
use mcp_client::BoxError;

use super::{access_token::AccessToken, unauthorized::Unauthorized};
use crate::endpoint::Endpoint;

/// A source of access tokens for one user. The transport calls it before each request.
///
/// A source may be used for several servers. It must return a token only to the server that the
/// token was issued for, which is [`TokenRequest::endpoint`] (MCP basic/authorization, "Access Token
/// Privilege Restriction").
///
/// An [`AccessToken`] implements this trait: it always returns itself. Use it for one server only.
///
/// # Examples
///
/// A source for one server:
///
/// ```
/// use std::sync::{Arc, RwLock};
///
/// use futures_util::future::BoxFuture;
/// use mcp_http::{AccessToken, TokenRequest, TokenSource, mcp_client::BoxError};
///
/// /// Returns the token that another part of the application refreshes.
/// struct SharedToken(Arc<RwLock<AccessToken>>);
///
/// impl TokenSource for SharedToken {
///     fn token<'a>(
///         &'a self,
///         _: TokenRequest<'a>,
///     ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
///         let token = self.0.read().expect("no writer panics").clone();
///         Box::pin(async { Ok(Some(token)) })
///     }
/// }
/// ```
pub trait TokenSource: Send + Sync + 'static {
    /// Returns the token to use, or `None` to send the request without a token.
    ///
    /// If the server rejects the token, the transport calls the source once more, with
    /// [`TokenRequest::rejected`] set. It never makes two such calls at the same time: calls to the
    /// server that wait meanwhile share the result. The time limit is 20 seconds.
    ///
    /// If the returned token differs from the rejected one, the transport retries the request with
    /// it. Otherwise the caller gets the [`Unauthorized`] error.
    ///
    /// # Errors
    /// Returns an error if the source cannot get a token. Before a request, the call fails with
    /// [`Error::TokenSource`](crate::Error::TokenSource), and nothing is sent. After a rejection,
    /// the error becomes the source of the [`Unauthorized`] error.
    ///
    /// If the failure is temporary, so that the user need not sign in, return
    /// [`TokenUnavailable`](crate::TokenUnavailable). In both cases the call then fails with
    /// [`Error::TokenUnavailable`](crate::Error::TokenUnavailable).
    fn token<'a>(
        &'a self,
        request: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>>;
}

/// A request for an access token, passed to a [`TokenSource`].
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct TokenRequest<'a> {
    /// The server that the token is for.
    pub endpoint: &'a Endpoint,
    /// The rejected token, if another one is needed.
    pub rejected: Option<RejectedToken<'a>>,
}

/// A token that the server rejected, and the error.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct RejectedToken<'a> {
    /// The token. `None` if the request had no token.
    pub token: Option<&'a AccessToken>,
    /// The error, with the server's challenges.
    pub unauthorized: &'a Unauthorized,
}

impl<'a> TokenRequest<'a> {
    /// Creates a request for the first token.
    pub fn new(endpoint: &'a Endpoint) -> Self {
        Self { endpoint, rejected: None }
    }

    /// Adds the rejected token, so that the source returns another one.
    #[must_use]
    pub fn with_rejected(self, rejected: RejectedToken<'a>) -> Self {
        Self { rejected: Some(rejected), ..self }
    }
}

impl<'a> RejectedToken<'a> {
    /// Creates the description of a rejected token. `None` means that the request had no token.
    pub fn new(token: Option<&'a AccessToken>, unauthorized: &'a Unauthorized) -> Self {
        Self { token, unauthorized }
    }
}

impl TokenSource for AccessToken {
    fn token<'a>(
        &'a self,
        _: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
        Box::pin(future::ready(Ok(Some(self.clone()))))
    }
}
