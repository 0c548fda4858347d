//! The settings of one server.

use std::{fmt, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use mcp_client::Limits;
use mcp_http::{AccessToken, HttpTransport};
use mcp_types::Revision;
use tokio::sync::Semaphore;

use super::{stdio::StdioCommand, tool_filter::Filter};

/// How to reach one server.
///
/// ```
/// use std::time::Duration;
///
/// let server = relay::Server::http("https://example.com/mcp")
///     .api_key("for-all-users")
///     .header("X-Team", "blue")
///     .timeout(Duration::from_secs(60));
/// assert!(!format!("{server:?}").contains("for-all-users"));
/// ```
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub struct Server {
    pub(crate) transport: TransportConfig,
    pub(crate) api_key: Option<AccessToken>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) insecure: bool,
    pub(crate) limits: Limits,
    pub(crate) message_limit: usize,
    pub(crate) protocol: Option<Revision>,
    pub(crate) fault: Option<SettingsError>,
    pub(crate) required: bool,
    pub(crate) filter: Filter,
    pub(crate) checks: bool,
    pub(crate) share_list: Option<bool>,
    pub(crate) resource_tools: bool,
    pub(crate) prompt_tools: bool,
    pub(crate) retries: usize,
    pub(crate) trust_annotations: bool,
    pub(crate) concurrency: usize,
}

/// An error in the settings of one server. Other servers are not affected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SettingsError {
    /// Line and column in the configuration file, from 1.
    pub(crate) position: Option<(usize, usize)>,
    pub(crate) reason: String,
}

/// What carries messages to a server.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportConfig {
    /// Streamable HTTP.
    Http {
        /// The URL of the server's MCP endpoint.
        url: String,
    },
    /// HTTP+SSE, which was before that.
    Sse {
        /// The URL of the server's stream.
        url: String,
    },
    /// A child process.
    Stdio(StdioCommand),
}

impl Server {
    /// A server on HTTP; `url` is that of its MCP endpoint.
    pub fn http(url: impl Into<String>) -> Self {
        Self::new(TransportConfig::Http { url: url.into() })
    }

    /// A server on HTTP+SSE, the transport of 2024-11-05; `url` is that of its stream. One that is
    /// given to [`http`](Self::http) is found out to be such, which takes up to two requests more.
    pub fn sse(url: impl Into<String>) -> Self {
        Self::new(TransportConfig::Sse { url: url.into() })
    }

    /// A server that is started as a child process, such as `["npx", "-y", "a-server"]`.
    pub fn stdio(program: impl Into<StdioCommand>) -> Self {
        Self::new(TransportConfig::Stdio(program.into()))
    }

    /// Creates a server that cannot be used, because of an error in its configuration.
    pub(crate) fn unusable(fault: SettingsError) -> Self {
        Self { fault: Some(fault), ..Self::stdio(Vec::<String>::new()) }
    }

    fn new(transport: TransportConfig) -> Self {
        Self {
            transport,
            api_key: None,
            headers: Vec::new(),
            insecure: false,
            limits: Limits::default(),
            message_limit: HttpTransport::DEFAULT_MAX_MESSAGE_SIZE,
            protocol: None,
            fault: None,
            required: false,
            filter: Filter::default(),
            checks: true,
            share_list: None,
            resource_tools: false,
            prompt_tools: false,
            retries: 2,
            trust_annotations: false,
            concurrency: 256,
        }
    }

    /// A bearer token for those calls that are on behalf of no user. A user's own token wins over it.
    pub fn api_key(self, key: impl Into<AccessToken>) -> Self {
        Self { api_key: Some(key.into()), ..self }
    }

    /// A header to send with every request. Those of the protocol and `Authorization` cannot be set.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The time for one request, from its sending to its answer; 30 seconds unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self.limits.max_total_timeout = self.limits.max_total_timeout.max(timeout);
        self
    }

    /// Limits other than the [defaults](Limits), in place of the timeout too.
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The largest message to take from the server, in bytes after decompression; 32 MiB.
    pub fn max_message_size(self, message_limit: usize) -> Self {
        Self { message_limit, ..self }
    }

    /// The one revision of the protocol to speak. Otherwise the server is asked, once for all users,
    /// which it understands; calls fail where it does not understand the one that is set.
    pub fn protocol(self, revision: Revision) -> Self {
        Self { protocol: Some(revision), ..self }
    }

    /// Says that a toolset without this server is none: see
    /// [`User::toolset`](crate::User::toolset).
    pub fn required(self, required: bool) -> Self {
        Self { required, ..self }
    }

    /// Offers only tools whose own names match one of these patterns, in which `*` stands for any
    /// run of characters; without any pattern, none.
    pub fn allow_tools<P: Into<String>>(mut self, patterns: impl IntoIterator<Item = P>) -> Self {
        self.filter.allow(patterns);
        self
    }

    /// Offers no tools whose own names match one of these patterns, even where they are allowed.
    /// Nobody can call those through this registry, but by the typed client of a connection.
    pub fn deny_tools<P: Into<String>>(mut self, patterns: impl IntoIterator<Item = P>) -> Self {
        self.filter.deny(patterns);
        self
    }

    /// Says that the server gives the same tools to everyone, so that one user's list is all users';
    /// or that it does not, whatever it says itself. Unless set, the server's word counts
    /// (MCP 2026-07-28, server/utilities/caching).
    pub fn shared_tool_list(self, share_list: bool) -> Self {
        Self { share_list: Some(share_list), ..self }
    }

    /// Offers the server's resources to models by two more tools, `list_resources` and
    /// `read_resource`, unless the server has such tools of its own.
    pub fn resource_tools(self, resource_tools: bool) -> Self {
        Self { resource_tools, ..self }
    }

    /// Offers the server's prompts to models by two more tools, `list_prompts` and `get_prompt`, unless
    /// the server has such tools of its own.
    pub fn prompt_tools(self, prompt_tools: bool) -> Self {
        Self { prompt_tools, ..self }
    }

    /// Whether arguments and results are checked against the tools' schemas; they are unless set.
    /// Only what surely does not fit is refused: `format` is a note, and what cannot be judged here,
    /// such as a `pattern`, `unevaluatedProperties` or a `$ref` to elsewhere, is left to the server.
    /// The dialects are JSON Schema 2020-12, 2019-09 and draft 4 to 7; tools with schemas in others
    /// cannot be called.
    pub fn validate_schemas(self, checks: bool) -> Self {
        Self { checks, ..self }
    }

    /// How often a call is tried again that surely did not run and may run yet, as when the server
    /// cannot be reached; twice unless set. The waits grow from 100 ms, or are what the server asks
    /// for up to 10 seconds.
    pub fn max_retries(self, retries: usize) -> Self {
        Self { retries, ..self }
    }

    /// Believes the server's hints on its tools: those that only read, or that may be repeated without
    /// further effect, are tried again even where they may have run.
    pub fn trust_annotations(self, trust_annotations: bool) -> Self {
        Self { trust_annotations, ..self }
    }

    /// How many calls of this server's tools may be under way at the same time, of all users together;
    /// 256 unless set. Others wait for their turn.
    pub fn max_concurrent_calls(self, most: usize) -> Self {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        Self { concurrency: most, ..self }
    }

    /// Sends tokens over plain HTTP to other machines too, where anyone on the way can read them.
    pub fn dangerously_allow_insecure_http(self, insecure: bool) -> Self {
        Self { insecure, ..self }
    }

    /// Returns a hash of the settings that identify the server and the credentials it gets.
    pub(crate) fn fingerprint(&self) -> String {
        let target = match &self.transport {
            TransportConfig::Http { url } | TransportConfig::Sse { url } => url.clone(),
            TransportConfig::Stdio(program) => program.identity(),
        };
        let key = self.api_key.as_ref().map(AccessToken::expose);
        let identity = format!("{:?}", (self.transport.name(), target, key, &self.headers));
        let hash = digest(&SHA256, identity.as_bytes());
        hash.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Returns an error if the settings cannot be used.
    pub(crate) fn check(&self) -> Result<(), mcp_http::Error> {
        match &self.transport {
            TransportConfig::Http { url } | TransportConfig::Sse { url } => {
                self.http_transport(url).validate()
            }
            TransportConfig::Stdio(_) => Ok(()),
        }
    }

    /// Returns a builder of the HTTP transport to `url` with these settings.
    pub(crate) fn http_transport(&self, url: &str) -> mcp_http::HttpTransportBuilder {
        let mut transport = HttpTransport::builder(url)
            .dangerously_allow_insecure_http(self.insecure)
            .max_message_size(self.message_limit);
        for (header, value) in &self.headers {
            transport = transport.header(header, value);
        }
        transport
    }

    /// What carries messages to the server.
    pub fn transport(&self) -> &TransportConfig {
        &self.transport
    }

    /// The token for calls on behalf of no user: what [`api_key`](Self::api_key) has set.
    pub fn token(&self) -> Option<&AccessToken> {
        self.api_key.as_ref()
    }

    /// Why it cannot be used, where its description in a configuration does not allow it.
    pub fn configuration_error(&self) -> Option<&str> {
        self.fault.as_ref().map(|fault| &*fault.reason)
    }

    /// Whether calls on behalf of no user carry a token of the server's own.
    pub fn has_api_key(&self) -> bool {
        self.api_key.is_some()
    }
}

impl TransportConfig {
    /// The name of the transport in a configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Http { .. } => "http",
            Self::Sse { .. } => "sse",
            Self::Stdio(_) => "stdio",
        }
    }
}

/// The URL without its query, or the program without its arguments: either may hold a secret.
impl fmt::Display for TransportConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { url } | Self::Sse { url } => match mcp_http::Endpoint::parse(url) {
                Ok(endpoint) => endpoint.fmt(f),
                Err(_) => f.write_str("(not a usable URL)"),
            },
            Self::Stdio(program) => program.fmt(f),
        }
    }
}

impl fmt::Debug for TransportConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({self})", self.name())
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Server")
            .field("transport", &self.transport)
            .field("api_key", &self.api_key)
            .field("headers", &headers)
            .field("insecure", &self.insecure)
            .field("limits", &self.limits)
            .field("message_limit", &self.message_limit)
            .field("protocol", &self.protocol)
            .field("required", &self.required)
            .field("filter", &self.filter)
            .field("checks", &self.checks)
            .field("share_list", &self.share_list)
            .field("resource_tools", &self.resource_tools)
            .field("prompt_tools", &self.prompt_tools)
            .field("retries", &self.retries)
            .field("trust_annotations", &self.trust_annotations)
            .field("concurrency", &self.concurrency)
            .finish()
    }
}
