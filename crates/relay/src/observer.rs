//! The observer of operations that an application may set.

use std::{fmt, time::Duration};

/// Receives the end of every operation, and provides the trace context of requests. Set it with
/// [`RelayBuilder::observer`](crate::RelayBuilder::observer).
///
/// Each operation is also a `tracing` span, with the names of OpenTelemetry's conventions for MCP.
///
/// # Examples
///
/// ```
/// use relay::{Observer, Operation, Relay};
///
/// struct Metrics;
///
/// impl Observer for Metrics {
///     fn operation_ended(&self, operation: &Operation<'_>) {
///         // A real observer records the histogram `mcp.client.operation.duration`.
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
    /// Receives an operation that has ended. It must not block.
    fn operation_ended(&self, operation: &Operation<'_>) {
        let _ = operation;
    }

    /// Returns the W3C trace context of the caller: `traceparent`, `tracestate` and `baggage`. The
    /// client sends it in the `_meta` of a request.
    ///
    /// It is called inside the span of the operation. By default, it returns nothing.
    fn trace_context(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// An operation that has ended. The names follow OpenTelemetry's conventions for MCP.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Operation<'a> {
    /// `mcp.method.name`, such as `tools/call` or `tools/list`.
    pub method: &'static str,
    /// The name of the server in the relay.
    pub server: &'a str,
    /// `gen_ai.tool.name`: the name of the called tool on its server.
    pub tool: Option<&'a str>,
    /// `gen_ai.prompt.name`: the name of the requested prompt.
    pub prompt: Option<&'a str>,
    /// `network.transport`: `tcp`, or `pipe` for a child process.
    pub network_transport: &'static str,
    /// The duration of the operation, including retries and waits.
    pub duration: Duration,
    /// `error.type`: the kind of failure, if the operation failed. It is `tool_error` if the tool
    /// reported an error, and `cancelled` if the caller dropped the future.
    pub error_type: Option<&'a str>,
    /// `rpc.response.status_code`: the code of the JSON-RPC error, if the server returned one.
    pub rpc_code: Option<i64>,
}

impl fmt::Debug for dyn Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
