//! Authorization server discovery, metadata documents and the choice of scopes.

mod scopes;
mod discovery;
mod metadata;

pub(crate) use self::{
    discovery::{Discovery, DiscoveryResult},
    metadata::AuthorizationServerMetadata,
    scopes::{OFFLINE_ACCESS, RequestedScopes, format_scopes, parse_scopes},
};
