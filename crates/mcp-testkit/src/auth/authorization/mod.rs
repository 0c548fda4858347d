//! The state of the authorization server: clients, codes and tokens.

mod state;
mod device;
mod issued_tokens;
mod config;
mod device_grant;
mod client;
mod endpoint;
mod oauth_error;

pub use self::{
    client::KnownClient,
    config::{MetadataLocation, ResourceParameter, Rotation},
    device_grant::DeviceGrant,
    endpoint::OAuthEndpoint,
    state::Decision,
};
pub(crate) use self::{
    config::AuthorizationConfig,
    device::PendingDevice,
    issued_tokens::{AuthorizationCode, Grant, IssuedTokens, TokenPair, TokenStatus},
    oauth_error::OAuthError,
    state::AuthorizationState,
};
