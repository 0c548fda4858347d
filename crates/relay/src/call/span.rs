//! Tracing spans of operations, and their reports to the observer.

use std::{borrow::Cow, pin::Pin, time::Instant};

use mcp_http::Endpoint;
use tracing::{
    Instrument, Span,
    field::{Empty, display},
};

use super::user_server::UserServer;
use crate::{
    error::{Error, FailureKind},
    observer::Operation,
    settings::TransportConfig,
};

/// The names that identify an operation in its span.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OperationInfo<'a> {
    pub(crate) method: &'static str,
    pub(crate) tool: Option<&'a str>,
    pub(crate) prompt: Option<&'a str>,
}

/// An operation in progress. Dropping it ends the operation.
struct OperationSpan<'a> {
    user_server: &'a UserServer,
    operation: OperationInfo<'a>,
    /// `None` if there is no observer.
    started: Option<Instant>,
    span: Span,
    error_type: Option<Cow<'static, str>>,
    rpc_code: Option<i64>,
}

/// Runs a future in a new span and reports its end. `failed` returns whether a value counts as a
/// failure.
///
/// The caller pins the future, because a future that is passed by value is copied.
pub(crate) async fn in_span<T>(
    user_server: &UserServer,
    operation: OperationInfo<'_>,
    failed: impl FnOnce(&T) -> bool,
    future: Pin<&mut impl Future<Output = Result<T, Error>>>,
) -> Result<T, Error> {
    let span = span(user_server, operation);
    let started = user_server.observer().is_some().then(Instant::now);
    let error_type = Some(Cow::Borrowed("cancelled"));
    let mut operation_span = OperationSpan {
        user_server,
        operation,
        started,
        span: span.clone(),
        error_type,
        rpc_code: None,
    };
    let result = future.instrument(span).await;
    (operation_span.error_type, operation_span.rpc_code) = match &result {
        Ok(value) => (failed(value).then_some(Cow::Borrowed("tool_error")), None),
        Err(error) => (Some(error_type_of(error)), error.rpc_code()),
    };
    result
}

fn span(user_server: &UserServer, operation: OperationInfo<'_>) -> Span {
    let OperationInfo { method, tool, prompt } = operation;
    let span = tracing::info_span!(
        "mcp",
        "otel.name" = Empty,
        "otel.kind" = "client",
        "otel.status_code" = Empty,
        "mcp.method.name" = method,
        "mcp.protocol.version" = Empty,
        "mcp.session.id" = Empty,
        "gen_ai.operation.name" = Empty,
        "gen_ai.tool.name" = tool,
        "gen_ai.prompt.name" = prompt,
        "jsonrpc.request.id" = Empty,
        "rpc.response.status_code" = Empty,
        "network.transport" = Empty,
        "network.protocol.name" = Empty,
        "server.address" = Empty,
        "server.port" = Empty,
        "relay.server" = user_server.server(),
        "error.type" = Empty,
    );
    if span.is_disabled() {
        return span;
    }
    match tool.or(prompt) {
        Some(target) => span.record("otel.name", format_args!("{method} {target}").to_string()),
        None => span.record("otel.name", method),
    };
    if tool.is_some() {
        span.record("gen_ai.operation.name", "execute_tool");
    }
    let transport = user_server.transport();
    span.record("network.transport", network_transport(transport));
    if let TransportConfig::Http { url } | TransportConfig::Sse { url } = transport {
        span.record("network.protocol.name", "http");
        if let Ok(endpoint) = Endpoint::parse(url) {
            span.record("server.address", endpoint.url().host_str());
            span.record("server.port", endpoint.url().port_or_known_default());
        }
    }
    span
}

fn network_transport(transport: &TransportConfig) -> &'static str {
    match transport {
        TransportConfig::Http { .. } | TransportConfig::Sse { .. } => "tcp",
        TransportConfig::Stdio(_) => "pipe",
    }
}

impl Drop for OperationSpan<'_> {
    fn drop(&mut self) {
        let Self {
            user_server, operation: OperationInfo { method, tool, prompt }, rpc_code, ..
        } = *self;
        let error_type = self.error_type.as_deref();
        if let Some(error_type) = error_type {
            self.span.record("error.type", error_type);
            self.span.record("otel.status_code", "ERROR");
        }
        if let Some(code) = rpc_code {
            self.span.record("rpc.response.status_code", display(code));
        }
        if let (Some(observer), Some(started)) = (user_server.observer(), self.started) {
            let (server, duration) = (user_server.server(), started.elapsed());
            let network_transport = network_transport(user_server.transport());
            observer.operation_ended(&Operation {
                method,
                server,
                tool,
                prompt,
                network_transport,
                duration,
                error_type,
                rpc_code,
            });
        }
    }
}

/// Returns the `error.type` of an error. It has few possible values.
fn error_type_of(error: &Error) -> Cow<'static, str> {
    Cow::Borrowed(match error {
        Error::Configuration { .. } => "configuration",
        Error::Authorization(_) => "authorization",
        Error::ToolDefinition { .. } => "tool_definition",
        Error::UnknownTool { .. } => "unknown_tool",
        Error::ToolCall { .. } => "tool_call",
        Error::InvalidArguments { .. } => "invalid_arguments",
        Error::InvalidOutput(_) => "invalid_output",
        Error::Transport { kind, .. } | Error::OutcomeUnknown { kind, .. } => match kind {
            FailureKind::Status(status) => return status.to_string().into(),
            FailureKind::Rpc(code) => return code.to_string().into(),
            kind => return format!("{kind:?}").to_lowercase().into(),
        },
    })
}
