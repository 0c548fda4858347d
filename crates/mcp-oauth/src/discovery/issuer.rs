//! The comparison of issuers.

use mcp_http::mcp_client::Truncated;
use url::Url;

/// Returns `true` if both texts name the same issuer.
///
/// Issuers are compared as strings, because an equivalent URL may belong to another issuer (RFC 8414,
/// section 3.3). There is one exception: `https://h` and `https://h/` are the same issuer, because
/// many servers add or leave out the slash at the root.
pub(crate) fn is_same_issuer(one: &str, other: &str) -> bool {
    one == other || without_root_slash(one) == without_root_slash(other)
}

/// Returns the issuer without the slash that is its whole path.
fn without_root_slash(issuer: &str) -> &str {
    let root = issuer.strip_suffix('/').filter(|root| {
        root.split_once("://")
            .is_some_and(|(_, host)| !host.is_empty() && !host.contains(['/', '?', '#', '\\']))
    });
    root.unwrap_or(issuer)
}

/// Formats a URL from a server for an error: without its query, and in quotes.
pub(crate) fn quoted_url(text: &str) -> String {
    let shown = match Url::parse(text) {
        Ok(url) if url.username().is_empty() && url.password().is_none() => {
            text.split(['?', '#']).next().unwrap_or_default()
        }
        _ => "an invalid URL",
    };
    format!("\"{}\"", Truncated(shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_slash_at_the_root_makes_no_difference() {
        for (one, other) in [
            ("https://a.example", "https://a.example/"),
            ("https://a.example:8443/", "https://a.example:8443"),
            ("https://a.example/t", "https://a.example/t"),
        ] {
            assert!(is_same_issuer(one, other) && is_same_issuer(other, one), "{one} {other}");
        }
        for (one, other) in [
            ("https://a.example/t", "https://a.example/t/"),
            ("https://a.example/", "https://a.example//"),
            ("https://a.example", "https://a.example//"),
            ("https://a.example", "https://A.example/"),
            ("https://a.example", "https://a.example:443/"),
            ("https://a.example", "http://a.example/"),
            ("https://a.example?x", "https://a.example?x/"),
            ("https://a.example", "https://b.example/"),
            ("https:", "https:/"),
            ("https://", "https:///"),
            ("", "/"),
        ] {
            assert!(!is_same_issuer(one, other) && !is_same_issuer(other, one), "{one} {other}");
        }
    }

    #[test]
    fn a_url_is_shown_without_its_query() {
        assert_eq!(quoted_url("https://a.example/t"), r#""https://a.example/t""#);
        assert_eq!(quoted_url("https://a.example/?key=s3cret"), r#""https://a.example/""#);
        for hidden in ["https://me:s3cret@a.example/", "s3cret"] {
            assert!(!quoted_url(hidden).contains("s3cret"), "{hidden}");
        }
    }
}
