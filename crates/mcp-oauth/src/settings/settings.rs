//! The settings that user tokens and client credentials share.

use std::fmt;

use mcp_http::{HttpClient, HttpClientBuilder, OAuthSettings};

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
    /// the MCP server is on this machine as well. The host of the MCP server itself is allowed.
    /// [`OAuthSettings::allow_hosts`](crate::OAuthSettings::allow_hosts) allows hosts for one MCP
    /// server.
    ///
    /// `host` is a host name or an IP address, without a scheme, a port or a path. Call this method
    /// once for each host.
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.allowed_hosts.push(host.into());
        self
    }

    /// Builds the HTTP client for authorization servers.
    pub(crate) fn guarded_client(self) -> Result<GuardedClient, Error> {
        let allowed_hosts = OAuthSettings::new().allow_hosts(self.allowed_hosts).allowed_hosts();
        let allowed_hosts = allowed_hosts.map_err(|error| Error::configuration(error.reason))?;
        GuardedClient::new(self.http, allowed_hosts)
            .map_err(|error| Error::configuration(error.to_string()))
    }
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
