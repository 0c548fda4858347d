//! Authorization: bearer tokens, and a scripted OAuth authorization server.

mod bearer;
mod builder;
mod authorization_server;
mod endpoints;
mod authorization;

pub use self::{
    authorization::{KnownClient, OAuthEndpoint},
    authorization_server::{AuthorizationServer, Decision},
    bearer::Bearer,
    builder::{AuthorizationServerBuilder, Rotation},
    endpoints::MetadataLocation,
};
pub(crate) use self::{
    authorization_server::Shared,
    bearer::{Guard, Refusal, User},
};
