//! The error type of this crate.

use std::{borrow::Cow, error::Error as StdError, fmt, sync::Arc, time::Duration};

use mcp_types::{
    ErrorObject, Method, Revision, error_code,
    v2025_11_25::InitializeRequest,
    v2026_07_28::{DiscoverRequest, ElicitRequestUrlParams},
};
use memchr::memmem;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    handler::UrlElicitation,
    text::Truncated,
    transport::{BoxError, TransportError, TransportErrorKind},
};

/// The cause of an error, shared by all who waited for the same thing.
type Cause = Arc<dyn StdError + Send + Sync>;

/// Why a call has no result.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The transport failed; its [kind](TransportError::kind) tells how.
    #[error(transparent)]
    Transport(#[from] TransportError),

    /// The server answered with a JSON-RPC error.
    #[error("`{method}` failed: {error}{}", .status.map(|status| format!(", HTTP status {status}")).unwrap_or_default())]
    Rpc {
        /// The method that was called.
        method: Cow<'static, str>,
        /// Code, message and data, as the server sent them.
        error: ErrorObject,
        /// The HTTP status that came with it, where it was not a success.
        status: Option<u16>,
        /// How long the server asks to wait before the next request, if it does.
        retry_after: Option<Duration>,
    },

    /// No answer came in time. A server that has the request was told that nobody waits any more.
    #[error("no answer to `{method}` within {limit:?}")]
    Timeout {
        /// The method that was called.
        method: Cow<'static, str>,
        /// How long it was waited for.
        limit: Duration,
    },

    /// The server sent something that is no answer to the method.
    #[error("the answer to `{method}` is not valid")]
    InvalidResponse {
        /// The method that was called.
        method: Cow<'static, str>,
        /// What is wrong with it.
        source: Cause,
    },

    /// Client and server have no revision of the protocol in common.
    #[error(
        "the server speaks protocol version {}; this client speaks {}",
        join_versions(.server.iter().map(|version| Truncated(version))),
        join_versions(.client),
    )]
    UnsupportedProtocolVersion {
        /// What the server speaks, as far as it said.
        server: Vec<String>,
        /// What this client speaks.
        client: Vec<Revision>,
    },

    /// The server speaks neither era of the protocol: it understood neither of the requests that
    /// begin a conversation.
    #[error(
        "the server speaks no MCP: `server/discover` failed: {probe}{}; `initialize` failed",
        FallbackFailed(.stream.as_deref())
    )]
    NotMcp {
        /// What it said to `server/discover`, with which revisions since 2026-07-28 begin.
        probe: Arc<Error>,
        /// What it said to `initialize`, with which earlier revisions begin.
        #[source]
        initialize: Arc<Error>,
        /// What became of the transport that came before (HTTP+SSE), where there is one.
        stream: Option<Arc<Error>>,
    },

    /// The revision spoken with the server has no such method. Nothing was sent.
    #[error("`{method}` is no method of protocol version {revision}, which the server speaks")]
    UnsupportedMethod {
        /// The method that was to be called.
        method: Cow<'static, str>,
        /// The revision.
        revision: Revision,
    },

    /// The server asks for input again and again.
    #[error("`{method}` needs input more than {limit} times")]
    TooManyRoundTrips {
        /// The method that was called.
        method: Cow<'static, str>,
        /// How often it was repeated with what the server had asked for.
        limit: usize,
    },

    /// The method needs input that nobody gives. Its [source](StdError::source) is [`Declined`] where
    /// the user did not want to, else the failure of the handler.
    ///
    /// [`Declined`]: crate::Declined
    #[error("`{method}` needs what `{asked}` asks for, which is not to be had")]
    InputUnavailable {
        /// The method that was called.
        method: Cow<'static, str>,
        /// What the server asked for: the method that does so.
        asked: &'static str,
        /// Why there is no answer.
        source: Cause,
    },

    /// The server did not declare the capability that the method needs. Nothing was sent.
    #[error("`{method}` needs the capability `{capability}`, which the server does not declare")]
    MissingCapability {
        /// The method that was to be called.
        method: Cow<'static, str>,
        /// The name of the capability.
        capability: &'static str,
    },

    /// A list of the server does not end within the limits.
    #[error("the list of `{method}` {reason}")]
    ListLimitExceeded {
        /// The method that lists.
        method: Cow<'static, str>,
        /// Which limit was met.
        reason: String,
    },

    /// The parameters cannot be written as JSON. Nothing was sent.
    #[error("the parameters of `{method}` cannot be sent")]
    InvalidParams {
        /// The method that was to be called.
        method: Cow<'static, str>,
        /// What is wrong with them.
        source: Cause,
    },
}

/// Formats the failure of the fallback transport.
struct FallbackFailed<'a>(Option<&'a Error>);

impl fmt::Display for FallbackFailed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |error| write!(f, "; the older transport failed: {error}"))
    }
}

/// Whether the server refused a request before it looked at what it is about. It says so by status
/// and code together: a code alone may be that of another server, which a tool has called.
fn is_rejected_unread(status: Option<u16>, code: i64) -> bool {
    match status {
        Some(400) => matches!(
            code,
            error_code::HEADER_MISMATCH
                | error_code::MISSING_REQUIRED_CLIENT_CAPABILITY
                | error_code::UNSUPPORTED_PROTOCOL_VERSION
        ),
        Some(404) => code == error_code::METHOD_NOT_FOUND,
        _ => false,
    }
}

fn join_versions(versions: impl IntoIterator<Item: ToString>) -> String {
    let versions: Vec<_> = versions.into_iter().map(|version| version.to_string()).collect();
    match versions.join(", ") {
        none if none.is_empty() => "(none said)".to_owned(),
        versions => versions,
    }
}

impl Error {
    /// Whether the server surely did not run the method, so that calling again cannot run it twice.
    pub fn did_not_run(&self) -> bool {
        match self {
            Self::Transport(error) => error.did_not_run(),
            Self::UnsupportedProtocolVersion { .. }
            | Self::NotMcp { .. }
            | Self::UnsupportedMethod { .. }
            | Self::MissingCapability { .. }
            | Self::InvalidParams { .. } => true,
            // Whatever was to be called had to wait for the conversation to open.
            Self::Rpc { error, status, .. } => {
                is_rejected_unread(*status, error.code) || self.failed_while_opening()
            }
            Self::InvalidResponse { .. } => self.failed_while_opening(),
            Self::Timeout { .. }
            | Self::ListLimitExceeded { .. }
            | Self::TooManyRoundTrips { .. }
            | Self::InputUnavailable { .. } => false,
        }
    }

    /// The same for a call that the server had begun to run before.
    pub(crate) fn once_taken(self) -> Self {
        match self {
            Self::Transport(error) => Self::Transport(error.mark_may_have_run()),
            // It is by its status that a refusal shows that the request was not read.
            Self::Rpc { method, error, retry_after, .. } => {
                Self::Rpc { method, error, status: None, retry_after }
            }
            error => error,
        }
    }

    /// The same for a call that had to wait for the conversation to be opened.
    pub(crate) fn while_opening(self) -> Self {
        match self {
            Self::Transport(error) => Self::Transport(error.while_opening()),
            error => error,
        }
    }

    pub(crate) fn params(method: impl Into<Cow<'static, str>>, error: impl Into<BoxError>) -> Self {
        Self::InvalidParams { method: method.into(), source: error.into().into() }
    }

    pub(crate) fn invalid(
        method: impl Into<Cow<'static, str>>,
        error: impl Into<BoxError>,
    ) -> Self {
        Self::InvalidResponse { method: method.into(), source: error.into().into() }
    }

    pub(crate) fn input(
        method: impl Into<Cow<'static, str>>,
        asked: &'static str,
        error: BoxError,
    ) -> Self {
        Self::InputUnavailable { method: method.into(), asked, source: error.into() }
    }

    /// The URLs that the user has to visit before the method can be called again, where the server
    /// says so (MCP 2025-11-25, client/elicitation, "URL Elicitation Required Error"). It may do so
    /// whatever the client has declared; none is opened, and nothing is called again, but by the
    /// application.
    pub fn url_elicitations(&self) -> Vec<UrlElicitation> {
        let data = match self {
            Self::Rpc { error, .. } if error.code == error_code::URL_ELICITATION_REQUIRED => {
                error.data.as_ref()
            }
            _ => None,
        };
        let listed = data.and_then(|data| data.get("elicitations")).and_then(Value::as_array);
        let read = |asked: &Value| ElicitRequestUrlParams::deserialize(asked).ok();
        listed.into_iter().flatten().filter_map(read).map(UrlElicitation::from).collect()
    }

    /// The code of the JSON-RPC error that the server answered with, if it did.
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::Rpc { error, .. } => Some(error.code),
            _ => None,
        }
    }

    /// Whether the server has no such resource. Servers say so in the two ways that the revisions
    /// have for it (MCP server/resources, "Error Handling").
    pub fn is_not_found(&self) -> bool {
        let code = self.code();
        let of_resource = matches!(self, Self::Rpc { method, .. }
            if matches!(method.as_ref(), "resources/read" | "resources/subscribe"));
        of_resource
            && matches!(code, Some(error_code::RESOURCE_NOT_FOUND | error_code::INVALID_PARAMS))
    }

    /// Returns whether it was not the caller's request that failed, but what had to come before it.
    pub(crate) fn failed_while_opening(&self) -> bool {
        match self {
            Self::Transport(error) => error.failed_while_opening(),
            Self::Rpc { method, .. } | Self::InvalidResponse { method, .. } => {
                method == InitializeRequest::NAME || method == DiscoverRequest::NAME
            }
            _ => false,
        }
    }

    /// The HTTP status that came in place of a success, if one did.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::NotMcp { initialize, .. } => initialize.status(),
            Self::Rpc { status, .. } => *status,
            Self::Transport(error) => match error.kind() {
                TransportErrorKind::Status(status) => Some(status),
                _ => None,
            },
            _ => None,
        }
    }

    /// How long the server asks to wait before the next request, if it does (`Retry-After`).
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Rpc { retry_after, .. } => *retry_after,
            Self::Transport(error) => error.retry_after(),
            Self::NotMcp { initialize, .. } => initialize.retry_after(),
            _ => None,
        }
    }

    /// The kind of the transport's failure, if it was the transport that failed.
    pub fn transport_kind(&self) -> Option<TransportErrorKind> {
        match self {
            Self::Transport(error) => Some(error.kind()),
            Self::NotMcp { initialize, .. } => initialize.transport_kind(),
            _ => None,
        }
    }

    /// Returns whether the server no longer knows the session of the request.
    ///
    /// It has to answer 404 then (MCP basic/transports, "Session Management"). The reference server and
    /// what was built after its example answer 400 instead, with a text that names the session. A text
    /// on invalid parameters is about those, though they may be called so.
    pub(crate) fn is_session_ended(&self) -> bool {
        const BAD_REQUEST: u16 = 400;
        /// A word about sessions alone may be about another kind, which a tool is concerned with.
        const NAMES: [&str; 7] = [
            "session id",
            "session-id",
            "sessionid",
            "session not found",
            "no valid session",
            "invalid session",
            "unknown session",
        ];
        let text = match self {
            Self::Rpc { error, status: Some(BAD_REQUEST), .. }
                if error.code != error_code::INVALID_PARAMS =>
            {
                error.message.as_bytes()
            }
            Self::Transport(error) => match error.kind() {
                TransportErrorKind::SessionEnded => return true,
                TransportErrorKind::Status(BAD_REQUEST) => error.body(),
                _ => return false,
            },
            _ => return false,
        };
        let text = text.to_ascii_lowercase();
        NAMES.iter().any(|name| memmem::find(&text, name.as_bytes()).is_some())
    }
}

#[cfg(test)]
mod tests {
    use mcp_types::ErrorObject;

    use super::*;

    fn status(status: u16, body: &'static str) -> Error {
        let error = TransportError::new(TransportErrorKind::Status(status), "refused");
        error.with_body(body.into()).into()
    }

    fn rpc(status: Option<u16>, message: &str) -> Error {
        let error = ErrorObject { code: -32000, message: message.to_owned(), data: None };
        Error::Rpc { method: "tools/call".into(), error, status, retry_after: None }
    }

    fn invalid_params(message: &str) -> Error {
        let code = error_code::INVALID_PARAMS;
        let error = ErrorObject { code, message: message.to_owned(), data: None };
        Error::Rpc { method: "tools/call".into(), error, status: Some(400), retry_after: None }
    }

    #[test]
    fn an_ended_session_is_recognized_by_status_and_text() {
        // HTTP-26: 404 as the specification wants it, 400 as many servers answer
        let forgotten = "Bad Request: No valid session ID provided";
        let ended = TransportError::new(TransportErrorKind::SessionEnded, "gone").into();
        for (error, expected) in [
            (ended, true),
            (rpc(Some(400), forgotten), true),
            (status(400, "Session not found"), true),
            (rpc(Some(400), "Invalid session ID"), true),
            (rpc(Some(400), "the login session has expired"), false),
            (rpc(None, forgotten), false),
            (invalid_params("the argument `session` is missing"), false),
            (rpc(Some(403), forgotten), false),
            (rpc(Some(400), "Unsupported protocol version"), false),
            (status(500, forgotten), false),
            (status(400, ""), false),
        ] {
            assert_eq!(error.is_session_ended(), expected, "{error:?}");
        }
    }
}
