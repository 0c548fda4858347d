//! A transport of newline-delimited messages on any stream of bytes, such as one in memory.

use std::{fmt, sync::Arc, time::Duration};

use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use mcp_client::{
    MessageContext, MessageStream, OutgoingMessage, Redactor, Transport, TransportError,
    TransportResponse,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, duplex, split},
    sync::watch,
    time::sleep,
};

use super::stdio::StdioTransport;
use crate::{connection::Connection, error::Error, io_task::wait_for_stop};

/// The size of the buffers of an in-memory stream, in bytes.
const IN_MEMORY_CAPACITY: usize = 64 * 1024;
/// The time for which a server may send responses after its input has ended.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// A transport of newline-delimited messages on an existing byte stream. The stream may be a
/// socket, the pipes of a running process, or in memory.
///
/// A transport is for one [`Client`](mcp_client::Client). It cannot be used again after the stream
/// has ended.
///
/// ```
/// use mcp_client::{Client, mcp_types::Revision};
/// use mcp_stdio::LineTransport;
/// use serde_json::json;
/// use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mcp_client::Error> {
/// let (transport, server) = LineTransport::in_memory();
/// // A server that responds to the first request:
/// tokio::spawn(async move {
///     let mut server = BufReader::new(server);
///     let mut request = String::new();
///     server.read_line(&mut request).await?;
///     assert!(request.contains(r#""method":"server/discover""#));
///     let response = json!({
///         "jsonrpc": "2.0",
///         "id": "probe-1",
///         "result": {
///             "resultType": "complete",
///             "supportedVersions": ["2026-07-28"],
///             "capabilities": {},
///             "ttlMs": 0,
///             "cacheScope": "private",
///         },
///     });
///     server.write_all(format!("{response}\n").as_bytes()).await
/// });
///
/// let server_info = Client::new(transport).connect().await?;
/// assert_eq!(server_info.revision, Revision::V2026_07_28);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LineTransport {
    connection: Connection,
    stop: Arc<watch::Sender<bool>>,
}

impl LineTransport {
    /// Creates a transport that reads from `reader` and writes to `writer`. It must be called in a
    /// Tokio runtime. A background task reads and writes until the server ends the stream or the
    /// last clone is dropped. The maximum size of a message is 32 MiB.
    pub fn new(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        Self::with_max_message_size(reader, writer, StdioTransport::DEFAULT_MAX_MESSAGE_SIZE)
    }

    /// Creates a transport like [`new`](Self::new), with another maximum size of a message, in
    /// bytes.
    pub fn with_max_message_size(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
        max_message_size: usize,
    ) -> Self {
        let (connection, io_task) = Connection::new(None, max_message_size, Redactor::default());
        let (stop, stopping) = watch::channel(false);
        let multiplexer = connection.multiplexer.clone();
        tokio::spawn(async move {
            let mut stop_received = stopping.clone();
            tokio::select! {
                () = io_task.run(reader, writer, stopping) => {}
                () = async {
                    wait_for_stop(&mut stop_received).await;
                    sleep(CLOSE_TIMEOUT).await;
                } => {}
            }
            multiplexer.close(|sent| Error::Closed { sent }.into());
        });
        Self { connection, stop: Arc::new(stop) }
    }

    /// Creates an in-memory transport. Also returns the stream for the server at the other end.
    pub fn in_memory() -> (Self, DuplexStream) {
        let (client, server) = duplex(IN_MEMORY_CAPACITY);
        let (reader, writer) = split(client);
        (Self::new(reader, writer), server)
    }
}

impl Transport for LineTransport {
    fn send(
        &self,
        message: OutgoingMessage,
    ) -> BoxFuture<'_, Result<TransportResponse, TransportError>> {
        self.connection.send(message).boxed()
    }

    fn listen(
        &self,
        _: MessageContext,
    ) -> BoxFuture<'_, Result<Option<MessageStream>, TransportError>> {
        let stream = self.connection.multiplexer.listen();
        async { Ok(stream.map(StreamExt::boxed)) }.boxed()
    }

    fn cancels_on_drop(&self) -> bool {
        false
    }

    fn probe_timeout(&self) -> Option<Duration> {
        Some(StdioTransport::DEFAULT_PROBE_TIMEOUT)
    }

    /// Ends the stream to the server. The server is expected to end its stream as well.
    fn close(&self, _: MessageContext) -> BoxFuture<'_, Result<(), TransportError>> {
        self.stop.send_replace(true);
        async { Ok(()) }.boxed()
    }
}

impl fmt::Debug for LineTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LineTransport").field(&self.connection.multiplexer).finish()
    }
}
