//! The body of an answer: parts that are sent one after the other.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

use crate::gate::Gate;

/// One step of sending a body.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// Bytes, sent as they are.
    Chunk(Bytes),
    /// So many spaces, which JSON ignores.
    Fill(usize),
    /// A wait.
    Hold(Gate),
    /// The end of the connection, in the middle of the body.
    Abort,
}

/// A body as the HTTP server takes it.
pub(crate) enum Outgoing {
    /// Parts that were given in advance.
    Parts(Parts),
    /// Whatever is sent to a listening client, until its sender is dropped.
    Live(mpsc::UnboundedReceiver<Bytes>),
}

pub(crate) struct Parts {
    left: VecDeque<Part>,
    pause: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    sized: bool,
}

/// The body ends here on purpose.
#[derive(Debug)]
pub(crate) struct Aborted;

static SPACES: [u8; 16 * 1024] = [b' '; 16 * 1024];

impl Outgoing {
    /// A body of `parts`; its length is announced if it is `sized` and known in advance.
    pub(crate) fn new(parts: Vec<Part>, sized: bool) -> Self {
        let sized = sized && parts.iter().all(|part| matches!(part, Part::Chunk(_)));
        Self::Parts(Parts { left: parts.into(), pause: None, sized })
    }
}

impl Parts {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Aborted>>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            match self.left.pop_front() {
                None => return Poll::Ready(None),
                Some(Part::Hold(gate)) => {
                    self.pause = Some(Box::pin(async move { gate.pass().await }));
                }
                Some(Part::Abort) => return Poll::Ready(Some(Err(Aborted))),
                Some(Part::Chunk(bytes)) => return self.send(bytes),
                Some(Part::Fill(size)) => {
                    let now = size.min(SPACES.len());
                    if size > now {
                        self.left.push_front(Part::Fill(size - now));
                    }
                    return self.send(Bytes::from_static(&SPACES[..now]));
                }
            }
        }
    }

    /// Yields before the next part: only then does the HTTP server write what it has.
    fn send(&mut self, bytes: Bytes) -> Poll<Option<Result<Bytes, Aborted>>> {
        if !self.left.is_empty() {
            self.pause = Some(Box::pin(tokio::task::yield_now()));
        }
        Poll::Ready(Some(Ok(bytes)))
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Aborted;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        let next = match self.get_mut() {
            Self::Parts(parts) => ready!(parts.poll_next(cx)),
            Self::Live(messages) => ready!(messages.poll_recv(cx)).map(Ok),
        };
        Poll::Ready(next.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Parts(parts) if parts.left.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Parts(parts) if parts.sized => SizeHint::with_exact(
                parts.left.iter().map(|part| part.known_size() as u64).sum::<u64>(),
            ),
            _ => SizeHint::default(),
        }
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
        f.write_str("the body was aborted on purpose")
    }
}

impl std::error::Error for Aborted {}
