//! Captures the trace events of a test, at every level.

use std::{cell::RefCell, io, sync::Once};

thread_local! {
    static TEXT: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Captures the events of this thread from [`start`](Self::start) to [`finish`](Self::finish).
///
/// All tests share one subscriber. With one subscriber per test, events would be lost whose
/// callsite another thread has registered first.
#[derive(Debug)]
pub(crate) struct TraceCapture(());

impl TraceCapture {
    /// Begins to capture events.
    pub(crate) fn start() -> Self {
        static SUBSCRIBER: Once = Once::new();
        SUBSCRIBER.call_once(|| {
            let subscriber = tracing_subscriber::fmt()
                .with_max_level(tracing::Level::TRACE)
                .with_writer(|| Writer)
                .with_ansi(false)
                .without_time()
                .finish();
            tracing::subscriber::set_global_default(subscriber).expect("no other subscriber");
        });
        TEXT.set(Some(Vec::new()));
        Self(())
    }

    /// Stops capturing. Returns the events, one line each.
    pub(crate) fn finish(self) -> String {
        String::from_utf8(TEXT.take().unwrap_or_default()).expect("UTF-8")
    }
}

struct Writer;

impl io::Write for Writer {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        TEXT.with_borrow_mut(|text| text.iter_mut().for_each(|text| text.extend(event)));
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
