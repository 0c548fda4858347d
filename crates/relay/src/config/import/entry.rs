//! The entry of one server, before its variables are replaced.

use super::node::{Fault, Node};
use crate::settings::{StdioCommand, TransportConfig};

/// The entry of one server.
#[derive(Debug, Default)]
pub(super) struct Entry<'a> {
    /// The name of the transport: `stdio`, `http` or `sse`.
    pub(super) transport: Option<&'static str>,
    pub(super) url: Option<&'a Node>,
    pub(super) http_url: Option<&'a Node>,
    pub(super) server_url: Option<&'a Node>,
    pub(super) headers: Vec<&'a Node>,
    /// Headers whose values are names of variables.
    pub(super) header_variables: Vec<&'a Node>,
    /// The name of the variable that contains a bearer token.
    pub(super) token_variable: Option<&'a Node>,
    /// The program, perhaps with its first arguments.
    pub(super) command: Vec<&'a Node>,
    pub(super) args: Vec<&'a Node>,
    pub(super) env: Vec<&'a Node>,
    pub(super) env_file: Option<&'a Node>,
    pub(super) inherited: Vec<&'a str>,
    pub(super) cwd: Option<&'a Node>,
    pub(super) disabled: bool,
    pub(super) required: bool,
    pub(super) timeout: Option<&'a Node>,
    /// The timeout in seconds.
    pub(super) timeout_seconds: Option<&'a Node>,
    pub(super) allowed_tools: Option<Vec<String>>,
    pub(super) denied_tools: Vec<String>,
    /// The parts that have no effect.
    pub(super) unknown: Vec<&'a Node>,
    /// The first error. The other members are read nevertheless.
    pub(super) fault: Option<Fault>,
}

impl<'a> Entry<'a> {
    /// Returns the URL. That of Streamable HTTP comes first.
    pub(super) fn url(&self) -> Option<&'a Node> {
        self.http_url.or(self.url).or(self.server_url)
    }

    /// Returns the name of the transport, which may follow from other members.
    pub(super) fn transport(&self) -> Option<&'static str> {
        let default = match (self.command.is_empty(), self.url()) {
            (false, _) => Some("stdio"),
            (true, Some(_)) => Some("http"),
            (true, None) => None,
        };
        self.transport.or(default)
    }

    /// Returns the transport of an entry that may be invalid. It is only displayed.
    pub(super) fn displayed_transport(&self) -> TransportConfig {
        let url = || self.url().and_then(|url| url.text().ok()).unwrap_or_default().to_owned();
        match self.transport() {
            Some("sse") => TransportConfig::Sse { url: url() },
            Some("http") => TransportConfig::Http { url: url() },
            _ => {
                let program = self.command.first().and_then(|program| program.text().ok());
                TransportConfig::Stdio(StdioCommand::new(program.map(str::to_owned)))
            }
        }
    }
}
