//! Event streams that are opened again where they broke off (MCP basic/transports, "Resumability and
//! Redelivery") or, being the server's to speak of its own accord, from now on.
//!
//! A stream is opened again by GET: what was asked for with POST is never asked for again, for it
//! may have run. Before that, the client waits for as long as the server has said, or else a second;
//! after each failure it waits longer. Five failures in a row are the end. An event, half a minute
//! of being there, or an orderly end after the server has said when to come back, is no failure; but
//! an answer is taken up a thousand times at most, and for as long as its caller waits.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{StreamExt, try_unfold};
use mcp_client::{Context, Extras, MessageStream, TransportError};
use tokio::time::{self, Instant};

use super::sender::Sender;
use crate::{
    error::Error,
    message::{Events, Request, Success},
};

/// How often in a row it is tried to open a stream again, if that brings nothing.
const MOST_FAILURES: u32 = 5;
/// How often one answer is taken up again in all, whatever it brings.
const MOST_REOPENINGS: u32 = 1_000;
/// The first wait, unless the server has named one; after each failure it is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait, unless the server has named a longer one.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The bounds of what a server can ask for.
const RETRY: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(60 * 60);
/// A stream that was open for so long was there, even if it had nothing to say.
const STEADY: Duration = Duration::from_secs(30);

/// A stream that is opened again when it ends or breaks, for as long as it is read.
pub(super) struct Resuming {
    sender: Sender,
    context: Context,
    extras: Extras,
    purpose: Purpose,
    events: Events,
    opened: Instant,
    /// How often in a row opening it brought nothing.
    failures: u32,
    /// How often it was opened again.
    reopenings: u32,
}

/// What a stream is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// The answer to a request: there is nothing to open again but from an event on.
    Answer,
    /// What the server sends of its own accord.
    Listening,
}

impl Resuming {
    /// The answer to `request`, which begins with `success`.
    pub(super) fn answer(sender: Sender, request: Request, success: Success) -> Self {
        Self::new(sender, request, success, Purpose::Answer)
    }

    /// What the server of `sender` sends of its own accord; `None` where it has no such stream.
    pub(super) async fn listen(sender: Sender, context: Context) -> Result<Option<Self>, Error> {
        let request = Request::get(context, Extras::default(), None);
        match sender.exchange(&request).await {
            Ok(success) if success.is_event_stream() => {
                Ok(Some(Self::new(sender, request, success, Purpose::Listening)))
            }
            Ok(success) => {
                success.leave();
                Ok(None)
            }
            // 405 is how the specification says so; older servers and routers know others.
            Err(Error::Status { status, .. }) if matches!(status.as_u16(), 400 | 404 | 405) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn new(sender: Sender, request: Request, success: Success, purpose: Purpose) -> Self {
        Self {
            sender,
            context: request.context,
            extras: request.extras,
            purpose,
            events: Events::new(success),
            opened: Instant::now(),
            failures: 0,
            reopenings: 0,
        }
    }

    /// The messages as they come.
    pub(super) fn into_stream(self) -> MessageStream {
        let next = async |mut stream: Self| match stream.next().await {
            Ok(message) => Ok(message.map(|message| (message, stream))),
            Err(error) => Err(stream.told(error)),
        };
        try_unfold(self, next).boxed()
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let broken = match self.events.next().await {
                Ok(None) => None,
                Err(error @ Error::Interrupted { .. }) => Some(error),
                outcome => return outcome,
            };
            self.judge(broken.is_none());
            let gapless = self.events.last_event_id().is_some();
            match self.reopened(broken).await? {
                Some(success) => {
                    self.events.resume(success);
                    self.opened = Instant::now();
                }
                None => return Ok(None),
            }
            if !gapless {
                return Ok(Some(Bytes::new()));
            }
        }
    }

    /// Takes note of whether the stream that is over has brought anything. Where the server has said
    /// when to come back, to end it is how it keeps a client waiting ("Sending Messages").
    fn judge(&mut self, ended_in_order: bool) {
        let waiting = ended_in_order && self.events.retry().is_some();
        match self.events.has_begun() || waiting || self.opened.elapsed() >= STEADY {
            true => self.failures = 0,
            false => self.failures += 1,
        }
    }

    /// Opens the stream again; if that cannot be, it is over as it was before: `None` if it ended,
    /// the error if it was `broken`.
    async fn reopened(&mut self, broken: Option<Error>) -> Result<Option<Success>, Error> {
        let over = |broken: Option<Error>| broken.map_or(Ok(None), Err);
        let mut failed = None;
        loop {
            let last_event_id = self.events.last_event_id();
            if last_event_id.is_none() && self.purpose == Purpose::Answer {
                return over(broken);
            }
            if self.is_exhausted() {
                return Err(self.not_resumed(failed.or(broken)));
            }
            time::sleep(self.wait(failed.as_ref())).await;
            self.reopenings = self.reopenings.saturating_add(1);
            let (context, extras) = (self.context.clone(), self.extras.clone());
            let request = Request::get(context, extras, last_event_id);
            match self.sender.exchange(&request).await {
                Ok(success) if success.is_event_stream() => return Ok(Some(success)),
                Ok(success) => {
                    success.leave();
                    return over(broken);
                }
                Err(error) if may_pass(&error) => failed = Some(error),
                Err(Error::Status { .. } | Error::Redirect { .. })
                    if self.purpose == Purpose::Answer =>
                {
                    return over(broken);
                }
                Err(error) => return Err(error),
            }
            self.failures += 1;
        }
    }

    fn is_exhausted(&self) -> bool {
        let bounded = self.purpose == Purpose::Answer;
        self.failures >= MOST_FAILURES || bounded && self.reopenings >= MOST_REOPENINGS
    }

    /// The time to wait: what the server has said, or longer after failures (HTML, "retry"; MCP
    /// basic/transports, "Sending Messages").
    fn wait(&self, failed: Option<&Error>) -> Duration {
        let retry = self.events.retry().map(|retry| retry.clamp(*RETRY.start(), *RETRY.end()));
        let grown = FIRST_WAIT.saturating_mul(1 << self.failures).min(LONGEST_WAIT);
        let wait = match (self.failures, retry) {
            (0, Some(retry)) => retry,
            (_, retry) => grown.max(retry.unwrap_or_default()),
        };
        match failed {
            Some(Error::Status { retry_after: Some(after), .. }) => {
                wait.max(*after).min(*RETRY.end())
            }
            _ => wait,
        }
    }

    fn not_resumed(&self, source: Option<Error>) -> Error {
        let endpoint = self.sender.endpoint().clone();
        let attempts = match self.failures {
            MOST_FAILURES.. => self.failures,
            _ => self.reopenings,
        };
        Error::NotResumed { endpoint, attempts, source: source.map(Box::new) }
    }

    /// The error as the caller gets it: the server had taken a request before, so that it may have
    /// run whatever became of its answer.
    fn told(&self, error: Error) -> TransportError {
        match (self.purpose, error) {
            (Purpose::Listening, error) => error.into(),
            (Purpose::Answer, Error::Unauthorized(refused)) => {
                let refused = Box::new(refused.once_taken());
                TransportError::from(Error::Unauthorized(refused)).once_taken()
            }
            (Purpose::Answer, error) => TransportError::from(error).once_taken(),
        }
    }
}

/// Whether the same request may go well later.
fn may_pass(error: &Error) -> bool {
    match error {
        Error::Unreachable { .. } | Error::Interrupted { .. } => true,
        Error::Status { status, .. } => matches!(status.as_u16(), 408 | 425 | 429 | 500..),
        _ => false,
    }
}
