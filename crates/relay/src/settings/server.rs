//! The settings of one server.

use std::{fmt, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use mcp_client::{Limits, Redactor, Transport as _};
use mcp_http::{AccessToken, HttpTransport, OAuthSettings};
use mcp_types::Revision;
use tokio::sync::Semaphore;

use super::{stdio::StdioCommand, tool_filter::Filter};

/// The settings of one server.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use relay::Server;
///
/// let server = Server::http("https://example.com/mcp")
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
    pub(crate) oauth: Option<Box<OAuthSettings>>,
    pub(crate) limits: Limits,
    pub(crate) max_message_size: usize,
    pub(crate) cookies: bool,
    pub(crate) protocol: Option<Revision>,
    pub(crate) fault: Option<SettingsError>,
    pub(crate) required: bool,
    pub(crate) shared: bool,
    pub(crate) filter: Filter,
    pub(crate) validate_schemas: bool,
    pub(crate) shared_tool_list: Option<bool>,
    pub(crate) resource_tools: bool,
    pub(crate) prompt_tools: bool,
    pub(crate) max_retries: usize,
    pub(crate) trust_annotations: bool,
    pub(crate) max_concurrent_calls: usize,
}

/// An error in the settings of one server. Other servers are not affected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SettingsError {
    /// Line and column in the configuration file, from 1.
    pub(crate) position: Option<(usize, usize)>,
    pub(crate) reason: String,
}

/// Returns an error if a server cannot have this name.
pub(crate) fn check_server_name(name: &str) -> Result<(), &'static str> {
    match name.is_empty() || name.chars().any(char::is_control) {
        true => Err("a server name must not be empty or contain control characters"),
        false => Ok(()),
    }
}

/// The transport of a server, with its address.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportConfig {
    /// Streamable HTTP.
    Http {
        /// The URL of the server's MCP endpoint.
        url: String,
    },
    /// HTTP+SSE, the older HTTP transport (MCP 2024-11-05).
    Sse {
        /// The URL of the server's SSE stream.
        url: String,
    },
    /// A child process.
    Stdio(StdioCommand),
}

impl Server {
    /// Creates the settings of a server on Streamable HTTP. `url` is its MCP endpoint.
    pub fn http(url: impl Into<String>) -> Self {
        Self::new(TransportConfig::Http { url: url.into() })
    }

    /// Creates the settings of a server on HTTP+SSE, the transport of MCP 2024-11-05. `url` is its
    /// SSE stream.
    ///
    /// [`http`](Self::http) also detects such a server, but needs up to two more requests.
    pub fn sse(url: impl Into<String>) -> Self {
        Self::new(TransportConfig::Sse { url: url.into() })
    }

    /// Creates the settings of a server that runs as a child process, such as
    /// `["npx", "-y", "a-server"]`.
    pub fn stdio(command: impl Into<StdioCommand>) -> Self {
        Self::new(TransportConfig::Stdio(command.into()))
    }

    /// Creates the settings of a server that cannot be used, because of an error in its
    /// configuration. `transport` is only displayed.
    pub(crate) fn unusable(transport: TransportConfig, fault: SettingsError) -> Self {
        Self { fault: Some(fault), ..Self::new(transport) }
    }

    fn new(transport: TransportConfig) -> Self {
        Self {
            transport,
            api_key: None,
            headers: Vec::new(),
            insecure: false,
            oauth: None,
            limits: Limits::default(),
            max_message_size: HttpTransport::DEFAULT_MAX_MESSAGE_SIZE,
            cookies: true,
            protocol: None,
            fault: None,
            required: false,
            shared: false,
            filter: Filter::default(),
            validate_schemas: true,
            shared_tool_list: None,
            resource_tools: false,
            prompt_tools: false,
            max_retries: 2,
            trust_annotations: false,
            max_concurrent_calls: 256,
        }
    }

    /// Sets the server's own bearer token. It is used for requests without a user, for all requests
    /// if the server is [shared](Self::shared), and if
    /// [`Relay::with_tokens`](crate::Relay::with_tokens) has no token for the server. Otherwise, the
    /// token of the user takes precedence.
    pub fn api_key(self, key: impl Into<AccessToken>) -> Self {
        Self { api_key: Some(key.into()), ..self }
    }

    /// Sets a user name and a password for requests without a user (Basic authentication, RFC
    /// 7617). They replace the [`api_key`](Self::api_key). The token of a user takes precedence over
    /// them.
    pub fn basic_auth(self, user: impl AsRef<str>, password: impl Into<String>) -> Self {
        self.api_key(AccessToken::basic(user, password))
    }

    /// Adds a header to every request. The headers of the protocol cannot be set.
    ///
    /// `Authorization` replaces the [`api_key`](Self::api_key), and like it, is sent only with
    /// requests without a user. The value has any scheme, such as `ApiKey abc`, or none. It is a
    /// secret, like the values of all headers.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        if name.eq_ignore_ascii_case("authorization") {
            return self.api_key(AccessToken::from_authorization(value));
        }
        self.headers.push((name, value.into()));
        self
    }

    /// Sets the timeout of a request, from sending it until the response. Defaults to 30 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self.limits.max_total_timeout = self.limits.max_total_timeout.max(timeout);
        self
    }

    /// Sets all [limits](Limits). They also replace the [timeout](Self::timeout).
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Sets the maximum size of a message from the server, in bytes after decompression. Defaults
    /// to 32 MiB.
    pub fn max_message_size(self, max_message_size: usize) -> Self {
        Self { max_message_size, ..self }
    }

    /// Sets the protocol version. If the server does not support it, calls fail.
    ///
    /// By default, the client negotiates the version with the server, once for all users. Set
    /// 2025-11-25 for a server that supports it too, if its tools send elicitation requests, or if it
    /// is behind a gateway that starts a process for each stateless request.
    pub fn protocol_version(self, revision: Revision) -> Self {
        Self { protocol: Some(revision), ..self }
    }

    /// Sets whether the server is required. If a required server fails,
    /// [`User::toolset`](crate::User::toolset) returns its error. Defaults to `false`.
    pub fn required(self, required: bool) -> Self {
        Self { required, ..self }
    }

    /// Shares the server among all users.
    ///
    /// A shared server is used with its own credentials by every caller: the
    /// [`api_key`](Self::api_key) and [headers](Self::header) of an HTTP server, or the environment
    /// of a stdio server. The tokens of users are never sent to it, and a token in the [options of a
    /// call](crate::Tool::with_options) is an error. The exception is a token that the application
    /// sets in the options of a [connection](crate::User::connection): it is sent.
    ///
    /// The session and the tool list of the server belong to no user: all users and
    /// [`Relay::without_token`](crate::Relay::without_token) share them.
    ///
    /// Use it if the server needs no sign-in, such as a search service with one key for the
    /// application, or a local program. Do not use it if the server keeps data of its users,
    /// because it cannot tell them apart. Users can use a stdio server only if it is shared.
    ///
    /// If the server rejects its credentials, the error is
    /// [`Error::Authorization`](crate::Error::Authorization). No user can sign in to the server, so
    /// [`User::toolset`](crate::User::toolset) reports it in
    /// [`failed`](crate::Toolset::failed).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use relay::{Error, Relay, Server};
    ///
    /// async fn run(token_of_ann: String) -> Result<(), Error> {
    ///     let relay = Relay::builder()
    ///         .server("github", Server::http("https://example.com/mcp"))
    ///         .server("search", Server::http("https://search.example/mcp").api_key("k3y").shared())
    ///         .server("files", Server::stdio(["my-file-server"]).shared())
    ///         .build()?;
    ///
    ///     // The token goes to "github", and the key to "search". The program "my-file-server" gets
    ///     // neither.
    ///     let toolset = relay.with_token(token_of_ann).toolset().await?;
    ///     println!("{} tools", toolset.len());
    ///     Ok(())
    /// }
    /// ```
    pub fn shared(self) -> Self {
        Self { shared: true, ..self }
    }

    /// Allows only tools whose names on the server match one of these patterns.
    ///
    /// In a pattern, `*` matches any number of characters. Without patterns, no tool is allowed. By
    /// default, all tools are allowed.
    pub fn allow_tools<P: Into<String>>(mut self, patterns: impl IntoIterator<Item = P>) -> Self {
        self.filter.allow(patterns);
        self
    }

    /// Denies tools whose names on the server match one of these patterns, even if they are
    /// [allowed](Self::allow_tools).
    ///
    /// Denied tools are not listed and cannot be called, except with the typed client of a
    /// [connection](crate::Connection).
    pub fn deny_tools<P: Into<String>>(mut self, patterns: impl IntoIterator<Item = P>) -> Self {
        self.filter.deny(patterns);
        self
    }

    /// Declares whether all users see the same tools. If so, one cached list serves all users.
    ///
    /// This overrides the declaration of the server. By default, the declaration of the server is
    /// used (MCP 2026-07-28, server/utilities/caching).
    pub fn shared_tool_list(self, shared_tool_list: bool) -> Self {
        Self { shared_tool_list: Some(shared_tool_list), ..self }
    }

    /// Sets whether models can use the resources of the server. Defaults to `false`.
    ///
    /// This adds two tools, `list_resources` and `read_resource`. A tool is not added if the server
    /// has one with the same name.
    pub fn resource_tools(self, resource_tools: bool) -> Self {
        Self { resource_tools, ..self }
    }

    /// Sets whether models can use the prompts of the server. Defaults to `false`.
    ///
    /// This adds two tools, `list_prompts` and `get_prompt`. A tool is not added if the server has
    /// one with the same name.
    pub fn prompt_tools(self, prompt_tools: bool) -> Self {
        Self { prompt_tools, ..self }
    }

    /// Sets whether arguments and results are validated against the schemas of the tools. Defaults
    /// to `true`.
    ///
    /// Only values that are certainly invalid are rejected. The client does not validate `format`,
    /// and leaves some keywords to the server, such as `pattern`, `unevaluatedProperties` or an
    /// external `$ref`.
    ///
    /// The supported dialects are JSON Schema 2020-12, 2019-09 and drafts 4 to 7. If the schema of
    /// a tool has another dialect, the tool cannot be called.
    pub fn validate_schemas(self, validate_schemas: bool) -> Self {
        Self { validate_schemas, ..self }
    }

    /// Sets whether cookies of an HTTP server are sent back to it. Load balancers use cookies to keep a
    /// session at one replica. Each user has separate cookies, which are secrets. Defaults to `true`.
    pub fn cookies(self, cookies: bool) -> Self {
        Self { cookies, ..self }
    }

    /// Sets how many times a request is sent again after a temporary failure, such as a failure to
    /// connect. Defaults to 2. [`Error`](crate::Error#retries) lists which failures are retried, and
    /// how long a retry waits.
    ///
    /// A call is sent at most once more than this number. With zero, it is not even sent again if
    /// the server has lost the session.
    pub fn max_retries(self, max_retries: usize) -> Self {
        Self { max_retries, ..self }
    }

    /// Sets whether the tool annotations of the server are trusted. Defaults to `false`.
    ///
    /// If so, read-only and idempotent tools are retried even if the call may have run.
    pub fn trust_annotations(self, trust_annotations: bool) -> Self {
        Self { trust_annotations, ..self }
    }

    /// Sets the maximum number of concurrent tool calls on this server, for all users together.
    /// Further calls wait. Defaults to 256.
    pub fn max_concurrent_calls(self, max: usize) -> Self {
        let max_concurrent_calls = max.clamp(1, Semaphore::MAX_PERMITS);
        Self { max_concurrent_calls, ..self }
    }

    /// Sets the settings for the sign-ins of users at this server, such as its client ID.
    ///
    /// Relay signs no user in. It only keeps the settings for the token source that does:
    /// [`Relay::oauth_settings`](crate::Relay::oauth_settings) returns them.
    ///
    /// # Examples
    ///
    /// ```
    /// use relay::{OAuthSettings, Server};
    ///
    /// let settings = OAuthSettings::new().client_id("our-app").client_secret("s3cret");
    /// let server = Server::http("https://example.com/mcp").oauth(settings);
    /// assert_eq!(server.oauth_settings().client_id.as_deref(), Some("our-app"));
    /// assert!(!format!("{server:?}").contains("s3cret"));
    /// ```
    pub fn oauth(self, settings: OAuthSettings) -> Self {
        Self { oauth: Some(Box::new(settings)), ..self }
    }

    /// Sets whether tokens may be sent over plain HTTP to other hosts. If so, anyone on the network
    /// can read them. Defaults to `false`.
    ///
    /// It also holds for the authorization server that users of this server sign in to.
    pub fn dangerously_allow_insecure_http(self, insecure: bool) -> Self {
        Self { insecure, ..self }
    }

    /// Returns a hash of the settings that identify the server and the credentials it gets.
    pub(crate) fn fingerprint(&self) -> String {
        let target = match &self.transport {
            TransportConfig::Http { url } | TransportConfig::Sse { url } => url.clone(),
            TransportConfig::Stdio(command) => command.identity(),
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
            .max_message_size(self.max_message_size)
            .cookies(self.cookies);
        for (header, value) in &self.headers {
            transport = transport.header(header, value);
        }
        transport
    }

    /// Returns the transport of the server.
    pub fn transport(&self) -> &TransportConfig {
        &self.transport
    }

    /// Returns the credentials for requests without a user, as set by [`api_key`](Self::api_key),
    /// [`basic_auth`](Self::basic_auth) or [`header`](Self::header).
    pub fn token(&self) -> Option<&AccessToken> {
        self.api_key.as_ref()
    }

    /// Returns the settings for sign-ins, as set by [`oauth`](Self::oauth) and
    /// [`dangerously_allow_insecure_http`](Self::dangerously_allow_insecure_http).
    pub fn oauth_settings(&self) -> OAuthSettings {
        let settings = self.oauth.as_deref().cloned().unwrap_or_default();
        let insecure = settings.dangerously_allow_insecure_http || self.insecure;
        settings.dangerously_allow_insecure_http(insecure)
    }

    /// Returns the secrets of the settings: credentials, the values of headers and of the query of
    /// the URL, and those that a program gets with its environment and its arguments.
    ///
    /// Errors and traces of this crate do not contain them, but results are returned as the server
    /// sent them. Use this to redact secrets in output that shows results.
    ///
    /// # Examples
    ///
    /// ```
    /// use relay::Server;
    ///
    /// let server = Server::http("https://example.com/mcp?key=s3cret-key").header("X-Team", "blue-42");
    /// assert_eq!(server.redactor().redact("s3cret-key of blue-42"), "**** of ****");
    /// ```
    pub fn redactor(&self) -> Redactor {
        let transport = match &self.transport {
            TransportConfig::Http { url } | TransportConfig::Sse { url } => {
                self.http_transport(url).redactor()
            }
            TransportConfig::Stdio(command) => {
                command.transport(self.max_message_size, Duration::MAX).redactor()
            }
        };
        let client_secret = self.oauth.iter().filter_map(|oauth| oauth.client_secret.as_ref());
        let keys = self.api_key.iter().flat_map(AccessToken::secrets);
        transport.with(keys.chain(client_secret.map(mcp_http::Secret::expose)))
    }

    /// Returns whether the server is [shared](Self::shared) among all users.
    pub fn is_shared(&self) -> bool {
        self.shared
    }

    /// Returns the error in the configuration of the server, if it cannot be used.
    pub fn configuration_error(&self) -> Option<&str> {
        self.fault.as_ref().map(|fault| &*fault.reason)
    }

    /// Returns the line and the column of the [error](Self::configuration_error) in the
    /// configuration file, from 1.
    pub fn configuration_error_position(&self) -> Option<(usize, usize)> {
        self.fault.as_ref()?.position
    }

    /// Returns whether there are credentials for requests without a user; see [`token`](Self::token).
    pub fn has_api_key(&self) -> bool {
        self.api_key.is_some()
    }
}

impl TransportConfig {
    /// Returns the name of the transport in a configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Http { .. } => "http",
            Self::Sse { .. } => "sse",
            Self::Stdio(_) => "stdio",
        }
    }
}

/// Displays the URL without its query, or the program without its arguments. These may contain
/// secrets.
impl fmt::Display for TransportConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { url } | Self::Sse { url } => match mcp_http::Endpoint::parse(url) {
                Ok(endpoint) => endpoint.fmt(f),
                Err(_) => f.write_str("(invalid URL)"),
            },
            Self::Stdio(command) => command.fmt(f),
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
            .field("oauth", &self.oauth)
            .field("limits", &self.limits)
            .field("max_message_size", &self.max_message_size)
            .field("cookies", &self.cookies)
            .field("protocol", &self.protocol)
            .field("required", &self.required)
            .field("shared", &self.shared)
            .field("filter", &self.filter)
            .field("validate_schemas", &self.validate_schemas)
            .field("shared_tool_list", &self.shared_tool_list)
            .field("resource_tools", &self.resource_tools)
            .field("prompt_tools", &self.prompt_tools)
            .field("max_retries", &self.max_retries)
            .field("trust_annotations", &self.trust_annotations)
            .field("max_concurrent_calls", &self.max_concurrent_calls)
            .finish()
    }
}
