//! The configuration file `relay.toml`.

use std::{cell::Cell, collections::BTreeMap, time::Duration};

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::{entry::ServerEntry, server_section::ServerSection, toml_error, variables::Variables};
use crate::{
    error::Error,
    settings::{Server, SettingsError},
};

/// A configuration: the servers by name, and how long their tool lists are cached.
///
/// [`Config::from_toml`] reads `relay.toml`. [`Config::from_json`] reads the configuration files of
/// other MCP clients.
///
/// # Examples
/// ```
/// # fn main() -> Result<(), relay::Error> {
/// let text = r#"
///     cache_duration = 60 # minutes; 0 turns the cache off
///
///     [servers.github]
///     url = "https://example.com/mcp"
///     api_key = "${GITHUB_KEY:-}" # for anonymous calls
///     headers = { X-Team = "blue" }
///     timeout = 30 # seconds
///     transport = "http" # the default; "sse" skips the detection of HTTP+SSE
///     protocol = "auto" # or one protocol version, such as "2025-11-25"
///     required = true # a toolset fails without this server
///     allow_tools = ["search_*", "read_*"] # names as the server gives them; defaults to all
///     deny_tools = ["*_secret"]
///
///     [servers.files]
///     transport = "stdio"
///     command = "npx"
///     args = ["-y", "@modelcontextprotocol/server-filesystem", "."]
///     env = { TOKEN = "${FILES_TOKEN:-}" } # added to the few variables that programs need
///     inherit_env = ["NODE_EXTRA_CA_CERTS"]
///     cwd = "/srv/files"
///     idle_timeout = 300 # stop after so many seconds without a call; 0 never stops
/// "#;
/// let config = relay::Config::from_toml(text, |name| std::env::var(name).ok())?;
/// assert_eq!(config.servers.len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The servers by name.
    pub servers: BTreeMap<String, Server>,
    /// The time for which a list of tools is cached. Defaults to one hour. Zero disables the cache.
    pub cache_duration: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self { servers: BTreeMap::new(), cache_duration: Duration::from_secs(60 * 60) }
    }
}

impl Config {
    /// Returns the JSON Schema of `relay.toml`. Editors use it for completion and validation.
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(File).to_value()
    }

    /// Reads a configuration in the format of `relay.toml`.
    ///
    /// `${VAR}` in a string is replaced by the value that `lookup` returns for `VAR`.
    /// `${VAR:-default}` is replaced by `default` if that value is missing or empty. `$${` is an
    /// escaped `${`. Nothing is replaced in `transport`, in names and in patterns.
    ///
    /// This crate does not read the environment. To use environment variables, pass
    /// `|name| std::env::var(name).ok()` as `lookup`.
    ///
    /// A server with a variable that is not set is still registered. Each use of it returns an
    /// error that names the variable. Other servers are not affected.
    ///
    /// # Errors
    /// Returns [`Error::Configuration`] if the text is invalid. The error has the line and the
    /// column, and shows no value.
    pub fn from_toml(text: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let file: File =
            toml::from_str(text).map_err(|error| toml_error::configuration_error(text, &error))?;
        let mut config = Self::default();
        if let Some(minutes) = file.cache_duration {
            config.cache_duration = Duration::from_secs(minutes.saturating_mul(60));
        }
        for (name, entry) in file.servers {
            let section = ServerSection {
                text,
                name: name.get_ref(),
                variables: Variables::new(&lookup),
                has_unset_variable: Cell::new(false),
            };
            let required = entry.required;
            let server = match section.server(entry, name.span()) {
                // An unset variable must not affect other servers.
                Err(Error::Configuration { position, reason, .. })
                    if section.has_unset_variable.get() =>
                {
                    Server::unusable(SettingsError { position, reason }).required(required)
                }
                server => server?,
            };
            config.servers.insert(name.into_inner(), server);
        }
        Ok(config)
    }
}

/// The MCP servers of Relay. In strings, `${VAR}` is replaced by the value of a variable, and
/// `${VAR:-default}` by `default` if the variable is not set or empty.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "relay.toml")]
struct File {
    /// The time for which a list of tools is cached, in minutes. Defaults to 60. 0 disables the
    /// cache.
    cache_duration: Option<u64>,
    /// The servers by name.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, ServerEntry>")]
    servers: BTreeMap<Spanned<String>, ServerEntry>,
}

#[cfg(test)]
pub(super) mod tests {
    use mcp_types::Revision;

    use super::*;
    use crate::settings::StdioCommand;

    /// Reads a configuration, and returns the text of an error.
    pub(in crate::config) fn read(text: &str) -> Result<Config, String> {
        let lookup = |name: &str| (name == "KEY").then(|| "s3cret".to_owned());
        Config::from_toml(text, lookup).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_servers_by_name() {
        let config = read(
            r#"
            cache_duration = 0
            [servers.a]
            url = "https://a.example/${KEY}"
            api_key = "${KEY}"
            headers = { X-Key = "k ${KEY}" }
            timeout = 1.5
            required = true
            allow_tools = ["a*"]
            deny_tools = ["*b"]
            protocol = "2026-07-28"
            [servers.b]
            command = ["run", "${KEY}"]
            env = { TOKEN = "${KEY}" }
            [servers.c]
            transport = "http"
            url = "http://localhost/"
            api_key = "${NONE:-}"
            "#,
        )
        .unwrap();
        assert_eq!(config.cache_duration, Duration::ZERO);
        let a = Server::http("https://a.example/s3cret").api_key("s3cret");
        let a = a.header("X-Key", "k s3cret").timeout(Duration::from_millis(1500));
        let a = a.protocol_version(Revision::V2026_07_28).required(true);
        let a = a.allow_tools(["a*"]).deny_tools(["*b"]);
        assert_eq!(config.servers["a"], a);
        let program = StdioCommand::new(["run", "s3cret"]).env("TOKEN", "s3cret").redact("s3cret");
        assert_eq!(config.servers["b"], Server::stdio(program));
        assert_eq!(config.servers["c"].api_key, None);
        assert_eq!(format!("{config:?}").matches("s3cret").count(), 1, "only in the path of a URL");
    }

    #[test]
    fn an_empty_allow_list_allows_no_tool() {
        let config = read("[servers.a]\nurl = 'https://a.example/'\nallow_tools = []").unwrap();
        assert!(!config.servers["a"].filter.offers("any"));
    }

    #[test]
    fn an_unset_variable_affects_only_its_own_server() {
        let config =
            read("[servers.a]\nurl = '${NONE}'\n[servers.b]\nurl = 'https://${KEY}/'").unwrap();
        let reason = "variable \"NONE\" is not set and has no default".to_owned();
        let fault = SettingsError { position: Some((2, 7)), reason };
        assert_eq!(config.servers["a"].fault, Some(fault));
        assert_eq!(config.servers["b"], Server::http("https://s3cret/"));
    }

    #[test]
    fn an_unknown_key_is_reported_with_a_suggestion() {
        let error = read("[servers.a]\nulr = ''").unwrap_err();
        assert!(error.ends_with("; did you mean \"url\"?"), "{error}");
    }

    #[test]
    fn an_empty_file_is_a_valid_configuration() {
        assert_eq!(read(""), Ok(Config::default()));
        assert_eq!(Config::default().cache_duration, Duration::from_secs(3600));
    }

    #[test]
    fn errors_have_a_position_and_no_values() {
        for (text, expected) in [
            (
                "[servers.a]\nurl = 's3cret",
                r#"line 2, column 14: server "a": invalid literal string"#,
            ),
            (
                "[servers.a]\nheaders = \"a 's3cret' b\"",
                r#"line 2, column 11: server "a": expected a map"#,
            ),
            (
                "[servers.a]\nurl = ''\nenv = { A = 's3cret' }",
                r#"line 3, column 13: server "a": "env" is only allowed with transport "stdio""#,
            ),
            (
                "[servers.a]\ncommand = ['x']\nheaders = { A = 's3cret' }",
                r#"line 3, column 17: server "a": "headers" is not allowed with transport "stdio""#,
            ),
            (
                "[servers.a]\nulr = 's3cret'",
                r#"line 2, column 1: server "a": unknown field "ulr", expected one of "#,
            ),
            ("[server.a]", r#"line 1, column 2: unknown field "server""#),
            (
                "[servers.\"a.b\"]\nulr = 's3cret'",
                r#"line 2, column 1: server "a.b": unknown field "ulr""#,
            ),
            (
                "[servers.a]\ntimeout = 5\nurl = 's3cret'",
                r#"line 3, column 7: server "a": invalid server URL"#,
            ),
            (
                "[servers.a]\nurl = 'https://a.example/'\nheaders = { Authorization = 's3cret' }",
                r#"line 3, column 29: server "a": cannot set header "Authorization""#,
            ),
            ("[servers.a]\nurl = 5", r#"line 2, column 7: server "a": expected a string"#),
            (
                "[servers.a]\ntransport = 's3cret'",
                r#"line 2, column 13: server "a": expected one of "http", "sse", "stdio""#,
            ),
            (
                "[servers.a]\napi_key = 0x53ec7e7",
                r#"line 2, column 11: server "a": expected a string"#,
            ),
            ("cache_duration = 's3cret'", r#"line 1, column 18: expected a whole number"#),
            (
                "[servers.a]\nheaders = 'a, expected s3cret'",
                r#"line 2, column 11: server "a": expected a map"#,
            ),
            ("\n  [servers.a]", r#"line 2, column 12: server "a": missing "url""#),
            (
                "[servers.a]\nurl = ''\nprotocol = 's3cret'",
                r#"line 3, column 12: server "a": "protocol": expected one of "auto", "2024-11-05", "2025-03-26""#,
            ),
            (
                "[servers.a]\nurl = ''\ntimeout = 0",
                r#"line 3, column 11: server "a": "timeout": expected a number of seconds above 0"#,
            ),
            (
                "[servers.a]\ntransport = 'stdio'",
                r#"line 1, column 10: server "a": missing "command""#,
            ),
            (
                "[servers.a]\ncommand = []",
                r#"line 2, column 11: server "a": "command": expected a program, or"#,
            ),
            (
                "[servers.a]\ncommand = ['x']\napi_key = 's3cret'",
                r#"line 3, column 11: server "a": "api_key" is not allowed with transport "stdio"; pass credentials"#,
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(expected), "{text}: {error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn the_transport_key_may_come_first() {
        let text = "[servers.a]\ntransport = 'sse'\nurl = 'https://a.example/sse'";
        let server = &Config::from_toml(text, |_| None).unwrap().servers["a"];
        assert_eq!(*server, Server::sse("https://a.example/sse"));
        assert_ne!(*server, Server::http("https://a.example/sse"));
    }

    #[test]
    fn errors_do_not_show_values_of_the_wrong_type() {
        let keys = [
            "transport",
            "url",
            "api_key",
            "headers",
            "headers.X-Key",
            "timeout",
            "protocol",
            "dangerously_allow_insecure_http",
            "command",
            "env",
            "env.KEY",
        ];
        for key in keys {
            let mut refused = 0;
            for value in [
                "987654",
                "-987654",
                "0xF1206",
                "98.7654",
                "987654e300",
                "1987-06-05",
                "1987-06-05T04:03:21Z",
                "'987654'",
                "\"\"\"987654\"\"\"",
                "'of `987654`, expected \"987654\", expected 987654'",
                "[987654]",
                "['987654', [987654]]",
                "{ x = 987654 }",
                "{ x = '987654' }",
                "987654s",
                "'987654",
                "98_7654__",
                "[",
            ] {
                let text = format!("[servers.a]\ntransport = 'http'\n{key} = {value}\n");
                let text = text.replace("transport = 'http'\ntransport", "transport");
                let Err(error) = read(&text) else { continue };
                refused += 1;
                let shown = error.split_once(": ").map_or("", |(_, reason)| reason);
                for part in ["987", "1206", "1987", "06-05"] {
                    assert!(!shown.contains(part), "{text}: {error}");
                }
            }
            assert!(refused > 10, "{key}: {refused}");
        }
    }
}
