//! The credentials of a principal, and the client registration they belong to.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{clock::now, crypto::Secret};

/// The longest time before expiry at which an access token is refreshed, in seconds.
const MAX_REFRESH_SKEW: u64 = 60;

/// The tokens of one principal at one server, by one authorization server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Credentials {
    /// The authorization server that they are from: they are shown to no other.
    pub issuer: String,
    /// What the access token is for, as it was asked for (RFC 8707).
    pub resource: String,
    /// What is sent to the server.
    pub access_token: Secret,
    /// How it is sent.
    pub token_type: TokenType,
    /// When the access token expires, in seconds since 1970; `None` if nobody said so.
    pub expires_at: Option<u64>,
    /// What gets another access token; `None` where there is none, or no longer.
    pub refresh_token: Option<Secret>,
    /// Every scope that was asked for so far, granted or not.
    pub requested_scopes: BTreeSet<String>,
    /// How often in a row the scopes were widened.
    pub step_ups: u32,
    /// When the tokens came, in seconds since 1970.
    pub issued_at: u64,
    /// The client that they were given to.
    pub registration: ClientRegistration,
    /// Where another access token is to be had.
    pub token_endpoint: String,
    /// Where the refresh token is given back (RFC 7009), if anywhere.
    pub revocation_endpoint: Option<String>,
    /// The private key that the access token is bound to, in PKCS #8 and Base64 (RFC 9449).
    pub dpop_key: Option<Secret>,
}

/// How an access token is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TokenType {
    /// As it is (RFC 6750).
    Bearer,
    /// With a proof of who sends it (RFC 9449).
    DPoP,
}

/// A client that an authorization server knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClientRegistration {
    /// The client's id.
    pub client_id: String,
    /// The client's secret, if it has one.
    pub client_secret: Option<Secret>,
    /// When the secret expires, in seconds since 1970; `None` if it does not.
    pub secret_expires_at: Option<u64>,
    /// How the client proves at the token endpoint who it is.
    pub auth_method: TokenEndpointAuthMethod,
    /// Where people come back to; `None` for a client without any.
    pub redirect_uri: Option<String>,
}

/// How a client proves at the token endpoint who it is (RFC 7591, section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TokenEndpointAuthMethod {
    /// It does not: it is a public client.
    None,
    /// By its secret in the `Authorization` header.
    ClientSecretBasic,
    /// By its secret in the form.
    ClientSecretPost,
    /// By an assertion that it signs (RFC 7523).
    PrivateKeyJwt,
}

impl Credentials {
    /// Whether the access token is expired.
    pub fn is_expired(&self) -> bool {
        self.expires_at.is_some_and(|at| at <= now())
    }

    /// Returns whether the access token should be refreshed: in its last minute, or in the last
    /// tenth of its lifetime if that is shorter.
    pub(crate) fn needs_refresh(&self) -> bool {
        self.expires_at.is_some_and(|at| {
            let skew = (at.saturating_sub(self.issued_at) / 10).min(MAX_REFRESH_SKEW);
            at <= now().saturating_add(skew)
        })
    }
}

impl ClientRegistration {
    /// Returns whether the registration has this redirect URI and its secret has not expired.
    pub(crate) fn is_valid_for(&self, redirect_uri: &str) -> bool {
        let expired = self.secret_expires_at.is_some_and(|at| at <= now());
        !expired && self.redirect_uri.as_deref() == Some(redirect_uri)
    }
}

impl TokenEndpointAuthMethod {
    /// The name of the method in requests and metadata (RFC 7591, section 2).
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }
}
