//! The authentication method of an OAuth client.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::invalid_setting::InvalidOAuthSetting;

/// An authentication method of a client at the token endpoint (RFC 7591, section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

impl TokenEndpointAuthMethod {
    /// Returns `true` if the client sends a secret with this method.
    pub fn needs_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost)
    }

    /// Returns the name of the method in requests and metadata (RFC 7591, section 2).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }
}

/// Reads the name of a method, such as `client_secret_post`.
impl FromStr for TokenEndpointAuthMethod {
    type Err = InvalidOAuthSetting;

    fn from_str(name: &str) -> Result<Self, InvalidOAuthSetting> {
        let known =
            [Self::None, Self::ClientSecretBasic, Self::ClientSecretPost, Self::PrivateKeyJwt];
        let found = known.into_iter().find(|known| known.as_str() == name);
        found.ok_or_else(|| {
            let expected = "expected \"none\", \"client_secret_basic\" or \"client_secret_post\"";
            InvalidOAuthSetting::new("token_endpoint_auth_method", expected)
        })
    }
}
