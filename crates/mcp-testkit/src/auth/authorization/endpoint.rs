//! What an authorization server is asked for, by the path.

use std::fmt;

/// What a request to an [`AuthorizationServer`](crate::AuthorizationServer) is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum OAuthEndpoint {
    /// The metadata, wherever it was looked for.
    Metadata,
    /// Where clients register themselves (RFC 7591).
    Registration,
    /// Where people go with a browser.
    Authorization,
    /// Where tokens are to be had.
    Token,
    /// Where tokens are given back (RFC 7009).
    Revocation,
}

impl OAuthEndpoint {
    /// The endpoint at a path, if there is one; `base` is the path of the issuer.
    pub(crate) fn at(path: &str, base: &str) -> Option<Self> {
        if path.contains("/.well-known/") {
            return Some(Self::Metadata);
        }
        match path.strip_prefix(base)? {
            "/register" => Some(Self::Registration),
            "/authorize" => Some(Self::Authorization),
            "/token" => Some(Self::Token),
            "/revoke" => Some(Self::Revocation),
            _ => None,
        }
    }

    /// The HTTP method that it takes.
    pub(crate) fn http_method(self) -> &'static str {
        match self {
            Self::Metadata | Self::Authorization => "GET",
            Self::Registration | Self::Token | Self::Revocation => "POST",
        }
    }
}

/// As it begins a sentence about what clients did wrong.
impl fmt::Display for OAuthEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Metadata => "metadata",
            Self::Registration => "registration",
            Self::Authorization => "authorization",
            Self::Token => "token",
            Self::Revocation => "revocation",
        })
    }
}
