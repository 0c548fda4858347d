//! TCP connections and their reset.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    task::AbortHandle,
};

use crate::base::{CountGuard, lock};

/// A TCP connection. It is reset on drop if its handle requests that.
pub(crate) struct Connection {
    stream: TcpStream,
    reset_handle: ResetHandle,
    _count_guard: CountGuard,
}

/// A handle that requests the reset of a connection on drop. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct ResetHandle(Arc<AtomicBool>);

/// The open connections, and the number of future connections to reset.
#[derive(Debug, Default)]
pub(crate) struct Connections(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    open: Vec<(ResetHandle, AbortHandle)>,
    pending_resets: usize,
}

impl Connection {
    pub(crate) fn new(
        stream: TcpStream,
        reset_handle: ResetHandle,
        count_guard: CountGuard,
    ) -> Self {
        // Nagle's algorithm would delay events. If this fails, events are only late.
        let _ = stream.set_nodelay(true);
        Self { stream, reset_handle, _count_guard: count_guard }
    }
}

impl ResetHandle {
    pub(crate) fn reset(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Connections {
    pub(crate) fn add(&self, reset_handle: ResetHandle, task: Option<AbortHandle>) {
        let mut state = lock(&self.0);
        state.open.retain(|(_, task)| !task.is_finished());
        state.open.extend(task.map(|task| (reset_handle, task)));
    }

    /// Resets all open connections.
    pub(crate) fn reset(&self) {
        for (reset_handle, task) in lock(&self.0).open.drain(..) {
            reset_handle.reset();
            task.abort();
        }
    }

    pub(crate) fn reset_next(&self, count: usize) {
        lock(&self.0).pending_resets = count;
    }

    /// Returns `true` if the next connection must be reset before reading from it, and counts it.
    pub(crate) fn take_pending_reset(&self) -> bool {
        let mut state = lock(&self.0);
        let is_due = state.pending_resets > 0;
        state.pending_resets = state.pending_resets.saturating_sub(1);
        is_due
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.reset_handle.0.load(Ordering::Relaxed) {
            // If this fails, the connection is closed normally.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A shutdown would close the connection normally.
        if self.reset_handle.0.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
