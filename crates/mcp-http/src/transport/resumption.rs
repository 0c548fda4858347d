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
    message::{AcceptedResponse, EventStream, Request},
};

/// How often in a row it is tried to open a stream again, if that brings nothing.
const MAX_FAILURES: u32 = 5;
/// How often one answer is taken up again in all, whatever it brings.
const MAX_REOPENINGS: u32 = 1_000;
/// The first wait, unless the server has named one; after each failure it is twice as long.
const INITIAL_DELAY: Duration = Duration::from_secs(1);
/// The longest wait, unless the server has named a longer one.
const MAX_DELAY: Duration = Duration::from_secs(30);
/// The bounds of what a server can ask for.
const RETRY_BOUNDS: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(60 * 60);
/// A stream that was open for so long was there, even if it had nothing to say.
const HEALTHY_DURATION: Duration = Duration::from_secs(30);

/// A stream that is opened again when it ends or breaks, for as long as it is read.
pub(super) struct ResumableStream {
    sender: Sender,
    context: Context,
    extras: Extras,
    purpose: Purpose,
    stream: EventStream,
    opened_at: Instant,
    /// How often in a row opening it brought nothing.
    failures: u32,
    /// How often it was opened again.
    reopenings: u32,
}

/// What a stream is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// The answer to a request: there is nothing to open again but from an event on.
    Response,
    /// What the server sends of its own accord.
    Listening,
}

impl ResumableStream {
    /// The answer to `request`, which begins with `accepted`.
    pub(super) fn response(sender: Sender, request: Request, accepted: AcceptedResponse) -> Self {
        Self::new(sender, request, accepted, Purpose::Response)
    }

    /// What the server of `sender` sends of its own accord; `None` where it has no such stream.
    pub(super) async fn listen(sender: Sender, context: Context) -> Result<Option<Self>, Error> {
        let request = Request::get(context, Extras::default(), None);
        match sender.send(&request).await {
            Ok(accepted) if accepted.is_event_stream() => {
                Ok(Some(Self::new(sender, request, accepted, Purpose::Listening)))
            }
            Ok(accepted) => {
                accepted.drain();
                Ok(None)
            }
            // 405 is how the specification says so; older servers and routers know others.
            Err(Error::Status { status, .. }) if matches!(status.as_u16(), 400 | 404 | 405) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn new(sender: Sender, request: Request, accepted: AcceptedResponse, purpose: Purpose) -> Self {
        Self {
            sender,
            context: request.context,
            extras: request.extras,
            purpose,
            stream: EventStream::new(accepted),
            opened_at: Instant::now(),
            failures: 0,
            reopenings: 0,
        }
    }

    /// The messages as they come.
    pub(super) fn into_stream(self) -> MessageStream {
        let next = async |mut stream: Self| match stream.next().await {
            Ok(message) => Ok(message.map(|message| (message, stream))),
            Err(error) => Err(stream.transport_error(error)),
        };
        try_unfold(self, next).boxed()
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let interruption = match self.stream.next_message().await {
                Ok(None) => None,
                Err(error @ Error::Interrupted { .. }) => Some(error),
                outcome => return outcome,
            };
            self.record_end(interruption.is_none());
            let is_gapless = self.stream.last_event_id().is_some();
            match self.reopen(interruption).await? {
                Some(accepted) => {
                    self.stream.resume(accepted);
                    self.opened_at = Instant::now();
                }
                None => return Ok(None),
            }
            if !is_gapless {
                return Ok(Some(Bytes::new()));
            }
        }
    }

    /// Takes note of whether the stream that is over has brought anything. Where the server has said
    /// when to come back, to end it is how it keeps a client waiting ("Sending Messages").
    fn record_end(&mut self, ended_in_order: bool) {
        let asked_to_reconnect = ended_in_order && self.stream.retry_delay().is_some();
        match self.stream.has_received_event()
            || asked_to_reconnect
            || self.opened_at.elapsed() >= HEALTHY_DURATION
        {
            true => self.failures = 0,
            false => self.failures += 1,
        }
    }

    /// Opens the stream again; if that cannot be, it is over as it was before: `None` if it ended,
    /// the error if there was an `interruption`.
    async fn reopen(
        &mut self,
        interruption: Option<Error>,
    ) -> Result<Option<AcceptedResponse>, Error> {
        let give_up = |interruption: Option<Error>| interruption.map_or(Ok(None), Err);
        let mut last_error = None;
        loop {
            let last_event_id = self.stream.last_event_id();
            if last_event_id.is_none() && self.purpose == Purpose::Response {
                return give_up(interruption);
            }
            if self.is_exhausted() {
                return Err(self.not_resumed(last_error.or(interruption)));
            }
            time::sleep(self.delay(last_error.as_ref())).await;
            self.reopenings = self.reopenings.saturating_add(1);
            let (context, extras) = (self.context.clone(), self.extras.clone());
            let request = Request::get(context, extras, last_event_id);
            match self.sender.send(&request).await {
                Ok(accepted) if accepted.is_event_stream() => return Ok(Some(accepted)),
                Ok(accepted) => {
                    accepted.drain();
                    return give_up(interruption);
                }
                Err(error) if is_transient(&error) => last_error = Some(error),
                Err(Error::Status { .. } | Error::Redirect { .. })
                    if self.purpose == Purpose::Response =>
                {
                    return give_up(interruption);
                }
                Err(error) => return Err(error),
            }
            self.failures += 1;
        }
    }

    fn is_exhausted(&self) -> bool {
        let bounded = self.purpose == Purpose::Response;
        self.failures >= MAX_FAILURES || bounded && self.reopenings >= MAX_REOPENINGS
    }

    /// The time to wait: what the server has said, or longer after failures (HTML, "retry"; MCP
    /// basic/transports, "Sending Messages").
    fn delay(&self, last_error: Option<&Error>) -> Duration {
        let retry = self
            .stream
            .retry_delay()
            .map(|retry| retry.clamp(*RETRY_BOUNDS.start(), *RETRY_BOUNDS.end()));
        let backoff = INITIAL_DELAY.saturating_mul(1 << self.failures).min(MAX_DELAY);
        let delay = match (self.failures, retry) {
            (0, Some(retry)) => retry,
            (_, retry) => backoff.max(retry.unwrap_or_default()),
        };
        match last_error {
            Some(Error::Status { retry_after: Some(after), .. }) => {
                delay.max(*after).min(*RETRY_BOUNDS.end())
            }
            _ => delay,
        }
    }

    fn not_resumed(&self, source: Option<Error>) -> Error {
        let endpoint = self.sender.endpoint().clone();
        let attempts = match self.failures {
            MAX_FAILURES.. => self.failures,
            _ => self.reopenings,
        };
        Error::NotResumed { endpoint, attempts, source: source.map(Box::new) }
    }

    /// The error as the caller gets it: the server had taken a request before, so that it may have
    /// run whatever became of its answer.
    fn transport_error(&self, error: Error) -> TransportError {
        match (self.purpose, error) {
            (Purpose::Listening, error) => error.into(),
            (Purpose::Response, Error::Unauthorized(unauthorized)) => {
                let unauthorized = Box::new(unauthorized.with_may_have_run());
                TransportError::from(Error::Unauthorized(unauthorized)).once_taken()
            }
            (Purpose::Response, error) => TransportError::from(error).once_taken(),
        }
    }
}

/// Whether the same request may go well later.
fn is_transient(error: &Error) -> bool {
    match error {
        Error::Unreachable { .. } | Error::Interrupted { .. } => true,
        Error::Status { status, .. } => matches!(status.as_u16(), 408 | 425 | 429 | 500..),
        _ => false,
    }
}
