//! The command line. `clap` prints the doc comments of options and commands as help.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};

use super::{help, tool_arguments::KeyValue};

/// The file with the configuration, unless the command line names another.
pub(crate) const DEFAULT_CONFIG: &str = "relay.toml";

/// Lists and calls the tools of MCP servers, with a user's access token where they want one.
#[derive(Debug, Parser)]
#[command(
    name = "relay",
    version,
    disable_help_subcommand = true,
    after_help = help::TABLE
)]
pub(crate) struct Cli {
    /// Print what goes over the wire to stderr, without the tokens
    #[arg(long, short, global = true, display_order = 100, overrides_with = "verbose")]
    pub(crate) verbose: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the servers of the configuration
    #[command(after_help = help::SEE)]
    Servers(ServersArgs),
    /// List the tools of a server, or of all
    #[command(
        after_help = help::SEE,
        override_usage = "relay tools [OPTIONS] [SERVER]\n       \
                          relay tools [OPTIONS] --url URL\n       \
                          relay tools [OPTIONS] --stdio -- PROGRAM…"
    )]
    Tools(ToolsArgs),
    /// Call a tool
    #[command(
        after_help = help::SEE,
        override_usage = "relay call [OPTIONS] SERVER TOOL [ARGUMENTS]\n       \
                          relay call [OPTIONS] --url URL TOOL [ARGUMENTS]\n       \
                          relay call [OPTIONS] --stdio TOOL [ARGUMENTS] -- PROGRAM…"
    )]
    Call(CallArgs),
    /// Print the JSON Schema of relay.toml, for editors
    #[command(after_help = help::SEE)]
    Schema,
    /// Sign in to a server with a browser, for all commands after it
    #[command(
        after_help = help::SEE,
        override_usage = "relay login [OPTIONS] SERVER\n       \
                          relay login [OPTIONS] --url URL"
    )]
    Login(LoginArgs),
    /// Sign out of a server
    #[command(
        after_help = help::SEE,
        override_usage = "relay logout [OPTIONS] SERVER\n       \
                          relay logout [OPTIONS] --url URL"
    )]
    Logout(LogoutArgs),
    /// List the servers that somebody is signed in to
    #[command(after_help = help::SEE)]
    Status(StatusArgs),
    /// Show how tools behind a bearer token are used, with servers of its own
    #[command(after_help = help::SEE)]
    Demo,
    /// Serve on stdin and stdout, as part of the demo
    #[command(hide = true)]
    DemoServer,
}

#[derive(Debug, Args)]
pub(crate) struct ServersArgs {
    /// The configuration [default: relay.toml]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print JSON, errors included
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ToolsArgs {
    /// A server of the configuration, or else all; with --token-env it has to be one
    #[arg(value_name = "SERVER", conflicts_with_all = ["url", "stdio"])]
    pub(crate) server: Option<String>,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// Print JSON, errors included
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CallArgs {
    /// A server of the configuration; left out with --url and --stdio
    #[arg(value_name = "SERVER")]
    pub(crate) server_or_tool: String,
    /// The tool, by the name that the model sees or by the server's own
    #[arg(value_name = "TOOL")]
    pub(crate) tool_or_arguments: Option<String>,
    /// Its arguments: a JSON object, `@FILE`, or `-` for stdin
    #[arg(value_name = "ARGUMENTS")]
    pub(crate) arguments: Option<String>,
    /// One argument; VALUE is JSON, or else a string. May be repeated
    #[arg(long = "arg", value_name = "KEY=VALUE")]
    pub(crate) pairs: Vec<KeyValue>,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// Print the whole output as JSON, errors included
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// Print the URL to open, and open no browser
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// What Relay is registered as by hand, where it cannot register itself
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// The environment variable that holds the secret of that client, if it has one
    #[arg(long, value_name = "NAME", requires = "client_id")]
    pub(crate) client_secret_env: Option<String>,
    /// The port of http://127.0.0.1:PORT/callback, where the browser comes back to [default: any]
    #[arg(long, value_name = "PORT", default_value_t, hide_default_value = true)]
    pub(crate) port: u16,
    /// Print JSON, errors included
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LogoutArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// Print errors as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Print JSON, errors included
    #[arg(long)]
    pub(crate) json: bool,
}

/// The server to sign in to or out of.
#[derive(Debug, Args)]
pub(crate) struct TargetArgs {
    /// A server of the configuration
    #[arg(value_name = "SERVER", required_unless_present = "url", conflicts_with = "url")]
    pub(crate) server: Option<String>,
    /// The server, without a configuration
    #[arg(long, value_name = "URL", conflicts_with = "config")]
    pub(crate) url: Option<String>,
    /// The configuration [default: relay.toml]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// The server to connect to, the token to send, and the limits.
#[derive(Debug, Args)]
pub(crate) struct ConnectionArgs {
    /// The server, without a configuration
    #[arg(long, value_name = "URL", conflicts_with = "config")]
    pub(crate) url: Option<String>,
    /// Start the server: a program that follows at the end, with its arguments
    #[arg(long, requires = "program", conflicts_with_all = ["url", "config", "token_env"])]
    pub(crate) stdio: bool,
    /// A variable of the environment that the program gets to see. May be repeated
    #[arg(long, value_name = "NAME", requires = "stdio")]
    pub(crate) inherit_env: Vec<String>,
    /// The configuration [default: relay.toml]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The environment variable that holds the user's access token
    #[arg(long, value_name = "NAME")]
    pub(crate) token_env: Option<String>,
    /// How long to wait for one answer of the server [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    pub(crate) timeout: Option<Duration>,
    /// Send the token over plain HTTP to another machine, where anyone on the way can read it
    #[arg(long, requires = "url")]
    pub(crate) allow_insecure_http: bool,
    /// With --stdio, the program and its arguments; no shell reads them
    #[arg(last = true, value_name = "PROGRAM", requires = "stdio")]
    pub(crate) program: Vec<String>,
}

impl ConnectionArgs {
    /// Returns whether `--url` or `--stdio` gives the only server.
    pub(crate) fn is_single(&self) -> bool {
        self.stdio || self.url.is_some()
    }
}

impl Command {
    /// Returns whether results and errors are printed as JSON.
    pub(crate) fn json(&self) -> bool {
        match self {
            Self::Servers(servers) => servers.json,
            Self::Tools(tools) => tools.json,
            Self::Call(call) => call.json,
            // The schema is JSON itself.
            Self::Schema => true,
            Self::Login(login) => login.json,
            Self::Logout(logout) => logout.json,
            Self::Status(status) => status.json,
            Self::Demo | Self::DemoServer => false,
        }
    }

    pub(crate) fn connection(&self) -> Option<&ConnectionArgs> {
        match self {
            Self::Tools(tools) => Some(&tools.connection),
            Self::Call(call) => Some(&call.connection),
            _ => None,
        }
    }
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().map(Duration::try_from_secs_f64);
    match seconds {
        Some(Ok(duration)) if !duration.is_zero() => Ok(duration),
        _ => Err("it has to be a number above 0".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_definition_is_valid() {
        Cli::command().debug_assert();
    }

    #[test]
    fn timeout_is_a_positive_number_of_seconds() {
        assert_eq!(parse_seconds("1.5"), Ok(Duration::from_millis(1500)));
        for text in ["0", "-1", "x", "NaN", "inf", "1e40", ""] {
            assert!(parse_seconds(text).is_err(), "{text}");
        }
    }
}
