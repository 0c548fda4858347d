//! The sending end of a connection, shared by all calls.

use futures_util::StreamExt;
use mcp_client::{MessageKind, Messages, Outgoing, Reply, SessionId, Switchboard, TransportError};
use tokio::sync::mpsc;

use crate::{error::Error, io_task::IoTask, redactor::Redactor};

/// Messages that wait to be written, at most; whoever has another one waits with it.
const QUEUE_CAPACITY: usize = 256;

/// The way to a connection.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub(crate) multiplexer: Switchboard,
    queue: mpsc::Sender<Outgoing>,
    /// Given to those who begin a conversation, where it is to be told from a later one.
    session: Option<SessionId>,
}

impl Connection {
    pub(crate) fn new(
        session: Option<SessionId>,
        limit: usize,
        redactor: Redactor,
    ) -> (Self, IoTask) {
        let (sender, queue) = mpsc::channel(QUEUE_CAPACITY);
        let multiplexer = Switchboard::new();
        let io_task = IoTask { multiplexer: multiplexer.clone(), queue, limit, redactor };
        (Self { multiplexer, queue: sender, session }, io_task)
    }

    /// Takes a message on its way; waits while there are too many.
    pub(crate) async fn send(&self, message: Outgoing) -> Result<Reply, TransportError> {
        let session = self.session.clone();
        if message.kind != MessageKind::Request {
            self.queue.send(message).await.map_err(|_| Error::Gone)?;
            return Ok(Reply::new(Messages::None).with_session(session));
        }
        let pending = self.multiplexer.wait(&message)?;
        // The queue ends before the multiplexer is closed, which then tells why.
        if self.queue.send(message).await.is_err() {
            tracing::trace!("a message came too late to be sent");
        }
        Ok(Reply::new(Messages::Stream(pending.boxed())).with_session(session))
    }

    pub(crate) fn session(&self) -> Option<&SessionId> {
        self.session.as_ref()
    }
}
