//! Options of a single call.

use std::{fmt, sync::Arc, time::Duration};

use mcp_types::{
    JsonObject,
    v2026_07_28::{LoggingLevel, LoggingMessageNotificationParams, ProgressNotificationParams},
};
use serde_json::Value;

use super::{attempts::Attempts, limits::Limits};
use crate::transport::Extensions;

/// Options of the calls of one caller. Set them with [`Client::with_options`].
///
/// # Examples
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
/// let result = client.with_options(options).call_tool("index", json!({ "path": "/" })).await?;
/// println!("{:?}", result.content);
/// # Ok(())
/// # }
/// ```
///
/// [`Client::with_options`]: crate::Client::with_options
#[derive(Clone, Default)]
#[must_use]
pub struct CallOptions {
    pub(crate) timeout: Option<Duration>,
    pub(crate) max_total_timeout: Option<Duration>,
    pub(crate) meta: JsonObject,
    pub(crate) extensions: Extensions,
    pub(crate) on_progress: Option<OnProgress>,
    pub(crate) log_receiver: Option<LogReceiver>,
    pub(crate) attempts: Option<Attempts>,
}

type OnProgress = Arc<dyn Fn(ProgressNotificationParams) + Send + Sync>;

/// The receiver of log messages.
#[derive(Clone)]
pub(crate) struct LogReceiver {
    pub(crate) level: LoggingLevel,
    pub(crate) on_log: Arc<dyn Fn(LoggingMessageNotificationParams) + Send + Sync>,
}

impl CallOptions {
    /// Creates options without any settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the timeout of one request. A progress notification restarts it, whether or not there is a
    /// callback for progress, up to the total timeout. Defaults to [`Limits::timeout`].
    ///
    /// [`Limits::timeout`]: crate::Limits::timeout
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// Sets the total timeout of a call, which progress does not extend. Defaults to
    /// [`Limits::max_total_timeout`].
    ///
    /// [`Limits::max_total_timeout`]: crate::Limits::max_total_timeout
    pub fn max_total_timeout(self, timeout: Duration) -> Self {
        Self { max_total_timeout: Some(timeout), ..self }
    }

    /// Adds a member to the `_meta` object of requests (MCP basic, "_meta"). Members that the
    /// protocol defines are not replaced.
    ///
    /// The name should have a prefix of the application, such as `com.example/trace`. The members
    /// of the W3C trace context have no prefix: `traceparent`, `tracestate` and `baggage`.
    pub fn meta(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.meta.insert(name.into(), value.into());
        self
    }

    /// Sets a callback for progress notifications (MCP basic/utilities/progress). It runs inside
    /// the future of the call and must not block.
    ///
    /// The client asks for progress with every tool call, also without a callback, because progress
    /// restarts the [timeout](Self::timeout). For other requests, it asks only if there is a
    /// callback.
    pub fn on_progress(
        self,
        on_progress: impl Fn(ProgressNotificationParams) + Send + Sync + 'static,
    ) -> Self {
        Self { on_progress: Some(Arc::new(on_progress)), ..self }
    }

    /// Sets a callback for the server's log messages of a call, with this minimum level (MCP
    /// server/utilities/logging). It runs inside the future of the call and must not block.
    ///
    /// Servers up to 2025-11-25 have one level for the whole session. They may send messages of any
    /// level on the response stream of a call.
    pub fn on_log(
        self,
        level: LoggingLevel,
        on_log: impl Fn(LoggingMessageNotificationParams) + Send + Sync + 'static,
    ) -> Self {
        Self { log_receiver: Some(LogReceiver { level, on_log: Arc::new(on_log) }), ..self }
    }

    /// Limits how many times a request is sent in all. Use it for one request only, and for its
    /// retries. By default, the client sends a request again once for each reason that
    /// [`Attempts`] lists.
    pub fn attempts(self, attempts: Attempts) -> Self {
        Self { attempts: Some(attempts), ..self }
    }

    /// Returns the limits of a call with these options. `limits` are the limits of the client.
    pub fn limits(&self, limits: Limits) -> Limits {
        let timeout = self.timeout.unwrap_or(limits.timeout);
        Limits {
            timeout,
            max_total_timeout: self.max_total_timeout.unwrap_or(limits.max_total_timeout),
            ..limits
        }
    }

    /// Adds a value for the transport, such as the token for this call. At most one value of each
    /// type.
    pub fn extension<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.extensions.insert(value);
        self
    }

    /// Returns the value of this type that was added for the transport.
    pub fn get_extension<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.extensions.get()
    }
}

impl fmt::Debug for CallOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallOptions")
            .field("timeout", &self.timeout)
            .field("max_total_timeout", &self.max_total_timeout)
            .finish_non_exhaustive()
    }
}
