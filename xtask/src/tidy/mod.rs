//! Checks file headers, the order of modules and plain words.

mod command;
mod rooms;
mod imports;
mod modules;
mod headers;
mod words;
mod complaint;
mod sources;

pub(crate) use command::{Options, run};
