//! Clients that are registered with the authorization server.

use std::{collections::BTreeMap, fmt};

use serde_json::{Value, json};
use url::{Host, Url};

/// A client that is registered with an authorization server in advance.
///
/// If the id is a URL, it stands for a client with a metadata document at that URL.
///
/// ```
/// use mcp_testkit::KnownClient;
///
/// let app = KnownClient::new("our-app").redirect_uri("http://127.0.0.1/callback");
/// let service = KnownClient::new("nightly").secret("s3cret");
/// assert!(!format!("{service:?}").contains("s3cret"));
/// # let _ = app;
/// ```
#[derive(Clone)]
#[must_use]
pub struct KnownClient {
    pub(crate) id: String,
    pub(crate) secret: Option<String>,
    pub(crate) public_key: Option<Vec<u8>>,
    pub(crate) redirect_uris: Vec<String>,
    /// The authentication method. `None` allows all methods that the client has credentials for.
    pub(crate) auth_method: Option<String>,
    /// Set if the client may use the device authorization grant.
    pub(crate) allows_device: bool,
}

impl KnownClient {
    /// Returns a client with this id. Without a secret or a key, it is a public client.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            secret: None,
            public_key: None,
            redirect_uris: Vec::new(),
            auth_method: None,
            allows_device: true,
        }
    }

    /// Sets the client secret.
    pub fn secret(self, secret: impl Into<String>) -> Self {
        Self { secret: Some(secret.into()), ..self }
    }

    /// Sets the public key for `private_key_jwt` with ES256: an uncompressed point on P-256.
    pub fn public_key(self, point: impl Into<Vec<u8>>) -> Self {
        Self { public_key: Some(point.into()), ..self }
    }

    /// Adds a redirect URI. For loopback addresses, the port is ignored (RFC 8252, section 7.3).
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uris.push(uri.into());
        self
    }

    /// Returns `true` if a redirect URI is registered. Other URIs would make the server
    /// an open redirector, which sends codes to anyone (OAuth 2.1, section 2.3.3).
    pub(crate) fn may_redirect_to(&self, uri: &str, any_loopback_port: bool) -> bool {
        self.redirect_uris
            .iter()
            .any(|known| known == uri || any_loopback_port && same_but_for_port(known, uri))
    }

    /// Returns the registration response (RFC 7591, section 3.2.1).
    pub(crate) fn registration_response(&self) -> Value {
        let mut response = json!({ "client_id": self.id, "redirect_uris": self.redirect_uris });
        if let Some(method) = &self.auth_method {
            response["token_endpoint_auth_method"] = json!(method);
        }
        if let Some(secret) = &self.secret {
            response["client_secret"] = json!(secret);
            response["client_secret_expires_at"] = json!(0);
        }
        response
    }
}

fn same_but_for_port(known: &str, uri: &str) -> bool {
    let without_port = |text: &str| {
        let mut url = Url::parse(text).ok()?;
        let loopback = match url.host()? {
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
            Host::Domain(_) => false,
        };
        (loopback && url.scheme() == "http" && url.set_port(None).is_ok()).then_some(url)
    };
    without_port(known).is_some_and(|known| without_port(uri) == Some(known))
}

/// Clients by their ids.
pub(crate) type Clients = BTreeMap<String, KnownClient>;

impl fmt::Debug for KnownClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownClient").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_only_registered_redirect_uris_ignoring_the_loopback_port() {
        let client = KnownClient::new("c")
            .redirect_uri("https://app.example/cb")
            .redirect_uri("http://127.0.0.1/cb");
        for uri in [
            "https://app.example/cb",
            "http://127.0.0.1/cb",
            "http://127.0.0.1:80/cb",
            "http://127.0.0.1:4242/cb",
        ] {
            assert!(client.may_redirect_to(uri, true), "{uri}");
        }
        for uri in [
            "https://app.example/cb/",
            "https://app.example:444/cb",
            "https://app.example/cb?x",
            "https://evil.example/cb",
            "http://127.0.0.1:4242/other",
            "http://127.0.0.1:4242@evil.example/cb",
            "http://localhost:4242/cb",
            "",
        ] {
            assert!(!client.may_redirect_to(uri, true), "{uri}");
        }
    }
}
