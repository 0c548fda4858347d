//! The registered servers and the connections to them.

mod credentials;
mod relay_state;
mod handlers;
mod servers;
mod transport;
mod connections;
mod token_sources;
mod server_token;
mod failure;

pub use self::{connections::Connection, handlers::HandlerContext};
pub(crate) use self::{
    connections::{ConnectionPool, PoolLimits},
    credentials::Credentials,
    failure::ErrorContext,
    handlers::Handlers,
    relay_state::{ClientInfo, RelayState},
    server_token::TokenServers,
    servers::{ServerHandle, ServerTable},
    token_sources::TokenSources,
};
