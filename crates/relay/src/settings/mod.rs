//! The settings of a server.

mod server;
mod stdio;
mod tool_filter;

pub(crate) use self::{server::SettingsError, tool_filter::Filter};
pub use self::{
    server::{Server, TransportConfig},
    stdio::StdioCommand,
};
