//! The settings that user tokens and client credentials share.

use std::{fmt, net::Ipv6Addr};

use mcp_http::{HttpClient, HttpClientBuilder};
use url::Host;

use crate::{error::Error, http::GuardedClient};

/// Settings for the connections to authorization servers and for the type of tokens.
///
/// Both [`OAuthClient`](crate::OAuthClient) and [`ClientCredentials`](crate::ClientCredentials) use
/// them.
///
/// # Examples
///
/// ```
/// use mcp_oauth::{OAuthClient, Settings};
///
/// fn main() -> Result<(), mcp_oauth::Error> {
///     let settings = Settings::new().allow_host("login.intranet.example").dpop(true);
///     let application = OAuthClient::builder("Our application", "https://app.example/callback")
///         .settings(settings)
///         .build()?;
///     println!("{application:?}");
///     Ok(())
/// }
/// ```
#[must_use]
pub struct Settings {
    http: HttpClientBuilder,
    allowed_hosts: Vec<String>,
    pub(crate) dpop: bool,
}

impl Settings {
    /// Creates the default settings: bearer tokens, no proxy, and no hosts on private networks.
    pub fn new() -> Self {
        Self { http: HttpClient::builder(), allowed_hosts: Vec::new(), dpop: false }
    }

    /// Sets whether to request DPoP-bound access tokens, which only the holder of a private key can
    /// use (RFC 9449). Defaults to `false`.
    pub fn dpop(self, dpop: bool) -> Self {
        Self { dpop, ..self }
    }

    /// Sets the HTTP client for authorization servers.
    ///
    /// If it uses a proxy, the proxy resolves the host names. The proxy must then block connections
    /// to private networks.
    pub fn http_client(self, http: HttpClientBuilder) -> Self {
        Self { http, ..self }
    }

    /// Allows a host on a private network or on this machine.
    ///
    /// By default, URLs on private networks are rejected. URLs on this machine are rejected unless
    /// the MCP server is on this machine as well.
    ///
    /// `host` is a host name or an IP address, without a scheme, a port or a path. Call this method
    /// once for each host.
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.allowed_hosts.push(host.into());
        self
    }

    /// Builds the HTTP client for authorization servers.
    pub(crate) fn guarded_client(self) -> Result<GuardedClient, Error> {
        let allowed_hosts =
            self.allowed_hosts.iter().map(|text| normalize_host(text)).collect::<Result<_, _>>()?;
        GuardedClient::new(self.http, allowed_hosts)
            .map_err(|error| Error::configuration(error.to_string()))
    }
}

/// Normalizes a host as URLs do: lower case, and an IPv6 address in brackets.
fn normalize_host(text: &str) -> Result<String, Error> {
    let host = match text.parse::<Ipv6Addr>() {
        Ok(address) => Some(Host::Ipv6(address)),
        // Patterns are not supported, although they parse as names.
        Err(_) => Host::parse(text).ok().filter(|_| !text.contains('*')),
    };
    host.map(|host| host.to_string()).ok_or_else(|| {
        Error::configuration(format!(
            "invalid host {text:?}: expected a host name or an IP address, without a scheme, a port \
             or a path"
        ))
    })
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { allowed_hosts, dpop, .. } = self;
        let mut shown = f.debug_struct("Settings");
        shown.field("allowed_hosts", allowed_hosts).field("dpop", dpop).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalizes_allowed_hosts_as_urls_do() {
        for (text, normalized) in [
            ("Login.Example", "login.example"),
            ("10.0.0.1", "10.0.0.1"),
            ("fd00::1", "[fd00::1]"),
            ("[fd00::1]", "[fd00::1]"),
            ("b\u{fc}cher.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(normalize_host(text).unwrap(), normalized);
        }
        for text in ["", "https://login.example", "login.example:8443", "login.example/x", "*.x"] {
            let error = Settings::new().allow_host(text).guarded_client().map(drop).unwrap_err();
            assert!(matches!(error, Error::Configuration { .. }), "{text:?}: {error:?}");
        }
    }
}
