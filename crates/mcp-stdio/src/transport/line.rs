//! A transport of newline-delimited messages on any stream of bytes, such as one in memory.

use std::{fmt, sync::Arc, time::Duration};

use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use mcp_client::{
    MessageContext, MessageStream, OutgoingMessage, Transport, TransportError, TransportResponse,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, duplex, split},
    sync::watch,
    time::sleep,
};

use super::stdio::StdioTransport;
use crate::{connection::Connection, error::Error, io_task::wait_for_stop, redactor::Redactor};

/// The size of the buffers of an in-memory stream, in bytes.
const IN_MEMORY_CAPACITY: usize = 64 * 1024;
/// The time for which a server may still send responses after its input has ended.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Messages line by line on a stream of bytes that is there already: a socket, the pipes of a process
/// that was started elsewhere, memory. It is for one [`Client`](mcp_client::Client); once the stream
/// has ended, there is no other.
///
/// ```
/// use mcp_client::{Client, mcp_types::Revision};
/// use mcp_stdio::LineTransport;
/// use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mcp_client::Error> {
/// let (transport, server) = LineTransport::in_memory();
/// // In place of a server:
/// tokio::spawn(async move {
///     let mut server = BufReader::new(server);
///     let mut request = String::new();
///     server.read_line(&mut request).await?;
///     assert!(request.starts_with(r#"{"jsonrpc":"2.0","id":"probe-1","method":"server/discover""#));
///     let answer = r#"{"jsonrpc":"2.0","id":"probe-1","result":{"resultType":"complete",
///         "supportedVersions":["2026-07-28"],"capabilities":{},"ttlMs":0,"cacheScope":"private"}}"#;
///     server.write_all((answer.replace('\n', "") + "\n").as_bytes()).await
/// });
/// let profile = Client::new(transport).connect().await?;
/// assert_eq!(profile.revision, Revision::V2026_07_28);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LineTransport {
    connection: Connection,
    stop: Arc<watch::Sender<bool>>,
}

impl LineTransport {
    /// A transport on what a server writes and reads. It needs a Tokio runtime, on which it reads and
    /// writes until the server has ended or the last clone is dropped.
    pub fn new(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        Self::with_max_message_size(reader, writer, StdioTransport::DEFAULT_MAX_MESSAGE_SIZE)
    }

    /// The same, with another limit to the bytes of a message than 32 MiB.
    pub fn with_max_message_size(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
        limit: usize,
    ) -> Self {
        let (connection, io_task) = Connection::new(None, limit, Redactor::default());
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

    /// A transport within the process, and the stream for the server at its other end.
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

    /// Ends the stream to the server, which is to end then as well.
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
