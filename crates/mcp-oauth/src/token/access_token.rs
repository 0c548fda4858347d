//! The access token for requests to an MCP server.

use mcp_http::AccessToken;

use super::dpop::DpopKey;
use crate::{
    error::Error,
    store::{Credentials, TokenType},
};

/// Returns the access token of credentials, with a DPoP signer if it is bound to a key.
pub(crate) fn access_token(credentials: &Credentials) -> Result<AccessToken, Error> {
    let token = credentials.access_token.expose();
    match (credentials.token_type, &credentials.dpop_key) {
        (TokenType::DPoP, Some(key)) => {
            let signer = DpopKey::decode(key)?.signer(&credentials.access_token);
            Ok(AccessToken::with_signer(token, signer))
        }
        _ => Ok(AccessToken::new(token)),
    }
}
