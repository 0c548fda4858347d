//! Options of a single call.

use std::{fmt, sync::Arc, time::Duration};

use mcp_types::{
    JsonObject,
    v2026_07_28::{LoggingLevel, LoggingMessageNotificationParams, ProgressNotificationParams},
};
use serde_json::Value;

use super::limits::Limits;
use crate::transport::Extensions;

/// What the calls of one caller want beyond their parameters; see [`Client::with_options`].
///
/// ```no_run
/// # async fn run(client: mcp_client::Client) -> Result<(), mcp_client::Error> {
/// use std::time::Duration;
///
/// use mcp_client::CallOptions;
/// use serde_json::json;
///
/// let options = CallOptions::new()
///     .timeout(Duration::from_secs(5))
///     .on_progress(|progress| println!("{} of {:?}", progress.progress, progress.total));
/// client.with_options(options).call_tool("index", json!({ "path": "/" })).await?;
/// # Ok(())
/// # }
/// ```
///
/// [`Client::with_options`]: crate::Client::with_options
#[derive(Clone, Default)]
#[must_use]
pub struct CallOptions {
    pub(crate) timeout: Option<Duration>,
    pub(crate) total: Option<Duration>,
    pub(crate) meta: JsonObject,
    pub(crate) extras: Extensions,
    pub(crate) on_progress: Option<OnProgress>,
    pub(crate) logs: Option<LogReceiver>,
}

type OnProgress = Arc<dyn Fn(ProgressNotificationParams) + Send + Sync>;

/// Log messages that a caller wants to see.
#[derive(Clone)]
pub(crate) struct LogReceiver {
    pub(crate) level: LoggingLevel,
    pub(crate) on_log: Arc<dyn Fn(LoggingMessageNotificationParams) + Send + Sync>,
}

impl CallOptions {
    /// Nothing but what every call has.
    pub fn new() -> Self {
        Self::default()
    }

    /// Time for one request until its answer, in place of [`Limits::timeout`]; each report of
    /// progress begins it anew.
    ///
    /// [`Limits::timeout`]: crate::Limits::timeout
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// Time for the call in all, whatever progress it reports, in place of [`Limits::max_total_timeout`].
    ///
    /// [`Limits::max_total_timeout`]: crate::Limits::max_total_timeout
    pub fn max_total_timeout(self, total: Duration) -> Self {
        Self { total: Some(total), ..self }
    }

    /// A member of the request's `_meta`, under a name with a prefix of one's own, such as
    /// `com.example/trace` (MCP basic, "_meta"). Members that the protocol itself sets are not
    /// replaced. The W3C trace context goes here too, as `traceparent`, `tracestate` and `baggage`,
    /// which have no prefix.
    pub fn meta(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.meta.insert(name.into(), value.into());
        self
    }

    /// Wants to hear of the call's progress, as often as the server tells
    /// (MCP basic/utilities/progress). It is called on the future of the call and must not block.
    pub fn on_progress(
        self,
        on_progress: impl Fn(ProgressNotificationParams) + Send + Sync + 'static,
    ) -> Self {
        Self { on_progress: Some(Arc::new(on_progress)), ..self }
    }

    /// Wants the server's log messages of this call, from `level` upwards
    /// (MCP server/utilities/logging). Servers up to 2025-11-25 have one level for a conversation,
    /// and may send messages of any level on the stream of a call. It is called on the future of
    /// the call and must not block.
    pub fn on_log(
        self,
        level: LoggingLevel,
        on_log: impl Fn(LoggingMessageNotificationParams) + Send + Sync + 'static,
    ) -> Self {
        Self { logs: Some(LogReceiver { level, on_log: Arc::new(on_log) }), ..self }
    }

    /// The limits of a call with these options, out of those of all calls.
    pub fn limits(&self, all: Limits) -> Limits {
        let request = self.timeout.unwrap_or(all.timeout);
        Limits {
            timeout: request,
            max_total_timeout: self.total.unwrap_or(all.max_total_timeout),
            ..all
        }
    }

    /// A value for the transport, at most one of each type, such as the token of this call.
    pub fn extension<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.extras.insert(value);
        self
    }
}

impl fmt::Debug for CallOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallOptions")
            .field("timeout", &self.timeout)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}
