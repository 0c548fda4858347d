//! TCP connections: how many there are, and how they are reset.

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

use crate::base::{Counted, lock};

/// A connection, which is reset in place of closed if its link says so.
pub(crate) struct Connection {
    stream: TcpStream,
    link: Link,
    _counted: Counted,
}

/// Tells a connection from afar to be reset when it is dropped; clones are the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Link(Arc<AtomicBool>);

/// The connections that are open, and the number of those to come that are to be reset at once.
#[derive(Debug, Default)]
pub(crate) struct Connections(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    open: Vec<(Link, AbortHandle)>,
    doomed: usize,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, link: Link, counted: Counted) -> Self {
        // Without it events would wait for one another; a failure only makes them late.
        let _ = stream.set_nodelay(true);
        Self { stream, link, _counted: counted }
    }
}

impl Link {
    pub(crate) fn reset(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Connections {
    pub(crate) fn add(&self, link: Link, task: Option<AbortHandle>) {
        let mut state = lock(&self.0);
        state.open.retain(|(_, task)| !task.is_finished());
        state.open.extend(task.map(|task| (link, task)));
    }

    /// Resets all that are open.
    pub(crate) fn reset(&self) {
        for (link, task) in lock(&self.0).open.drain(..) {
            link.reset();
            task.abort();
        }
    }

    pub(crate) fn doom(&self, count: usize) {
        lock(&self.0).doomed = count;
    }

    /// Whether the next connection is to be reset before anything is read from it.
    pub(crate) fn is_next_doomed(&self) -> bool {
        let mut state = lock(&self.0);
        let doomed = state.doomed > 0;
        state.doomed = state.doomed.saturating_sub(1);
        doomed
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.link.0.load(Ordering::Relaxed) {
            // If it fails, the connection is closed in the ordinary way.
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
        // Shutting down would announce an orderly end.
        if self.link.0.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
