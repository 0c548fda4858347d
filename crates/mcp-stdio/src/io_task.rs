//! The task that reads and writes the lines of a connection.

use std::{future::pending, io, time::Duration};

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use mcp_client::{Brief, Outgoing, Switchboard};
use memchr::memchr2;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    sync::{mpsc, watch},
    time::sleep,
};
use tokio_util::codec::FramedRead;

use crate::{
    error::Error,
    line_decoder::{Line, Lines},
    redactor::Mask,
};

/// What is written at once, about: as much as a pipe takes. What is part of it counts as sent.
const BATCH: usize = 64 * 1024;
/// How long a server that takes no more messages is still listened to.
const LINGER: Duration = Duration::from_secs(2);

/// The connection's own end: both directions, until they are served.
pub(crate) struct Lanes {
    pub(crate) board: Switchboard,
    pub(crate) queue: mpsc::Receiver<Outgoing>,
    pub(crate) limit: usize,
    pub(crate) mask: Mask,
}

impl Lanes {
    /// Reads and writes until there is nothing left to read, or the server takes no more for a while.
    /// Writing ends, and closes the stream, when `stop` is set or dropped.
    pub(crate) async fn serve(
        mut self,
        reader: impl AsyncRead + Unpin,
        writer: impl AsyncWrite + Unpin,
        stop: watch::Receiver<bool>,
    ) {
        let (board, queue) = (self.board.clone(), &mut self.queue);
        let writing = async {
            match write(writer, &board, queue, stop, &self.mask).await {
                Ok(()) => pending().await,
                Err(error) => tracing::debug!(%error, "the server takes no more messages"),
            }
            sleep(LINGER).await;
        };
        tokio::select! {
            () = read(reader, &board, self.limit, &self.mask) => {}
            () = writing => {}
        }
    }
}

async fn read(reader: impl AsyncRead + Unpin, board: &Switchboard, limit: usize, mask: &Mask) {
    let mut lines = FramedRead::with_capacity(reader, Lines::new(limit), BATCH);
    while let Some(line) = lines.next().await {
        match line {
            Ok(Line::Whole(line)) if line.trim_ascii().is_empty() => {}
            Ok(Line::Whole(line)) => {
                wire('<', &line, mask);
                if !board.put(mask.in_error(line.clone())) {
                    let text = mask.apply(&line[..line.len().min(1024)]);
                    tracing::debug!(text = %Brief(&text), "a line that is no message is passed over");
                }
            }
            Ok(Line::TooLong { beginning, end }) => {
                tracing::debug!(limit, "a line is too long");
                board.put_failed(&beginning, &end, &Error::TooLong { limit }.into());
            }
            Err(error) => return tracing::debug!(%error, "the server cannot be read any more"),
        }
    }
}

/// Writes what is in the queue until `stop` is set, then what is left in it.
async fn write(
    mut writer: impl AsyncWrite + Unpin,
    board: &Switchboard,
    queue: &mut mpsc::Receiver<Outgoing>,
    mut stop: watch::Receiver<bool>,
    mask: &Mask,
) -> io::Result<()> {
    let mut batch = BytesMut::new();
    loop {
        let next = tokio::select! {
            biased;
            next = queue.recv() => next,
            () = stopped(&mut stop) => {
                queue.close();
                queue.recv().await
            }
        };
        let Some(message) = next else { break };
        add(&mut batch, board, &message, mask);
        while batch.len() < BATCH {
            let Ok(message) = queue.try_recv() else { break };
            add(&mut batch, board, &message, mask);
        }
        writer.write_all(&batch).await?;
        writer.flush().await?;
        match batch.capacity() > 4 * BATCH {
            true => batch = BytesMut::new(),
            false => batch.clear(),
        }
    }
    writer.shutdown().await
}

/// Waits until it is set, or there is nobody left to set it.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}

/// Adds a message as a line, unless nobody waits for its answer any more.
fn add(batch: &mut BytesMut, board: &Switchboard, message: &Outgoing, mask: &Mask) {
    if message.id.as_ref().is_none_or(|id| board.sends(id)) {
        wire('>', &message.body, mask);
        batch.extend_from_slice(&in_one_line(&message.body));
        batch.extend_from_slice(b"\n");
    }
}

/// Shows a message as it goes over the wire, to those who trace that.
fn wire(direction: char, message: &[u8], mask: &Mask) {
    if tracing::enabled!(target: "mcp_stdio::wire", tracing::Level::TRACE) {
        tracing::trace!(target: "mcp_stdio::wire", "{direction} {}", mask.apply(message));
    }
}

/// The message without line ends, which can be nothing but blanks between its parts: in a string of
/// JSON they are escaped (MCP basic/transports, "stdio").
fn in_one_line(message: &Bytes) -> Bytes {
    if memchr2(b'\n', b'\r', message).is_none() {
        return message.clone();
    }
    let blank = |&byte: &u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte };
    message.iter().map(blank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line() {
        // STDIO-03, N-STDIO-01
        let message = Bytes::from_static(b"{\n  \"a\": \"b\\n\"\r\n}");
        assert_eq!(&in_one_line(&message)[..], br#"{   "a": "b\n"  }"#);
    }
}
