//! Checks what neither the compiler nor Clippy checks: file headers and the order of modules.

mod command;
mod rooms;
mod imports;
mod modules;
mod headers;
mod complaint;
mod sources;

pub(crate) use command::{Options, run};
