//! What a server writes to stderr: read on and on, the last of it kept.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::redactor::Mask;

/// How much is kept.
const KEPT: usize = 64 * 1024;
/// The longest line that is passed on in one piece.
const LINE: usize = 8 * 1024;

/// Who is told of each line.
pub(crate) type OnLine = Arc<dyn Fn(&str) + Send + Sync>;

/// The end of what a process has written to stderr; clones are the same.
#[derive(Clone)]
pub(super) struct Stderr {
    ring: Arc<Mutex<Ring>>,
    mask: Mask,
    on_line: Option<OnLine>,
}

#[derive(Default)]
struct Ring {
    bytes: VecDeque<u8>,
    /// Its beginning is lost.
    cut: bool,
}

impl Stderr {
    pub(super) fn new(mask: Mask, on_line: Option<OnLine>) -> Self {
        Self { ring: Arc::default(), mask, on_line }
    }

    /// Reads until there is nothing left to read: a process that nobody listens to would stop at a
    /// full pipe.
    pub(super) async fn drain(self, mut reader: impl AsyncRead + Unpin) {
        let mut read = vec![0; LINE];
        let mut line = Vec::new();
        while let Ok(count @ 1..) = reader.read(&mut read).await {
            self.lock().add(&read[..count]);
            for part in read[..count].split_inclusive(|&byte| byte == b'\n') {
                line.extend_from_slice(part);
                let whole = match part.ends_with(b"\n") {
                    true => line.len(),
                    // A secret is not cut in two: its beginning waits for the rest.
                    false if line.len() >= LINE => line.len() - self.mask.begun(&line),
                    false => 0,
                };
                if whole > 0 {
                    self.pass_on(&line[..whole]);
                    line.drain(..whole);
                }
            }
        }
        if !line.is_empty() {
            self.pass_on(&line);
        }
    }

    /// Tells of a line those who want to know.
    fn pass_on(&self, line: &[u8]) {
        let traced = tracing::enabled!(target: "mcp_stdio::wire", tracing::Level::DEBUG);
        if !traced && self.on_line.is_none() {
            return;
        }
        let line = self.mask.apply(line);
        let line = line.trim_end_matches(['\n', '\r']);
        tracing::debug!(target: "mcp_stdio::wire", "! {line}");
        if let Some(on_line) = &self.on_line {
            on_line(line);
        }
    }

    /// What is kept, without the secrets that the server was given. A line that is not whole is left
    /// out, for it may begin in the middle of such a value.
    pub(super) fn text(&self) -> Arc<str> {
        let mut ring = self.lock();
        let cut = ring.cut;
        let bytes = ring.bytes.make_contiguous();
        let whole = match cut {
            true => bytes.iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |end| end + 1),
            false => 0,
        };
        self.mask.apply(&bytes[whole..]).into()
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        let over = self.bytes.len().saturating_sub(KEPT);
        self.bytes.drain(..over);
        self.cut |= over > 0;
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
    async fn the_last_of_it_is_kept_and_each_line_passed_on() {
        // STDIO-06
        let passed_on: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&passed_on);
        let mask = Mask::new(["s3cret".to_owned()]);
        let stderr = Stderr::new(
            mask,
            Some(Arc::new(move |line: &str| {
                seen.lock().unwrap().push(line.to_owned());
            })),
        );
        let written = "a s3cret\r\n".to_owned() + &"x".repeat(KEPT) + "\nb s3cret\nc";
        stderr.clone().drain(written.as_bytes()).await;
        assert_eq!(&*stderr.text(), "b ****\nc", "the long line is not whole");
        let passed_on = passed_on.lock().unwrap();
        assert_eq!(passed_on[0], "a ****");
        assert_eq!(passed_on[passed_on.len() - 2..], ["b ****", "c"]);
        assert!(passed_on.iter().all(|line| line.len() <= 2 * LINE));
    }

    #[tokio::test]
    async fn no_secret_shows_where_a_long_line_is_cut() {
        let passed_on: Arc<Mutex<String>> = Arc::default();
        let seen = Arc::clone(&passed_on);
        let on_line = move |line: &str| seen.lock().unwrap().push_str(line);
        let stderr = Stderr::new(Mask::new(["s3cret".to_owned()]), Some(Arc::new(on_line)));
        let written = "x".repeat(LINE - 3) + "s3cret" + &"y".repeat(LINE);
        stderr.drain(written.as_bytes()).await;
        let expected = "x".repeat(LINE - 3) + "****" + &"y".repeat(LINE);
        assert_eq!(*passed_on.lock().unwrap(), expected);
    }
}
