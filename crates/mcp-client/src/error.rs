//! The error type of this crate.

use std::{borrow::Cow, error::Error as StdError, fmt, sync::Arc, time::Duration};

use mcp_types::{
    ErrorObject, Method, Revision, Truncated, error_code,
    v2025_11_25::InitializeRequest,
    v2026_07_28::{DiscoverRequest, ElicitRequestUrlParams},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    compat::names_lost_session,
    handler::{Declined, UrlElicitation},
    transport::{BoxError, TransportError, TransportErrorKind, is_rejected_as_busy},
};

/// The cause of an error, shared by all callers that waited for the same operation.
type Cause = Arc<dyn StdError + Send + Sync>;

/// The error of a request, a notification or a subscription.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The transport failed. Its [kind](TransportError::kind) says how.
    #[error(transparent)]
    Transport(#[from] TransportError),

    /// The server responded with a JSON-RPC error.
    #[error("\"{method}\" failed: {error}{}", HttpStatus(*.status))]
    Rpc {
        /// The method of the request.
        method: Cow<'static, str>,
        /// The code, message and data, as the server sent them.
        error: Box<ErrorObject>,
        /// The HTTP status of the response, unless it was a success.
        status: Option<u16>,
        /// The time that the server asks the client to wait before the next request, if it does.
        retry_after: Option<Duration>,
        /// True if the error has the id of the request. Then it is the server's response to the
        /// request, whatever the HTTP status is. Otherwise it may come from a gateway.
        is_response: bool,
    },

    /// The server did not respond in time. If the request was sent, the client cancels it on the
    /// server.
    #[error("\"{method}\": no response within {limit:?}")]
    Timeout {
        /// The method of the request.
        method: Cow<'static, str>,
        /// The timeout that has passed.
        limit: Duration,
        /// False if the request was not sent yet, because the connection was not open or there was
        /// no token.
        sent: bool,
    },

    /// The server sent an invalid response to the method.
    #[error("\"{method}\": invalid response")]
    InvalidResponse {
        /// The method of the request.
        method: Cow<'static, str>,
        /// The reason why the response is invalid.
        source: Cause,
    },

    /// The client and the server cannot agree on a protocol version.
    #[error(
        "cannot agree on a protocol version: the server supports {}; this client supports {}",
        join_versions(.server.iter().map(|version| Truncated(version))),
        join_versions(.client),
    )]
    UnsupportedProtocolVersion {
        /// The versions that the server supports, as far as it named them.
        server: Vec<String>,
        /// The versions that this client supports.
        client: Vec<Revision>,
    },

    /// The server is not an MCP server: both `server/discover` and `initialize` failed.
    #[error(
        "not an MCP server: {}{}; \"initialize\" failed",
        ProbeFailed(.discover),
        FallbackFailed(.fallback.as_deref())
    )]
    NotMcp {
        /// The error of `server/discover`, the first request of the stateless protocol versions
        /// (from 2026-07-28).
        discover: Arc<Error>,
        /// The error of `initialize`, the first request of the stateful protocol versions (up to
        /// 2025-11-25).
        #[source]
        initialize: Arc<Error>,
        /// The error of the fallback transport (HTTP+SSE), if there is one.
        fallback: Option<Arc<Error>>,
    },

    /// The protocol version of the server does not have this method. Nothing was sent.
    #[error("\"{method}\": not supported in protocol version {revision}, which the server uses")]
    UnsupportedMethod {
        /// The method of the request.
        method: Cow<'static, str>,
        /// The protocol version.
        revision: Revision,
    },

    /// The server required input too many times for one request.
    #[error("\"{method}\": the server required input more than {limit} times")]
    TooManyRoundTrips {
        /// The method of the request.
        method: Cow<'static, str>,
        /// The maximum number of times that a request is repeated with input.
        limit: usize,
    },

    /// The server sent more requests to the client during one call than
    /// [`Limits::max_server_requests`](crate::Limits::max_server_requests) allows.
    #[error(
        "\"{method}\": the server sent more than {limit} requests to the client during this call"
    )]
    TooManyServerRequests {
        /// The method of the request.
        method: Cow<'static, str>,
        /// The maximum number of server requests during one call.
        limit: usize,
    },

    /// The handler did not provide input that the server requires. The [source](StdError::source)
    /// is [`Declined`] if the user declined, and otherwise the error of the handler. A server may
    /// accept that the user declines. The call fails if it sends the same request again.
    ///
    /// [`Declined`]: crate::Declined
    #[error("\"{method}\": cannot provide the required input \"{input_method}\"")]
    InputUnavailable {
        /// The method of the request.
        method: Cow<'static, str>,
        /// The method of the input request, such as `elicitation/create`.
        input_method: &'static str,
        /// The error of the handler.
        source: Cause,
    },

    /// The server does not declare the capability that the method requires. Nothing was sent.
    #[error("\"{method}\": the server does not declare the capability \"{capability}\"")]
    MissingCapability {
        /// The method of the request.
        method: Cow<'static, str>,
        /// The name of the capability.
        capability: &'static str,
    },

    /// A list exceeds one of the limits.
    #[error("\"{method}\": the list {reason}")]
    ListLimitExceeded {
        /// The method that returns the list.
        method: Cow<'static, str>,
        /// The limit that was exceeded.
        reason: String,
    },

    /// The parameters cannot be serialized as a JSON object. Nothing was sent.
    #[error("\"{method}\": invalid parameters")]
    InvalidParams {
        /// The method of the request.
        method: Cow<'static, str>,
        /// The reason why the parameters are invalid.
        source: Cause,
    },
}

/// The source of an error if the server has accepted a request and has sent no response at all.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NoResponse(pub(crate) Cow<'static, str>);

/// Formats the HTTP status of a failed response.
struct HttpStatus(Option<u16>);

impl fmt::Display for HttpStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |status| write!(f, ", HTTP status {status}"))
    }
}

/// Formats the error of `server/discover`. Only transport errors do not name the method themselves.
struct ProbeFailed<'a>(&'a Error);

impl fmt::Display for ProbeFailed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Error::Transport(error) => write!(f, "\"{}\" failed: {error}", DiscoverRequest::NAME),
            error => error.fmt(f),
        }
    }
}

/// Formats the error of the fallback transport.
struct FallbackFailed<'a>(Option<&'a Error>);

impl fmt::Display for FallbackFailed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |error| write!(f, "; the fallback transport failed: {error}"))
    }
}

/// Returns `true` if the server rejected a request without processing it. This requires both the
/// status and the code: the code alone may come from another server that a tool has called.
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

/// Joins the first versions. A server may name very many.
fn join_versions(versions: impl IntoIterator<Item: ToString>) -> String {
    const MAX_VERSIONS: usize = 10;
    let mut versions = versions.into_iter();
    let shown: Vec<_> = versions.by_ref().take(MAX_VERSIONS).map(|it| it.to_string()).collect();
    match (shown.join(", "), versions.count()) {
        (none, _) if none.is_empty() => "(none named)".to_owned(),
        (shown, 0) => shown,
        (shown, more) => format!("{shown} and {more} more"),
    }
}

impl Error {
    /// Returns `true` if the server cannot have run the method. Repeating the request then cannot
    /// run it twice.
    pub fn did_not_run(&self) -> bool {
        match self {
            Self::Transport(error) => error.did_not_run(),
            Self::UnsupportedProtocolVersion { .. }
            | Self::NotMcp { .. }
            | Self::UnsupportedMethod { .. }
            | Self::MissingCapability { .. }
            | Self::InvalidParams { .. } => true,
            // The request is sent only after the connection is open.
            Self::Rpc { error, status, retry_after, is_response, .. } => {
                let busy = status.is_some_and(|status| is_rejected_as_busy(status, *retry_after));
                busy && !is_response
                    || is_rejected_unread(*status, error.code)
                    || self.failed_while_opening()
            }
            Self::Timeout { sent, .. } => !sent,
            Self::InvalidResponse { .. } => self.failed_while_opening(),
            Self::ListLimitExceeded { .. }
            | Self::TooManyRoundTrips { .. }
            | Self::TooManyServerRequests { .. }
            | Self::InputUnavailable { .. } => false,
        }
    }

    /// Marks the error as one of a request that the server had started to process.
    pub(crate) fn mark_may_have_run(self) -> Self {
        match self {
            Self::Transport(error) => Self::Transport(error.mark_may_have_run()),
            // Only the status proves that the server rejected the request unread.
            Self::Rpc { method, error, retry_after, is_response, .. } => {
                Self::Rpc { method, error, status: None, retry_after, is_response }
            }
            Self::Timeout { method, limit, .. } => Self::Timeout { method, limit, sent: true },
            error => error,
        }
    }

    /// Marks the error as one that happened before the caller's request was sent.
    pub(crate) fn while_opening(self) -> Self {
        match self {
            Self::Transport(error) => Self::Transport(error.while_opening()),
            error => error,
        }
    }

    pub(crate) fn invalid_params(
        method: impl Into<Cow<'static, str>>,
        error: impl Into<BoxError>,
    ) -> Self {
        Self::InvalidParams { method: method.into(), source: error.into().into() }
    }

    pub(crate) fn invalid_response(
        method: impl Into<Cow<'static, str>>,
        error: impl Into<BoxError>,
    ) -> Self {
        Self::InvalidResponse { method: method.into(), source: error.into().into() }
    }

    pub(crate) fn input_unavailable(
        method: impl Into<Cow<'static, str>>,
        asked: &'static str,
        error: BoxError,
    ) -> Self {
        Self::InputUnavailable { method: method.into(), input_method: asked, source: error.into() }
    }

    pub(crate) fn too_many_server_requests(
        method: impl Into<Cow<'static, str>>,
        limit: usize,
    ) -> Self {
        Self::TooManyServerRequests { method: method.into(), limit }
    }

    /// Returns the error for a server that sends a request again which the user has declined.
    pub(crate) fn declined_again(
        method: impl Into<Cow<'static, str>>,
        input_method: &'static str,
    ) -> Self {
        Self::input_unavailable(method, input_method, Declined.into())
    }

    /// Returns the error for a `server/discover` request without a response.
    pub(crate) fn discover_timeout(limit: Duration) -> Self {
        Self::Timeout { method: DiscoverRequest::NAME.into(), limit, sent: true }
    }

    /// Returns `true` if the client gave up a request that the server still processes.
    pub(crate) fn gave_up(&self) -> bool {
        matches!(self, Self::TooManyServerRequests { .. } | Self::InputUnavailable { .. })
    }

    /// Returns `true` if the server has accepted the request and has sent no response at all.
    pub(crate) fn is_no_response(&self) -> bool {
        match self {
            Self::Transport(error) => error.get_ref().is::<NoResponse>(),
            Self::InvalidResponse { source, .. } => source.is::<NoResponse>(),
            _ => false,
        }
    }

    /// Returns the URLs that the user must visit before the request can be repeated (MCP
    /// 2025-11-25, client/elicitation, "URL Elicitation Required Error").
    ///
    /// A server may send this error even if the client does not declare URL elicitation. The client
    /// does not open the URLs and does not repeat the request. The application must do both.
    pub fn url_elicitations(&self) -> Vec<UrlElicitation> {
        let data = match self {
            Self::Rpc { error, .. } if error.code == error_code::URL_ELICITATION_REQUIRED => {
                error.data.as_ref()
            }
            _ => None,
        };
        let elicitations = data.and_then(|data| data.get("elicitations")).and_then(Value::as_array);
        let decode = |params: &Value| ElicitRequestUrlParams::deserialize(params).ok();
        elicitations.into_iter().flatten().filter_map(decode).map(UrlElicitation::from).collect()
    }

    /// Returns `true` if this is a JSON-RPC error that responds to the request. Repeating the request
    /// then gives the same response, unless the server's state has changed.
    pub fn is_response(&self) -> bool {
        match self {
            Self::Rpc { is_response, .. } => *is_response,
            Self::NotMcp { initialize, .. } => initialize.is_response(),
            _ => false,
        }
    }

    /// Returns the code of the JSON-RPC error, if the server responded with one.
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::Rpc { error, .. } => Some(error.code),
            _ => None,
        }
    }

    /// Returns `true` if the resource does not exist. Protocol versions use two different codes for
    /// this (MCP server/resources, "Error Handling").
    pub fn is_not_found(&self) -> bool {
        let code = self.code();
        let of_resource = matches!(self, Self::Rpc { method, .. }
            if matches!(method.as_ref(), "resources/read" | "resources/subscribe"));
        of_resource
            && matches!(code, Some(error_code::RESOURCE_NOT_FOUND | error_code::INVALID_PARAMS))
    }

    /// Returns `true` if a request before the caller's own one failed, such as `initialize`.
    pub(crate) fn failed_while_opening(&self) -> bool {
        match self {
            Self::Transport(error) => error.failed_while_opening(),
            Self::Rpc { method, .. } | Self::InvalidResponse { method, .. } => {
                method == InitializeRequest::NAME || method == DiscoverRequest::NAME
            }
            _ => false,
        }
    }

    /// Returns the HTTP status of the failed response, if there was one.
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

    /// Returns how long the server asks the client to wait before the next request, if it does
    /// (`Retry-After`).
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Rpc { retry_after, .. } => *retry_after,
            Self::Transport(error) => error.retry_after(),
            Self::NotMcp { initialize, .. } => initialize.retry_after(),
            _ => None,
        }
    }

    /// Returns the kind of the transport error, if the transport failed.
    pub fn transport_kind(&self) -> Option<TransportErrorKind> {
        match self {
            Self::Transport(error) => Some(error.kind()),
            Self::NotMcp { initialize, .. } => initialize.transport_kind(),
            _ => None,
        }
    }

    /// Returns `true` if the server no longer knows the session of the request.
    ///
    /// The specification requires status 404 (MCP basic/transports, "Session Management"). The
    /// reference server and those modelled on it respond with 400 instead, and a text that names
    /// the session. An error about invalid parameters does not count, because a parameter may also
    /// be called a session.
    pub(crate) fn is_session_ended(&self) -> bool {
        const BAD_REQUEST: u16 = 400;
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
        names_lost_session(text)
    }
}

#[cfg(test)]
mod tests {
    use mcp_types::ErrorObject;

    use super::*;

    fn status(status: u16, body: &'static str) -> Error {
        let error = TransportError::new(TransportErrorKind::Status(status), "failed");
        error.with_body(body.into()).into()
    }

    fn rpc(status: Option<u16>, message: &str) -> Error {
        let error = ErrorObject { code: -32000, message: message.to_owned(), data: None };
        Error::Rpc {
            method: "tools/call".into(),
            error: error.into(),
            status,
            retry_after: None,
            is_response: true,
        }
    }

    fn invalid_params(message: &str) -> Error {
        let code = error_code::INVALID_PARAMS;
        let error = ErrorObject { code, message: message.to_owned(), data: None };
        Error::Rpc {
            method: "tools/call".into(),
            error: error.into(),
            status: Some(400),
            retry_after: None,
            is_response: true,
        }
    }

    #[test]
    fn an_ended_session_is_recognized_by_status_and_text() {
        // HTTP-26: 404 as the specification requires, 400 as many servers respond
        let forgotten = "Bad Request: No valid session ID provided";
        let ended = TransportError::new(TransportErrorKind::SessionEnded, "gone").into();
        for (error, expected) in [
            (ended, true),
            (rpc(Some(400), forgotten), true),
            (status(400, "Session not found"), true),
            (rpc(Some(400), "Invalid session ID"), true),
            (rpc(Some(404), "no such resource"), false),
            (rpc(Some(400), "the login session has expired"), false),
            (rpc(None, forgotten), false),
            (invalid_params("the argument `session` is missing"), false),
            (invalid_params("invalid session id"), false),
            (rpc(Some(403), forgotten), false),
            (rpc(Some(400), "Unsupported protocol version"), false),
            (status(500, forgotten), false),
            (status(400, ""), false),
        ] {
            assert_eq!(error.is_session_ended(), expected, "{error:?}");
        }
    }
}
