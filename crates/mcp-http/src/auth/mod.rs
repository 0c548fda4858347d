//! Access tokens, where they come from, and the responses that reject them.

mod token_source;
mod unauthorized;
mod challenge;
mod access_token;

pub use self::{
    access_token::{AccessToken, RequestSigner},
    challenge::Challenge,
    token_source::{RejectedToken, TokenRequest, TokenSource},
    unauthorized::{Unauthorized, UnauthorizedReason},
};
