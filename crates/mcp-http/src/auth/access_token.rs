//! Access tokens, and signers that prove possession of a token.

use std::{fmt, sync::Arc};

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use mcp_client::BoxError;
use url::Url;
use zeroize::Zeroizing;

/// An access token: a bearer token (RFC 6750), or a token with a [`RequestSigner`] that proves
/// possession with each request.
///
/// The text is never displayed: `Debug` prints asterisks, and there is no `Display`. Clones share
/// the text. It is wiped from memory when the last clone is dropped. Copies in the buffers of the
/// HTTP library are not wiped.
///
/// ```
/// let token = mcp_http::AccessToken::new("s3cret");
/// assert_eq!(format!("{token:?}"), "AccessToken(****)");
/// ```
#[derive(Clone)]
pub struct AccessToken(Arc<Inner>);

struct Inner {
    text: Zeroizing<String>,
    /// The value of the `Authorization` header. `None` if the token is not allowed in a header.
    authorization: Option<HeaderValue>,
    signer: Option<Arc<dyn RequestSigner>>,
}

impl AccessToken {
    /// Creates a bearer token from the text that the authorization server issued.
    ///
    /// The text is not validated here. A request with an invalid token fails with
    /// [`Error::InvalidToken`](crate::Error::InvalidToken).
    pub fn new(token: impl Into<String>) -> Self {
        let text = Zeroizing::new(token.into());
        let authorization = authorization_value("Bearer", &text);
        Self(Arc::new(Inner { text, authorization, signer: None }))
    }

    /// Creates a token that servers accept only together with the headers that `signer` adds to
    /// each request.
    pub fn with_signer(token: impl Into<String>, signer: Arc<dyn RequestSigner>) -> Self {
        let text = Zeroizing::new(token.into());
        let authorization = authorization_value(signer.scheme(), &text);
        Self(Arc::new(Inner { text, authorization, signer: Some(signer) }))
    }

    /// Returns the text of the token. Send it only to its server, and do not display it.
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

/// Proves possession of an access token with each request, for example with DPoP (RFC 9449).
pub trait RequestSigner: Send + Sync + 'static {
    /// Returns the scheme of the `Authorization` header, such as `DPoP`.
    fn scheme(&self) -> &'static str;

    /// Returns the headers to add to one request. They are not used for any other request.
    ///
    /// # Errors
    /// Returns an error if the request cannot be signed. The call then fails with
    /// [`Error::TokenSource`](crate::Error::TokenSource), and nothing is sent.
    fn sign(&self, method: &Method, url: &Url) -> Result<HeaderMap, BoxError>;

    /// Receives the status and headers of the response to each signed request.
    ///
    /// Returns true if the request is to be signed again and sent once more, because the response
    /// contains what was missing. The result has an effect only after a 401. Defaults to false.
    fn on_response(&self, url: &Url, status: StatusCode, headers: &HeaderMap) -> bool {
        let _ = (url, status, headers);
        false
    }
}

/// Returns the value of the `Authorization` header, or `None` if the token contains anything but
/// visible ASCII characters. RFC 6750 allows fewer characters, but some issuers use others.
fn authorization_value(scheme: &str, token: &str) -> Option<HeaderValue> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_not_allowed_in_a_header_have_no_authorization_value() {
        for good in ["abc", "a.b-c_d~e+f/g==", "1|sanctum"] {
            assert!(AccessToken::new(good).authorization().unwrap().is_sensitive(), "{good}");
        }
        for bad in ["", "a b", "a\r\nX-Evil: 1", "a\n", "\u{e9}", "a\0"] {
            assert!(AccessToken::new(bad).authorization().is_none(), "{bad:?}");
        }
    }

    #[test]
    fn debug_never_shows_the_token() {
        let token = AccessToken::new("s3cret");
        assert_eq!(format!("{token:?} {:#?}", Some(&token)).matches("s3cret").count(), 0);
        let header = token.authorization().unwrap();
        assert_eq!(format!("{header:?}"), "Sensitive");
    }
}
