//! Authorization: bearer tokens, and a scripted OAuth authorization server.

mod bearer;
mod builder;
mod authorization_server;
mod endpoints;
mod authorization;

pub(crate) use self::bearer::{TokenRejection, TokenVerifier};
pub use self::{
    authorization::{
        Decision, DeviceGrant, KnownClient, MetadataLocation, OAuthEndpoint, ResourceParameter,
        Rotation,
    },
    authorization_server::AuthorizationServer,
    bearer::Bearer,
    builder::AuthorizationServerBuilder,
};
