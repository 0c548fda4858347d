//! The configuration files of other programs that use MCP servers, read as they are.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::{
    config::Config,
    error::Error,
    interpolate::{self, Found},
    program::Program,
    server::{Fault, Server},
};

impl Config {
    /// Reads the `mcpServers` of Claude Desktop, Claude Code and Cursor, or the `servers` of VS Code,
    /// with the comments and trailing commas that some of them allow. Members that say nothing of a
    /// server's transport are passed over; servers that are `disabled` are left out.
    ///
    /// `${VAR}`, `${VAR:-default}` and `${env:VAR}` stand for what `lookup` finds. A server that cannot
    /// be used as it is described is registered all the same: whoever asks for it gets the reason.
    /// `Authorization: Bearer …` among the headers is the server's `api_key`. Programs get the
    /// environment that is safe to pass on, and what `env` says.
    ///
    /// ```
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
    /// # Ok::<(), relay::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Configuration`] with line and column, and without any value, for what is no such
    /// file.
    pub fn from_json(text: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let file: File =
            serde_json::from_str(&plain(text)).map_err(|error| Error::Configuration {
                server: None,
                position: Some((error.line(), error.column())),
                reason: reason(&error),
            })?;
        let Some(entries) = file.mcp_servers.or(file.servers) else {
            return Err(Error::configuration(None, "there is neither `mcpServers` nor `servers`"));
        };
        let mut config = Self::default();
        for (name, entry) in entries {
            let entry = serde_json::from_value(entry).map_err(|error| reason(&error));
            match entry.and_then(|entry: Entry| entry.server(&lookup)) {
                Ok(Some(server)) => drop(config.servers.insert(name, server)),
                Ok(None) => {}
                Err(reason) => {
                    let fault = Fault { position: None, reason };
                    config.servers.insert(name, Server::unusable(fault));
                }
            }
        }
        Ok(config)
    }
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "mcpServers")]
    mcp_servers: Option<BTreeMap<String, Value>>,
    servers: Option<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: Option<String>,
    url: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    command: Option<String>,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, Value>,
    cwd: Option<String>,
    #[serde(default)]
    disabled: bool,
}

impl Entry {
    /// The server, unless it is disabled.
    fn server(self, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Option<Server>, String> {
        let found = Found::new(lookup);
        let lookup = |name: &str| found.lookup(name);
        let resolve = |text: &str| interpolate::resolve(&text.replace("${env:", "${"), &lookup);
        if self.disabled {
            return Ok(None);
        }
        match (self.kind.as_deref(), &self.url, &self.command) {
            (None | Some("stdio"), _, Some(command)) => {
                let parts = std::iter::once(command).chain(&self.args).map(|part| resolve(part));
                let mut program = Program::new(parts.collect::<Result<Vec<_>, _>>()?);
                for (name, value) in &self.env {
                    let value = value.as_str().map_or_else(|| Ok(value.to_string()), resolve)?;
                    program = program.env(name, value);
                }
                if let Some(folder) = &self.cwd {
                    program = program.current_dir(resolve(folder)?);
                }
                Ok(Some(Server::stdio(found.hide(program))))
            }
            (None | Some("http" | "streamable-http" | "streamableHttp" | "sse"), Some(url), _) => {
                let is_sse = self.kind.as_deref() == Some("sse");
                let url = resolve(url)?;
                let mut server = if is_sse { Server::sse(url) } else { Server::http(url) };
                for (name, value) in &self.headers {
                    let value = resolve(value)?;
                    server = match name.eq_ignore_ascii_case("authorization") {
                        true => server.api_key(bearer(&value)?),
                        false => server.header(name, value),
                    };
                }
                Ok(Some(server))
            }
            (None, None, None) => Err("neither `command` nor `url` is there".to_owned()),
            (Some("stdio"), _, None) => Err("`command` is missing".to_owned()),
            (Some("http" | "sse"), None, _) => Err("`url` is missing".to_owned()),
            (Some(_), ..) => Err("`type` has to be \"stdio\", \"http\" or \"sse\"".to_owned()),
        }
    }
}

fn bearer(value: &str) -> Result<String, String> {
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            Ok(token.trim().to_owned())
        }
        _ => Err("the header `Authorization` has to be `Bearer` and a token".to_owned()),
    }
}

/// What is wrong, without the value that it is about and without its place.
fn reason(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    match message.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None => message.to_owned(),
    }
}

/// The text as plain JSON of the same length: without comments, and without commas at the end of
/// lists and objects.
fn plain(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let (mut at, mut comma) = (0, None);
    while at < bytes.len() {
        let rest = &bytes[at..];
        let until = |end: &[u8]| {
            let found = rest.windows(end.len()).skip(2).position(|part| part == end);
            found.map_or(rest.len(), |found| found + 2 + end.len())
        };
        match rest {
            [b'"', ..] => {
                comma = None;
                at += string(rest);
                continue;
            }
            [b'/', b'/' | b'*', ..] => {
                let length = until(if rest[1] == b'/' { b"\n" } else { b"*/" });
                let comment = &mut bytes[at..at + length];
                comment.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
                at += length;
                continue;
            }
            [b',', ..] => comma = Some(at),
            [b'}' | b']', ..] => {
                if let Some(last) = comma.take() {
                    bytes[last] = b' ';
                }
            }
            [byte, ..] if byte.is_ascii_whitespace() => {}
            _ => comma = None,
        }
        at += 1;
    }
    String::from_utf8(bytes).unwrap_or_default()
}

/// The length of the string that a text begins with.
fn string(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Config {
        let lookup = |name: &str| (name == "KEY").then(|| "s3cret".to_owned());
        Config::from_json(text, lookup).unwrap()
    }

    #[test]
    fn files_of_other_programs_are_read_as_they_are() {
        // Claude Desktop
        let desktop = read(
            r#"{ "globalShortcut": "", "mcpServers": { "files": {
            "command": "npx", "args": ["-y", "files", "/a b"], "env": { "A": "x", "N": 1 } } } }"#,
        );
        let program = Program::new(["npx", "-y", "files", "/a b"]).env("A", "x").env("N", "1");
        assert_eq!(desktop.servers["files"], Server::stdio(program));
        // Claude Code
        let code = read(
            r#"{ "mcpServers": { "hub": { "type": "http", "url": "https://${HOST:-a.example}/mcp",
            "headers": { "Authorization": "Bearer ${KEY}", "X-Team": "blue" } } } }"#,
        );
        let server =
            Server::http("https://a.example/mcp").api_key("s3cret").header("X-Team", "blue");
        assert_eq!(code.servers["hub"], server);
        // Cursor
        let cursor = read(
            r#"{ "mcpServers": { "a": { "url": "https://a.example/",
            "headers": { "X-Key": "${env:KEY}" } }, "b": { "command": "b", "disabled": true } } }"#,
        );
        assert_eq!(
            cursor.servers["a"],
            Server::http("https://a.example/").header("X-Key", "s3cret")
        );
        assert_eq!(cursor.servers.len(), 1);
        // VS Code, with comments and trailing commas
        let code = read(
            r#"{ // those of the project
            "inputs": [{ "id": "token", "type": "promptString" },],
            "servers": { /* one, "two" */
                "a": { "type": "stdio", "command": "a", "args": ["//no,]", "\"/*",], "cwd": "/w", },
                "b": { "type": "http", "url": "https://b.example/", "headers": { "K": "${input:token}" } },
            },
        }"#,
        );
        let program = Program::new(["a", "//no,]", "\"/*"]).current_dir("/w");
        assert_eq!(code.servers["a"], Server::stdio(program));
        assert_eq!(code.servers.len(), 2);
    }

    #[test]
    fn what_is_wrong_with_a_server_spoils_no_other() {
        let config = read(
            r#"{ "mcpServers": { "good": { "command": "a" },
            "unset": { "command": "a", "env": { "K": "${NONE}" } }, "empty": {},
            "number": { "command": 5 }, "basic": { "url": "https://a.example/",
            "headers": { "authorization": "Basic s3cret" } }, "ws": { "type": "ws", "url": "x" },
            "sse": { "type": "sse", "url": "https://a.example/sse" } } }"#,
        );
        assert_eq!(config.servers["sse"], Server::sse("https://a.example/sse"));
        let faults = config.servers.iter().map(|(name, server)| {
            let reason = server.fault.as_ref().map_or("", |fault| &fault.reason);
            format!("{name}: {reason}")
        });
        assert_eq!(
            faults.collect::<Vec<_>>(),
            [
                "basic: the header `Authorization` has to be `Bearer` and a token",
                "empty: neither `command` nor `url` is there",
                "good: ",
                "number: expected a string",
                "sse: ",
                "unset: the variable `NONE` is not set and has no default",
                "ws: `type` has to be \"stdio\", \"http\" or \"sse\"",
            ],
        );
    }

    #[test]
    fn what_is_no_such_file_is_said_with_its_place() {
        for (text, expected) in [
            ("{ \"mcpServers\": {\n /* s3cret */ x } }", "line 2, column 15: key must be a string"),
            ("{ \"mcpServers\": \"s3cret\" }", "line 1, column 24: expected a map"),
            ("{}", "there is neither `mcpServers` nor `servers`"),
            ("{ \"a\": \"s3cret", "line 1, column 14: EOF while parsing a string"),
            ("/*", "line 1, column 2: EOF while parsing a value"),
        ] {
            let error = Config::from_json(text, |_| None).unwrap_err().to_string();
            assert_eq!(error, expected, "{text}");
        }
    }
}
