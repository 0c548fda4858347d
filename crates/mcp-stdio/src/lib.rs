//! MCP over lines: the server as a child process, in memory, or on any stream of bytes.
//!
//! Start at [`StdioTransport::builder`]; [`LineTransport`] is for streams that exist already, and
//! for servers in the same process. Everything that can go wrong is in [`Error`].

mod transport;
mod process;
mod connection;
mod io_task;
mod line_decoder;
mod redactor;
mod error;

pub use crate::{
    error::{Error, ExitReason},
    transport::{LineTransport, StdioTransport, StdioTransportBuilder},
};
