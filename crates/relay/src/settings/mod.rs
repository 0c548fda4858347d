//! The settings of a server.

mod server;
mod stdio;
mod tool_filter;

pub(crate) use self::{server::Fault, tool_filter::Filter};
pub use self::{
    server::{Server, Transport},
    stdio::Program,
};
