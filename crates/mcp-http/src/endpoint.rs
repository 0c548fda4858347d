//! The URL of a server. It is validated once, and displayed without its query.

use std::{fmt, net::IpAddr, sync::Arc};

use http::Uri;
use mcp_client::Truncated;
use url::{Host, Url};

/// The URL of a server, to which its messages are sent.
///
/// The scheme is `http:` or `https:`. The URL has no user name, no password and no fragment.
/// `Display` and `Debug` leave out the query, because some servers expect a key there.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Arc<ParsedUrl>);

/// The same URL as two types: one to resolve references, one to send requests.
#[derive(PartialEq, Eq)]
struct ParsedUrl {
    url: Url,
    uri: Uri,
}

/// The error for a URL that cannot be an [`Endpoint`].
#[derive(Debug)]
pub(crate) struct InvalidEndpoint {
    pub(crate) reason: String,
}

/// The error for a reference that names no URL to send messages to.
#[derive(Debug)]
pub(crate) enum InvalidReference {
    NoUrl,
    /// The URL has this origin, which is not that of the server.
    OtherOrigin(String),
}

impl Endpoint {
    /// Validates a URL. Callers use [`Endpoint::parse`], which returns the crate's error type.
    pub(crate) fn new(url: &str) -> Result<Self, InvalidEndpoint> {
        let invalid = |reason: &str| InvalidEndpoint { reason: reason.to_owned() };
        let url = Url::parse(url).map_err(|error| invalid(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid("the scheme must be \"http\" or \"https\""));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("it must not contain a user name or password"));
        }
        if url.fragment().is_some() {
            return Err(invalid("it must not contain a fragment"));
        }
        let uri = Uri::try_from(url.as_str());
        let uri = uri.map_err(|_| invalid("it contains characters that HTTP does not allow"))?;
        Ok(Self(Arc::new(ParsedUrl { url, uri })))
    }

    /// Returns the complete URL, including the query.
    pub fn url(&self) -> &Url {
        &self.0.url
    }

    /// Returns the values of the query, which may be secret. A name without a value counts too.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = String> {
        let pairs = self.url().query_pairs();
        pairs.map(|(name, value)| if value.is_empty() { name } else { value }.into_owned())
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.0.uri
    }

    /// Resolves the `reference` of an `endpoint` event (RFC 3986, section 5).
    ///
    /// # Errors
    /// Returns an error if the result is not a valid URL, or if it has another origin. A token for
    /// this URL must not be sent to another origin.
    pub(crate) fn join(&self, reference: &[u8]) -> Result<Self, InvalidReference> {
        let reference = str::from_utf8(reference).map_err(|_| InvalidReference::NoUrl)?;
        let url = self.url().join(reference).map_err(|_| InvalidReference::NoUrl)?;
        let origin = url.origin();
        if origin != self.url().origin() {
            return Err(InvalidReference::OtherOrigin(match origin.is_tuple() {
                true => origin.ascii_serialization(),
                false => format!("{}:", url.scheme()),
            }));
        }
        Self::new(url.as_str()).map_err(|_| InvalidReference::NoUrl)
    }

    /// Resolves the `reference` of a redirect. Returns `None` if the result has another origin, or is
    /// not a valid URL.
    pub(crate) fn in_same_origin(&self, reference: &str) -> Option<Self> {
        let mut url = self.url().join(reference).ok()?;
        url.set_fragment(None);
        let is_same = url.origin() == self.url().origin();
        Self::new(url.as_str()).ok().filter(|_| is_same)
    }

    /// Returns whether a token may be sent to this URL. This is the case if the connection is
    /// encrypted or does not leave this machine.
    pub(crate) fn is_confidential(&self) -> bool {
        self.0.url.scheme() == "https" || self.is_loopback()
    }

    /// Returns whether the host is this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        match self.0.url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
            None => false,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = Truncated(&self.0.url[..url::Position::AfterPath]);
        let query = if self.0.url.query().is_some() { "?****" } else { "" };
        write!(f, "{shown}{query}")
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_other_schemes_credentials_and_fragments() {
        for (url, reason) in [
            ("example.com/mcp", "relative URL without a base"),
            ("ftp://example.com/", "\"http\" or \"https\""),
            ("https://user@example.com/", "user name or password"),
            ("https://:pw@example.com/", "user name or password"),
            ("https://example.com/#top", "fragment"),
        ] {
            let error = Endpoint::parse(url).unwrap_err().to_string();
            assert!(error.contains(reason), "{url}: {error}");
        }
    }

    #[test]
    fn display_and_debug_hide_the_query() {
        let endpoint = Endpoint::parse("https://example.com/mcp?key=secret").unwrap();
        assert_eq!(endpoint.to_string(), "https://example.com/mcp?****");
        assert_eq!(format!("{endpoint:?}"), "Endpoint(https://example.com/mcp?****)");
        assert_eq!(endpoint.url().query(), Some("key=secret"));
    }

    #[test]
    fn https_and_loopback_urls_are_confidential() {
        for url in [
            "https://example.com/",
            "http://localhost:1/",
            "http://127.8.9.1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            assert!(Endpoint::parse(url).unwrap().is_confidential(), "{url}");
        }
        for url in ["http://example.com/", "http://10.0.0.1/", "http://api.localhost/"] {
            assert!(!Endpoint::parse(url).unwrap().is_confidential(), "{url}");
        }
    }
}
