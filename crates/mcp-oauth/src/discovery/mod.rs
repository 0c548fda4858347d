//! Authorization server discovery, metadata documents and the choice of scopes.

mod scopes;
mod discovery;
mod search;
mod configured;
mod metadata;
mod issuer;

pub(crate) use self::{
    discovery::{Discovery, DiscoveryResult},
    issuer::{is_same_issuer, quoted_url},
    metadata::AuthorizationServerMetadata,
    scopes::{OFFLINE_ACCESS, RequestedScopes, format_scopes, parse_scopes},
};
