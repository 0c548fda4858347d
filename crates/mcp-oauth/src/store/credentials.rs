//! The credentials of a principal, and the client registration they belong to.

use std::collections::BTreeSet;

use mcp_http::TokenEndpointAuthMethod;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::{clock::now, crypto::Secret};

/// The longest time before expiry at which an access token is refreshed, in seconds.
const MAX_REFRESH_SKEW: u64 = 60;

/// The tokens of one principal at one MCP server, issued by one authorization server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Credentials {
    /// The issuer of the authorization server. The client sends the refresh token and the client
    /// secret to no other one.
    pub issuer: String,
    /// The resource identifier of the MCP server, as it was requested (RFC 8707). Empty if the
    /// settings of the server omit it.
    pub resource: String,
    /// The access token.
    pub access_token: Secret,
    /// The type of the access token.
    pub token_type: TokenType,
    /// The time at which the access token expires, in seconds since 1970. `None` if the
    /// authorization server did not report it.
    pub expires_at: Option<u64>,
    /// The refresh token. `None` if there is none, or if it is no longer valid.
    pub refresh_token: Option<Secret>,
    /// All scopes that were requested so far, granted or not.
    pub requested_scopes: BTreeSet<String>,
    /// The scopes of the access token, as the authorization server reported them. If it did not
    /// report any, these are the requested scopes (RFC 6749, section 5.1).
    #[serde(default)]
    pub granted_scopes: BTreeSet<String>,
    /// The scopes that the MCP server has required since the last sign-in. The next sign-in requests
    /// them, too.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub challenged_scopes: BTreeSet<String>,
    /// The last failure since the last sign-in or refresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<LastError>,
    /// The number of consecutive step-up requests.
    pub step_ups: u32,
    /// The time at which the tokens were received, in seconds since 1970.
    pub issued_at: u64,
    /// The client that the tokens were issued to.
    pub registration: ClientRegistration,
    /// The URL of the token endpoint.
    pub token_endpoint: String,
    /// The URL of the revocation endpoint, if there is one (RFC 7009).
    pub revocation_endpoint: Option<String>,
    /// The private key that the access token is bound to, in PKCS #8 and Base64 (RFC 9449).
    pub dpop_key: Option<Secret>,
}

/// A failure to refresh an access token, or to use it. It contains no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LastError {
    /// The time at which it occurred first, in seconds since 1970.
    pub at: u64,
    /// The error with its causes, on one line.
    pub message: String,
    /// `true` if the user must sign in again. `false` if the failure may be temporary.
    pub needs_sign_in: bool,
}

/// The type of an access token, which determines how it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TokenType {
    /// A bearer token, which is sent alone (RFC 6750).
    Bearer,
    /// A token that is bound to a key, and sent with a proof of possession (RFC 9449).
    DPoP,
}

/// The registration of a client at an authorization server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClientRegistration {
    /// The client ID.
    pub client_id: String,
    /// The client secret, if there is one.
    pub client_secret: Option<Secret>,
    /// The time at which the secret expires, in seconds since 1970. `None` if it does not expire.
    pub secret_expires_at: Option<u64>,
    /// The authentication method at the token endpoint.
    pub auth_method: TokenEndpointAuthMethod,
    /// The redirect URI. `None` for a client without users.
    pub redirect_uri: Option<String>,
    /// Set if the client comes from the configuration, and was not registered dynamically. A stored
    /// registration of such a client has no secret. It binds the client to its authorization server.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_preregistered: bool,
    /// Set if the authorization server has rejected another port of the redirect URI.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_port_fixed: bool,
}

impl Credentials {
    /// Returns `true` if the access token has expired.
    pub fn is_expired(&self) -> bool {
        self.expires_at.is_some_and(|at| at <= now())
    }

    /// Sets the last error. Returns `false` if it is known already. The first error that needs a
    /// sign-in stays, because the others follow from it.
    pub(crate) fn set_error(&mut self, message: String, needs_sign_in: bool) -> bool {
        let is_known = self
            .last_error
            .as_ref()
            .is_some_and(|known| known.needs_sign_in || !needs_sign_in && known.message == message);
        if !is_known {
            self.last_error = Some(LastError { at: now(), message, needs_sign_in });
        }
        !is_known
    }

    /// Returns `true` if the access token should be refreshed: in its last minute, or in the last
    /// tenth of its lifetime if that is shorter.
    pub(crate) fn needs_refresh(&self) -> bool {
        self.expires_at.is_some_and(|at| {
            let skew = (at.saturating_sub(self.issued_at) / 10).min(MAX_REFRESH_SKEW);
            at <= now().saturating_add(skew)
        })
    }
}

impl ClientRegistration {
    /// Returns `true` if this is a dynamic registration for this redirect URI whose secret has not
    /// expired.
    ///
    /// Authorization servers must allow any port of a loopback address (RFC 8252, section 7.3).
    pub(crate) fn is_valid_for(&self, redirect_uri: &str) -> bool {
        let expired = self.secret_expires_at.is_some_and(|at| at <= now());
        let lacks_secret = self.auth_method.needs_secret() && self.client_secret.is_none();
        let is_usable = !expired && !lacks_secret && !self.is_preregistered;
        let registered = self.redirect_uri.as_deref().unwrap_or_default();
        let is_registered = registered == redirect_uri
            || !self.is_port_fixed && is_same_except_port(registered, redirect_uri);
        is_usable && is_registered
    }

    /// Returns the registration for a sign-in with this redirect URI.
    pub(crate) fn with_redirect_uri(self, redirect_uri: &str) -> Self {
        Self { redirect_uri: Some(redirect_uri.to_owned()), ..self }
    }

    /// Returns the registration with the authentication method that the server accepted.
    pub(crate) fn with_auth_method(self, auth_method: TokenEndpointAuthMethod) -> Self {
        Self { auth_method, ..self }
    }
}

/// Returns `true` if both URLs are on a loopback address, and only their ports differ.
fn is_same_except_port(one: &str, other: &str) -> bool {
    let without_port = |text: &str| {
        let mut url = Url::parse(text).ok()?;
        let is_loopback = match url.host()? {
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
            Host::Domain(name) => name == "localhost",
        };
        (is_loopback && url.scheme() == "http" && url.set_port(None).is_ok()).then_some(url)
    };
    without_port(one).is_some_and(|one| without_port(other) == Some(one))
}

fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_port_of_a_loopback_address_may_differ() {
        let registered = |redirect_uri: &str| ClientRegistration {
            client_id: "c".to_owned(),
            client_secret: None,
            secret_expires_at: None,
            auth_method: TokenEndpointAuthMethod::None,
            redirect_uri: Some(redirect_uri.to_owned()),
            is_preregistered: false,
            is_port_fixed: false,
        };
        let known = registered("http://127.0.0.1:4000/callback");
        for valid in ["http://127.0.0.1:4000/callback", "http://127.0.0.1:5000/callback"] {
            assert!(known.is_valid_for(valid), "{valid}");
        }
        for other in [
            "http://127.0.0.1:4000/other",
            "http://localhost:4000/callback",
            "https://127.0.0.1:5000/callback",
            "http://127.0.0.1:4000/callback?x",
        ] {
            assert!(!known.is_valid_for(other), "{other}");
        }
        let fixed = ClientRegistration { is_port_fixed: true, ..known };
        assert!(fixed.is_valid_for("http://127.0.0.1:4000/callback"));
        assert!(!fixed.is_valid_for("http://127.0.0.1:5000/callback"));
        let web = registered("https://app.example:4000/callback");
        assert!(!web.is_valid_for("https://app.example:5000/callback"));
        let by_hand = ClientRegistration { is_preregistered: true, ..fixed };
        assert!(!by_hand.is_valid_for("http://127.0.0.1:4000/callback"));
    }

    #[test]
    fn a_registration_is_valid_until_its_secret_expires() {
        for (secret_expires_at, expected) in
            [(None, true), (Some(now() + 60), true), (Some(now()), false), (Some(1), false)]
        {
            let registration = ClientRegistration {
                client_id: "c".to_owned(),
                client_secret: Some(Secret::new("5ecret")),
                secret_expires_at,
                auth_method: TokenEndpointAuthMethod::ClientSecretPost,
                redirect_uri: Some("https://app.example/".to_owned()),
                is_preregistered: false,
                is_port_fixed: false,
            };
            assert_eq!(registration.is_valid_for("https://app.example/"), expected);
            assert!(!registration.is_valid_for("https://app.example/other"));
        }
    }
}
