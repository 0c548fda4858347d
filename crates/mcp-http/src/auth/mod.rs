//! Access tokens, token sources, and the errors for rejected tokens.

mod token_source;
mod token_unavailable;
mod unauthorized;
mod challenge;
mod access_token;

pub use self::{
    access_token::{AccessToken, RequestSigner},
    challenge::Challenge,
    token_source::{RejectedToken, TokenRequest, TokenSource},
    token_unavailable::TokenUnavailable,
    unauthorized::{Unauthorized, UnauthorizedReason},
};
