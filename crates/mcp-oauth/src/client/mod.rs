//! The OAuth client of an application: its users, their sign-ins, tokens, refresh and revocation.

mod builder;
mod device_sign_in;
mod sign_in;
mod client;
mod connections;
mod user_tokens;
mod refresh;
mod revocation;
mod registration;
mod state;
mod event;
mod detached;

pub use self::{
    builder::OAuthClientBuilder,
    client::OAuthClient,
    connections::UserConnection,
    device_sign_in::DeviceSignIn,
    event::{ConnectionChange, ConnectionEvent},
    sign_in::SignIn,
    user_tokens::UserTokens,
};
