//! The configuration file: servers by name.

use std::{cell::Cell, collections::BTreeMap, ops::Range, time::Duration};

use mcp_types::Revision;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::{Spanned, Value};

use crate::{
    error::Error,
    interpolate::{self, Found},
    nearest::nearest,
    server::{Fault, Server},
};

/// What `relay.toml` says.
///
/// ```
/// let text = r#"
///     cache_duration = 60 # minutes; 0 turns the cache off
///
///     [servers.github]
///     url = "https://example.com/mcp"
///     api_key = "${GITHUB_KEY:-}" # for calls on behalf of no user
///     headers = { X-Team = "blue" }
///     timeout = 30 # seconds
///     transport = "http" # unless set; "sse" for HTTP+SSE, which is found out otherwise
///     protocol = "auto" # or the one revision to speak, such as "2025-11-25"
///     required = true # no toolset without it
///     allow_tools = ["search_*", "read_*"] # by their own names; all unless set
///     deny_tools = ["*_secret"]
///
///     [servers.files]
///     transport = "stdio"
///     command = "npx"
///     args = ["-y", "@modelcontextprotocol/server-filesystem", "."]
///     env = { TOKEN = "${FILES_TOKEN:-}" } # with that, only what programs need to work
///     inherit_env = ["NODE_EXTRA_CA_CERTS"]
///     cwd = "/srv/files"
///     idle_timeout = 300 # seconds without a call until it is ended; 0 keeps it
/// "#;
/// let config = relay::Config::from_toml(text, |_| None)?;
/// assert_eq!(config.servers.len(), 2);
/// # Ok::<(), relay::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The servers by name.
    pub servers: BTreeMap<String, Server>,
    /// How long a list of tools is kept; zero keeps none.
    pub cache_duration: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self { servers: BTreeMap::new(), cache_duration: Duration::from_secs(60 * 60) }
    }
}

impl Config {
    /// The JSON Schema of `relay.toml`, for editors that complete and check it.
    pub fn schema() -> serde_json::Value {
        schemars::schema_for!(File).to_value()
    }

    /// Reads a configuration.
    ///
    /// In any string value but `transport`, `${VAR}` stands for what `lookup` finds for it, and `${VAR:-default}`
    /// for `default` where that is nothing or empty; `$${` stands for `${`. This crate reads no
    /// environment: an application that wants it passes `|name| std::env::var(name).ok()`.
    ///
    /// A server that wants a variable which is not set is registered all the same: whoever asks for it
    /// gets the reason.
    ///
    /// # Errors
    /// [`Error::Configuration`] with line and column, and without any value.
    pub fn from_toml(text: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let file: File = toml::from_str(text).map_err(|error| {
            let reason = with_nearest(without_value(error.message()));
            let server = error.span().and_then(|span| section(text.get(..span.start)?));
            Error::Configuration { server, position: position(text, error.span()), reason }
        })?;
        let mut config = Self::default();
        if let Some(minutes) = file.cache_duration {
            config.cache_duration = Duration::from_secs(minutes.saturating_mul(60));
        }
        for (name, entry) in file.servers {
            let section = Section {
                text,
                name: name.get_ref(),
                found: Found::new(&lookup),
                unset: Cell::new(false),
            };
            let required = entry.required;
            let server = match section.server(entry, name.span()) {
                // A variable that is not set here spoils no other server.
                Err(Error::Configuration { position, reason, .. }) if section.unset.get() => {
                    Server::unusable(Fault { position, reason }).required(required)
                }
                server => server?,
            };
            config.servers.insert(name.into_inner(), server);
        }
        Ok(config)
    }
}

/// Servers of the Model Context Protocol, for Relay. In texts, `${VAR}` stands for a variable, and
/// `${VAR:-default}` for a default where that is not set.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "relay.toml")]
struct File {
    /// How long a list of tools is kept, in minutes; 0 keeps none.
    cache_duration: Option<u64>,
    /// The servers by name.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Entry>")]
    servers: BTreeMap<Spanned<String>, Entry>,
}

/// One server.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// What carries messages; `stdio` where there is a `command`, else `http`.
    #[schemars(with = "Option<Kind>")]
    transport: Option<Spanned<Kind>>,
    /// The URL of the MCP endpoint of a server on HTTP.
    #[schemars(with = "Option<String>")]
    url: Option<Spanned<String>>,
    /// A bearer token for calls on behalf of no user.
    #[schemars(with = "Option<String>")]
    api_key: Option<Spanned<String>>,
    /// Headers to send with each request.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    headers: BTreeMap<String, Spanned<String>>,
    /// The time for one request, in seconds.
    #[schemars(with = "Option<f64>")]
    timeout: Option<Spanned<f64>>,
    /// `auto`, or the one revision of the protocol to speak.
    #[schemars(with = "Option<String>")]
    protocol: Option<Spanned<String>>,
    /// Sends tokens over plain HTTP to other machines too, where anyone on the way can read them.
    #[schemars(with = "Option<bool>")]
    dangerously_allow_insecure_http: Option<Spanned<bool>>,
    /// Whether a toolset without this server is none.
    #[serde(default)]
    required: bool,
    /// Patterns of the tools to offer, in which `*` stands for anything; all unless set.
    allow_tools: Option<Vec<String>>,
    /// Patterns of the tools not to offer.
    #[serde(default)]
    deny_tools: Vec<String>,
    // For servers on stdio: see `command`.
    /// The program to start, or a list that begins with it.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) command: Option<Spanned<Value>>,
    /// The arguments of the program.
    #[schemars(with = "Option<Vec<serde_json::Value>>")]
    pub(crate) args: Option<Spanned<Vec<Spanned<Value>>>>,
    /// Variables of the program's environment.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub(crate) env: BTreeMap<String, Spanned<String>>,
    /// Variables to pass on to the program.
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) inherit_env: Option<Spanned<Vec<String>>>,
    /// The folder that the program works in.
    #[schemars(with = "Option<String>")]
    pub(crate) cwd: Option<Spanned<String>>,
    /// Seconds without a call until the program is ended; 0 keeps it.
    #[schemars(with = "Option<f64>")]
    pub(crate) idle_timeout: Option<Spanned<f64>>,
    /// Seconds that the program may leave the first request unanswered.
    #[schemars(with = "Option<f64>")]
    pub(crate) probe_timeout: Option<Spanned<f64>>,
}

#[derive(Deserialize, JsonSchema, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Http,
    Sse,
    Stdio,
}

/// One server of the file, and what it takes to read it.
pub(crate) struct Section<'a> {
    text: &'a str,
    name: &'a str,
    pub(crate) found: Found<'a>,
    /// Whether a variable was wanted that is not set.
    unset: Cell<bool>,
}

impl Section<'_> {
    fn server(&self, entry: Entry, whole: Range<usize>) -> Result<Server, Error> {
        let implied = if entry.command.is_some() { Kind::Stdio } else { Kind::Http };
        let server = match entry.transport.as_ref().map_or(implied, |kind| *kind.get_ref()) {
            kind @ (Kind::Http | Kind::Sse) => {
                self.no_program(&entry)?;
                let url = entry.url.ok_or_else(|| self.error("`url` is missing", whole))?;
                let url = self.resolved(&url)?;
                if kind == Kind::Http { Server::http(url) } else { Server::sse(url) }
            }
            Kind::Stdio => {
                self.foreign(entry.url.as_ref(), "`url` is for transport \"http\"")?;
                let headers = "`headers` are for transport \"http\"";
                self.foreign(entry.headers.values().next(), headers)?;
                let insecure = "`dangerously_allow_insecure_http` is for transport \"http\"";
                self.foreign(entry.dangerously_allow_insecure_http.as_ref(), insecure)?;
                let key = "`api_key` is for transport \"http\": pass credentials in `env`";
                self.foreign(entry.api_key.as_ref(), key)?;
                let missing = || self.error("`command` is missing", whole);
                let command = entry.command.as_ref().ok_or_else(missing)?;
                Server::stdio(self.program(&entry, command)?)
            }
        };
        let server = server.required(entry.required);
        let mut server = server.deny_tools(entry.deny_tools);
        if let Some(patterns) = entry.allow_tools {
            server = server.allow_tools(patterns);
        }
        server.insecure =
            entry.dangerously_allow_insecure_http.is_some_and(|insecure| *insecure.get_ref());
        server.headers = self.resolved_values(&entry.headers)?;
        // A variable that is set to nothing is no key.
        let key = entry.api_key.map(|key| self.resolved(&key)).transpose()?;
        server.api_key = key.filter(|key| !key.is_empty()).map(Into::into);
        if let Some(seconds) = entry.timeout {
            server = server.timeout(self.seconds("timeout", &seconds)?);
        }
        if let Some(protocol) = entry.protocol {
            server.protocol = self.protocol(&protocol)?;
        }
        Ok(server)
    }

    /// The one revision to speak, if there is to be one.
    fn protocol(&self, protocol: &Spanned<String>) -> Result<Option<Revision>, Error> {
        let name = self.resolved(protocol)?;
        if name == "auto" {
            return Ok(None);
        }
        name.parse().map(Some).map_err(|_| {
            let known =
                Revision::ALL.iter().map(|known| known.as_str()).collect::<Vec<_>>().join(", ");
            let reason = format!("`protocol` has to be \"auto\" or a revision: {known}");
            self.error(&reason, protocol.span())
        })
    }

    pub(crate) fn seconds(&self, key: &str, seconds: &Spanned<f64>) -> Result<Duration, Error> {
        match Duration::try_from_secs_f64(*seconds.get_ref()) {
            Ok(time) if !time.is_zero() => Ok(time),
            _ => {
                let reason = format!("`{key}` has to be a number of seconds above 0");
                Err(self.error(&reason, seconds.span()))
            }
        }
    }

    pub(crate) fn resolve(&self, text: &str) -> Result<String, String> {
        let unset = Cell::new(false);
        let lookup = |name: &str| {
            let value = self.found.lookup(name);
            unset.set(value.is_none());
            value
        };
        let resolved = interpolate::resolve(text, &lookup);
        self.unset.set(resolved.is_err() && unset.get());
        resolved
    }

    pub(crate) fn resolved(&self, value: &Spanned<String>) -> Result<String, Error> {
        self.resolve(value.get_ref()).map_err(|reason| self.error(&reason, value.span()))
    }

    pub(crate) fn resolved_values(
        &self,
        values: &BTreeMap<String, Spanned<String>>,
    ) -> Result<Vec<(String, String)>, Error> {
        values.iter().map(|(name, value)| Ok((name.clone(), self.resolved(value)?))).collect()
    }

    /// Refuses a key that is of no use to the transport.
    pub(crate) fn foreign<T>(&self, value: Option<&Spanned<T>>, reason: &str) -> Result<(), Error> {
        value.map_or(Ok(()), |value| Err(self.error(reason, value.span())))
    }

    pub(crate) fn error(&self, reason: &str, at: Range<usize>) -> Error {
        Error::Configuration {
            server: Some(self.name.to_owned()),
            position: position(self.text, Some(at)),
            reason: reason.to_owned(),
        }
    }
}

/// The message of a parser without the value that it names, which may be a secret.
fn without_value(message: &str) -> String {
    let names_value = ["invalid type", "invalid value", "invalid length", "unknown variant"];
    match message.rsplit_once(", expected ") {
        Some((found, expected)) if names_value.iter().any(|start| found.starts_with(start)) => {
            format!("expected {}", expected.replace("u64", "a whole number"))
        }
        _ => message.to_owned(),
    }
}

/// The message that names an unknown key and those that there are, with the nearest of them.
fn with_nearest(message: String) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = quoted.next().filter(|_| message.starts_with("unknown field"));
    match unknown.and_then(|unknown| nearest(unknown, quoted)) {
        Some(nearest) => format!("{message}; the nearest is `{nearest}`"),
        None => message,
    }
}

/// The server whose section a text ends in.
fn section(before: &str) -> Option<String> {
    let header = before.lines().map(str::trim).rfind(|line| line.starts_with('['))?;
    let name = header.strip_prefix("[servers.")?.split(['.', ']']).next()?;
    Some(name.trim_matches(['"', '\'', ' ']).to_owned())
}

/// Line and column, from 1, of where a span begins.
fn position(text: &str, span: Option<Range<usize>>) -> Option<(usize, usize)> {
    let before = text.get(..span?.start)?;
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    Some((before.matches('\n').count() + 1, before[line_start..].chars().count() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Program;

    fn read(text: &str) -> Result<Config, String> {
        let lookup = |name: &str| (name == "KEY").then(|| "s3cret".to_owned());
        Config::from_toml(text, lookup).map_err(|error| error.to_string())
    }

    #[test]
    fn servers_are_read_by_name() {
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
        let a = a.protocol(Revision::V2026_07_28).required(true);
        let a = a.allow_tools(["a*"]).deny_tools(["*b"]);
        assert_eq!(config.servers["a"], a);
        let program = Program::new(["run", "s3cret"]).env("TOKEN", "s3cret").secret("s3cret");
        assert_eq!(config.servers["b"], Server::stdio(program));
        assert_eq!(config.servers["c"].api_key, None);
        assert_eq!(format!("{config:?}").matches("s3cret").count(), 1, "only in the path of a URL");
    }

    #[test]
    fn no_pattern_allows_no_tool() {
        let config = read("[servers.a]\nurl = ''\nallow_tools = []").unwrap();
        assert!(!config.servers["a"].filter.offers("any"));
    }

    #[test]
    fn a_variable_that_is_not_set_spoils_its_own_server() {
        let config = read("[servers.a]\nurl = '${NONE}'\n[servers.b]\nurl = '${KEY}'").unwrap();
        let reason = "the variable `NONE` is not set and has no default".to_owned();
        let fault = Fault { position: Some((2, 7)), reason };
        assert_eq!(config.servers["a"].fault, Some(fault));
        assert_eq!(config.servers["b"], Server::http("s3cret"));
    }

    #[test]
    fn the_published_schema_is_fresh() {
        let published = include_str!("../../../schema/relay.schema.json");
        let published: serde_json::Value = serde_json::from_str(published).unwrap();
        let hint = "stale: run `cargo run -p relay-cli -- schema > schema/relay.schema.json`";
        assert_eq!(Config::schema(), published, "{hint}");
        let keys = published["$defs"]["Entry"]["properties"].as_object().unwrap();
        assert!(keys.values().all(|key| key["description"].is_string()));
    }

    #[test]
    fn an_unknown_key_comes_with_the_nearest() {
        let error = read("[servers.a]\nulr = ''").unwrap_err();
        assert!(error.ends_with("; the nearest is `url`"), "{error}");
    }

    #[test]
    fn nothing_is_a_configuration_too() {
        assert_eq!(read(""), Ok(Config::default()));
        assert_eq!(Config::default().cache_duration, Duration::from_secs(3600));
    }

    #[test]
    fn faults_are_reported_with_their_place_and_without_values() {
        for (text, expected) in [
            ("[servers.a]\nurl = 's3cret", "line 2, column 14: server `a`: invalid literal string"),
            (
                "[servers.a]\nheaders = \"a 's3cret' b\"",
                "line 2, column 11: server `a`: expected a map",
            ),
            (
                "[servers.a]\nurl = ''\nenv = { A = 's3cret' }",
                "line 3, column 13: server `a`: `env`",
            ),
            (
                "[servers.a]\ncommand = ['x']\nheaders = { A = 's3cret' }",
                "line 3, column 17: server `a`: `headers` are for transport \"http\"",
            ),
            ("[servers.a]\nulr = 's3cret'", "line 2, column 1: server `a`: unknown field `ulr`"),
            ("[server.a]", "line 1, column 2: unknown field `server`"),
            ("[servers.a]\nurl = 5", "line 2, column 7: server `a`: expected a string"),
            (
                "[servers.a]\ntransport = 's3cret'",
                "line 2, column 13: server `a`: expected one of `http`, `sse`, `stdio`",
            ),
            (
                "[servers.a]\napi_key = 0x53ec7e7",
                "line 2, column 11: server `a`: expected a string",
            ),
            ("cache_duration = 's3cret'", "line 1, column 18: expected a whole number"),
            (
                "[servers.a]\nheaders = 'a, expected s3cret'",
                "line 2, column 11: server `a`: expected a map",
            ),
            ("\n  [servers.a]", "line 2, column 12: server `a`: `url` is missing"),
            (
                "[servers.a]\nurl = ''\nprotocol = 's3cret'",
                "line 3, column 12: server `a`: `protocol` has to be \"auto\" or a revision: 2024",
            ),
            ("[servers.a]\nurl = ''\ntimeout = 0", "line 3, column 11: server `a`: `timeout`"),
            (
                "[servers.a]\ntransport = 'stdio'",
                "line 1, column 10: server `a`: `command` is missing",
            ),
            ("[servers.a]\ncommand = []", "line 2, column 11: server `a`: `command` has to begin"),
            (
                "[servers.a]\ncommand = ['x']\napi_key = 's3cret'",
                "line 3, column 11: server `a`: `api_key` is for transport \"http\"",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(expected), "{text}: {error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn the_transport_may_be_the_first_one() {
        let text = "[servers.a]\ntransport = 'sse'\nurl = 'https://a.example/sse'";
        let server = &Config::from_toml(text, |_| None).unwrap().servers["a"];
        assert_eq!(*server, Server::sse("https://a.example/sse"));
        assert_ne!(*server, Server::http("https://a.example/sse"));
    }

    #[test]
    fn no_value_of_the_wrong_kind_is_named() {
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
