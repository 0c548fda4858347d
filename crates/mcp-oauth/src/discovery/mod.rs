//! Authorization server discovery, metadata documents and scope selection.

mod scopes;
mod discovery;
mod metadata;

pub(crate) use self::{
    discovery::{Discovered, Discovery},
    metadata::AuthorizationServer,
    scopes::{OFFLINE_ACCESS, Wanted, join, split},
};
