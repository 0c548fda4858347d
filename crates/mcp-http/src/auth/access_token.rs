//! Access tokens and where they come from.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::{self, BoxFuture};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use mcp_client::BoxError;
use tokio::{sync::Mutex, time};
use url::Url;
use zeroize::Zeroizing;

use crate::{auth::unauthorized::Unauthorized, endpoint::Endpoint, error::Error};

/// A bearer token (RFC 6750), or one whose sender proves with each request that it is theirs.
///
/// It is never shown: `Debug` prints asterisks, and there is no `Display`. Clones share it; its text
/// is wiped from memory when the last one goes, though not the copies that HTTP has made of it.
///
/// ```
/// let token = mcp_http::AccessToken::new("s3cret");
/// assert_eq!(format!("{token:?}"), "AccessToken(****)");
/// ```
#[derive(Clone)]
pub struct AccessToken(Arc<Secret>);

struct Secret {
    text: Zeroizing<String>,
    /// The scheme and the token, ready to be sent; `None` where no header can carry the token.
    authorization: Option<HeaderValue>,
    signer: Option<Arc<dyn RequestSigner>>,
}

impl AccessToken {
    /// Takes a token as its issuer gave it.
    ///
    /// Whether a header can carry it shows when it is sent: see [`Error::InvalidToken`].
    pub fn new(token: impl Into<String>) -> Self {
        let text = Zeroizing::new(token.into());
        let authorization = authorization("Bearer", &text);
        Self(Arc::new(Secret { text, authorization, signer: None }))
    }

    /// Takes a token that is of no use without what `signer` adds to each request.
    pub fn signed(token: impl Into<String>, signer: Arc<dyn RequestSigner>) -> Self {
        let text = Zeroizing::new(token.into());
        let authorization = authorization(signer.scheme(), &text);
        Self(Arc::new(Secret { text, authorization, signer: Some(signer) }))
    }

    /// The token itself, to be sent to its server and shown to nobody.
    pub fn expose(&self) -> &str {
        &self.0.text
    }

    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        self.0.authorization.as_ref()
    }

    pub(crate) fn signer(&self) -> Option<&dyn RequestSigner> {
        self.0.signer.as_deref()
    }
}

/// Proves with each request that whoever sends a token may use it (RFC 9449 is one way).
pub trait RequestSigner: Send + Sync + 'static {
    /// The scheme of the `Authorization` header that carries the token.
    fn scheme(&self) -> &'static str;

    /// The headers to add to one request; they are for this one only.
    ///
    /// # Errors
    /// Whatever kept it from signing. That is [`Error::TokenSource`], and nothing is sent.
    fn sign(&self, method: &Method, url: &Url) -> Result<HeaderMap, BoxError>;

    /// Sees how each request that it signed was answered. Whether one that was answered with 401 is
    /// to be signed anew and sent once more, because the answer says what was missing.
    fn answered(&self, url: &Url, status: StatusCode, headers: &HeaderMap) -> bool {
        let _ = (url, status, headers);
        false
    }
}

/// Visible ASCII is more than RFC 6750 allows and all that a header safely carries.
fn authorization(scheme: &str, token: &str) -> Option<HeaderValue> {
    let visible = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    let header = Zeroizing::new(format!("{scheme} {token}"));
    let mut header = HeaderValue::from_str(&header).ok().filter(|_| visible)?;
    header.set_sensitive(true);
    Some(header)
}

impl From<String> for AccessToken {
    fn from(token: String) -> Self {
        Self::new(token)
    }
}

impl From<&str> for AccessToken {
    fn from(token: &str) -> Self {
        Self::new(token)
    }
}

impl PartialEq for AccessToken {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text
    }
}

impl Eq for AccessToken {}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(****)")
    }
}

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
    /// After a refusal it is asked once more, with [`TokenRequest::refused`] set, and by no two
    /// calls through one transport at the same time: those that wait meanwhile share what comes out.
    /// It has 20 seconds. A token that differs from the refused one is tried; otherwise the caller
    /// gets the [`Unauthorized`].
    ///
    /// # Errors
    /// Whatever kept it from finding a token. Before a request, that is [`Error::TokenSource`], and
    /// nothing is sent; after a refusal, it becomes the source of the [`Unauthorized`].
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
    pub refused: Option<Refused<'a>>,
}

/// A token that the server did not take, and what it said.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Refused<'a> {
    /// The token; `None` if the request had none.
    pub token: Option<&'a AccessToken>,
    /// What the server said.
    pub unauthorized: &'a Unauthorized,
}

impl<'a> TokenRequest<'a> {
    /// A request for a token to begin with.
    pub fn new(endpoint: &'a Endpoint) -> Self {
        Self { endpoint, refused: None }
    }

    /// The same after a refusal.
    #[must_use]
    pub fn with_refused(self, refused: Refused<'a>) -> Self {
        Self { refused: Some(refused), ..self }
    }
}

impl<'a> Refused<'a> {
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

/// The time that a source has to find another token.
const RENEWAL_LIMIT: Duration = Duration::from_secs(20);

/// The token source of one user, asked for another token by one call at a time.
pub(crate) struct Tokens {
    source: Option<Arc<dyn TokenSource>>,
    renewing: Mutex<()>,
    /// How often another token has been asked for.
    renewals: AtomicU64,
}

impl Tokens {
    pub(crate) fn new(source: Option<Arc<dyn TokenSource>>) -> Self {
        Self { source, renewing: Mutex::default(), renewals: AtomicU64::new(0) }
    }

    /// The token for a request to `endpoint`.
    pub(crate) async fn current(&self, endpoint: &Endpoint) -> Result<Option<AccessToken>, Error> {
        let token = self.ask(TokenRequest::new(endpoint)).await;
        token.map_err(|source| Error::TokenSource { endpoint: endpoint.clone(), source })
    }

    /// Another token than the refused one, if there is any.
    pub(crate) async fn renewed(
        &self,
        endpoint: &Endpoint,
        refused: Refused<'_>,
    ) -> Result<Option<AccessToken>, BoxError> {
        let renewal = time::timeout(RENEWAL_LIMIT, self.renew(endpoint, refused));
        renewal.await.unwrap_or_else(|_| Err("no other token came in time".into()))
    }

    /// Whoever waits here while another call renews takes what came out, and asks for no third.
    async fn renew(
        &self,
        endpoint: &Endpoint,
        refused: Refused<'_>,
    ) -> Result<Option<AccessToken>, BoxError> {
        let before = self.renewals.load(Ordering::Acquire);
        let _alone = self.renewing.lock().await;
        let other = |token: &AccessToken| Some(token) != refused.token;
        let request = TokenRequest::new(endpoint);
        if let Some(token) = self.ask(request).await?.filter(other) {
            return Ok(Some(token));
        }
        if self.renewals.load(Ordering::Acquire) > before {
            return Ok(None);
        }
        let token = self.ask(request.with_refused(refused)).await;
        self.renewals.fetch_add(1, Ordering::Release);
        Ok(token?.filter(other))
    }

    async fn ask(&self, request: TokenRequest<'_>) -> Result<Option<AccessToken>, BoxError> {
        match &self.source {
            Some(source) => source.token(request).await,
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;
    use crate::auth::unauthorized::Reason;

    /// Gives one token, and fails to give another; counts how often it was to.
    #[derive(Default)]
    struct Failing(AtomicU64);

    impl TokenSource for Arc<Failing> {
        fn token<'a>(
            &'a self,
            request: TokenRequest<'a>,
        ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
            Box::pin(async move {
                if request.refused.is_none() {
                    return Ok(Some(AccessToken::new("old")));
                }
                self.0.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Err("there is no other".into())
            })
        }
    }

    #[tokio::test]
    async fn concurrent_renewals_that_fail_are_one() {
        let source = Arc::new(Failing::default());
        let tokens = Tokens::new(Some(Arc::new(Arc::clone(&source))));
        let endpoint = Endpoint::parse("https://example.com/").unwrap();
        let unauthorized = Unauthorized::new(endpoint.clone(), Reason::Rejected, Vec::new());
        let old = AccessToken::new("old");
        let refused = Refused::new(Some(&old), &unauthorized);
        let renewals = join_all((0..8).map(|_| tokens.renewed(&endpoint, refused))).await;
        assert!(renewals.iter().all(|renewed| !matches!(renewed, Ok(Some(_)))));
        assert_eq!(renewals.iter().filter(|renewed| renewed.is_err()).count(), 1);
        assert_eq!(source.0.load(Ordering::Relaxed), 1);
        // A later refusal asks anew.
        assert!(tokens.renewed(&endpoint, refused).await.is_err());
        assert_eq!(source.0.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn tokens_that_no_header_carries_are_told_apart() {
        for good in ["abc", "a.b-c_d~e+f/g==", "1|sanctum"] {
            assert!(AccessToken::new(good).authorization().unwrap().is_sensitive(), "{good}");
        }
        for bad in ["", "a b", "a\r\nX-Evil: 1", "a\n", "\u{e9}", "a\0"] {
            assert!(AccessToken::new(bad).authorization().is_none(), "{bad:?}");
        }
    }

    #[test]
    fn no_form_of_debug_shows_a_token() {
        let token = AccessToken::new("s3cret");
        assert_eq!(format!("{token:?} {:#?}", Some(&token)).matches("s3cret").count(), 0);
        let header = token.authorization().unwrap();
        assert_eq!(format!("{header:?}"), "Sensitive");
    }
}
