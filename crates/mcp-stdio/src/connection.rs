//! The sending side of a connection, shared by all calls.

use futures_util::StreamExt;
use mcp_client::{
    MessageKind, Multiplexer, OutgoingMessage, Redactor, ResponseMessages, SessionId,
    TransportError, TransportResponse,
};
use tokio::sync::mpsc;

use crate::{error::Error, io_task::IoTask};

/// The maximum number of messages in the queue. If the queue is full, callers wait.
const QUEUE_CAPACITY: usize = 256;

/// The sending side of a connection. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub(crate) multiplexer: Multiplexer,
    queue: mpsc::Sender<OutgoingMessage>,
    /// The session id for callers that start a session. `None` if the connection has only one
    /// session.
    session: Option<SessionId>,
}

impl Connection {
    pub(crate) fn new(
        session: Option<SessionId>,
        max_message_size: usize,
        redactor: Redactor,
    ) -> (Self, IoTask) {
        let (sender, queue) = mpsc::channel(QUEUE_CAPACITY);
        let multiplexer = Multiplexer::new();
        let io_task =
            IoTask { multiplexer: multiplexer.clone(), queue, max_message_size, redactor };
        (Self { multiplexer, queue: sender, session }, io_task)
    }

    /// Queues a message. Waits while the queue is full.
    pub(crate) async fn send(
        &self,
        message: OutgoingMessage,
    ) -> Result<TransportResponse, TransportError> {
        let session = self.session.clone();
        if message.kind != MessageKind::Request {
            self.queue.send(message).await.map_err(|_| Error::ProcessExited)?;
            return Ok(TransportResponse::new(ResponseMessages::None).with_session(session));
        }
        let pending = self.multiplexer.register(&message)?;
        // The queue closes before the multiplexer, which then reports the reason.
        if self.queue.send(message).await.is_err() {
            tracing::trace!("message not sent: connection closed");
        }
        Ok(TransportResponse::new(ResponseMessages::Stream(pending.boxed())).with_session(session))
    }

    pub(crate) fn session(&self) -> Option<&SessionId> {
        self.session.as_ref()
    }
}
