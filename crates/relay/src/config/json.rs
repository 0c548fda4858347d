//! Parsing of the JSON configuration files of other MCP clients.

use std::{collections::BTreeMap, path::MAIN_SEPARATOR_STR};

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{
    config::Config,
    dotenv, jsonc,
    position::Position,
    variables::{self, Variables},
};
use crate::{
    error::{Error, error_chain},
    settings::{Server, SettingsError, StdioCommand},
};

impl Config {
    /// Reads a configuration file of another MCP client.
    ///
    /// The servers are in `mcpServers` (Claude Desktop, Claude Code, Cursor) or in `servers`
    /// (VS Code). Comments and trailing commas are allowed. Unknown members are ignored. Servers
    /// with `disabled` set to true are skipped.
    ///
    /// `${VAR}` and `${env:VAR}` in a string are replaced by the value that `lookup` returns for
    /// `VAR`. `${VAR:-default}` is replaced by `default` if that value is missing or empty. The same
    /// rules apply to the variables of editors, such as `${workspaceFolder}` and `${userHome}`.
    ///
    /// `lookup` is also called with names that are not environment variables:
    ///
    /// - `input:ID`, for the value of `${input:ID}`;
    /// - `file:PATH`, for the content of the file that `envFile` names.
    ///
    /// A server with an invalid entry, or with a value that `lookup` does not find, is still
    /// registered. Each use of it returns an error with the reason. Other servers are not affected.
    ///
    /// An `Authorization: Bearer …` header becomes the server's
    /// [`api_key`](crate::Server::api_key). A program gets a few safe environment variables, such as
    /// `PATH`, and the variables of `env` and `envFile`.
    ///
    /// # Errors
    /// Returns [`Error::Configuration`] if the text is not such a file. The error has the line and
    /// the column if the JSON is malformed, and shows no value.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> Result<(), relay::Error> {
    /// let text = r#"{
    ///     // Project-wide servers.
    ///     "mcpServers": {
    ///         "files": { "command": "npx", "args": ["-y", "my-files", "."], "env": { "A": "1" } },
    ///         "hub": {
    ///             "type": "http",
    ///             "url": "https://example.com/mcp",
    ///             "headers": { "Authorization": "Bearer ${HUB_TOKEN}" },
    ///         },
    ///     },
    /// }"#;
    /// let config = relay::Config::from_json(text, |name| Some(format!("value of {name}")))?;
    /// assert!(config.servers["hub"].has_api_key());
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_json(text: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let text = jsonc::to_json(text.strip_prefix('\u{feff}').unwrap_or(text));
        let file: File<'_> = serde_json::from_str(&text).map_err(|error| Error::Configuration {
            server: None,
            position: Some((error.line(), error.column())),
            reason: reason(&error),
        })?;
        let Some(entries) = file.mcp_servers.or(file.servers) else {
            return Err(Error::configuration(None, "missing \"mcpServers\" or \"servers\""));
        };
        let mut config = Self::default();
        for (name, entry) in entries {
            let (inputs, lookup) = (&file.inputs[..], &lookup);
            let reader = EntryReader { inputs, lookup, variables: Variables::new(lookup) };
            match reader.server(entry, Position::of(&text, entry.get())) {
                Ok(Some(server)) => drop(config.servers.insert(name, server)),
                Ok(None) => {}
                Err(error) => drop(config.servers.insert(name, Server::unusable(error))),
            }
        }
        Ok(config)
    }
}

/// The members of a file that are read. All others are ignored.
#[derive(Deserialize)]
struct File<'a> {
    #[serde(rename = "mcpServers", borrow)]
    mcp_servers: Option<BTreeMap<String, &'a RawValue>>,
    #[serde(borrow)]
    servers: Option<BTreeMap<String, &'a RawValue>>,
    #[serde(default)]
    inputs: Vec<Input>,
}

/// An input: a value that VS Code asks its user for.
#[derive(Deserialize)]
struct Input {
    id: String,
    default: Option<String>,
}

/// The entry of one server.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonEntry {
    #[serde(rename = "type")]
    transport: Option<String>,
    url: Option<String>,
    server_url: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    command: Option<String>,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, Value>,
    env_file: Option<String>,
    cwd: Option<String>,
    #[serde(default)]
    disabled: bool,
}

/// The variables that editors set. Their values are not redacted.
const EDITOR_VARIABLES: [&str; 4] =
    ["workspaceFolder", "workspaceFolderBasename", "userHome", "pathSeparator"];

/// Reads the entry of a server and replaces its variables.
struct EntryReader<'a> {
    inputs: &'a [Input],
    lookup: &'a dyn Fn(&str) -> Option<String>,
    variables: Variables<'a>,
}

impl EntryReader<'_> {
    /// Returns the server. `None` if it is disabled.
    fn server(
        &self,
        entry: &RawValue,
        position: Position,
    ) -> Result<Option<Server>, SettingsError> {
        let entry: JsonEntry = serde_json::from_str(entry.get()).map_err(|error| {
            let position = position.offset_by(error.line(), error.column());
            SettingsError { position: Some(position.into()), reason: reason(&error) }
        })?;
        if entry.disabled {
            return Ok(None);
        }
        let server = self.build(&entry).and_then(|server| match server.check() {
            Ok(()) => Ok(Some(server)),
            Err(error) => Err(error_chain(&error)),
        });
        server.map_err(|reason| SettingsError { position: Some(position.into()), reason })
    }

    fn build(&self, entry: &JsonEntry) -> Result<Server, String> {
        let url = entry.url.as_ref().or(entry.server_url.as_ref());
        match (entry.transport.as_deref(), url, &entry.command) {
            (None | Some("stdio"), _, Some(command)) => self.stdio_server(entry, command),
            (None | Some("http" | "streamable-http" | "streamableHttp"), Some(url), _) => {
                self.http_server(entry, Server::http(self.resolve(url)?))
            }
            (Some("sse"), Some(url), _) => self.http_server(entry, Server::sse(self.resolve(url)?)),
            (None, None, None) => Err("missing \"command\" or \"url\"".to_owned()),
            (Some("stdio"), _, None) => Err("missing \"command\"".to_owned()),
            (Some("http" | "streamable-http" | "streamableHttp" | "sse"), None, _) => {
                Err("missing \"url\"".to_owned())
            }
            (Some(_), ..) => {
                Err("\"type\": expected one of \"stdio\", \"http\", \"sse\"".to_owned())
            }
        }
    }

    fn http_server(&self, entry: &JsonEntry, mut server: Server) -> Result<Server, String> {
        for (name, value) in &entry.headers {
            let value = self.resolve(value)?;
            server = match name.eq_ignore_ascii_case("authorization") {
                true => server.api_key(bearer(&value)?),
                false => server.header(name, value),
            };
        }
        Ok(server)
    }

    fn stdio_server(&self, entry: &JsonEntry, command: &str) -> Result<Server, String> {
        let parts = std::iter::once(command).chain(entry.args.iter().map(String::as_str));
        let parts: Result<Vec<_>, _> = parts.map(|part| self.resolve(part)).collect();
        let mut program = StdioCommand::new(parts?);
        if let Some(path) = &entry.env_file {
            let text = (self.lookup)(&format!("file:{}", self.resolve(path)?));
            let text = text.ok_or("cannot read the file of \"envFile\"")?;
            for (name, value) in dotenv::variables(&text) {
                program = program.env(name, value);
            }
        }
        for (name, value) in &entry.env {
            program = match value {
                Value::Null => program,
                Value::String(text) => program.env(name, self.resolve(text)?),
                other => program.env(name, other.to_string()),
            };
        }
        if let Some(folder) = &entry.cwd {
            program = program.current_dir(self.resolve(folder)?);
        }
        Ok(Server::stdio(self.variables.redact_values(program)))
    }

    fn resolve(&self, text: &str) -> Result<String, String> {
        let variable =
            |name: &str| variables::variable(name, &|name: &str| self.variables.lookup(name));
        variables::replace(text, |reference| match reference.split_once(':') {
            None if reference == "/" => Ok(MAIN_SEPARATOR_STR.to_owned()),
            None if EDITOR_VARIABLES.contains(&reference) => {
                variables::variable(reference, self.lookup)
            }
            Some(("input", id)) => self.input(id),
            Some(("env", name)) => variable(name),
            _ => variable(reference),
        })
    }

    fn input(&self, id: &str) -> Result<String, String> {
        let default = || self.inputs.iter().find(|input| input.id == id)?.default.clone();
        let value = self.variables.lookup(&format!("input:{id}")).or_else(default);
        value.ok_or_else(|| format!("input \"{id}\" is not set and has no default"))
    }
}

/// Returns the token of an `Authorization: Bearer` header.
fn bearer(value: &str) -> Result<String, String> {
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            Ok(token.trim().to_owned())
        }
        _ => Err("header \"Authorization\": expected \"Bearer\" and a token".to_owned()),
    }
}

/// Returns the message of a parser error, without the value and the position.
fn reason(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let message = match message.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None => message.to_owned(),
    };
    message.replace('`', "\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Config {
        let lookup = |name: &str| match name {
            "KEY" | "input:token" => Some("s3cret".to_owned()),
            "workspaceFolder" => Some("/w".to_owned()),
            "file:/w/.env" => Some("A=file\nB=file\n".to_owned()),
            _ => None,
        };
        Config::from_json(text, lookup).unwrap()
    }

    /// Returns the errors of the servers, sorted by name.
    fn errors(config: &Config) -> Vec<String> {
        let invalid_servers = config.servers.iter().filter_map(|(name, server)| {
            let SettingsError { position, reason } = server.fault.as_ref()?;
            let (line, column) = position.expect("it is in the file");
            Some(format!("{line}:{column} {name}: {reason}"))
        });
        invalid_servers.collect()
    }

    #[test]
    fn reads_a_claude_desktop_file() {
        let config = read(
            r#"{ "globalShortcut": "", "mcpServers": { "files": {
            "command": "npx", "args": ["-y", "files", "/a b"], "env": { "A": "x", "N": 1 } } } }"#,
        );
        let program = StdioCommand::new(["npx", "-y", "files", "/a b"]).env("A", "x").env("N", "1");
        assert_eq!(config.servers["files"], Server::stdio(program));
    }

    #[test]
    fn reads_a_claude_code_file() {
        let config = read(
            r#"{ "mcpServers": { "hub": { "type": "http", "url": "https://${HOST:-a.example}/mcp",
            "headers": { "Authorization": "Bearer ${KEY}", "X-Team": "blue" }, "oauth": {} },
            "old": { "type": "sse", "url": "https://a.example/sse" } } }"#,
        );
        let hub = Server::http("https://a.example/mcp").api_key("s3cret").header("X-Team", "blue");
        assert_eq!(config.servers["hub"], hub);
        assert_eq!(config.servers["old"], Server::sse("https://a.example/sse"));
    }

    #[test]
    fn reads_a_cursor_file() {
        let config = read(
            r#"{ "mcpServers": { "a": { "url": "https://a.example/", "headers": { "X-Key": "${env:KEY}" } },
            "b": { "command": "b", "disabled": true }, "c": { "type": "stdio", "command": "c",
            "args": ["${workspaceFolder}${/}x"], "envFile": "${workspaceFolder}/.env", "env": { "B": "own" } },
            "d": { "type": "streamable-http", "url": "https://d.example/" } } }"#,
        );
        let a = Server::http("https://a.example/").header("X-Key", "s3cret");
        assert_eq!(config.servers["a"], a);
        let folder = format!("/w{MAIN_SEPARATOR_STR}x");
        let c = StdioCommand::new(["c", &folder]).env("A", "file").env("B", "own");
        assert_eq!(config.servers["c"], Server::stdio(c));
        assert_eq!(config.servers["d"], Server::http("https://d.example/"));
        assert_eq!(config.servers.len(), 3);
    }

    #[test]
    fn reads_a_vs_code_file() {
        let config = read(
            "\u{feff}{ // those of the project
            \"inputs\": [
                { \"id\": \"token\", \"type\": \"promptString\", \"password\": true },
                { \"id\": \"team\", \"type\": \"promptString\", \"default\": \"blue\" },
            ],
            \"servers\": { /* one, \"two\" */
                \"a\": { \"type\": \"stdio\", \"command\": \"a\", \"args\": [\"//no,]\", \"\\\"/*\",],
                    \"cwd\": \"/w\", \"env\": { \"K\": \"${input:token}\", \"T\": null }, \"dev\": {} },
                \"b\": { \"type\": \"http\", \"url\": \"https://b.example/\",
                    \"headers\": { \"K\": \"${input:token}\", \"T\": \"${input:team}\" } },
            },
        }",
        );
        let a = StdioCommand::new(["a", "//no,]", "\"/*"])
            .current_dir("/w")
            .env("K", "s3cret")
            .redact("s3cret");
        assert_eq!(config.servers["a"], Server::stdio(a));
        let b = Server::http("https://b.example/").header("K", "s3cret").header("T", "blue");
        assert_eq!(config.servers["b"], b);
    }

    #[test]
    fn accepts_server_url_as_a_synonym_of_url() {
        let config = read(r#"{ "mcpServers": { "a": { "serverUrl": "https://a.example/" } } }"#);
        assert_eq!(config.servers["a"], Server::http("https://a.example/"));
    }

    #[test]
    fn an_invalid_server_does_not_affect_the_others() {
        let config = read(
            r#"{ "mcpServers": { "good": { "command": "a" },
            "unset": { "command": "a", "env": { "K": "${NONE}" } }, "empty": {},
            "number": { "command":
                5 },
            "basic": { "url": "https://a.example/", "headers": { "authorization": "Basic s3cret" } },
            "ws": { "type": "ws", "url": "x" }, "nowhere": { "type": "streamable-http" },
            "url": { "url": "s3cret" }, "host": { "url": "https://a.example/", "headers": { "Host": "x" } },
            "input": { "command": "${input:none}" }, "file": { "command": "a", "envFile": "/none" },
            "plain": { "url": "http://a.example/", "headers": { "X-Key": "${KEY}" } } } }"#,
        );
        assert_eq!(
            errors(&config),
            [
                "5:22 basic: header \"Authorization\": expected \"Bearer\" and a token",
                "2:78 empty: missing \"command\" or \"url\"",
                "8:62 file: cannot read the file of \"envFile\"",
                "7:49 host: cannot set header \"Host\": the transport sets it",
                "8:22 input: input \"none\" is not set and has no default",
                "6:60 nowhere: missing \"url\"",
                "4:17 number: expected a string",
                "9:22 plain: credentials would be sent unencrypted to http://a.example/; use https, or allow insecure HTTP for this server",
                "2:22 unset: variable \"NONE\" is not set and has no default",
                "7:20 url: invalid server URL: relative URL without a base",
                "6:19 ws: \"type\": expected one of \"stdio\", \"http\", \"sse\"",
            ],
        );
        assert_eq!(config.servers["good"], Server::stdio(["a"]));
        assert!(crate::Relay::new(config).is_ok());
    }

    #[test]
    fn an_invalid_file_is_reported_with_its_position() {
        for (text, expected) in [
            ("{ \"mcpServers\": {\n /* s3cret */ x } }", "line 2, column 15: key must be a string"),
            ("{ \"mcpServers\": \"s3cret\" }", "line 1, column 24: expected a map"),
            ("{}", "missing \"mcpServers\" or \"servers\""),
            ("{ \"a\": \"s3cret", "line 1, column 14: EOF while parsing a string"),
            ("/*", "line 1, column 2: EOF while parsing a value"),
        ] {
            let error = Config::from_json(text, |_| None).unwrap_err().to_string();
            assert_eq!(error, expected, "{text}");
        }
    }
}
