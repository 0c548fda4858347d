//! The servers: four over HTTP in one process, and one over stdio.

mod process;
mod faults;
mod http_servers;
mod catalog;
mod state;
mod sessions;
mod stdio;

pub(crate) use self::{process::serve, stdio::serve_stdio};
