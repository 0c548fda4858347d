//! Sources of access tokens: the trait that applications implement, and its requests.

use futures_util::future::{self, BoxFuture};
use mcp_client::BoxError;

use super::{access_token::AccessToken, unauthorized::Unauthorized};
use crate::endpoint::Endpoint;

/// Where the token of one user comes from, asked before each request.
///
/// An [`AccessToken`] is one itself: it always gives itself.
///
/// ```
/// use std::sync::{Arc, RwLock};
///
/// use futures_util::future::BoxFuture;
/// use mcp_http::{AccessToken, TokenRequest, TokenSource, mcp_client::BoxError};
///
/// /// Gives the token that another part of the application keeps fresh.
/// struct Kept(Arc<RwLock<AccessToken>>);
///
/// impl TokenSource for Kept {
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
    /// Gives the token to use, or `None` to send the request without one.
    ///
    /// After a refusal it is asked once more, with [`TokenRequest::rejected`] set, and by no two
    /// calls through one transport at the same time: those that wait meanwhile share what comes out.
    /// It has 20 seconds. A token that differs from the refused one is tried; otherwise the caller
    /// gets the [`Unauthorized`].
    ///
    /// # Errors
    /// Whatever kept it from finding a token. Before a request, that is
    /// [`Error::TokenSource`](crate::Error::TokenSource), and nothing is sent; after a refusal, it
    /// becomes the source of the [`Unauthorized`].
    fn token<'a>(
        &'a self,
        request: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>>;
}

/// What a token is wanted for.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct TokenRequest<'a> {
    /// The server that the token goes to.
    pub endpoint: &'a Endpoint,
    /// The refusal that makes another token necessary.
    pub rejected: Option<RejectedToken<'a>>,
}

/// A token that the server did not take, and what it said.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct RejectedToken<'a> {
    /// The token; `None` if the request had none.
    pub token: Option<&'a AccessToken>,
    /// What the server said.
    pub unauthorized: &'a Unauthorized,
}

impl<'a> TokenRequest<'a> {
    /// A request for a token to begin with.
    pub fn new(endpoint: &'a Endpoint) -> Self {
        Self { endpoint, rejected: None }
    }

    /// The same after a refusal.
    #[must_use]
    pub fn with_rejected(self, refused: RejectedToken<'a>) -> Self {
        Self { rejected: Some(refused), ..self }
    }
}

impl<'a> RejectedToken<'a> {
    /// The refusal of `token`, or of a request that had none.
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
