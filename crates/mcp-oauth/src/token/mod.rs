//! Token requests and responses, DPoP proofs and assertions.

mod assertion;
mod endpoint;
mod response;
mod dpop;

pub use self::assertion::{AssertionRequest, AssertionSource, TokenExchange};
pub(crate) use self::{
    dpop::DpopKey,
    endpoint::{TokenEndpoint, refusal},
    response::TokenResponse,
};
