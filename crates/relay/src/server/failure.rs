//! Conversion of client errors to errors of this crate.

use std::{borrow::Cow, sync::Arc};

use mcp_client::{TransportError, TransportErrorKind};
use mcp_http::Unauthorized;

use crate::{
    error::{AuthorizationError, Error, Execution, FailureKind},
    principal::Principal,
};

/// The operation that failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ErrorContext<'a> {
    pub(crate) server: &'a str,
    pub(crate) tool: Option<&'a str>,
    pub(crate) principal: Principal,
}

impl ErrorContext<'_> {
    /// Converts an error of a tool list or a tool call.
    ///
    /// An `Unauthorized` anywhere among the sources becomes [`Error::Authorization`].
    pub(crate) fn convert(self, error: mcp_client::Error) -> Error {
        let tool_failure_reason = tool_failure_reason(&error);
        self.classify(error, tool_failure_reason)
    }

    /// Converts an error of any other request.
    pub(crate) fn convert_without_tool(self, error: mcp_client::Error) -> Error {
        self.classify(error, None)
    }

    fn classify(
        self,
        error: mcp_client::Error,
        tool_failure_reason: Option<&'static str>,
    ) -> Error {
        let server = self.server.to_owned();
        let tool = self.tool.map(str::to_owned);
        if let Some(unauthorized) = Unauthorized::find_in(&error) {
            let unauthorized = unauthorized.clone();
            let (principal, did_not_run) = (self.principal, error.did_not_run());
            let authorization = AuthorizationError {
                server,
                tool,
                principal,
                unauthorized,
                did_not_run,
                pending_call: None,
            };
            return Error::Authorization(Box::new(authorization));
        }
        let kind = kind(&error);
        let source = Arc::new(error);
        match (tool, tool_failure_reason) {
            (Some(tool), Some(reason)) => {
                let reason = Cow::Borrowed(reason);
                Error::ToolCall { server, tool, reason, source: Some(source) }
            }
            (None, Some(_)) => Error::ToolDefinition { server, source },
            (Some(tool), None) if Execution::of(kind, &source) == Execution::Unknown => {
                Error::OutcomeUnknown { server, tool, kind, source }
            }
            (tool, None) => Error::Transport { server, tool, kind, source },
        }
    }
}

/// Returns why a tool list or tool call failed, if the connection is not the cause.
fn tool_failure_reason(error: &mcp_client::Error) -> Option<&'static str> {
    use mcp_client::Error as Cause;
    match error {
        Cause::InvalidParams { .. } => Some("invalid arguments"),
        Cause::MissingCapability { .. } => Some("the server does not support tools"),
        Cause::ListLimitExceeded { .. } => Some("the tool list exceeds the limit"),
        Cause::InvalidResponse { method, .. } if method.starts_with("tools/") => {
            Some("invalid response")
        }
        Cause::TooManyRoundTrips { .. } | Cause::TooManyServerRequests { .. } => {
            Some("the server requested input too many times")
        }
        _ => None,
    }
}

fn kind(error: &mcp_client::Error) -> FailureKind {
    use mcp_client::Error as Cause;
    match error {
        Cause::Timeout { .. } => FailureKind::Timeout,
        Cause::Rpc { error, .. } => FailureKind::Rpc(error.code),
        Cause::Transport(error) => match error.kind() {
            TransportErrorKind::Unreachable => FailureKind::Unreachable,
            TransportErrorKind::SessionEnded if is_reported(error) => FailureKind::SessionLost,
            TransportErrorKind::Interrupted | TransportErrorKind::SessionEnded => {
                FailureKind::Closed
            }
            TransportErrorKind::Status(status) => FailureKind::Status(status),
            TransportErrorKind::CredentialsUnavailable => FailureKind::TokenUnavailable,
            TransportErrorKind::Blocked => FailureKind::Blocked,
            _ => FailureKind::Protocol,
        },
        Cause::NotMcp { initialize, .. } => kind(initialize),
        Cause::MissingCapability { .. } | Cause::UnsupportedMethod { .. } => {
            FailureKind::Unsupported
        }
        _ => FailureKind::Protocol,
    }
}

/// Returns whether the server has reported that it lost the session.
fn is_reported(error: &TransportError) -> bool {
    let error = error.get_ref().downcast_ref::<mcp_http::Error>();
    matches!(error, Some(mcp_http::Error::SessionEnded { status: Some(_), .. }))
}
