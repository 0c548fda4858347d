//! Tests that span crates: each layer against scripted servers, and all layers against real ones.

mod credential_stores;
mod faults;
mod hostile;
mod mcp_client;
mod mcp_http;
mod mcp_oauth;
mod mcp_stdio;
mod real_servers;
mod redaction;
mod relay;
mod security_page;
mod sign_in;
mod support;
