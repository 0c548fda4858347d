//! The access token as requests carry it.

use mcp_http::AccessToken;

use super::dpop::DpopKey;
use crate::{
    error::Error,
    store::{Credentials, TokenType},
};

/// The access token as requests carry it.
pub(crate) fn access_token(credentials: &Credentials) -> Result<AccessToken, Error> {
    let token = credentials.access_token.expose();
    match (credentials.token_type, &credentials.dpop_key) {
        (TokenType::DPoP, Some(key)) => {
            let signer = DpopKey::decode(key)?.signer(&credentials.access_token);
            Ok(AccessToken::signed(token, signer))
        }
        _ => Ok(AccessToken::new(token)),
    }
}
