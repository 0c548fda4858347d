//! Servers: configuration, replacement, connections, protocol versions, stdio.

mod configuration;
mod connections;
mod protocol_versions;
mod replacement;
mod stdio;
