//! The credentials of a principal, and the client registration they belong to.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

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
    /// The resource identifier of the MCP server, as it was requested (RFC 8707).
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
}

/// An authentication method of a client at the token endpoint (RFC 7591, section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TokenEndpointAuthMethod {
    /// No authentication, for a public client.
    None,
    /// The client secret in the `Authorization` header.
    ClientSecretBasic,
    /// The client secret in the form.
    ClientSecretPost,
    /// An assertion that the client signs with its private key (RFC 7523).
    PrivateKeyJwt,
}

impl Credentials {
    /// Returns `true` if the access token has expired.
    pub fn is_expired(&self) -> bool {
        self.expires_at.is_some_and(|at| at <= now())
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
    /// Returns `true` if this is a dynamic registration with this redirect URI whose secret has not
    /// expired.
    pub(crate) fn is_valid_for(&self, redirect_uri: &str) -> bool {
        let expired = self.secret_expires_at.is_some_and(|at| at <= now());
        let lacks_secret = self.auth_method.needs_secret() && self.client_secret.is_none();
        let is_usable = !expired && !lacks_secret && !self.is_preregistered;
        is_usable && self.redirect_uri.as_deref() == Some(redirect_uri)
    }

    /// Returns the registration with the authentication method that the server accepted.
    pub(crate) fn with_auth_method(self, auth_method: TokenEndpointAuthMethod) -> Self {
        Self { auth_method, ..self }
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

impl TokenEndpointAuthMethod {
    /// Returns `true` if the client sends a secret with this method.
    pub(crate) fn needs_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost)
    }

    /// Returns the name of the method in requests and metadata (RFC 7591, section 2).
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }
}
