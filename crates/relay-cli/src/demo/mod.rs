//! `relay demo`: tools behind a bearer token, shown with servers that run in this process.

mod run;
mod sign_in_steps;
mod steps;
mod expect;
mod script;
mod servers;
mod stdio_server;

pub(crate) use self::{run::run, stdio_server::serve};
