//! From the command line to the exit code.

use std::env;

use anyhow::{Error, Result};
use clap::{Parser, error::ErrorKind};
use relay::Config;
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::{Layer, SubscriberExt},
    util::SubscriberInitExt,
};

use crate::{
    command, demo,
    input::args::{Access, Cli, Command},
    output::{Exit, Output, Report},
    runtime,
    setup::Setup,
};

/// Does what the command line says, and reports what went wrong.
pub(crate) fn run() -> Exit {
    match Cli::try_parse() {
        Ok(cli) => {
            let output = Output::standard(cli.command.json());
            if cli.verbose {
                show_wire(output.clone());
            }
            execute(&cli.command, &output)
                .unwrap_or_else(|error| fail(&error, cli.command.access(), &output))
        }
        Err(error) => explain(&error),
    }
}

fn execute(command: &Command, output: &Output) -> Result<Exit> {
    match command {
        Command::Servers(servers) => command::servers(servers, output),
        Command::Tools(tools) => {
            let setup = Setup::new(&tools.access, output)?;
            let found = command::Found::fetch(&setup, tools, output);
            let shown = output.clone();
            runtime::run_with(&setup.relay, output, found, move |found| found.print(&shown))
        }
        Command::Call(call) => {
            let setup = Setup::new(&call.access, output)?;
            let prepared = command::Prepared::new(call)?;
            let shown = output.clone();
            let called = prepared.call(&setup);
            runtime::run_with(&setup.relay, output, called, move |called| called.print(&shown))
        }
        Command::Schema => output.json_result(&Config::schema()).map(|()| Exit::Done),
        Command::Login(login) => {
            let login = command::Login::new(login, output)?;
            runtime::run_with(login.relay(), output, login.run(output), Ok)
        }
        Command::Logout(logout) => runtime::run(command::logout(logout, output)),
        Command::Status(_) => runtime::run(command::status(output)),
        Command::Demo => runtime::run(demo::run(output)),
        Command::DemoServer => demo::serve(),
    }
}

fn fail(error: &Error, access: Option<&Access>, output: &Output) -> Exit {
    let report = Report::new(error, access);
    report.print(output);
    report.exit
}

/// Prints the help that was asked for, or what is wrong with the command line.
fn explain(error: &clap::Error) -> Exit {
    let json = error.use_stderr() && env::args_os().any(|argument| argument == "--json");
    let output = Output::standard(json);
    if json {
        Report::of_usage(&error.to_string()).print(&output);
        return Exit::Usage;
    }
    let text = error.to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let printed = output.result(text.trim_end()).map(|()| Exit::Done);
            printed.unwrap_or_else(|error| fail(&error, None, &output))
        }
        _ => {
            output.lines(text.trim_end());
            Exit::Usage
        }
    }
}

/// Prints what goes over the wire, as it goes.
fn show_wire(output: Output) {
    let lines = tracing_subscriber::fmt::layer()
        .without_time()
        .with_level(false)
        .with_target(false)
        .with_ansi(false)
        .with_writer(move || output.clone());
    let wire = Targets::new()
        .with_target("mcp_http::wire", LevelFilter::TRACE)
        .with_target("mcp_stdio::wire", LevelFilter::TRACE);
    tracing_subscriber::registry().with(lines.with_filter(wire)).init();
}
