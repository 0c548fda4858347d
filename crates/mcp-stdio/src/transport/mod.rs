//! The transports: a server that is a child process, and lines on any stream of bytes.

pub(crate) mod builder;
pub(crate) mod line;
pub(crate) mod stdio;
