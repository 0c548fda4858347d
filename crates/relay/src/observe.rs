//! What the outside gets to see of lists and calls: spans, measurements, trace context.

use std::{
    borrow::Cow,
    fmt,
    pin::Pin,
    time::{Duration, Instant},
};

use tracing::{Instrument, Span, field::Empty};

use crate::{
    error::{Error, TransportKind},
    registry::Registry,
};

/// Hears of every list and call, and gives the trace context that goes with calls; given to
/// [`Builder::observer`](crate::Builder::observer).
///
/// Each operation is a `tracing` span besides, with the names of OpenTelemetry's conventions for MCP.
///
/// ```
/// use relay::{Observer, Operation, Relay};
///
/// struct Metrics;
///
/// impl Observer for Metrics {
///     fn ended(&self, operation: &Operation<'_>) {
///         // The histogram `mcp.client.operation.duration`, for one.
///         println!("{}: {:?}, {:?}", operation.method, operation.duration, operation.error_type);
///     }
///
///     fn trace_context(&self) -> Vec<(&'static str, String)> {
///         let id = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
///         vec![("traceparent", id.to_owned())]
///     }
/// }
///
/// let relay = Relay::builder().observer(Metrics).build();
/// ```
pub trait Observer: Send + Sync + 'static {
    /// Takes note of an operation that has ended. It must not block.
    fn ended(&self, operation: &Operation<'_>) {
        let _ = operation;
    }

    /// The W3C trace context of the caller, for the `_meta` of a call: `traceparent`, `tracestate`,
    /// `baggage`. It is asked within the span of the call.
    fn trace_context(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// An operation that has ended. The names are those of OpenTelemetry's conventions for MCP.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Operation<'a> {
    /// `mcp.method.name`: `tools/call` or `tools/list`.
    pub method: &'static str,
    /// The server, by its name in the registry.
    pub server: &'a str,
    /// `gen_ai.tool.name`: the tool that was called, by its server's name for it.
    pub tool: Option<&'a str>,
    /// How long it took, attempts and waits included.
    pub duration: Duration,
    /// `error.type`: how it failed, if it did; `tool_error` where the tool says so itself, and
    /// `cancelled` where nobody waited for the end.
    pub error_type: Option<&'a str>,
}

/// An operation on its way; it has ended when this goes.
struct Underway<'a> {
    registry: &'a Registry,
    method: &'static str,
    server: &'a str,
    tool: Option<&'a str>,
    /// Nothing where nobody wants to know.
    started: Option<Instant>,
    span: Span,
    error_type: Option<Cow<'static, str>>,
}

/// Does `work` in a span of its own, and tells of its end. `failed` tells whether what comes of it is
/// a failure after all. The work is borrowed, for a future that is given away is copied.
pub(crate) async fn observed<T>(
    registry: &Registry,
    (server, tool): (&str, Option<&str>),
    failed: impl FnOnce(&T) -> bool,
    work: Pin<&mut impl Future<Output = Result<T, Error>>>,
) -> Result<T, Error> {
    let method = if tool.is_some() { "tools/call" } else { "tools/list" };
    let span = span(method, server, tool);
    let error_type = Some(Cow::Borrowed("cancelled"));
    let started = registry.observer.is_some().then(Instant::now);
    let mut underway =
        Underway { registry, method, server, tool, started, span: span.clone(), error_type };
    let outcome = work.instrument(span).await;
    underway.error_type = match &outcome {
        Ok(value) => failed(value).then_some(Cow::Borrowed("tool_error")),
        Err(error) => Some(error_type_of(error)),
    };
    outcome
}

fn span(method: &'static str, server: &str, tool: Option<&str>) -> Span {
    let span = tracing::info_span!(
        "mcp",
        "otel.name" = Empty,
        "otel.kind" = "client",
        "mcp.method.name" = method,
        "gen_ai.operation.name" = Empty,
        "gen_ai.tool.name" = tool,
        "relay.server" = server,
        "error.type" = Empty,
    );
    if let Some(tool) = tool.filter(|_| !span.is_disabled()) {
        span.record("otel.name", format_args!("{method} {tool}").to_string());
        span.record("gen_ai.operation.name", "execute_tool");
    }
    span
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        let Self { method, server, tool, .. } = *self;
        let error_type = self.error_type.as_deref();
        if let Some(error_type) = error_type {
            self.span.record("error.type", error_type);
        }
        if let (Some(observer), Some(started)) = (&self.registry.observer, self.started) {
            let duration = started.elapsed();
            observer.ended(&Operation { method, server, tool, duration, error_type });
        }
    }
}

/// A name for the kind of failure, of which there are few.
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
            TransportKind::Status(status) => return status.to_string().into(),
            TransportKind::Rpc(code) => return code.to_string().into(),
            kind => return format!("{kind:?}").to_lowercase().into(),
        },
    })
}

impl fmt::Debug for dyn Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
