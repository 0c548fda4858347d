//! `mcp-http`: the Streamable HTTP transport and HTTP+SSE.

mod auth;
mod client;
mod message;
mod transport;
