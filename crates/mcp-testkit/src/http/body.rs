//! Response bodies that are sent in parts.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

use super::{connection::ResetHandle, in_flight::RequestGuard};
use crate::base::{Barrier, CountGuard};

/// A part of a body, or an action between parts.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// Bytes to send.
    Chunk(Bytes),
    /// A number of spaces, which JSON ignores.
    Fill(usize),
    /// A wait until the barrier is open.
    Hold(Barrier),
    /// A wait of this duration.
    Pause(Duration),
    /// The same bytes, repeated forever with a pause after each time.
    Repeat(Bytes, Duration),
    /// The end of the connection in the middle of the body.
    Abort,
    /// A TCP reset in the middle of the body.
    Reset,
}

/// A response body. It sends a list of parts first, then the parts of a stream.
#[derive(Default)]
pub(crate) struct ResponseBody {
    queue: VecDeque<Part>,
    stream: Option<mpsc::UnboundedReceiver<Part>>,
    pause: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    sized: bool,
    /// Kept until the body ends or the client drops it.
    guard: Option<RequestGuard>,
    reset_handle: ResetHandle,
    count_guard: Option<CountGuard>,
}

/// The error with which a scripted fault ends a body early.
#[derive(Debug)]
pub(crate) struct Aborted;

static SPACES: [u8; 16 * 1024] = [b' '; 16 * 1024];

impl ResponseBody {
    /// Returns a body of `parts`. The response has a `Content-Length` if `sized` is `true` and all
    /// parts are bytes.
    pub(crate) fn new(parts: Vec<Part>, sized: bool) -> Self {
        let sized = sized && parts.iter().all(|part| matches!(part, Part::Chunk(_)));
        Self { queue: parts.into(), sized, ..Self::default() }
    }

    /// Returns a body that ends when the sender of `stream` is dropped.
    pub(crate) fn streaming(stream: mpsc::UnboundedReceiver<Part>) -> Self {
        Self { stream: Some(stream), ..Self::default() }
    }

    pub(crate) fn with_guard(self, guard: RequestGuard) -> Self {
        Self { guard: Some(guard), ..self }
    }

    pub(crate) fn with_reset_handle(self, reset_handle: ResetHandle) -> Self {
        Self { reset_handle, ..self }
    }

    pub(crate) fn with_count_guard(self, count_guard: CountGuard) -> Self {
        Self { count_guard: Some(count_guard), ..self }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Aborted>>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            let part = match (self.queue.pop_front(), &mut self.stream) {
                (Some(part), _) => part,
                (None, Some(stream)) => match ready!(stream.poll_recv(cx)) {
                    Some(part) => part,
                    None => return Poll::Ready(None),
                },
                (None, None) => return Poll::Ready(None),
            };
            match part {
                Part::Hold(barrier) => {
                    self.pause = Some(Box::pin(async move { barrier.wait().await }));
                }
                Part::Pause(time) => self.pause = Some(Box::pin(tokio::time::sleep(time))),
                Part::Repeat(bytes, time) => {
                    self.queue.push_front(Part::Repeat(bytes.clone(), time));
                    if !time.is_zero() {
                        self.queue.push_front(Part::Pause(time));
                    }
                    return self.send(bytes);
                }
                Part::Abort => return Poll::Ready(Some(Err(Aborted))),
                Part::Reset => {
                    self.reset_handle.reset();
                    return Poll::Ready(Some(Err(Aborted)));
                }
                Part::Chunk(bytes) => return self.send(bytes),
                Part::Fill(size) => {
                    let now = size.min(SPACES.len());
                    if size > now {
                        self.queue.push_front(Part::Fill(size - now));
                    }
                    return self.send(Bytes::from_static(&SPACES[..now]));
                }
            }
        }
    }

    /// Returns bytes, and yields before the next part so that the HTTP server flushes them.
    fn send(&mut self, bytes: Bytes) -> Poll<Option<Result<Bytes, Aborted>>> {
        if self.queue.is_empty() && self.stream.is_none() {
            self.finish();
        } else {
            self.pause = Some(Box::pin(tokio::task::yield_now()));
        }
        Poll::Ready(Some(Ok(bytes)))
    }

    /// Marks the body as complete. If the client closes the connection afterwards, this is not a
    /// cancellation.
    fn finish(&mut self) {
        self.count_guard = None;
        if let Some(guard) = self.guard.take() {
            guard.finish();
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Aborted;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        let body = self.get_mut();
        let next = ready!(body.poll_next(cx));
        if !matches!(next, Some(Ok(_))) {
            body.finish();
        }
        Poll::Ready(next.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.queue.is_empty() && self.stream.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        if !self.sized {
            return SizeHint::default();
        }
        SizeHint::with_exact(self.queue.iter().map(|part| part.known_size() as u64).sum::<u64>())
    }
}

impl Part {
    fn known_size(&self) -> usize {
        match self {
            Self::Chunk(bytes) => bytes.len(),
            _ => 0,
        }
    }
}

impl fmt::Display for Aborted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("body aborted by a scripted fault")
    }
}

impl std::error::Error for Aborted {}
