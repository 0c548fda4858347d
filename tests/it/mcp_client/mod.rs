//! `mcp-client` over HTTP and over transports in memory.

mod client;
mod exchange;
mod protocol;
