//! Configuration files: `relay.toml` and the files of other MCP clients.

mod toml_file;
mod import;
mod stdio_section;
mod oauth_section;
mod server_section;
mod entry;
mod schema;
mod duration;
mod authorization;
mod toml_document;
mod toml_error;
mod config;
mod variables;
mod position;

pub use self::config::{Config, ConfigWarning};
