//! The observer of lists and calls that an application may set.

use std::{fmt, time::Duration};

/// Hears of every list and call, and gives the trace context that goes with calls; given to
/// [`RelayBuilder::observer`](crate::RelayBuilder::observer).
///
/// Each operation is a `tracing` span besides, with the names of OpenTelemetry's conventions for MCP.
///
/// ```
/// use relay::{Observer, Operation, Relay};
///
/// struct Metrics;
///
/// impl Observer for Metrics {
///     fn operation_ended(&self, operation: &Operation<'_>) {
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
    fn operation_ended(&self, operation: &Operation<'_>) {
        let _ = operation;
    }

    /// The W3C trace context of the caller, for the `_meta` of a request: `traceparent`,
    /// `tracestate`, `baggage`. It is asked within the span of the operation.
    fn trace_context(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// An operation that has ended. The names are those of OpenTelemetry's conventions for MCP.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Operation<'a> {
    /// `mcp.method.name`, such as `tools/call` or `tools/list`.
    pub method: &'static str,
    /// The server, by its name in the registry.
    pub server: &'a str,
    /// `gen_ai.tool.name`: the tool that was called, by its server's name for it.
    pub tool: Option<&'a str>,
    /// `gen_ai.prompt.name`: the prompt that was asked for.
    pub prompt: Option<&'a str>,
    /// `network.transport`: `tcp`, or `pipe` for a child process.
    pub network_transport: &'static str,
    /// How long it took, attempts and waits included.
    pub duration: Duration,
    /// `error.type`: how it failed, if it did; `tool_error` where the tool says so itself, and
    /// `cancelled` where nobody waited for the end.
    pub error_type: Option<&'a str>,
    /// `rpc.response.status_code`: the code of the JSON-RPC error that the server has answered with,
    /// if it has.
    pub rpc_code: Option<i64>,
}

impl fmt::Debug for dyn Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
