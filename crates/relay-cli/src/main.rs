//! The `relay` program: lists and calls the tools of MCP servers.

mod app;
mod command;
mod demo;
mod runtime;
mod setup;
mod sign_in;
mod output;
mod input;

use std::process::ExitCode;

fn main() -> ExitCode {
    app::run().into()
}
