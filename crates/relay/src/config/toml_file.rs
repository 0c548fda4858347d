//! The configuration file `relay.toml`.

use std::{collections::BTreeMap, ops::Range};

use schemars::JsonSchema;
use serde::{Deserialize, de::IntoDeserializer};
use toml::{
    Spanned, Value,
    de::{DeTable, DeValue},
};

use super::{
    config::Config, duration::DurationRule, entry::ServerEntry, import, position::Position, schema,
    server_section::ServerSection, toml_document::TomlDocument, toml_error, variables::Variables,
};
use crate::{
    error::Error,
    settings::{Server, SettingsError, StdioCommand, TransportConfig, check_server_name},
};

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
    /// A server with an error, such as a variable that is not set or an unknown key, is still
    /// registered. Each use of it returns the error, with the line and the column. Other servers are
    /// not affected.
    ///
    /// The configuration of Codex is read too: its servers are in `mcp_servers`. See
    /// [`from_json`](Self::from_json) for what applies to the files of other programs.
    ///
    /// # Errors
    /// Returns [`Error::Configuration`] if the text is not TOML, or if a part outside of the servers
    /// is invalid. The error has the line and the column, and shows no value.
    pub fn from_toml(text: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let TomlDocument { mut root, mut faults } = TomlDocument::parse(text, servers_key)?;
        if servers_key(&root) == import::CODEX_SERVERS {
            return import::from_codex(text, &root, faults, &lookup);
        }
        let servers = root.remove("servers");
        let file = Spanned::new(0..text.len(), DeValue::Table(root));
        let file = File::deserialize(file.into_deserializer())
            .map_err(|error| toml_error::configuration_error(text, &error))?;
        let mut config = Self::default();
        if let Some(duration) = file.cache_duration {
            config.cache_duration =
                CACHE_DURATION.read(duration.get_ref()).map_err(|reason| Error::Configuration {
                    server: None,
                    position: Position::at(text, duration.span().start).map(Position::into),
                    reason,
                })?;
        }
        let Some(servers) = servers else { return Ok(config) };
        let span = servers.span();
        let DeValue::Table(servers) = servers.into_inner() else {
            let position = Position::at(text, span.start).map(Position::into);
            let reason = "\"servers\": expected a table".to_owned();
            return Err(Error::Configuration { server: None, position, reason });
        };
        for (name, value) in servers {
            let (span, name) = (name.span(), name.into_inner().into_owned());
            let transport = displayed_transport(&value);
            let (required, shared) = (is_true(&value, "required"), is_true(&value, "shared"));
            let server = match faults.remove(&name) {
                Some(fault) => Err(fault),
                None => read_server(text, &name, span, value, &lookup),
            };
            let unusable = |fault| {
                let server = Server::unusable(transport, fault).required(required);
                if shared { server.shared() } else { server }
            };
            let server = server.unwrap_or_else(unusable);
            config.servers.insert(name, server);
        }
        Ok(config)
    }
}

/// The rule for `cache_duration`.
const CACHE_DURATION: DurationRule =
    DurationRule { key: "cache_duration", unit: ("minutes", 60.0), zero: true };

/// Returns the name of the table of servers: that of Relay or that of Codex.
fn servers_key(root: &DeTable<'_>) -> &'static str {
    match root.contains_key(import::CODEX_SERVERS) && !root.contains_key("servers") {
        true => import::CODEX_SERVERS,
        false => "servers",
    }
}

/// Reads one server. `span` is the position of its name in the file.
fn read_server(
    text: &str,
    name: &str,
    span: Range<usize>,
    value: Spanned<DeValue<'_>>,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Server, SettingsError> {
    let fault = |error| match error {
        Error::Configuration { position, reason, .. } => SettingsError { position, reason },
        other => SettingsError { position: None, reason: other.to_string() },
    };
    let section = ServerSection { text, name, variables: Variables::new(lookup) };
    check_server_name(name).map_err(|reason| fault(section.error(reason, span.clone())))?;
    let entry = ServerEntry::deserialize(value.into_deserializer())
        .map_err(|error| fault(toml_error::configuration_error(text, &error)))?;
    section.server(entry, span).map_err(fault)
}

/// Returns the transport of a server that may be invalid. It is only displayed.
fn displayed_transport(entry: &Spanned<DeValue<'_>>) -> TransportConfig {
    let member = |key| entry.get_ref().get(key).map(Spanned::get_ref);
    let text = |key| member(key).and_then(DeValue::as_str).unwrap_or_default().to_owned();
    let program = match member("command") {
        Some(DeValue::Array(parts)) => parts.first().and_then(|part| part.get_ref().as_str()),
        command => command.and_then(DeValue::as_str),
    };
    match (&*text("transport"), member("command")) {
        ("sse", _) => TransportConfig::Sse { url: text("url") },
        ("stdio", _) | ("", Some(_)) => {
            TransportConfig::Stdio(StdioCommand::new(program.map(str::to_owned)))
        }
        _ => TransportConfig::Http { url: text("url") },
    }
}

fn is_true(entry: &Spanned<DeValue<'_>>, key: &str) -> bool {
    let value = entry.get_ref().get(key).map(Spanned::get_ref);
    value.and_then(DeValue::as_bool).unwrap_or_default()
}

/// The MCP servers of Relay. In strings, `${VAR}` is replaced by the value of a variable, and
/// `${VAR:-default}` by `default` if the variable is not set or empty.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "relay.toml")]
struct File {
    /// The time for which a list of tools is cached, such as `"60m"`, or in minutes. Defaults to 60
    /// minutes. 0 disables the cache.
    #[schemars(with = "Option<serde_json::Value>", transform = schema::duration)]
    cache_duration: Option<Spanned<Value>>,
    /// The servers by name.
    #[serde(default)]
    #[expect(dead_code, reason = "servers are read one by one; this is for the schema")]
    servers: BTreeMap<String, ServerEntry>,
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use mcp_http::AccessToken;
    use mcp_types::Revision;

    use super::*;

    fn lookup(name: &str) -> Option<String> {
        (name == "KEY").then(|| "s3cret".to_owned())
    }

    /// Reads a configuration, and returns the text of an error of the file or of a server.
    pub(in crate::config) fn read(text: &str) -> Result<Config, String> {
        let config = Config::from_toml(text, lookup).map_err(|error| error.to_string())?;
        match errors(&config).into_iter().next() {
            Some(error) => Err(error),
            None => Ok(config),
        }
    }

    /// Returns the errors of the servers, as each use of them returns them.
    pub(in crate::config) fn errors(config: &Config) -> Vec<String> {
        let fault = |(name, server): (&String, &Server)| {
            let SettingsError { position, reason } = server.fault.clone()?;
            let server = Some(name.clone());
            Some(Error::Configuration { server, position, reason }.to_string())
        };
        config.servers.iter().filter_map(fault).collect()
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
            shared = true
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
        let a = a.protocol_version(Revision::V2026_07_28).required(true).shared();
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
    fn an_invalid_server_affects_only_itself() {
        for (server, expected) in [
            (
                "url = '${NONE}'",
                r#"line 2, column 7: server "a": variable "NONE" is not set and has no default"#,
            ),
            ("ulr = ''", r#"line 2, column 1: server "a": unknown field "ulr""#),
            ("url = 5", r#"line 2, column 7: server "a": expected a string"#),
            (
                "transport = 'ws'\nurl = ''",
                r#"line 2, column 13: server "a": expected one of "http", "sse", "stdio""#,
            ),
            (
                "url = 'https://a.example/'\nheaders = { Host = '' }",
                r#"line 3, column 20: server "a": cannot set header "Host""#,
            ),
            (
                "url = 'https://a.example/'\nurl = ''",
                r#"line 3, column 1: server "a": duplicate key "url""#,
            ),
            (
                "command = 'a'\n[servers.a.env]\nA = ''\nA = ''",
                r#"line 5, column 1: server "a": duplicate key "A""#,
            ),
            (
                "command = 'a'\n[servers.a]\ncommand = 'b'",
                r#"line 3, column 10: server "a": defined twice, first at line 1, column 10"#,
            ),
            (
                "url = 'https://a.example/'\napi_key = 'k'\nheaders = { authorization = 'k' }",
                r#"line 4, column 29: server "a": set either "api_key" or the header "Authorization""#,
            ),
            (
                "url = 'https://a.example/'\nheaders = { Authorization = \"a\\nb\" }",
                r#"line 3, column 29: server "a": header "Authorization": its value contains"#,
            ),
        ] {
            let text = format!("[servers.a]\n{server}\n[servers.b]\nurl = 'https://${{KEY}}/'\n");
            let config = Config::from_toml(&text, lookup).unwrap();
            let errors = errors(&config);
            assert_eq!(errors.len(), 1, "{text}: {errors:?}");
            assert!(errors[0].starts_with(expected), "{text}: {}", errors[0]);
            assert_eq!(config.servers["b"], Server::http("https://s3cret/"), "{text}");
        }
        let config = Config::from_toml("[servers.\"\"]\nurl = ''", lookup).unwrap();
        let reason = "a server name must not be empty or contain control characters";
        assert_eq!(errors(&config), [format!("line 1, column 10: server \"\": {reason}")]);
        assert!(crate::Relay::new(config).is_ok());
    }

    #[test]
    fn an_invalid_server_keeps_its_transport_and_is_still_required() {
        for (server, transport) in [
            ("url = 'https://a.example/mcp'\ntimeout = 'x'", "http(https://a.example/mcp)"),
            ("url = 'https://${NONE}/'", "http((invalid URL))"),
            ("transport = 'sse'\nurl = 'https://a.example/'\nx = 1", "sse(https://a.example/)"),
            ("command = ['run', '${NONE}']", "stdio(run)"),
            ("transport = 'ws'\nurl = 'https://a.example/'", "http(https://a.example/)"),
            ("x = 1", "http((invalid URL))"),
        ] {
            let text = format!("[servers.a]\nrequired = true\n{server}");
            let config = Config::from_toml(&text, |_| None).unwrap();
            let server = &config.servers["a"];
            assert!(server.configuration_error().is_some() && server.required, "{text}");
            assert_eq!(format!("{:?}", server.transport()), transport, "{text}");
        }
    }

    #[test]
    fn durations_are_texts_or_numbers() {
        let config = read("cache_duration = '90m'\n[servers.a]\nurl = 'https://a.example/'\ntimeout = '${T:-500ms}'").unwrap();
        assert_eq!(config.cache_duration, Duration::from_secs(90 * 60));
        let expected = Server::http("https://a.example/").timeout(Duration::from_millis(500));
        assert_eq!(config.servers["a"], expected);
        for (text, expected) in [
            ("cache_duration = -1", r#"line 1, column 18: "cache_duration" must not be negative"#),
            (
                "cache_duration = '5'",
                r#"line 1, column 18: "cache_duration": expected a duration such as"#,
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }

    #[test]
    fn other_authorization_schemes_are_credentials_of_the_server() {
        for (header, expected) in [
            ("Basic ${KEY}", Some(AccessToken::from_authorization("Basic s3cret"))),
            ("ApiKey ${KEY}", Some(AccessToken::from_authorization("ApiKey s3cret"))),
            ("${KEY}", Some(AccessToken::from_authorization("s3cret"))),
            ("Bearer ${KEY}", Some(AccessToken::new("s3cret"))),
            ("Bearer ${NONE:-}", None),
        ] {
            let text = format!(
                "[servers.a]\nurl = 'https://a.example/'\nheaders = {{ authorization = '{header}', X-A = 'b' }}"
            );
            let config = read(&text).unwrap();
            assert_eq!(config.servers["a"].token(), expected.as_ref(), "{header}");
            assert_eq!(config.servers["a"].headers, [("X-A".to_owned(), "b".to_owned())]);
            assert!(!format!("{config:?}").contains("s3cret"));
        }
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
                "[servers.a]\nurl = 'https://a.example/'\nheaders = { Accept = 's3cret' }",
                r#"line 3, column 22: server "a": cannot set header "Accept""#,
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
            (
                "cache_duration = 's3cret'",
                r#"line 1, column 18: "cache_duration": expected a duration such as "30s""#,
            ),
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
                r#"line 3, column 11: server "a": "timeout" must be longer than 0"#,
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
            "cookies",
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
