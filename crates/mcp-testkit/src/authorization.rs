//! A scripted authorization server: what signs people in to a [`TestServer`](crate::TestServer).

mod authenticate;
mod authorize;
mod builder;
mod client;
mod endpoint;
mod grant;
mod ledger;
mod metadata;
mod params;
mod random;
mod refusal;
mod register;
mod revoke;
mod server;
mod token;

pub(crate) use self::ledger::{Ledger, Standing};
pub use self::{
    builder::{AuthorizationServerBuilder, Rotation},
    client::KnownClient,
    endpoint::OAuthEndpoint,
    metadata::MetadataLocation,
    server::{AuthorizationServer, Decision},
};
