//! The command line. `clap` prints the doc comments of options and commands as help.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use relay::{Revision, mcp_http::TokenEndpointAuthMethod};

use super::{help, tool_arguments::KeyValue};

/// The default configuration file.
pub(crate) const DEFAULT_CONFIG: &str = "relay.toml";

/// List and call the tools of MCP servers.
#[derive(Debug, Parser)]
#[command(
    name = "relay",
    version,
    disable_help_subcommand = true,
    after_help = help::RELAY
)]
pub(crate) struct Cli {
    /// Print the messages sent and received to stderr, with tokens redacted
    #[arg(long, short, global = true, display_order = 100, overrides_with = "verbose")]
    pub(crate) verbose: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the configured servers
    #[command(after_help = help::EXIT_CODES)]
    Servers(ServersArgs),
    /// List the tools of one server or of all servers
    #[command(
        after_help = help::TOOLS,
        override_usage = "relay tools [OPTIONS] [SERVER]\n       \
                          relay tools [OPTIONS] --url URL\n       \
                          relay tools [OPTIONS] --stdio -- PROGRAM…"
    )]
    Tools(ToolsArgs),
    /// Call a tool
    #[command(
        after_help = help::CALL,
        override_usage = "relay call [OPTIONS] SERVER TOOL [ARGUMENTS]\n       \
                          relay call [OPTIONS] --url URL TOOL [ARGUMENTS]\n       \
                          relay call [OPTIONS] --stdio TOOL [ARGUMENTS] -- PROGRAM…"
    )]
    Call(CallArgs),
    /// Print the JSON Schema of relay.toml, for editors
    #[command(after_help = help::EXIT_CODES)]
    Schema,
    /// Sign in to a server with a browser; later commands use the stored credentials
    #[command(
        after_help = help::LOGIN,
        override_usage = "relay login [OPTIONS] SERVER\n       \
                          relay login [OPTIONS] --url URL"
    )]
    Login(LoginArgs),
    /// Sign out of a server: revoke its tokens and delete the stored credentials
    #[command(
        after_help = help::EXIT_CODES,
        override_usage = "relay logout [OPTIONS] SERVER\n       \
                          relay logout [OPTIONS] --url URL"
    )]
    Logout(LogoutArgs),
    /// List the servers that you are signed in to
    #[command(after_help = help::EXIT_CODES)]
    Status(StatusArgs),
    /// Show what Relay does, with test servers that run on this machine
    #[command(after_help = help::EXIT_CODES)]
    Demo,
    /// Run the stdio server of the demo
    #[command(hide = true)]
    DemoServer,
}

#[derive(Debug, Args)]
pub(crate) struct ServersArgs {
    /// The configuration file [default: relay.toml]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print results and errors as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ToolsArgs {
    /// A configured server; required with --token-env if there are several [default: all]
    #[arg(value_name = "SERVER", conflicts_with_all = ["url", "stdio"])]
    pub(crate) server: Option<String>,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// Print results and errors as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CallArgs {
    /// A configured server; leave it out with --url and --stdio
    #[arg(value_name = "SERVER")]
    pub(crate) server_or_tool: String,
    /// The tool: its name on the server, or the name that the model sees
    #[arg(value_name = "TOOL")]
    pub(crate) tool_or_arguments: Option<String>,
    /// The arguments: a JSON object, "@FILE" for a file, or "-" for stdin [default: {}]
    #[arg(value_name = "ARGUMENTS")]
    pub(crate) arguments: Option<String>,
    /// One argument, instead of ARGUMENTS. A VALUE that is not JSON is sent as a string. May be
    /// repeated
    #[arg(long = "arg", value_name = "KEY=VALUE")]
    pub(crate) pairs: Vec<KeyValue>,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// Print the complete output and errors as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// Print the authorization URL without opening a browser
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Sign in with a code in a browser on any device, such as a phone, if the authorization server
    /// offers it
    #[arg(long, conflicts_with_all = ["no_browser", "paste", "port"])]
    pub(crate) device: bool,
    /// Also read the URL that the browser was redirected to from stdin. It is read in any case if
    /// stdin is a terminal
    #[arg(long)]
    pub(crate) paste: bool,
    /// The client ID, if the authorization server does not register clients automatically
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// The environment variable that contains the client secret, if the client has one
    #[arg(long, value_name = "NAME", requires = "client_id")]
    pub(crate) client_secret_env: Option<String>,
    /// The authentication method of the client: none, client_secret_basic or client_secret_post
    #[arg(long, value_name = "METHOD", requires = "client_id")]
    pub(crate) token_endpoint_auth_method: Option<TokenEndpointAuthMethod>,
    /// A scope to request, instead of those that the server names. May be repeated
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,
    /// A further parameter of the authorization request, such as access_type=offline. May be
    /// repeated
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parse_parameter)]
    pub(crate) parameters: Vec<(String, String)>,
    /// The prompt to request, such as consent; "" requests none
    #[arg(long, value_name = "PROMPT")]
    pub(crate) prompt: Option<String>,
    /// The resource to request, instead of the one that the server names
    #[arg(long, value_name = "RESOURCE", conflicts_with = "dangerously_omit_resource")]
    pub(crate) resource: Option<String>,
    /// Omit the resource parameter. The token may then be valid at other servers
    #[arg(long)]
    pub(crate) dangerously_omit_resource: bool,
    /// Assume PKCE with S256, although the metadata of the authorization server does not list it
    #[arg(long)]
    pub(crate) dangerously_assume_pkce: bool,
    /// Accept metadata of this issuer, although the server names another one. May be repeated
    #[arg(long, value_name = "ISSUER")]
    pub(crate) dangerously_accept_issuer: Vec<String>,
    /// The issuer of the authorization server to use, if the server names several or none
    #[arg(long, value_name = "ISSUER")]
    pub(crate) authorization_server: Option<String>,
    /// The URL of the metadata of the authorization server, if it is at no well-known place
    #[arg(long, value_name = "URL")]
    pub(crate) metadata_url: Option<String>,
    /// The authorization endpoint of an authorization server without metadata
    #[arg(long, value_name = "URL", requires = "token_endpoint")]
    pub(crate) authorization_endpoint: Option<String>,
    /// The token endpoint of an authorization server without metadata
    #[arg(long, value_name = "URL", requires = "authorization_endpoint")]
    pub(crate) token_endpoint: Option<String>,
    /// Allow a host on a private network that the server or its authorization server names. May be
    /// repeated
    #[arg(long = "allow-host", value_name = "HOST")]
    pub(crate) allow_hosts: Vec<String>,
    /// Allow plain HTTP to other machines; anyone on the network path can read the tokens
    #[arg(long)]
    pub(crate) allow_insecure_http: bool,
    /// The host of the redirect URI, localhost or 127.0.0.1 [default: 127.0.0.1]
    #[arg(long, value_name = "HOST")]
    pub(crate) redirect_host: Option<String>,
    /// The port of the redirect URI, http://127.0.0.1:PORT/callback [default: any free port]
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
    /// Print results and errors as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LogoutArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// Also forget the client that was registered for the server; the next login registers again
    #[arg(long)]
    pub(crate) forget_client: bool,
    /// Print errors as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Print results and errors as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// The server to sign in to or out of.
#[derive(Debug, Args)]
pub(crate) struct TargetArgs {
    /// A configured server
    #[arg(value_name = "SERVER", required_unless_present = "url", conflicts_with = "url")]
    pub(crate) server: Option<String>,
    /// The URL of the server; no configuration file is read
    #[arg(long, value_name = "URL", conflicts_with = "config")]
    pub(crate) url: Option<String>,
    /// The configuration file [default: relay.toml]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// The server to connect to, the token to send, and the limits.
#[derive(Debug, Args)]
pub(crate) struct ConnectionArgs {
    /// The URL of the server; no configuration file is read
    #[arg(long, value_name = "URL", conflicts_with = "config")]
    pub(crate) url: Option<String>,
    /// Start PROGRAM as the server, and connect to its stdin and stdout
    #[arg(long, requires = "program", conflicts_with_all = ["url", "config", "token_env"])]
    pub(crate) stdio: bool,
    /// An environment variable to pass to PROGRAM. May be repeated
    #[arg(long, value_name = "NAME", requires = "stdio")]
    pub(crate) inherit_env: Vec<String>,
    /// The configuration file [default: relay.toml]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The environment variable that contains the user's access token
    #[arg(long, value_name = "NAME")]
    pub(crate) token_env: Option<String>,
    /// The longest time to wait for a response, in seconds [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    pub(crate) timeout: Option<Duration>,
    /// The protocol version of the server, such as 2025-11-25 [default: detected]
    #[arg(long, value_name = "VERSION")]
    pub(crate) protocol: Option<Revision>,
    /// Allow plain HTTP to another machine. Anyone on the network path can read the token
    #[arg(long, requires = "url")]
    pub(crate) allow_insecure_http: bool,
    /// With --stdio, the program to start and its arguments; no shell interprets them
    #[arg(last = true, value_name = "PROGRAM", requires = "stdio")]
    pub(crate) program: Vec<String>,
}

impl ConnectionArgs {
    /// Returns whether the command line gives the server, with `--url` or `--stdio`.
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

    /// Returns the connection options of a command that has them.
    pub(crate) fn connection(&self) -> Option<&ConnectionArgs> {
        match self {
            Self::Tools(tools) => Some(&tools.connection),
            Self::Call(call) => Some(&call.connection),
            _ => None,
        }
    }
}

/// Parses a parameter of the authorization request.
fn parse_parameter(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = pair.ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().map(Duration::try_from_secs_f64);
    match seconds {
        Some(Ok(duration)) if !duration.is_zero() => Ok(duration),
        _ => Err("expected a number greater than 0".to_owned()),
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
