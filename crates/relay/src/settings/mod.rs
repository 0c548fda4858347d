//! The settings of a server.

mod server;
mod stdio;
mod tool_filter;

pub use self::{
    server::{Server, TransportConfig},
    stdio::StdioCommand,
};
pub(crate) use self::{
    server::{SettingsError, check_server_name},
    tool_filter::Filter,
};
