//! Creates the relay and the user from the command line, the configuration and the environment.

use anyhow::Result;
use relay::{
    Config, OAuthSettings, Relay, Server, StdioCommand, TransportConfig, User, mcp_http::Endpoint,
};

use crate::{
    input::{ConnectionArgs, TargetArgs, UsageError, read_config, token_from_env},
    output::Printer,
    sign_in::{PRINCIPAL, StoredTokens},
};

/// The name of the server that `--url` gives.
const REMOTE: &str = "remote";
/// The name of the server that `--stdio` starts.
const LOCAL: &str = "local";

/// The relay, the names of its servers, and the user whose tokens it sends.
pub(crate) struct Setup {
    pub(crate) relay: Relay,
    pub(crate) user: User,
    server_names: Vec<String>,
}

impl Setup {
    /// Reads the configuration, the token and the stored credentials that the command needs.
    pub(crate) fn new(connection: &ConnectionArgs, printer: &Printer) -> Result<Self> {
        let token = connection.token_env.as_deref().map(token_from_env).transpose()?;
        token.iter().for_each(|token| printer.add_secret(token));
        let mut config = match &connection.url {
            _ if connection.stdio => single_server(LOCAL, Server::stdio(stdio_program(connection))),
            Some(url) => {
                let insecure = connection.allow_insecure_http;
                single_server(REMOTE, Server::http(url).dangerously_allow_insecure_http(insecure))
            }
            None => read_config(connection.config.as_deref())?,
        };
        let with_options = |server: Server| {
            let server = match connection.timeout {
                Some(timeout) => server.timeout(timeout),
                None => server,
            };
            match connection.protocol {
                Some(revision) => server.protocol_version(revision),
                None => server,
            }
        };
        let servers = config.servers.into_iter();
        config.servers = servers.map(|(name, server)| (name, with_options(server))).collect();
        if token.is_none() {
            config = with_shared_programs(config);
        }
        let relay = build_relay(config, printer)?;
        let user = match token {
            Some(token) => relay.with_token(token),
            None if connection.stdio => relay.without_token(),
            None => match StoredTokens::open_existing(&relay, printer)? {
                Some(tokens) => relay.for_user(PRINCIPAL, tokens),
                None => relay.without_token(),
            },
        };
        Ok(Self::with_user(relay, user))
    }

    fn with_user(relay: Relay, user: User) -> Self {
        let server_names = relay.servers().into_iter().map(|(name, _)| name).collect();
        Self { relay, user, server_names }
    }

    /// Creates the relay for a command that signs in or out. It sends no tokens.
    pub(crate) fn for_sign_in(target: &TargetArgs, printer: &Printer) -> Result<Self> {
        let config = match &target.url {
            Some(url) => single_server(REMOTE, Server::http(url)),
            None => read_config(target.config.as_deref())?,
        };
        let relay = build_relay(config, printer)?;
        let user = relay.without_token();
        Ok(Self::with_user(relay, user))
    }

    /// Returns the name and the endpoint of the server to sign in to or out of.
    pub(crate) fn sign_in_target(&self, target: &TargetArgs) -> Result<(String, Endpoint)> {
        let name = self.known_server(target.server.as_deref().unwrap_or(REMOTE))?;
        let servers = self.relay.servers();
        let found = servers.iter().find(|(known, _)| known == name);
        match found.map(|(_, server)| server.transport()) {
            Some(TransportConfig::Http { url } | TransportConfig::Sse { url }) => {
                Ok((name.to_owned(), Endpoint::parse(url)?))
            }
            _ => {
                Err(UsageError::new(format!("server \"{name}\": cannot sign in to a stdio server"))
                    .with_suggestion(
                        "pass its credentials with \"env\" or \"inherit_env\" in the configuration",
                    )
                    .into())
            }
        }
    }

    /// Returns the name of the server that `--url` or `--stdio` gives, if any.
    pub(crate) fn only_server(connection: &ConnectionArgs) -> Option<&'static str> {
        connection.is_single().then_some(if connection.stdio { LOCAL } else { REMOTE })
    }

    /// Returns the settings for sign-ins at a server.
    pub(crate) fn oauth_settings(&self, server: &str) -> OAuthSettings {
        let servers = self.relay.servers();
        let found = servers.iter().find(|(name, _)| name == server);
        found.map(|(_, server)| server.oauth_settings()).unwrap_or_default()
    }

    /// Returns whether a server is shared, so that it gets no token of the user.
    pub(crate) fn is_shared(&self, server: &str) -> bool {
        let servers = self.relay.servers();
        servers.iter().any(|(name, settings)| name == server && settings.is_shared())
    }

    /// Returns the names of all servers.
    pub(crate) fn server_names(&self) -> Vec<&str> {
        self.server_names.iter().map(String::as_str).collect()
    }

    /// Returns the name of a server if it is known.
    ///
    /// # Errors
    /// Returns an error that lists the known servers.
    pub(crate) fn known_server<'a>(&self, name: &'a str) -> Result<&'a str> {
        if self.server_names().contains(&name) {
            return Ok(name);
        }
        Err(self.server_error(format!("unknown server \"{name}\"")).into())
    }

    /// Creates an error with a suggestion that lists the known servers.
    pub(crate) fn server_error(&self, message: impl Into<String>) -> UsageError {
        let names = self.server_names();
        let names: Vec<_> = names.iter().map(|name| format!("\"{name}\"")).collect();
        UsageError::new(message).with_suggestion(match &names[..] {
            [] => "the configuration has no servers".to_owned(),
            [name] => format!("the only server is {name}"),
            [names @ .., last] => format!("the servers are {} and {last}", names.join(", ")),
        })
    }
}

/// Creates the relay. The secrets of the configuration are redacted in all output.
pub(crate) fn build_relay(config: Config, printer: &Printer) -> Result<Relay> {
    let secrets = config.servers.values().map(Server::redactor);
    secrets.for_each(|secrets| printer.add_secrets(&secrets));
    Ok(Relay::new(config)?)
}

/// Shares all stdio servers. This program has only one user, whose programs they are.
fn with_shared_programs(mut config: Config) -> Config {
    let share = |(name, server): (String, Server)| match server.transport() {
        TransportConfig::Stdio(_) => (name, server.shared()),
        _ => (name, server),
    };
    config.servers = config.servers.into_iter().map(share).collect();
    config
}

fn single_server(name: &str, server: Server) -> Config {
    let mut config = Config::default();
    config.servers.insert(name.to_owned(), server);
    config
}

fn stdio_program(connection: &ConnectionArgs) -> StdioCommand {
    connection
        .inherit_env
        .iter()
        .fold(StdioCommand::new(&connection.program), StdioCommand::inherit_env)
}
