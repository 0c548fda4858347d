//! Access tokens, and signers that prove possession of a token.

use std::{fmt, iter, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use mcp_client::BoxError;
use url::Url;
use zeroize::Zeroizing;

/// An access token: a bearer token (RFC 6750), or a token with a [`RequestSigner`] that proves
/// possession with each request.
///
/// Some servers take other credentials instead: see [`basic`](Self::basic) and
/// [`from_authorization`](Self::from_authorization).
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
    /// The password of Basic authentication. It is a secret too.
    password: Option<Zeroizing<String>>,
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
        Self(Arc::new(Inner { text, authorization, password: None, signer: None }))
    }

    /// Creates credentials for Basic authentication (RFC 7617). A user name must not contain a
    /// colon.
    ///
    /// ```
    /// let credentials = mcp_http::AccessToken::basic("reader", "s3cret");
    /// assert_eq!(format!("{credentials:?}"), "AccessToken(****)");
    /// ```
    pub fn basic(user: impl AsRef<str>, password: impl Into<String>) -> Self {
        let (user, password) = (user.as_ref(), Zeroizing::new(password.into()));
        let pair = Zeroizing::new(format!("{user}:{}", *password));
        let text = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
        let authorization = authorization_value("Basic", &text).filter(|_| !user.contains(':'));
        Self(Arc::new(Inner { text, authorization, password: Some(password), signer: None }))
    }

    /// Creates credentials from the complete value of an `Authorization` header, such as
    /// `ApiKey abc`, or a key without a scheme.
    ///
    /// Use this for servers that do not take bearer tokens. Like a token, the value is not
    /// validated here.
    pub fn from_authorization(value: impl Into<String>) -> Self {
        let value = Zeroizing::new(value.into());
        let (scheme, text) = match value.trim().split_once(' ') {
            Some((scheme, text)) => (Some(scheme), text.trim()),
            None => (None, value.trim()),
        };
        let is_basic = scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"));
        let password = is_basic.then(|| basic_password(text)).flatten();
        let visible = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
        let authorization = HeaderValue::from_str(value.trim()).ok();
        let mut authorization =
            authorization.filter(|_| !text.is_empty() && value.trim().bytes().all(visible));
        authorization.iter_mut().for_each(|value| value.set_sensitive(true));
        let text = Zeroizing::new(text.to_owned());
        Self(Arc::new(Inner { text, authorization, password, signer: None }))
    }

    /// Creates a token that servers accept only together with the headers that `signer` adds to
    /// each request.
    pub fn with_signer(token: impl Into<String>, signer: Arc<dyn RequestSigner>) -> Self {
        let text = Zeroizing::new(token.into());
        let authorization = authorization_value(signer.scheme(), &text);
        Self(Arc::new(Inner { text, authorization, password: None, signer: Some(signer) }))
    }

    /// Returns the text of the token, without the scheme of its header. Send it only to its server,
    /// and do not display it.
    pub fn expose(&self) -> &str {
        &self.0.text
    }

    /// Returns the texts that must not be displayed: the text of the token, and the password of
    /// [Basic authentication](Self::basic).
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        iter::once(self.expose()).chain(self.0.password.as_ref().map(|password| password.as_str()))
    }

    /// Returns whether the token can be sent. It cannot if it is empty, or if it contains a
    /// character that is not allowed in an `Authorization` header.
    pub fn is_valid(&self) -> bool {
        self.0.authorization.is_some()
    }

    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        self.0.authorization.as_ref()
    }

    pub(crate) fn signer(&self) -> Option<&dyn RequestSigner> {
        self.0.signer.as_deref()
    }
}

/// Returns the password of the credentials of Basic authentication.
fn basic_password(text: &str) -> Option<Zeroizing<String>> {
    let pair = Zeroizing::new(String::from_utf8(STANDARD.decode(text).ok()?).ok()?);
    pair.split_once(':').map(|(_, password)| Zeroizing::new(password.to_owned()))
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
        self.0.text == other.0.text && self.0.authorization == other.0.authorization
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
    fn other_credentials_are_sent_with_their_scheme() {
        let header = |token: &AccessToken| token.authorization().unwrap().as_bytes().to_vec();
        for (token, value, secrets) in [
            (AccessToken::basic("a", "b:c"), "Basic YTpiOmM=", &["YTpiOmM=", "b:c"][..]),
            (AccessToken::from_authorization("basic YTpi"), "basic YTpi", &["YTpi", "b"]),
            (AccessToken::from_authorization("Basic ?"), "Basic ?", &["?"]),
            (AccessToken::from_authorization("ApiKey abc"), "ApiKey abc", &["abc"]),
            (AccessToken::from_authorization(" abc "), "abc", &["abc"]),
            (
                AccessToken::from_authorization("D a=\"b\", c=d"),
                "D a=\"b\", c=d",
                &["a=\"b\", c=d"],
            ),
        ] {
            assert_eq!(header(&token), value.as_bytes(), "{value}");
            assert!(token.authorization().unwrap().is_sensitive());
            assert_eq!(token.secrets().collect::<Vec<_>>(), secrets, "{value}");
        }
        assert_ne!(AccessToken::new("abc"), AccessToken::from_authorization("ApiKey abc"));
        assert_eq!(AccessToken::new("abc"), AccessToken::from_authorization("Bearer abc"));
        let colon = AccessToken::basic("a:b", "c");
        let invalid = ["", " ", "a\r\nb", "ApiKey \u{e9}", "a\tb"];
        for token in invalid.map(AccessToken::from_authorization).iter().chain([&colon]) {
            assert!(!token.is_valid());
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
