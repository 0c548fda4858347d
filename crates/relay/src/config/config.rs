//! A configuration: servers and settings, as a file defines them.

use std::{collections::BTreeMap, fmt, time::Duration};

use crate::settings::Server;

/// A configuration: the servers by name, and how long their tool lists are cached.
///
/// [`Config::from_toml`] reads `relay.toml`. [`Config::from_json`] reads the configuration files of
/// other MCP clients.
///
/// # Examples
/// ```
/// # fn main() -> Result<(), relay::Error> {
/// let text = r#"
///     cache_duration = "60m" # 0 turns the cache off
///
///     [servers.github]
///     url = "https://example.com/mcp"
///     api_key = "${GITHUB_KEY:-}" # for anonymous calls
///     headers = { X-Team = "blue" }
///     timeout = "30s"
///     transport = "http" # the default; "sse" skips the detection of HTTP+SSE
///     protocol = "auto" # or one protocol version, such as "2025-11-25"
///     required = true # a toolset fails without this server
///     allow_tools = ["search_*", "read_*"] # names as the server gives them; defaults to all
///     deny_tools = ["*_secret"]
///
///     [servers.search]
///     url = "https://search.example/mcp"
///     api_key = "${SEARCH_KEY:-}"
///     shared = true # used for all users with the key above; their tokens are not sent
///
///     [servers.files]
///     transport = "stdio"
///     shared = true # required for a stdio server that users use
///     command = "npx"
///     args = ["-y", "@modelcontextprotocol/server-filesystem", "."]
///     env = { TOKEN = "${FILES_TOKEN:-}" } # added to the few variables that programs need
///     inherit_env = ["NODE_EXTRA_CA_CERTS"]
///     cwd = "/srv/files"
///     idle_timeout = "5m" # stop after this time without a call; 0 never stops
/// "#;
/// let config = relay::Config::from_toml(text, |name| std::env::var(name).ok())?;
/// assert_eq!(config.servers.len(), 3);
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
    /// The parts of the file that have no effect, such as settings that only another program has.
    pub warnings: Vec<ConfigWarning>,
}

impl Default for Config {
    fn default() -> Self {
        let cache_duration = Duration::from_secs(60 * 60);
        Self { servers: BTreeMap::new(), cache_duration, warnings: Vec::new() }
    }
}

/// A part of a configuration file that has no effect.
///
/// `Display` prints the position, the server and the reason, and no value of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigWarning {
    /// The name of the server, if the part belongs to one.
    pub server: Option<String>,
    /// The line and the column in the file, from 1.
    pub position: (usize, usize),
    /// The place in the file, as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// The reason, such as `"autoApprove" is ignored: Relay does not ask for approval`.
    pub reason: String,
}

impl fmt::Display for ConfigWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.position;
        write!(f, "line {line}, column {column}: ")?;
        if let Some(server) = &self.server {
            write!(f, "server \"{server}\": ")?;
        }
        f.write_str(&self.reason)
    }
}
