//! The transports: a server that is a child process, and lines on any stream of bytes.

mod builder;
mod line;
mod stdio;

pub use self::{builder::Builder, line::LineTransport, stdio::StdioTransport};
