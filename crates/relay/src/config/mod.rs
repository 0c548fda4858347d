//! Configuration files.

mod json;
mod config;
mod schema;
mod stdio_section;
mod server_section;
mod toml_error;
mod variables;
mod position;
mod jsonc;
mod dotenv;

pub use self::config::Config;
