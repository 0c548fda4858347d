//! Requests to the token endpoint, their responses, DPoP proofs and assertions.

mod assertion;
mod endpoint;
mod response;
mod access_token;
mod dpop;

pub use self::assertion::{AssertionRequest, AssertionSource, TokenExchange};
pub(crate) use self::{
    access_token::access_token, dpop::DpopKey, endpoint::TokenEndpoint, response::TokenResponse,
};
