//! The error type of this crate.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use mcp_http::{Challenge, Unauthorized};

use crate::{
    pending_call::PendingCall, principal::Principal, tool_output::ToolOutput, validation::Violation,
};

/// An error of a tool list, a tool call or another request.
///
/// A tool that reports an error returns an output instead: see
/// [`ToolOutput::is_error`](crate::ToolOutput::is_error).
///
/// # Retries
///
/// The table says for each failure whether the request ran, and how often it is sent again before
/// the error is returned. *N* is [`Server::max_retries`](crate::Server::max_retries), which defaults
/// to 2. "Call" is a tool call. "Trusted call" is a call of a tool that is annotated as read-only or
/// idempotent, if the settings [trust the annotations](crate::Server::trust_annotations). "Read" is
/// a list, a resource or a prompt. The first row that applies decides.
///
/// | failure | did it run? | call | trusted call | read |
/// | --- | --- | --- | --- | --- |
/// | invalid arguments or settings | no | – | – | – |
/// | no connection, or no access token at present | no | *N* | *N* | *N* |
/// | HTTP status 401, or 403 with `insufficient_scope` | no | once, if there is another token | same | same |
/// | a lost session: 404, or 400 or 401 with a text that says so | no (400: not certain) | once, in a new session | same | same |
/// | a JSON-RPC error with the id of the request, whatever the HTTP status is | yes | – | – | – |
/// | 429 or 503 with `Retry-After` | no, by our choice | *N* | *N* | *N* |
/// | 408, 429, 502, 503 or 504 | unknown (429: yes) | – | *N* | *N* |
/// | another HTTP status of an error | yes (5xx: unknown) | – | – | – |
/// | the connection is lost, or the process ends | unknown | – | *N* | twice, by the client |
/// | the connection is lost during `initialize` or `server/discover` | no | *N*, and twice by the client | same | twice, by the client |
/// | no response in time | unknown (no, if it was not sent) | – | *N* | – |
/// | an invalid response | unknown | – | – | – |
///
/// A retry waits for the time that the server asks for (`Retry-After`), otherwise for 100 ms, which
/// doubles each time. If the server asks for more than 10 seconds, the request is not retried, and
/// [`retry_after`](Self::retry_after) returns the time. A read is not retried after 10 seconds. A
/// new session and another token follow at once.
///
/// A call is sent at most 1 + *N* times in all, also if the server loses its session meanwhile. Only
/// a request that the server has rejected with 401 is sent once more than that.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration or the settings of a server are invalid, or do not allow the operation.
    /// Nothing was sent.
    #[error("{}{reason}", ConfigPosition(.server.as_deref(), *.position))]
    Configuration {
        /// The server, if the error is about one server.
        server: Option<String>,
        /// Line and column in the configuration file, from 1. `None` if the error does not come
        /// from a file.
        position: Option<(usize, usize)>,
        /// The cause of the error, and how to fix it.
        reason: String,
    },

    /// The user must sign in to the server, or sign in again. The request did not run, except in
    /// [rare cases](AuthorizationError::did_not_run).
    #[error(transparent)]
    Authorization(Box<AuthorizationError>),

    /// The server responded, but did not return a valid tool list.
    #[error("server \"{server}\": no usable tool list")]
    ToolDefinition {
        /// The server.
        server: String,
        /// The cause.
        source: Arc<mcp_client::Error>,
    },

    /// There is no tool with this name. Nothing was sent.
    #[error("{}", ToolNotFound(.server.as_deref(), .tool, .suggestion.as_deref()))]
    UnknownTool {
        /// The server. `None` if the tool was looked up in a [`Toolset`](crate::Toolset).
        server: Option<String>,
        /// The requested name.
        tool: String,
        /// The most similar name of a tool, if one is similar enough.
        suggestion: Option<String>,
    },

    /// The call cannot be sent, or the server returned an invalid result.
    #[error("server \"{server}\": tool \"{tool}\": {reason}")]
    ToolCall {
        /// The server.
        server: String,
        /// The name of the tool on its server, or the requested name.
        tool: String,
        /// The reason.
        reason: Cow<'static, str>,
        /// The error of the client. `None` if the call was not sent.
        source: Option<Arc<mcp_client::Error>>,
    },

    /// The arguments are invalid against the input schema of the tool. Nothing was sent.
    ///
    /// A model can often correct its arguments if it gets this error.
    #[error("server \"{server}\": tool \"{tool}\": invalid arguments: {}", list(.violations))]
    InvalidArguments {
        /// The server.
        server: String,
        /// The name of the tool on its server.
        tool: String,
        /// The parts of the arguments that are invalid.
        violations: Vec<Violation>,
    },

    /// The tool ran, and its result is invalid against its output schema.
    #[error(transparent)]
    InvalidOutput(Box<InvalidOutput>),

    /// The call failed without a valid response from the server, so the tool may have run. A retry
    /// may run it twice.
    #[error("server \"{server}\": tool \"{tool}\": {kind}; the call may have run")]
    OutcomeUnknown {
        /// The server.
        server: String,
        /// The name of the called tool on its server.
        tool: String,
        /// The kind of failure.
        kind: FailureKind,
        /// The error of the client.
        source: Arc<mcp_client::Error>,
    },

    /// The request failed, or the server returned an error.
    #[error("server \"{server}\": {}{kind}", ToolPrefix(.tool.as_deref()))]
    Transport {
        /// The server.
        server: String,
        /// The name of the called tool on its server. `None` if the request was not a tool call.
        tool: Option<String>,
        /// The kind of failure.
        kind: FailureKind,
        /// The error of the client.
        source: Arc<mcp_client::Error>,
    },
}

/// An error of a request that needs authorization: the user must sign in, or sign in again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthorizationError {
    /// The server.
    pub server: String,
    /// The name of the called tool on its server. `None` if the request was not a tool call.
    pub tool: Option<String>,
    /// The user for whom the request was sent. This is the application itself, without a user, if
    /// the server is [shared](crate::Server::shared).
    pub principal: Principal,
    /// The response of the server, with its challenges.
    pub unauthorized: Unauthorized,
    /// True if the request cannot have run.
    ///
    /// This is false if the response to a call was interrupted, or if the server had requested
    /// input for the call before. In these cases the call may have run.
    pub did_not_run: bool,
    /// The call, which can be resumed after the user has signed in. `None` if the request was not a
    /// tool call, or if the call may have run.
    pub pending_call: Option<PendingCall>,
}

/// A result that is invalid against the output schema of its tool.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct InvalidOutput {
    /// The server.
    pub server: String,
    /// The name of the tool on its server.
    pub tool: String,
    /// The parts of the structured content that are invalid.
    pub violations: Vec<Violation>,
    /// The invalid output.
    pub output: ToolOutput,
}

/// The kind of failure of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// The client could not connect to the server.
    Unreachable,
    /// The server did not respond in time.
    Timeout,
    /// The connection was closed before the response.
    Closed,
    /// The server lost the session, and lost or rejected the new one too.
    SessionLost,
    /// The server returned this HTTP status, which is not a success.
    Status(u16),
    /// The server returned a JSON-RPC error with this code.
    Rpc(i64),
    /// The server does not support the request.
    Unsupported,
    /// The server violated the protocol.
    Protocol,
    /// The client cannot get an access token at the moment, for example because the authorization
    /// server is not available. The user need not sign in again.
    TokenUnavailable,
    /// The client did not send the request, because of a token or a setting.
    Blocked,
}

impl Error {
    /// Returns whether the request cannot have run. If so, sending it again cannot run it twice.
    pub fn did_not_run(&self) -> bool {
        self.execution() == Execution::NotRun
    }

    /// Returns whether the failed request ran, as far as it is known.
    fn execution(&self) -> Execution {
        match self {
            Self::Configuration { .. }
            | Self::UnknownTool { .. }
            | Self::InvalidArguments { .. }
            | Self::ToolCall { source: None, .. } => Execution::NotRun,
            Self::Authorization(authorization) if authorization.did_not_run => Execution::NotRun,
            Self::Authorization(_) | Self::OutcomeUnknown { .. } => Execution::Unknown,
            Self::InvalidOutput(_) => Execution::Ran,
            Self::ToolCall { source: Some(source), .. } | Self::ToolDefinition { source, .. } => {
                if source.did_not_run() {
                    Execution::NotRun
                } else {
                    Execution::Ran
                }
            }
            Self::Transport { kind, source, .. } => Execution::of(*kind, source),
        }
    }

    /// Returns whether a retry may succeed and cannot run a tool twice.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Transport { tool, .. } => {
                self.is_transient() && (tool.is_none() || self.did_not_run())
            }
            _ => false,
        }
    }

    /// Returns whether the same request may succeed later.
    pub(crate) fn is_transient(&self) -> bool {
        let (Self::Transport { kind, source, .. } | Self::OutcomeUnknown { kind, source, .. }) =
            self
        else {
            return false;
        };
        match kind {
            FailureKind::Unreachable
            | FailureKind::Timeout
            | FailureKind::Closed
            | FailureKind::SessionLost
            | FailureKind::TokenUnavailable => true,
            FailureKind::Status(_) | FailureKind::Rpc(_) => {
                matches!(source.status(), Some(408 | 429 | 502..=504))
            }
            FailureKind::Protocol | FailureKind::Blocked | FailureKind::Unsupported => false,
        }
    }

    /// Returns the server, if the error is about one server.
    pub fn server(&self) -> Option<&str> {
        match self {
            Self::Configuration { server, .. } | Self::UnknownTool { server, .. } => {
                server.as_deref()
            }
            Self::Authorization(authorization) => Some(&authorization.server),
            Self::ToolDefinition { server, .. }
            | Self::ToolCall { server, .. }
            | Self::InvalidArguments { server, .. }
            | Self::OutcomeUnknown { server, .. }
            | Self::Transport { server, .. } => Some(server),
            Self::InvalidOutput(invalid) => Some(&invalid.server),
        }
    }

    /// Returns the name of the called tool on its server, or the requested name. `None` if the
    /// request was not a tool call.
    pub fn tool(&self) -> Option<&str> {
        match self {
            Self::Configuration { .. } | Self::ToolDefinition { .. } => None,
            Self::Authorization(authorization) => authorization.tool.as_deref(),
            Self::ToolCall { tool, .. }
            | Self::UnknownTool { tool, .. }
            | Self::InvalidArguments { tool, .. }
            | Self::OutcomeUnknown { tool, .. } => Some(tool),
            Self::InvalidOutput(invalid) => Some(&invalid.tool),
            Self::Transport { tool, .. } => tool.as_deref(),
        }
    }

    /// Returns how long the client should wait before the next request, if the server sent such a
    /// time.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Transport { source, .. } | Self::OutcomeUnknown { source, .. } => {
                source.retry_after()
            }
            _ => None,
        }
    }

    /// Returns the authorization error, if this is an [`Error::Authorization`].
    pub fn authorization(&self) -> Option<&AuthorizationError> {
        match self {
            Self::Authorization(authorization) => Some(authorization),
            _ => None,
        }
    }

    /// Returns the code of the JSON-RPC error, if the server returned one.
    pub(crate) fn rpc_code(&self) -> Option<i64> {
        match self {
            Self::ToolCall { source, .. } => source.as_ref()?.code(),
            Self::ToolDefinition { source, .. }
            | Self::OutcomeUnknown { source, .. }
            | Self::Transport { source, .. } => source.code(),
            _ => None,
        }
    }

    /// Returns the error of a call whose retries ended with this error, if its `earlier` attempt
    /// may have run.
    pub(crate) fn or_earlier(self, earlier: Self) -> Self {
        match self {
            Self::Authorization(authorization) => {
                Self::Authorization(Box::new(AuthorizationError {
                    did_not_run: false,
                    ..*authorization
                }))
            }
            later if later.execution() == Execution::NotRun => earlier,
            later => later,
        }
    }

    /// Creates a configuration error that does not come from a file.
    pub(crate) fn configuration(server: Option<&str>, reason: impl Into<String>) -> Self {
        let server = server.map(str::to_owned);
        Self::Configuration { server, position: None, reason: reason.into() }
    }
}

impl AuthorizationError {
    /// Returns the `Bearer` challenge of the server, with the URL of its metadata and the required
    /// scope.
    pub fn challenge(&self) -> Option<&Challenge> {
        self.unauthorized.challenge()
    }
}

impl fmt::Display for AuthorizationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, unauthorized, .. } = self;
        let tool = ToolPrefix(self.tool.as_deref());
        write!(f, "server \"{server}\": {tool}authorization required: {unauthorized}")
    }
}

impl std::error::Error for AuthorizationError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.unauthorized)
    }
}

/// The knowledge about whether a failed request ran.
///
/// A call is only repeated if it cannot run twice. Therefore, this decides about retries, pending
/// calls and [`Error::OutcomeUnknown`].
///
/// | | Evidence | Retry |
/// | --- | --- | --- |
/// | `NotRun` | not sent, or rejected by the transport before it could run | always safe |
/// | `Unknown` | sent, without a response of the server | only if the tool may be repeated |
/// | `Ran` | the server returned a result or an error | only if the tool may be repeated |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Execution {
    NotRun,
    Unknown,
    Ran,
}

impl Execution {
    /// Returns whether a request ran that failed with `kind`, because of `source`.
    pub(crate) fn of(kind: FailureKind, source: &mcp_client::Error) -> Self {
        if source.did_not_run() {
            return Self::NotRun;
        }
        match kind {
            FailureKind::Unreachable
            | FailureKind::Timeout
            | FailureKind::Closed
            | FailureKind::SessionLost
            | FailureKind::TokenUnavailable
            | FailureKind::Protocol => Self::Unknown,
            // A gateway may respond while the server still handles the request.
            FailureKind::Status(status) if status == 408 || status >= 500 => Self::Unknown,
            FailureKind::Status(_)
            | FailureKind::Rpc(_)
            | FailureKind::Blocked
            | FailureKind::Unsupported => Self::Ran,
        }
    }
}

impl fmt::Display for InvalidOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, tool, violations, .. } = self;
        let violations = list(violations);
        write!(f, "server \"{server}\": tool \"{tool}\": invalid result: {violations}")
    }
}

impl fmt::Debug for InvalidOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, tool, violations, .. } = self;
        let mut debug = f.debug_struct("InvalidOutput");
        debug.field("server", server).field("tool", tool).field("violations", violations);
        debug.finish_non_exhaustive()
    }
}

impl std::error::Error for InvalidOutput {}

fn list(violations: &[Violation]) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => f.write_str("cannot connect"),
            Self::Timeout => f.write_str("timed out"),
            Self::Closed => f.write_str("connection closed"),
            Self::SessionLost => f.write_str("session lost"),
            Self::Status(status) => write!(f, "HTTP status {status}"),
            Self::Unsupported => f.write_str("method not supported"),
            Self::Rpc(code) => write!(f, "JSON-RPC error {code}"),
            Self::Protocol => f.write_str("protocol error"),
            Self::TokenUnavailable => f.write_str("no access token is available at the moment"),
            Self::Blocked => f.write_str("request not sent"),
        }
    }
}

/// Returns an error and its sources in one line.
pub(crate) fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text += &format!(": {source}");
        next = source.source();
    }
    text
}

/// Displays the called tool as the prefix of a message, if there is one.
struct ToolPrefix<'a>(Option<&'a str>);

impl fmt::Display for ToolPrefix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |tool| write!(f, "tool \"{tool}\": "))
    }
}

/// Displays an unknown tool: the server, the requested name and the suggestion.
struct ToolNotFound<'a>(Option<&'a str>, &'a str, Option<&'a str>);

impl fmt::Display for ToolNotFound<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(server, tool, suggestion) = self;
        match server {
            Some(server) => write!(f, "server \"{server}\": tool \"{tool}\" not found")?,
            None => write!(f, "tool \"{tool}\" not found on any ready server")?,
        }
        suggestion.map_or(Ok(()), |suggestion| write!(f, "; did you mean \"{suggestion}\"?"))
    }
}

/// Displays the position in the configuration: line, column and server.
struct ConfigPosition<'a>(Option<&'a str>, Option<(usize, usize)>);

impl fmt::Display for ConfigPosition<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.1 {
            write!(f, "line {line}, column {column}: ")?;
        }
        self.0.map_or(Ok(()), |server| write!(f, "server \"{server}\": "))
    }
}
