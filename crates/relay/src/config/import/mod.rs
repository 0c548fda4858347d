//! The configuration files of other MCP clients.

#[cfg(test)]
mod fixtures;
mod file;
mod server;
mod members;
mod entry;
mod section;
mod node;
mod jsonc;
mod dotenv;

pub(crate) use self::file::{CODEX_SERVERS, from_codex};
