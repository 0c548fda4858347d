//! Access tokens, and the signatures that prove possession of them.

use std::{fmt, sync::Arc};

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use mcp_client::BoxError;
use url::Url;
use zeroize::Zeroizing;

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
pub struct AccessToken(Arc<Inner>);

struct Inner {
    text: Zeroizing<String>,
    /// The value of the `Authorization` header; `None` if no header can carry the token.
    authorization: Option<HeaderValue>,
    signer: Option<Arc<dyn RequestSigner>>,
}

impl AccessToken {
    /// Takes a token as its issuer gave it.
    ///
    /// Whether a header can carry it shows when it is sent: see
    /// [`Error::InvalidToken`](crate::Error::InvalidToken).
    pub fn new(token: impl Into<String>) -> Self {
        let text = Zeroizing::new(token.into());
        let authorization = authorization_value("Bearer", &text);
        Self(Arc::new(Inner { text, authorization, signer: None }))
    }

    /// Takes a token that is of no use without what `signer` adds to each request.
    pub fn with_signer(token: impl Into<String>, signer: Arc<dyn RequestSigner>) -> Self {
        let text = Zeroizing::new(token.into());
        let authorization = authorization_value(signer.scheme(), &text);
        Self(Arc::new(Inner { text, authorization, signer: Some(signer) }))
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
    /// Whatever kept it from signing. That is [`Error::TokenSource`](crate::Error::TokenSource), and
    /// nothing is sent.
    fn sign(&self, method: &Method, url: &Url) -> Result<HeaderMap, BoxError>;

    /// Sees how each request that it signed was answered. Whether one that was answered with 401 is
    /// to be signed anew and sent once more, because the answer says what was missing.
    fn on_response(&self, url: &Url, status: StatusCode, headers: &HeaderMap) -> bool {
        let _ = (url, status, headers);
        false
    }
}

/// Returns the value of the `Authorization` header. Visible ASCII is more than RFC 6750 allows, and
/// is everything that a header safely carries.
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
    fn tokens_that_no_header_can_carry_have_no_authorization_value() {
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
