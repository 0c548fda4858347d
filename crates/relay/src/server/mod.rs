//! The registered servers and the connections to them.

mod relay_state;
mod handlers;
mod servers;
mod transport;
mod connections;
mod token_sources;
mod failure;

pub use self::{connections::Connection, handlers::Asker};
pub(crate) use self::{
    connections::{PoolLimits, Sessions},
    failure::Attempt,
    handlers::Handlers,
    relay_state::Registry,
    servers::{Link, Servers},
    token_sources::Sources,
};
