//! The transport to a server in a child process, which is started on demand.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use mcp_client::{
    KeepAlive, MessageContext, MessageKind, MessageStream, OutgoingMessage, Redactor, SessionId,
    Transport, TransportError, TransportResponse,
};

use crate::{
    error::Error,
    process::{ProcessHandle, RestartBackoff, Spec},
};

/// A transport to a server in a child process (MCP basic/transports, "stdio").
///
/// The first request starts the process. If the process exits, the next request starts it again.
/// Calls that were already sent fail with an unknown outcome. All other calls fail without having
/// run.
///
/// The process leads its own process group. When the process ends, the transport ends the whole
/// group. [`close`](Transport::close) shuts the process down gracefully, and so does dropping the
/// last clone. If the application exits in any other way, a watchdog ends the group.
///
/// Clones share the process. A transport is for one [`Client`](mcp_client::Client).
///
/// ```no_run
/// # async fn run() -> Result<(), mcp_client::Error> {
/// use mcp_client::Client;
/// use mcp_stdio::StdioTransport;
/// use serde_json::json;
///
/// let server = StdioTransport::builder("npx")
///     .args(["-y", "@modelcontextprotocol/server-filesystem", "."])
///     .build();
/// let client = Client::new(server);
/// let result = client.call_tool("list_directory", json!({ "path": "." })).await?;
/// println!("{:?}", result.content);
/// client.close().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct StdioTransport(Arc<Shared>);

struct Shared {
    spec: Spec,
    current: Mutex<Option<Arc<ProcessHandle>>>,
    /// Locked while the process is started.
    backoff: tokio::sync::Mutex<RestartBackoff>,
}

impl StdioTransport {
    /// The default maximum size of a message from the server, in bytes: 32 MiB.
    pub const DEFAULT_MAX_MESSAGE_SIZE: usize = 32 * 1024 * 1024;
    /// The default time limit for the response to the very first request: 10 seconds.
    pub const DEFAULT_PROBE_TIMEOUT: Duration = Duration::from_secs(10);
    /// The default time limit for each step of the shutdown: 2 seconds.
    pub const DEFAULT_SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

    pub(super) fn new(spec: Spec) -> Self {
        let (current, backoff) = (Mutex::default(), tokio::sync::Mutex::default());
        Self(Arc::new(Shared { spec, current, backoff }))
    }

    /// Returns the process for a message. Only a request without a session starts a process.
    async fn process_for(&self, message: &OutgoingMessage) -> Result<Arc<ProcessHandle>, Error> {
        match self.running_process(&message.context) {
            Some(process) => Ok(process),
            None if message.kind == MessageKind::Request && message.context.session.is_none() => {
                self.start().await
            }
            None => Err(Error::ProcessExited),
        }
    }

    /// Returns the process of the session, or the current one, if it accepts messages.
    fn running_process(&self, context: &MessageContext) -> Option<Arc<ProcessHandle>> {
        self.process_of(context).filter(|process| process.is_running())
    }

    /// Returns the process of the session, or the current one, even if it is shutting down or has
    /// exited.
    fn process_of(&self, context: &MessageContext) -> Option<Arc<ProcessHandle>> {
        let process = self.current().clone()?;
        let is_same = |session| Some(session) == process.connection.session();
        context.session.as_ref().is_none_or(is_same).then_some(process)
    }

    async fn start(&self) -> Result<Arc<ProcessHandle>, Error> {
        static NEXT_SESSION: AtomicU64 = AtomicU64::new(1);
        let mut backoff = self.0.backoff.lock().await;
        let last = self.current().clone();
        if let Some(last) = last {
            if last.is_running() {
                return Ok(last);
            }
            if let Some(exit) = last.wait_for_exit().await.filter(|exit| !exit.requested) {
                backoff.record_exit(exit.uptime, exit.error);
            }
            *self.current() = None;
        }
        let spec = &self.0.spec;
        backoff.wait(&spec.program()).await?;
        let number = NEXT_SESSION.fetch_add(1, Ordering::Relaxed).to_string();
        let session = SessionId::new(number.as_bytes()).ok_or(Error::ProcessExited)?;
        let process = Arc::new(ProcessHandle::start(spec, session)?);
        *self.current() = Some(Arc::clone(&process));
        Ok(process)
    }

    fn current(&self) -> MutexGuard<'_, Option<Arc<ProcessHandle>>> {
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for StdioTransport {
    fn send(
        &self,
        message: OutgoingMessage,
    ) -> BoxFuture<'_, Result<TransportResponse, TransportError>> {
        Box::pin(async move {
            let process = self.process_for(&message).await?;
            process.connection.send(message).await
        })
    }

    fn listen(
        &self,
        context: MessageContext,
    ) -> BoxFuture<'_, Result<Option<MessageStream>, TransportError>> {
        let process = self.running_process(&context).ok_or_else(|| Error::ProcessExited.into());
        let stream = process.map(|process| process.connection.multiplexer.listen());
        async { stream.map(|stream| stream.map(StreamExt::boxed)) }.boxed()
    }

    fn keep_alive(&self, context: &MessageContext) -> Option<KeepAlive> {
        self.running_process(context).map(|process| process.connection.multiplexer.keep_alive())
    }

    fn cancels_on_drop(&self) -> bool {
        false
    }

    fn probe_timeout(&self) -> Option<Duration> {
        Some(self.0.spec.probe_timeout)
    }

    fn redactor(&self) -> Redactor {
        self.0.spec.redactor()
    }

    /// Shuts the process down gracefully, and waits until it has exited. A later call starts
    /// another process.
    fn close(&self, context: MessageContext) -> BoxFuture<'_, Result<(), TransportError>> {
        Box::pin(async move {
            if let Some(process) = self.process_of(&context) {
                process.stop();
                process.wait_for_exit().await;
            }
            Ok(())
        })
    }
}

impl fmt::Debug for StdioTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StdioTransport").field(&self.0.spec.program()).finish()
    }
}
