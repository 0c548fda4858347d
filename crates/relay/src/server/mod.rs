//! The registered servers and the connections to them.

mod servers;
mod transport;
mod connections;
mod token_sources;
mod failure;

pub use self::connections::Connection;
pub(crate) use self::{
    connections::{PoolLimits, Sessions},
    failure::Attempt,
    servers::{Link, Servers},
    token_sources::Sources,
};
