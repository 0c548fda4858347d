//! Parses the command line, runs the command and returns the exit code.

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
    input::{Cli, Command, ConnectionArgs},
    output::{ErrorReport, Exit, Printer},
    runtime,
    setup::Setup,
};

/// Runs the program and reports its error.
pub(crate) fn run() -> Exit {
    match Cli::try_parse() {
        Ok(cli) => {
            let printer = Printer::standard(cli.command.json());
            if cli.verbose {
                print_wire(printer.clone());
            }
            execute(&cli.command, &printer)
                .unwrap_or_else(|error| report_error(&error, cli.command.connection(), &printer))
        }
        Err(error) => print_help_or_error(&error),
    }
}

fn execute(command: &Command, printer: &Printer) -> Result<Exit> {
    match command {
        Command::Servers(servers) => command::servers(servers, printer),
        Command::Tools(tools) => {
            let setup = Setup::new(&tools.connection, printer)?;
            let lists = command::ToolLists::fetch(&setup, tools, printer);
            let shared = printer.clone();
            runtime::run_and_print(&setup.relay, printer, lists, move |lists| lists.print(&shared))
        }
        Command::Call(call) => {
            let setup = Setup::new(&call.connection, printer)?;
            let prepared = command::PreparedCall::new(call)?;
            let shared = printer.clone();
            let call = prepared.call(&setup);
            runtime::run_and_print(&setup.relay, printer, call, move |completed| {
                completed.print(&shared)
            })
        }
        Command::Schema => printer.print_json(&Config::json_schema()).map(|()| Exit::Success),
        Command::Login(login) => {
            let login = command::Login::new(login, printer)?;
            runtime::run_and_print(login.relay(), printer, login.run(printer), Ok)
        }
        Command::Logout(logout) => runtime::run(command::logout(logout, printer)),
        Command::Status(_) => runtime::run(command::status(printer)),
        Command::Demo => runtime::run(demo::run(printer)),
        Command::DemoServer => demo::serve(),
    }
}

fn report_error(error: &Error, connection: Option<&ConnectionArgs>, printer: &Printer) -> Exit {
    let report = ErrorReport::new(error, connection);
    report.print(printer);
    report.exit
}

/// Prints the requested help, or the error in the command line.
fn print_help_or_error(error: &clap::Error) -> Exit {
    let json = error.use_stderr() && env::args_os().any(|argument| argument == "--json");
    let printer = Printer::standard(json);
    if json {
        ErrorReport::usage_error(&error.to_string()).print(&printer);
        return Exit::Usage;
    }
    let text = error.to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let printed = printer.print_result(text.trim_end()).map(|()| Exit::Success);
            printed.unwrap_or_else(|error| report_error(&error, None, &printer))
        }
        _ => {
            printer.print_lines(text.trim_end());
            Exit::Usage
        }
    }
}

/// Prints the messages that the transports send and receive, for `--verbose`.
fn print_wire(printer: Printer) {
    let lines = tracing_subscriber::fmt::layer()
        .without_time()
        .with_level(false)
        .with_target(false)
        .with_ansi(false)
        .with_writer(move || printer.clone());
    let wire = Targets::new()
        .with_target("mcp_http::wire", LevelFilter::TRACE)
        .with_target("mcp_stdio::wire", LevelFilter::TRACE);
    tracing_subscriber::registry().with(lines.with_filter(wire)).init();
}
