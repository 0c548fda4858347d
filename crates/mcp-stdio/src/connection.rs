//! The sending end of a connection, shared by all calls.

use futures_util::StreamExt;
use mcp_client::{MessageKind, Messages, Outgoing, Reply, SessionId, Switchboard, TransportError};
use tokio::sync::mpsc;

use crate::{error::Error, io_task::Lanes, redactor::Mask};

/// Messages that wait to be written, at most; whoever has another one waits with it.
const QUEUE: usize = 256;

/// The way to a connection.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub(crate) board: Switchboard,
    queue: mpsc::Sender<Outgoing>,
    /// Given to those who begin a conversation, where it is to be told from a later one.
    session: Option<SessionId>,
}

impl Connection {
    pub(crate) fn new(session: Option<SessionId>, limit: usize, mask: Mask) -> (Self, Lanes) {
        let (sender, queue) = mpsc::channel(QUEUE);
        let board = Switchboard::new();
        let lanes = Lanes { board: board.clone(), queue, limit, mask };
        (Self { board, queue: sender, session }, lanes)
    }

    /// Takes a message on its way; waits while there are too many.
    pub(crate) async fn send(&self, message: Outgoing) -> Result<Reply, TransportError> {
        let session = self.session.clone();
        if message.kind != MessageKind::Request {
            self.queue.send(message).await.map_err(|_| Error::Gone)?;
            return Ok(Reply::new(Messages::None).with_session(session));
        }
        let waiting = self.board.wait(&message)?;
        // The queue ends before the board is closed, which then tells why.
        if self.queue.send(message).await.is_err() {
            tracing::trace!("a message came too late to be sent");
        }
        Ok(Reply::new(Messages::Stream(waiting.boxed())).with_session(session))
    }

    pub(crate) fn session(&self) -> Option<&SessionId> {
        self.session.as_ref()
    }
}
