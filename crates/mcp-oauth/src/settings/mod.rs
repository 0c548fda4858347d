//! Settings of an application, and of one MCP server.

mod settings;
mod server_settings;

pub use self::{server_settings::ServerSettings, settings::Settings};
