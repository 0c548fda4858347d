//! Measures the trace events of all threads, at every level.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use tracing_subscriber::fmt::MakeWriter;

use crate::secrecy::contains_secret;

/// The part of an event that is kept for the report, in bytes.
const EXCERPT: usize = 2_000;
/// The number of warnings that are kept.
const MAX_WARNINGS: usize = 10;

/// The events so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Traces(Arc<Mutex<Measure>>);

/// The size and the secrets of events.
#[derive(Debug, Clone, Default)]
pub(crate) struct Measure {
    /// The size of all events, without traces of whole messages and of connections.
    pub(crate) bytes: usize,
    /// The first event that contains a secret.
    pub(crate) leak: Option<String>,
    /// The largest event.
    pub(crate) largest: String,
    pub(crate) largest_bytes: usize,
    pub(crate) warnings: usize,
    pub(crate) first_warnings: Vec<String>,
}

impl Traces {
    /// Begins to capture events. The process has no other subscriber.
    pub(crate) fn capture() -> Self {
        let traces = Self::default();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(traces.clone())
            .with_ansi(false)
            .without_time()
            .init();
        traces
    }

    pub(crate) fn measure(&self) -> Measure {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<'a> MakeWriter<'a> for Traces {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl io::Write for Traces {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).add(event);
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Measure {
    fn add(&mut self, event: &[u8]) {
        if self.leak.is_none() && contains_secret(event) {
            self.leak = Some(excerpt(event));
        }
        if event.trim_ascii_start().starts_with(b"WARN") {
            self.warnings += 1;
            if self.first_warnings.len() < MAX_WARNINGS {
                self.first_warnings.push(excerpt(event));
            }
        }
        // Traces of messages are meant for development, and contain whole messages. The target is
        // after the spans.
        let target = &event[..event.len().min(1_000)];
        // The HTTP library traces each connection for each request of the client.
        if contains(target, b"::wire: ") || contains(target, b" hyper_util::") {
            return;
        }
        self.bytes += event.len();
        if event.len() > self.largest_bytes {
            (self.largest, self.largest_bytes) = (excerpt(event), event.len());
        }
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn excerpt(event: &[u8]) -> String {
    String::from_utf8_lossy(&event[..event.len().min(EXCERPT)]).into_owned()
}
