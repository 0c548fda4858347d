//! `mcp-stdio` against servers in memory, and against processes that behave well or badly.

mod calls;
mod configuration;
mod line_transport;
mod misbehaving_servers;
mod negotiation;
mod process_lifetime;
mod slow_start;
mod support;
