//! `relay demo`: shows what Relay does, with test servers that run in this process.

mod run;
mod sign_in_steps;
mod steps;
mod expect;
mod script;
mod servers;
mod stdio_server;

pub(crate) use self::{run::run, stdio_server::serve};
