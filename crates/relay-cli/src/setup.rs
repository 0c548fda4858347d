//! The registry and the user, out of the command line, the configuration and the environment.

use anyhow::Result;
use relay::{Config, Program, Relay, Server, Transport, User, mcp_http::Endpoint};

use crate::{
    input::{
        Usage,
        args::{Access, Target},
        config, secrets,
    },
    output::Output,
    sign_in::{PRINCIPAL, SignIns},
};

/// The names of the one server that `--url` gives, and of the one of `--stdio`.
const REMOTE: &str = "remote";
const LOCAL: &str = "local";

/// Who speaks, and with whom.
pub(crate) struct Setup {
    pub(crate) relay: Relay,
    user: User,
    servers: Vec<String>,
}

impl Setup {
    pub(crate) fn new(access: &Access, output: &Output) -> Result<Self> {
        let token = access.token_env.as_deref().map(secrets::token).transpose()?;
        token.iter().for_each(|token| output.conceal(token));
        let mut config = match &access.url {
            _ if access.stdio => single(LOCAL, Server::stdio(program(access))),
            Some(url) => {
                let server = Server::http(url);
                single(REMOTE, server.dangerously_allow_insecure_http(access.allow_insecure_http))
            }
            None => config(access.config.as_deref())?,
        };
        if let Some(timeout) = access.timeout {
            config.servers = config
                .servers
                .into_iter()
                .map(|(name, server)| (name, server.timeout(timeout)))
                .collect();
        }
        let relay = registry(config, output)?;
        let user = match token {
            Some(token) => relay.with_token(token),
            None if access.stdio => relay.without_token(),
            None => match SignIns::known(&relay, output)? {
                Some(sign_ins) => relay.for_user(PRINCIPAL, sign_ins),
                None => relay.without_token(),
            },
        };
        Ok(Self::of(relay, user))
    }

    fn of(relay: Relay, user: User) -> Self {
        let servers = relay.servers().into_iter().map(|(name, _)| name).collect();
        Self { relay, user, servers }
    }

    /// The registry for somebody who is about to sign in or out.
    pub(crate) fn of_target(target: &Target, output: &Output) -> Result<Self> {
        let config = match &target.url {
            Some(url) => single(REMOTE, Server::http(url)),
            None => config(target.config.as_deref())?,
        };
        let relay = registry(config, output)?;
        let user = relay.without_token();
        Ok(Self::of(relay, user))
    }

    /// The name of the server that somebody signs in to or out of, and where it is.
    pub(crate) fn target(&self, target: &Target) -> Result<(String, Endpoint)> {
        let name = self.server(target.server.as_deref().unwrap_or(REMOTE))?;
        let servers = self.relay.servers();
        let found = servers.iter().find(|(known, _)| known == name);
        match found.map(|(_, server)| server.transport()) {
            Some(Transport::Http { url } | Transport::Sse { url }) => {
                Ok((name.to_owned(), Endpoint::parse(url)?))
            }
            _ => Err(Usage::new(format!("server `{name}` is a program, which nobody signs in to"))
                .hint("what it has to know it is given by `env` or `inherit_env`")
                .into()),
        }
    }

    /// The one server that the command line names, where it does.
    pub(crate) fn single(access: &Access) -> Option<&'static str> {
        access.is_single().then_some(if access.stdio { LOCAL } else { REMOTE })
    }

    /// On whose behalf a server is spoken to. A sign-in is nothing to a program, and neither is the
    /// lack of one.
    pub(crate) fn user_at(&self, server: &str) -> User {
        let servers = self.relay.servers();
        let found = servers.iter().find(|(known, _)| known == server);
        let is_program = matches!(found.map(|(_, it)| it.transport()), Some(Transport::Stdio(_)));
        match is_program && self.user.id() == Some(PRINCIPAL) {
            true => self.relay.without_token(),
            false => self.user.clone(),
        }
    }

    /// The names of all servers.
    pub(crate) fn servers(&self) -> Vec<&str> {
        self.servers.iter().map(String::as_str).collect()
    }

    /// The name of a server, if it is one.
    pub(crate) fn server<'a>(&self, name: &'a str) -> Result<&'a str> {
        if self.servers().contains(&name) {
            return Ok(name);
        }
        Err(self.which(format!("there is no server `{name}`")).into())
    }

    /// Asks for the name of one of the servers.
    pub(crate) fn which(&self, message: impl Into<String>) -> Usage {
        let servers = self.servers();
        let names: Vec<_> = servers.iter().map(|name| format!("`{name}`")).collect();
        Usage::new(message).hint(match &names[..] {
            [] => "the configuration has no servers".to_owned(),
            [name] => format!("the only server is {name}"),
            [names @ .., last] => format!("the servers are {} and {last}", names.join(", ")),
        })
    }
}

/// The registry; what it has for tokens is shown nowhere.
fn registry(config: Config, output: &Output) -> Result<Relay> {
    let keys = config.servers.values().filter_map(Server::token);
    keys.for_each(|key| output.conceal(key));
    Ok(Relay::new(config)?)
}

fn single(name: &str, server: Server) -> Config {
    let mut config = Config::default();
    config.servers.insert(name.to_owned(), server);
    config
}

fn program(access: &Access) -> Program {
    access.inherit_env.iter().fold(Program::new(&access.program), Program::inherit_env)
}
