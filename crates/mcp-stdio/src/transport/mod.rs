//! The transports: to a server in a child process, and on any byte stream.

mod builder;
mod line;
mod stdio;

pub use self::{builder::StdioTransportBuilder, line::LineTransport, stdio::StdioTransport};
