//! The endpoints of an authorization server, and their paths.

use std::fmt;

/// An endpoint of an [`AuthorizationServer`](crate::AuthorizationServer).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum OAuthEndpoint {
    /// The metadata, at every well-known location.
    Metadata,
    /// The client registration endpoint (RFC 7591).
    Registration,
    /// The authorization endpoint, which a browser visits.
    Authorization,
    /// The token endpoint.
    Token,
    /// The revocation endpoint (RFC 7009).
    Revocation,
    /// The device authorization endpoint (RFC 8628).
    DeviceAuthorization,
}

impl OAuthEndpoint {
    /// Returns the endpoint at a path. `base` is the path of the issuer.
    pub(crate) fn at(path: &str, base: &str) -> Option<Self> {
        if path.contains("/.well-known/") {
            return Some(Self::Metadata);
        }
        match path.strip_prefix(base)? {
            "/register" => Some(Self::Registration),
            "/authorize" => Some(Self::Authorization),
            "/token" => Some(Self::Token),
            "/revoke" => Some(Self::Revocation),
            "/device_authorization" => Some(Self::DeviceAuthorization),
            _ => None,
        }
    }

    /// Returns the HTTP method that the endpoint accepts.
    pub(crate) fn http_method(self) -> &'static str {
        match self {
            Self::Metadata | Self::Authorization => "GET",
            Self::Registration | Self::Token | Self::Revocation | Self::DeviceAuthorization => {
                "POST"
            }
        }
    }
}

/// Formats the endpoint for the start of a violation.
impl fmt::Display for OAuthEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Metadata => "metadata",
            Self::Registration => "registration",
            Self::Authorization => "authorization",
            Self::Token => "token",
            Self::Revocation => "revocation",
            Self::DeviceAuthorization => "device authorization",
        })
    }
}
