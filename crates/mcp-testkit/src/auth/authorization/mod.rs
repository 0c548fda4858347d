//! The state of the authorization server: clients, codes and tokens.

mod state;
mod issued_tokens;
mod config;
mod client;
mod endpoint;
mod oauth_error;

pub use self::{
    client::KnownClient,
    config::{MetadataLocation, Rotation},
    endpoint::OAuthEndpoint,
    state::Decision,
};
pub(crate) use self::{
    config::AuthorizationConfig,
    issued_tokens::{AuthorizationCode, Grant, IssuedTokens, TokenPair, TokenStatus},
    oauth_error::OAuthError,
    state::AuthorizationState,
};
