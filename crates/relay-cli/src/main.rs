//! The `relay` program: lists and calls the tools of MCP servers.

mod args;
mod arguments;
mod command;
mod conceal;
mod demo;
mod exit;
mod hint;
mod lookup;
mod loopback;
mod output;
mod page;
mod places;
mod program;
mod report;
mod runtime;
mod setup;
mod sign_ins;
mod table;
mod usage;

use std::process::ExitCode;

fn main() -> ExitCode {
    program::run().into()
}
