//! Creates the settings of a server from its entry, with the variables replaced.

use std::{path::MAIN_SEPARATOR_STR, time::Duration};

use toml::Value;

use super::{
    dotenv,
    entry::Entry,
    node::{Fault, Node, NodeValue},
    section::{Section, TimeoutUnit},
};
use crate::{
    config::{
        authorization,
        duration::DurationRule,
        variables::{self, Variables},
    },
    error::error_chain,
    settings::{Server, StdioCommand},
};

/// The variables that editors set. Their values are not redacted.
const EDITOR_VARIABLES: [&str; 4] =
    ["workspaceFolder", "workspaceFolderBasename", "userHome", "pathSeparator"];

/// The longest `timeout` that counts as seconds, if it may also be in milliseconds.
const MAX_SECONDS: f64 = 3600.0;

/// Creates the settings of one server.
pub(super) struct ServerReader<'a> {
    pub(super) section: &'a Section,
    pub(super) lookup: &'a dyn Fn(&str) -> Option<String>,
    pub(super) variables: Variables<'a>,
}

impl ServerReader<'_> {
    /// Creates the settings. `node` is the entry in the file.
    pub(super) fn server(&self, node: &Node, entry: &Entry<'_>) -> Result<Server, Fault> {
        let missing = |name: &str| node.fault(format!("missing {name}"));
        let server = match entry.transport() {
            Some("stdio") if entry.command.is_empty() => return Err(missing("\"command\"")),
            Some("stdio") => Server::stdio(self.program(entry)?),
            Some(transport) => {
                let url = self.resolve(entry.url().ok_or_else(|| missing("\"url\""))?)?;
                let server = if transport == "sse" { Server::sse(url) } else { Server::http(url) };
                self.headers(server, entry)?
            }
            None => return Err(missing("\"command\" or \"url\"")),
        };
        let mut server = server.required(entry.required).deny_tools(&entry.denied_tools);
        if let Some(tools) = &entry.allowed_tools {
            server = server.allow_tools(tools);
        }
        if let Some(timeout) = self.timeout(entry)? {
            server = server.timeout(timeout);
        }
        server.check().map_err(|error| {
            let header = match &error {
                mcp_http::Error::InvalidHeader { name, .. } => {
                    entry.headers.iter().copied().find(|header| header.key == *name)
                }
                _ => entry.url(),
            };
            header.unwrap_or(node).fault(error_chain(&error))
        })?;
        Ok(server)
    }

    /// Adds the headers. `Authorization` becomes the credentials of the server.
    fn headers(&self, mut server: Server, entry: &Entry<'_>) -> Result<Server, Fault> {
        let literal = entry.headers.iter().map(|node| Ok((*node, self.resolve(node)?)));
        let by_variable =
            entry.header_variables.iter().map(|node| Ok((*node, self.variable(node)?)));
        for header in literal.chain(by_variable) {
            let (node, value) = header?;
            server = match node.key.eq_ignore_ascii_case("authorization") {
                true => match authorization::credentials(&value) {
                    Ok(Some(credentials)) => server.api_key(credentials),
                    Ok(None) => server,
                    Err(reason) => return Err(node.fault(reason)),
                },
                false => server.header(&node.key, value),
            };
        }
        match entry.token_variable {
            Some(name) => Ok(server.api_key(self.variable(name)?)),
            None => Ok(server),
        }
    }

    fn program(&self, entry: &Entry<'_>) -> Result<StdioCommand, Fault> {
        let parts = entry.command.iter().chain(&entry.args).map(|part| self.resolve(part));
        let mut program = StdioCommand::new(parts.collect::<Result<Vec<_>, _>>()?);
        if let Some(node) = entry.env_file {
            let text = (self.lookup)(&format!("file:{}", self.resolve(node)?));
            let text = text.ok_or_else(|| node.fault("cannot read the file of \"envFile\""))?;
            for (name, value) in dotenv::variables(&text) {
                program = program.env(name, value);
            }
        }
        for variable in &entry.env {
            program = program.env(&variable.key, self.resolve(variable)?);
        }
        for name in &entry.inherited {
            program = program.inherit_env(*name);
        }
        if let Some(folder) = entry.cwd {
            program = program.current_dir(self.resolve(folder)?);
        }
        Ok(self.variables.redact_values(program))
    }

    /// Returns the time limit of a request.
    fn timeout(&self, entry: &Entry<'_>) -> Result<Option<Duration>, Fault> {
        let limits = entry.timeout.and_then(|node| node.get("execution")).or(entry.timeout);
        let (node, milliseconds) = match (entry.timeout_seconds, limits) {
            (Some(node), _) => (node, false),
            (None, Some(node)) => (node, self.section.timeout == TimeoutUnit::Milliseconds),
            (None, None) => return Ok(None),
        };
        if let NodeValue::Object(_) = node.value {
            return Ok(None); // Other time limits than that of a call.
        }
        let number = match &node.value {
            NodeValue::Literal(number) => number.parse::<f64>().ok(),
            _ => None,
        };
        let rule = DurationRule::seconds("timeout");
        let value = match number {
            Some(number) if milliseconds => Value::Float(number / 1000.0),
            Some(number) if entry.timeout_seconds.is_none() && number > MAX_SECONDS => {
                Value::Float(number / 1000.0)
            }
            Some(number) => Value::Float(number),
            None => Value::String(self.resolve(node)?),
        };
        let key = &node.key;
        let timeout = rule
            .read(&value)
            .map_err(|reason| reason.replace("\"timeout\"", &format!("\"{key}\"")));
        timeout.map(Some).map_err(|reason| node.fault(reason))
    }

    /// Returns the value of the variable whose name is the value of the node.
    fn variable(&self, node: &Node) -> Result<String, Fault> {
        let name = node.text()?;
        let unset = || node.fault(format!("variable \"{name}\" is not set"));
        self.variables.lookup(name).filter(|value| !value.is_empty()).ok_or_else(unset)
    }

    /// Returns a string, a number or a boolean as text, with its variables replaced.
    fn resolve(&self, node: &Node) -> Result<String, Fault> {
        let text = match &node.value {
            NodeValue::Text(text) => text,
            NodeValue::Literal(text) => return Ok(text.clone()),
            NodeValue::Bool(value) => return Ok(value.to_string()),
            _ => return Err(node.expected("a string")),
        };
        if !self.section.has_variables {
            return Ok(text.clone());
        }
        if let Some(value) = whole_variable(text).and_then(|name| self.variables.lookup(name)) {
            return Ok(value);
        }
        let braces = self.section.has_braces;
        variables::replace(text, braces, |reference| self.reference(reference))
            .map_err(|reason| node.fault(reason))
    }

    /// Returns the value of the text between braces.
    fn reference(&self, reference: &str) -> Result<String, String> {
        let variable =
            |name: &str| variables::variable(name, &|name: &str| self.variables.lookup(name));
        match reference.split_once(':') {
            None if reference == "/" => Ok(MAIN_SEPARATOR_STR.to_owned()),
            None if EDITOR_VARIABLES.contains(&reference) => {
                variables::variable(reference, self.lookup)
            }
            Some(("input", id)) => self.input(id),
            Some(("env", name)) => variable(name),
            Some(("file", path)) => {
                let text = self.variables.lookup(&format!("file:{path}"));
                let text = text.ok_or_else(|| format!("cannot read the file \"{path}\""))?;
                Ok(text.trim_end().to_owned())
            }
            Some((kind @ ("command" | "config"), _)) => {
                Err(format!("variables of the kind \"{kind}\" are not supported"))
            }
            _ => variable(reference),
        }
    }

    fn input(&self, id: &str) -> Result<String, String> {
        let default = || {
            let is_input = |input: &&Node| {
                input.get("id").is_some_and(|name| name.text().is_ok_and(|name| name == id))
            };
            let input = self.section.inputs.iter().find(is_input)?;
            input.get("default")?.text().ok().map(str::to_owned)
        };
        let value = self.variables.lookup(&format!("input:{id}")).or_else(default);
        value.ok_or_else(|| format!("needs a value for input \"{id}\", which has no default"))
    }
}

/// Returns the name of the variable if a text is only `$NAME`, as Gemini CLI writes it.
fn whole_variable(text: &str) -> Option<&str> {
    let name = text.strip_prefix('$')?;
    let is_name_char = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    (!name.is_empty() && name.chars().all(is_name_char)).then_some(name)
}
