//! Servers: configuration, replacement, sharing, connections, protocol versions, stdio.

mod configuration;
mod connections;
mod protocol_versions;
mod replacement;
mod shared;
mod stdio;
