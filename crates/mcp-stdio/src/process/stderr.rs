//! The server's stderr. It is read continuously and reported line by line. Its tail is kept for
//! errors.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use mcp_client::{Redactor, Truncated};
use tokio::io::{AsyncRead, AsyncReadExt};

/// The size of the tail, in bytes.
const TAIL_LEN: usize = 64 * 1024;
/// The longest line that is reported in one piece, in bytes.
const MAX_LINE_LEN: usize = 8 * 1024;

/// The callback for each line.
pub(crate) type OnLine = Arc<dyn Fn(&str) + Send + Sync>;

/// The tail of what a process has written to stderr. Clones share it.
#[derive(Clone)]
pub(super) struct Stderr {
    tail: Arc<Mutex<Tail>>,
    redactor: Redactor,
    on_line: Option<OnLine>,
}

#[derive(Default)]
struct Tail {
    bytes: VecDeque<u8>,
    /// Set if the beginning was dropped.
    truncated: bool,
}

impl Stderr {
    pub(super) fn new(redactor: Redactor, on_line: Option<OnLine>) -> Self {
        Self { tail: Arc::default(), redactor, on_line }
    }

    /// Reads stderr until its end. If it were not read, the process would block on a full pipe.
    pub(super) async fn read_all(self, mut reader: impl AsyncRead + Unpin) {
        let mut read = vec![0; MAX_LINE_LEN];
        let mut line = Vec::new();
        while let Ok(count @ 1..) = reader.read(&mut read).await {
            self.lock().add(&read[..count]);
            for part in read[..count].split_inclusive(|&byte| byte == b'\n') {
                line.extend_from_slice(part);
                let complete = match part.ends_with(b"\n") {
                    true => line.len(),
                    // Keeps the beginning of a secret for the next part, so that no secret is
                    // split.
                    false if line.len() >= MAX_LINE_LEN => {
                        line.len() - self.redactor.partial_secret_len(&line)
                    }
                    false => 0,
                };
                if complete > 0 {
                    self.report_line(&line[..complete]);
                    line.drain(..complete);
                }
            }
        }
        if !line.is_empty() {
            self.report_line(&line);
        }
    }

    /// Reports a line to the callback and to `tracing`.
    fn report_line(&self, line: &[u8]) {
        let traced = tracing::enabled!(target: "mcp_stdio::wire", tracing::Level::DEBUG);
        if !traced && self.on_line.is_none() {
            return;
        }
        let line = self.redactor.redact_bytes(line);
        let line = line.trim_end_matches(['\n', '\r']);
        tracing::debug!(target: "mcp_stdio::wire", "! {}", Truncated(line));
        if let Some(on_line) = &self.on_line {
            on_line(line);
        }
    }

    /// Returns the tail with secrets redacted. An incomplete first line is left out, because it may
    /// begin in the middle of a secret.
    pub(super) fn tail(&self) -> Arc<str> {
        let mut tail = self.lock();
        let truncated = tail.truncated;
        let bytes = tail.bytes.make_contiguous();
        let start = match truncated {
            true => bytes.iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |end| end + 1),
            false => 0,
        };
        self.redactor.redact_bytes(&bytes[start..]).into()
    }

    fn lock(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tail {
    fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        let over = self.bytes.len().saturating_sub(TAIL_LEN);
        self.bytes.drain(..over);
        self.truncated |= over > 0;
    }
}

impl fmt::Debug for Stderr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stderr({} bytes)", self.lock().bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn keeps_the_tail_of_stderr_and_reports_each_line() {
        // STDIO-06
        let reported: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&reported);
        let redactor = Redactor::new(["s3cret".to_owned()]);
        let stderr = Stderr::new(
            redactor,
            Some(Arc::new(move |line: &str| {
                seen.lock().unwrap().push(line.to_owned());
            })),
        );
        let written = "a s3cret\r\n".to_owned() + &"x".repeat(TAIL_LEN) + "\nb s3cret\nc";
        stderr.clone().read_all(written.as_bytes()).await;
        assert_eq!(&*stderr.tail(), "b ****\nc", "the long line is not whole");
        let reported = reported.lock().unwrap();
        assert_eq!(reported[0], "a ****");
        assert_eq!(reported[reported.len() - 2..], ["b ****", "c"]);
        assert!(reported.iter().all(|line| line.len() <= 2 * MAX_LINE_LEN));
    }

    #[tokio::test]
    async fn redacts_a_secret_at_the_boundary_of_a_long_line() {
        let reported: Arc<Mutex<String>> = Arc::default();
        let seen = Arc::clone(&reported);
        let on_line = move |line: &str| seen.lock().unwrap().push_str(line);
        let stderr = Stderr::new(Redactor::new(["s3cret".to_owned()]), Some(Arc::new(on_line)));
        let written = "x".repeat(MAX_LINE_LEN - 3) + "s3cret" + &"y".repeat(MAX_LINE_LEN);
        stderr.read_all(written.as_bytes()).await;
        let expected = "x".repeat(MAX_LINE_LEN - 3) + "****" + &"y".repeat(MAX_LINE_LEN);
        assert_eq!(*reported.lock().unwrap(), expected);
    }
}
