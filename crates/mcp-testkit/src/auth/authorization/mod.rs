//! The state of the authorization server: clients, codes and tokens.

mod issued_tokens;
mod client;
mod endpoint;
mod oauth_error;
mod random;

pub(crate) use self::{
    client::Clients,
    issued_tokens::{Code, Consent, Ledger, Standing, Tokens},
    oauth_error::Refusal,
    random::{random, s256},
};
pub use self::{client::KnownClient, endpoint::OAuthEndpoint};
