//! Configuration files: `relay.toml` and the JSON files of other MCP clients.

mod json;
mod config;
mod stdio_section;
mod server_section;
mod entry;
mod schema;
mod toml_error;
mod variables;
mod position;
mod jsonc;
mod dotenv;

pub use self::config::Config;
