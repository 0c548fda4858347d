//! The transports: a server in a child process, and lines on any byte streams.

mod builder;
mod line;
mod stdio;

pub use self::{builder::StdioTransportBuilder, line::LineTransport, stdio::StdioTransport};
