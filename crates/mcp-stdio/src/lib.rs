//! MCP over lines: the server as a child process, in memory, or on any stream of bytes.
//!
//! Start at [`StdioTransport::builder`]; [`LineTransport`] is for streams that exist already, and
//! for servers in the same process. Everything that can go wrong is in [`Error`].

mod builder;
mod connection;
mod environment;
mod error;
mod keeper;
mod line_transport;
mod lines;
mod mask;
mod process;
mod restarts;
mod secrets;
mod stderr;
mod transport;
#[cfg(unix)]
mod watchdog;

pub use crate::{
    builder::Builder,
    error::{End, Error},
    line_transport::LineTransport,
    transport::StdioTransport,
};
