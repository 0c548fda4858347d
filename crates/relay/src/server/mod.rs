//! The registered servers and the connections to them.

mod relay_state;
mod handlers;
mod servers;
mod transport;
mod connections;
mod token_sources;
mod failure;

pub use self::{connections::Connection, handlers::HandlerContext};
pub(crate) use self::{
    connections::{ConnectionPool, PoolLimits},
    failure::ErrorContext,
    handlers::Handlers,
    relay_state::{ClientInfo, RelayState},
    servers::{ServerHandle, ServerTable},
    token_sources::TokenSources,
};
