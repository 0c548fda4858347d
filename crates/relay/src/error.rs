//! The error type of this crate.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use mcp_http::{Challenge, Unauthorized};

use crate::{
    pending_call::PendingCall, principal::Principal, tool_output::ToolOutput, validation::Violation,
};

/// Why there are no tools, or no output.
///
/// A tool that fails by its own account is no error: see
/// [`ToolOutput::is_error`](crate::ToolOutput::is_error).
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration does not allow for it. Nothing was sent.
    #[error("{}{reason}", ConfigPosition(.server.as_deref(), *.position))]
    Configuration {
        /// The server that it is about, if it is about one.
        server: Option<String>,
        /// Line and column in the configuration file, from 1, if it comes from one.
        position: Option<(usize, usize)>,
        /// What is wrong, and what to do about it.
        reason: String,
    },

    /// The server wants the user to sign in, or to sign in again. The request did not run, but for
    /// [rare cases](AuthorizationError::did_not_run).
    #[error(transparent)]
    Authorization(Box<AuthorizationError>),

    /// The server answered, but what it gave is no list of tools.
    #[error("server `{server}` gives no usable list of tools")]
    ToolDefinition {
        /// The server.
        server: String,
        /// What is wrong with the list.
        source: Arc<mcp_client::Error>,
    },

    /// There is no tool of this name. Nothing was sent.
    #[error("{} no tool `{tool}`{}", ServerWithoutTool(.server.as_deref()), Suggestion(.suggestion.as_deref()))]
    UnknownTool {
        /// The server that was to have it; nothing where any of several might.
        server: Option<String>,
        /// The name that was asked for.
        tool: String,
        /// The name that was probably meant, if one is much like it.
        suggestion: Option<String>,
    },

    /// The call cannot be made, or what came back is no result.
    #[error("tool `{tool}` of server `{server}`: {reason}")]
    ToolCall {
        /// The server.
        server: String,
        /// The tool, by the server's name for it, or by the name that was asked for.
        tool: String,
        /// What is wrong.
        reason: Cow<'static, str>,
        /// All that is known about it; nothing where the call was not made.
        source: Option<Arc<mcp_client::Error>>,
    },

    /// The arguments do not fit the tool's schema. Nothing was sent; a model may do better when it is
    /// told.
    #[error("tool `{tool}` of server `{server}`: the arguments do not fit: {}", listed(.violations))]
    InvalidArguments {
        /// The server.
        server: String,
        /// The tool, by the server's name for it.
        tool: String,
        /// What does not fit where.
        violations: Vec<Violation>,
    },

    /// The tool ran, and its result does not fit its own schema.
    #[error(transparent)]
    InvalidOutput(Box<InvalidOutput>),

    /// The call may have run, and nobody knows: no answer of the server's came back. To repeat it may
    /// run it twice.
    #[error("calling `{tool}`, server `{server}` failed, and the call may have run: {kind}")]
    OutcomeUnknown {
        /// The server.
        server: String,
        /// The tool that was called, by the server's name for it.
        tool: String,
        /// How it failed.
        kind: FailureKind,
        /// All that is known about it.
        source: Arc<mcp_client::Error>,
    },

    /// The exchange with the server failed.
    #[error("{}server `{server}` failed: {kind}", CalledTool(.tool.as_deref()))]
    Transport {
        /// The server.
        server: String,
        /// The tool that was called, by the server's name for it, if it was a call.
        tool: Option<String>,
        /// How it failed.
        kind: FailureKind,
        /// All that is known about it.
        source: Arc<mcp_client::Error>,
    },
}

/// A server that wants the user to sign in, or to sign in again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthorizationError {
    /// The server.
    pub server: String,
    /// The tool that was called, by the server's name for it, if it was a call.
    pub tool: Option<String>,
    /// On whose behalf.
    pub principal: Principal,
    /// What the server said.
    pub unauthorized: Unauthorized,
    /// Whether the request surely did not run. A call may have run where its answer had broken off,
    /// or where it had asked for input before.
    pub did_not_run: bool,
    /// The call, to be resumed when the user has signed in; nothing where there was none, or where it
    /// may have run.
    pub pending_call: Option<PendingCall>,
}

/// A result that does not fit the schema of its tool.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct InvalidOutput {
    /// The server.
    pub server: String,
    /// The tool, by the server's name for it.
    pub tool: String,
    /// What does not fit where.
    pub violations: Vec<Violation>,
    /// What the tool gave back all the same.
    pub output: ToolOutput,
}

/// How an exchange with a server failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// No connection could be made.
    Unreachable,
    /// No answer came in time.
    Timeout,
    /// The connection ended before the answer.
    Closed,
    /// The server answered with this HTTP status, which is no success.
    Status(u16),
    /// The server answered with a JSON-RPC error of this code.
    Rpc(i64),
    /// The server does not offer what was asked for.
    Unsupported,
    /// What the server sent is not what the protocol allows.
    Protocol,
    /// The request was not sent: a token or a setting stands in the way.
    Blocked,
}

impl Error {
    /// Whether the request surely did not run, so that sending it again cannot run it twice.
    pub fn did_not_run(&self) -> bool {
        self.execution() == Execution::NotRun
    }

    /// What is known about the execution of the request that failed.
    fn execution(&self) -> Execution {
        match self {
            Self::Configuration { .. }
            | Self::UnknownTool { .. }
            | Self::InvalidArguments { .. }
            | Self::ToolCall { source: None, .. } => Execution::NotRun,
            Self::Authorization(refused) if refused.did_not_run => Execution::NotRun,
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

    /// Whether trying again may help and cannot run a tool twice.
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
            FailureKind::Unreachable | FailureKind::Timeout | FailureKind::Closed => true,
            FailureKind::Status(_) | FailureKind::Rpc(_) => {
                matches!(source.status(), Some(408 | 429 | 502..=504))
            }
            FailureKind::Protocol | FailureKind::Blocked | FailureKind::Unsupported => false,
        }
    }

    /// The server that it is about, if it is about one.
    pub fn server(&self) -> Option<&str> {
        match self {
            Self::Configuration { server, .. } | Self::UnknownTool { server, .. } => {
                server.as_deref()
            }
            Self::Authorization(refused) => Some(&refused.server),
            Self::ToolDefinition { server, .. }
            | Self::ToolCall { server, .. }
            | Self::InvalidArguments { server, .. }
            | Self::OutcomeUnknown { server, .. }
            | Self::Transport { server, .. } => Some(server),
            Self::InvalidOutput(invalid) => Some(&invalid.server),
        }
    }

    /// The tool that was called, by the server's name for it, if it was a call.
    pub fn tool(&self) -> Option<&str> {
        match self {
            Self::Configuration { .. } | Self::ToolDefinition { .. } => None,
            Self::Authorization(refused) => refused.tool.as_deref(),
            Self::ToolCall { tool, .. }
            | Self::UnknownTool { tool, .. }
            | Self::InvalidArguments { tool, .. }
            | Self::OutcomeUnknown { tool, .. } => Some(tool),
            Self::InvalidOutput(invalid) => Some(&invalid.tool),
            Self::Transport { tool, .. } => tool.as_deref(),
        }
    }

    /// How long the server asks to wait before the next request, if it does.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Transport { source, .. } | Self::OutcomeUnknown { source, .. } => {
                source.retry_after()
            }
            _ => None,
        }
    }

    /// What the server said to an unauthorized request, if that is what this is.
    pub fn authorization(&self) -> Option<&AuthorizationError> {
        match self {
            Self::Authorization(authorization) => Some(authorization),
            _ => None,
        }
    }

    /// The code of the JSON-RPC error that the server returned, if one was returned.
    pub(crate) fn rpc_code(&self) -> Option<i64> {
        match self {
            Self::ToolCall { source, .. } => source.as_ref()?.code(),
            Self::ToolDefinition { source, .. }
            | Self::OutcomeUnknown { source, .. }
            | Self::Transport { source, .. } => source.code(),
            _ => None,
        }
    }

    /// The error to return if this one ends the retries of a call, and the `earlier` attempt may have
    /// run.
    pub(crate) fn or_earlier(self, earlier: Self) -> Self {
        match self {
            Self::Authorization(refused) => {
                Self::Authorization(Box::new(AuthorizationError { did_not_run: false, ..*refused }))
            }
            later if later.execution() == Execution::NotRun => earlier,
            later => later,
        }
    }

    pub(crate) fn configuration(server: Option<&str>, reason: impl Into<String>) -> Self {
        let server = server.map(str::to_owned);
        Self::Configuration { server, position: None, reason: reason.into() }
    }
}

impl AuthorizationError {
    /// The server's `Bearer` challenge: where its metadata is, which scope it wants.
    pub fn challenge(&self) -> Option<&Challenge> {
        self.unauthorized.challenge()
    }
}

impl fmt::Display for AuthorizationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, unauthorized, .. } = self;
        let calling = CalledTool(self.tool.as_deref());
        write!(f, "{calling}server `{server}` wants the user to sign in: {unauthorized}")
    }
}

impl std::error::Error for AuthorizationError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.unauthorized)
    }
}

/// What is known about the execution of a request that failed. A call is only repeated if it cannot
/// run twice, so this decides about retries, pending calls and [`Error::OutcomeUnknown`].
///
/// | | Evidence | Retry |
/// | --- | --- | --- |
/// | `NotRun` | not sent, or refused by the transport before it could run | always safe |
/// | `Unknown` | sent, and no answer of the server came back | only if the tool may be repeated |
/// | `Ran` | the server answered, with a result or an error | only if the tool may be repeated |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Execution {
    NotRun,
    Unknown,
    Ran,
}

impl Execution {
    /// The execution of a request that failed as `kind`, because of `source`.
    pub(crate) fn of(kind: FailureKind, source: &mcp_client::Error) -> Self {
        if source.did_not_run() {
            return Self::NotRun;
        }
        match kind {
            FailureKind::Unreachable
            | FailureKind::Timeout
            | FailureKind::Closed
            | FailureKind::Protocol => Self::Unknown,
            // A gateway may answer while the server still works on the request.
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
        write!(
            f,
            "tool `{tool}` of server `{server}`: the result does not fit: {}",
            listed(violations)
        )
    }
}

impl fmt::Debug for InvalidOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, tool, violations, .. } = self;
        let mut shown = f.debug_struct("InvalidOutput");
        shown.field("server", server).field("tool", tool).field("violations", violations);
        shown.finish_non_exhaustive()
    }
}

impl std::error::Error for InvalidOutput {}

fn listed(violations: &[Violation]) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => f.write_str("it cannot be reached"),
            Self::Timeout => f.write_str("no answer in time"),
            Self::Closed => f.write_str("the connection ended before the answer"),
            Self::Status(status) => write!(f, "HTTP status {status}"),
            Self::Unsupported => f.write_str("it does not offer that"),
            Self::Rpc(code) => write!(f, "JSON-RPC error {code}"),
            Self::Protocol => f.write_str("its answer is against the protocol"),
            Self::Blocked => f.write_str("the request was not sent"),
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

/// Displays the tool that was called, if there is one.
struct CalledTool<'a>(Option<&'a str>);

impl fmt::Display for CalledTool<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |tool| write!(f, "calling `{tool}`, "))
    }
}

/// Displays the server that has no such tool.
struct ServerWithoutTool<'a>(Option<&'a str>);

impl fmt::Display for ServerWithoutTool<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(server) => write!(f, "server `{server}` offers"),
            None => f.write_str("the servers that are ready offer"),
        }
    }
}

/// Displays a suggestion, if there is one.
struct Suggestion<'a>(Option<&'a str>);

impl fmt::Display for Suggestion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |nearest| write!(f, "; the nearest is `{nearest}`"))
    }
}

/// Displays the position in the configuration: line, column and server.
struct ConfigPosition<'a>(Option<&'a str>, Option<(usize, usize)>);

impl fmt::Display for ConfigPosition<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.1 {
            write!(f, "line {line}, column {column}: ")?;
        }
        self.0.map_or(Ok(()), |server| write!(f, "server `{server}`: "))
    }
}
