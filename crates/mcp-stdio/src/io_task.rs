//! The task that reads and writes the lines of a connection.

use std::{future::pending, io, time::Duration};

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use mcp_client::{LogLimit, Multiplexer, OutgoingMessage, Redactor, Truncated, is_result};
use memchr::memchr2;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    sync::{mpsc, watch},
    time::sleep,
};
use tokio_util::codec::FramedRead;

use crate::{
    error::Error,
    line_decoder::{Line, LineDecoder},
};

/// The approximate size of one write, in bytes, which is what a pipe holds. All messages of a write
/// count as sent.
const BATCH_LEN: usize = 64 * 1024;
/// The time for which the output of a server is still read after it accepts no more messages.
const WRITE_FAILURE_LINGER: Duration = Duration::from_secs(2);

/// The task side of a connection.
pub(crate) struct IoTask {
    pub(crate) multiplexer: Multiplexer,
    pub(crate) queue: mpsc::Receiver<OutgoingMessage>,
    pub(crate) max_message_size: usize,
    pub(crate) redactor: Redactor,
}

impl IoTask {
    /// Reads and writes until the input ends, or until a short time after the server accepts no
    /// more messages.
    pub(crate) async fn run(
        mut self,
        reader: impl AsyncRead + Unpin,
        writer: impl AsyncWrite + Unpin,
        stop: watch::Receiver<bool>,
    ) {
        let (multiplexer, queue) = (self.multiplexer.clone(), &mut self.queue);
        let writing = async {
            match write_lines(writer, &multiplexer, queue, stop, &self.redactor).await {
                Ok(()) => pending().await,
                Err(error) => tracing::debug!(%error, "cannot write to the server"),
            }
            sleep(WRITE_FAILURE_LINGER).await;
        };
        tokio::select! {
            () = read_lines(reader, &multiplexer, self.max_message_size, &self.redactor) => {}
            () = writing => {}
        }
    }
}

async fn read_lines(
    reader: impl AsyncRead + Unpin,
    multiplexer: &Multiplexer,
    limit: usize,
    redactor: &Redactor,
) {
    let ignored = LogLimit::default();
    let mut lines = FramedRead::with_capacity(reader, LineDecoder::new(limit), BATCH_LEN);
    while let Some(line) = lines.next().await {
        match line {
            Ok(Line::Complete(line)) if line.trim_ascii().is_empty() => {}
            Ok(Line::Complete(line)) => {
                trace_message('<', &line, redactor);
                if !multiplexer.dispatch(redact_envelope(line.clone(), redactor))
                    && let Some(count) = ignored.count()
                {
                    let text = redactor.redact_beginning(&line[..line.len().min(1024)]);
                    let text = Truncated(&text);
                    tracing::debug!(%text, count, "ignored a line that is not a JSON-RPC message");
                }
            }
            Ok(Line::TooLong { beginning, end }) => {
                if let Some(count) = ignored.count() {
                    tracing::debug!(limit, count, "a line from the server is too long");
                }
                multiplexer.dispatch_error(&beginning, &end, &Error::LineTooLong { limit }.into());
            }
            Err(error) => return tracing::debug!(%error, "cannot read from the server"),
        }
    }
}

/// Writes messages from the queue until `stop` is set, then the remaining ones.
async fn write_lines(
    mut writer: impl AsyncWrite + Unpin,
    multiplexer: &Multiplexer,
    queue: &mut mpsc::Receiver<OutgoingMessage>,
    mut stop: watch::Receiver<bool>,
    redactor: &Redactor,
) -> io::Result<()> {
    let mut batch = BytesMut::new();
    loop {
        let next = tokio::select! {
            biased;
            next = queue.recv() => next,
            () = wait_for_stop(&mut stop) => {
                queue.close();
                queue.recv().await
            }
        };
        let Some(message) = next else { break };
        add_to_batch(&mut batch, multiplexer, &message, redactor);
        while batch.len() < BATCH_LEN {
            let Ok(message) = queue.try_recv() else { break };
            add_to_batch(&mut batch, multiplexer, &message, redactor);
        }
        writer.write_all(&batch).await?;
        writer.flush().await?;
        match batch.capacity() > 4 * BATCH_LEN {
            true => batch = BytesMut::new(),
            false => batch.clear(),
        }
    }
    writer.shutdown().await
}

/// Waits until `stop` is set or its sender is dropped.
pub(crate) async fn wait_for_stop(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}

/// Adds a message as a line, unless its caller no longer waits for the response.
fn add_to_batch(
    batch: &mut BytesMut,
    multiplexer: &Multiplexer,
    message: &OutgoingMessage,
    redactor: &Redactor,
) {
    if message.id.as_ref().is_none_or(|id| multiplexer.mark_sent(id)) {
        trace_message('>', &message.body, redactor);
        batch.extend_from_slice(&without_newlines(&message.body));
        batch.extend_from_slice(b"\n");
    }
}

/// Traces a message of the connection.
fn trace_message(direction: char, message: &[u8], redactor: &Redactor) {
    if tracing::enabled!(target: "mcp_stdio::wire", tracing::Level::TRACE) {
        // The last line of a process may end inside a secret.
        let redacted = redactor.redact_beginning(message);
        let shown = redactor.beginning(redacted.as_bytes());
        tracing::trace!(target: "mcp_stdio::wire", "{direction} {shown}");
    }
}

/// Replaces the secrets in a message, except in a result or in parameters. The caller gets these
/// unchanged: the values of variables may be paths, which are parts of URIs.
fn redact_envelope(message: Bytes, redactor: &Redactor) -> Bytes {
    // Checks for a result first. Most messages are results, and the first bytes are enough to tell.
    match redactor.is_empty() || is_result(&message) {
        true => message,
        false => redactor.redact_message(message, &["result", "params"]),
    }
}

/// Replaces line breaks in a message by spaces. Line breaks occur only between JSON tokens, because
/// they are escaped in strings (MCP basic/transports, "stdio").
fn without_newlines(message: &Bytes) -> Bytes {
    if memchr2(b'\n', b'\r', message).is_none() {
        return message.clone();
    }
    let to_space = |&byte: &u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte };
    message.iter().map(to_space).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redacts_secrets_except_in_results_and_parameters() {
        let redactor = Redactor::new(["s3cret"]);
        for (message, expected) in [
            (r#"{"result":"s3cret"}"#, r#"{"result":"s3cret"}"#),
            (r#"{"error":"bad \u00733cret"}"#, r#"{"error":"bad ****"}"#),
            (r#"{"method":"s3cret","params":"s3cret"}"#, r#"{"method":"****","params":"s3cret"}"#),
        ] {
            assert_eq!(redact_envelope(message.into(), &redactor), expected);
        }
    }

    #[test]
    fn writes_a_message_on_one_line() {
        // STDIO-03, N-STDIO-01
        let message = Bytes::from_static(b"{\n  \"a\": \"b\\n\"\r\n}");
        assert_eq!(&without_newlines(&message)[..], br#"{   "a": "b\n"  }"#);
    }
}
