//! Reads the files of other programs, server by server.

use std::collections::{BTreeMap, btree_map::Entry as MapEntry};

use toml::de::DeTable;

use super::{
    entry::Entry,
    jsonc,
    members::{ignored_reason, read_entry},
    node::{Fault, Members, Node, NodeValue},
    section::Section,
    server::ServerReader,
};
use crate::{
    config::{
        config::{Config, ConfigWarning},
        variables::Variables,
    },
    error::Error,
    settings::{Server, SettingsError, check_server_name},
};

/// The name of the table of servers in the configuration of Codex.
pub(crate) const CODEX_SERVERS: &str = "mcp_servers";

impl Config {
    /// Reads a configuration file of another MCP client.
    ///
    /// The servers are in one of these members:
    ///
    /// - `mcpServers`, as in Claude Desktop, Claude Code, Cursor, Windsurf and Gemini CLI;
    /// - `servers`, as in VS Code;
    /// - `context_servers`, as in Zed;
    /// - `mcp`, or `servers` in it, as in opencode and in settings of VS Code.
    ///
    /// [`from_toml`](Self::from_toml) also reads the file of Codex. Comments and trailing commas are
    /// allowed. Servers that the file disables are left out. Parts that have no effect are in
    /// [`warnings`](Self::warnings).
    ///
    /// `${VAR}` and `${env:VAR}` in a string are replaced by the value that `lookup` returns for
    /// `VAR`. `${VAR:-default}` is replaced by `default` if that value is missing or empty. The same
    /// rules apply to the variables of editors, such as `${workspaceFolder}` and `${userHome}`.
    ///
    /// `lookup` is also called with names that are not environment variables:
    ///
    /// - `input:ID`, for the value of `${input:ID}`;
    /// - `file:PATH`, for the content of the file that `envFile` or `${file:PATH}` names.
    ///
    /// A server with an invalid entry, or with a value that `lookup` does not find, is still
    /// registered. Each use of it returns an error with the reason. Other servers are not affected.
    ///
    /// An `Authorization` header becomes the [credentials](crate::Server::token) of the server. A
    /// program gets a few safe environment variables, such as `PATH`, and the variables of the file.
    ///
    /// These programs have one user, so their files do not say whether a server is
    /// [shared](crate::Server::shared). In an application with several users, set it in
    /// [`servers`](Self::servers).
    ///
    /// # Errors
    /// Returns [`Error::Configuration`] if the text is not such a file. The error has the line and
    /// the column, and shows no value.
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
        let file: Members<'_> =
            serde_json::from_str(&text).map_err(|error| Error::Configuration {
                server: None,
                position: Some((error.line(), error.column())),
                reason: reason(&error),
            })?;
        let section = Section::find(&text, &file).map_err(|fault| file_error(&text, &fault))?;
        let missing = || {
            let reason = "missing \"mcpServers\", \"servers\", \"context_servers\" or \"mcp\"";
            Error::configuration(None, reason)
        };
        Ok(read(&text, &section.ok_or_else(missing)?, BTreeMap::new(), &lookup))
    }
}

/// Reads the configuration of Codex. `faults` are the errors that the parser found in servers.
///
/// # Errors
/// Returns an error if the servers are not a table.
pub(crate) fn from_codex(
    text: &str,
    root: &DeTable<'_>,
    faults: BTreeMap<String, SettingsError>,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, Error> {
    let Some(servers) = root.get(CODEX_SERVERS) else { return Ok(Config::default()) };
    let servers = Node::from_toml(text, servers, "", CODEX_SERVERS);
    let section = Section::without_variables(servers).map_err(|fault| file_error(text, &fault))?;
    Ok(read(text, &section, faults, lookup))
}

/// Reads all servers.
fn read(
    text: &str,
    section: &Section,
    mut faults: BTreeMap<String, SettingsError>,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Config {
    let mut config = Config::default();
    let ignored = section.ignored.iter();
    config.warnings.extend(ignored.map(|(node, reason)| {
        let reason = format!("\"{}\" is ignored: {reason}", node.key);
        warning(text, None, node, reason)
    }));
    let NodeValue::Object(servers) = &section.servers.value else { return config };
    let mut first: BTreeMap<&str, &Node> = BTreeMap::new();
    for node in servers {
        let name = &*node.key;
        let entry = read_entry(node);
        match first.entry(name) {
            MapEntry::Occupied(first) => {
                let (line, column) = first.get().position(text);
                let reason = format!("defined twice, first at line {line}, column {column}");
                faults.insert(name.to_owned(), node.fault(reason).to_settings_error(text));
            }
            MapEntry::Vacant(first) => drop(first.insert(node)),
        }
        let is_left_out = section.allowed.as_ref().is_some_and(|names| !names.contains(&node.key))
            || section.excluded.contains(&node.key);
        if (entry.disabled || is_left_out) && !faults.contains_key(name) {
            config.warnings.push(warning(text, Some(name), node, "disabled".to_owned()));
            continue;
        }
        let unknown = entry.unknown.iter();
        config.warnings.extend(
            unknown.map(|member| warning(text, Some(name), member, ignored_reason(member))),
        );
        let (transport, required) = (entry.displayed_transport(), entry.required);
        let server = match faults.get(name) {
            Some(fault) => Err(fault.clone()),
            None => read_server(section, node, entry, lookup)
                .map_err(|fault| fault.to_settings_error(text)),
        };
        let server =
            server.unwrap_or_else(|fault| Server::unusable(transport, fault).required(required));
        config.servers.insert(name.to_owned(), server);
    }
    config
}

fn read_server(
    section: &Section,
    node: &Node,
    mut entry: Entry<'_>,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Server, Fault> {
    check_server_name(&node.key).map_err(|reason| node.fault(reason))?;
    match entry.fault.take() {
        Some(fault) => Err(fault),
        None => {
            let variables = Variables::new(lookup);
            ServerReader { section, lookup, variables }.server(node, &entry)
        }
    }
}

fn warning(text: &str, server: Option<&str>, node: &Node, reason: String) -> ConfigWarning {
    let (server, pointer) = (server.map(str::to_owned), node.pointer.clone());
    ConfigWarning { server, position: node.position(text), pointer, reason }
}

fn file_error(text: &str, fault: &Fault) -> Error {
    let SettingsError { position, reason } = fault.to_settings_error(text);
    Error::Configuration { server: None, position, reason }
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
    use std::path::MAIN_SEPARATOR_STR;

    use super::*;
    use crate::settings::StdioCommand;

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
            "basic": { "url": "https://a.example/", "headers": { "authorization": "Basic \u00e9" } },
            "ws": { "type": "ws", "url": "x" }, "nowhere": { "type": "streamable-http" },
            "url": { "url": "s3cret" }, "host": { "url": "https://a.example/", "headers": { "Host": "x" } },
            "input": { "command": "${input:none}" }, "file": { "command": "a", "envFile": "/none" },
            "plain": { "url": "http://a.example/", "headers": { "X-Key": "${KEY}" } } } }"#,
        );
        assert_eq!(
            errors(&config),
            [
                "5:83 basic: header \"Authorization\": its value contains a character that is not allowed in a header",
                "2:78 empty: missing \"command\" or \"url\"",
                "8:91 file: cannot read the file of \"envFile\"",
                "7:101 host: cannot set header \"Host\": the transport sets it",
                "8:35 input: needs a value for input \"none\", which has no default",
                "6:60 nowhere: missing \"url\"",
                "4:17 number: \"command\": expected a program, or a list of it and its arguments",
                "9:31 plain: credentials would be sent unencrypted to http://a.example/; use https, or allow insecure HTTP for this server",
                "2:54 unset: variable \"NONE\" is not set and has no default",
                "7:29 url: invalid server URL: relative URL without a base",
                "6:29 ws: \"type\": expected one of \"stdio\", \"http\", \"sse\"",
            ],
        );
        assert_eq!(config.servers["good"], Server::stdio(["a"]));
        assert!(crate::Relay::new(config).is_ok());
    }

    #[test]
    fn an_invalid_file_is_reported_with_its_position() {
        for (text, expected) in [
            ("{ \"mcpServers\": {\n /* s3cret */ x } }", "line 2, column 15: key must be a string"),
            (
                "{ \"mcpServers\": \"s3cret\" }",
                "line 1, column 17: \"mcpServers\": expected an object",
            ),
            ("{}", "missing \"mcpServers\", \"servers\", \"context_servers\" or \"mcp\""),
            ("[]", "line 1, column 0: expected an object"),
            (
                "{ \"servers\": {},\n \"servers\": {} }",
                "line 2, column 13: \"servers\" is defined twice, first at line 1, column 14",
            ),
            ("{ \"a\": \"s3cret", "line 1, column 14: EOF while parsing a string"),
            ("/*", "line 1, column 2: EOF while parsing a value"),
        ] {
            let error = Config::from_json(text, |_| None).unwrap_err().to_string();
            assert_eq!(error, expected, "{text}");
        }
    }
}
