//! Resumption of event streams (MCP basic/transports, "Resumability and Redelivery").
//!
//! A stream is reopened with GET after its last event id. The GET stream, on which the server sends
//! messages without a request, is reopened even if the server sends no event ids. A POST is never
//! repeated, because the request may have run.
//!
//! Before each attempt, the client waits for the server's reconnection time or one second, and
//! longer after each failure. Five consecutive failures end the stream. An ended stream does not
//! count as a failure in three cases:
//!
//! - It delivered an event.
//! - It was open for 30 seconds.
//! - It ended normally after the server sent a reconnection time.
//!
//! A response is reopened at most 1,000 times, and only while its caller waits.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::stream::{StreamExt, try_unfold};
use mcp_client::{Extensions, LastFailure, MessageContext, MessageStream, TransportError};
use tokio::time::{self, Instant};

use super::sender::Sender;
use crate::{
    error::Error,
    message::{AcceptedResponse, EventStream, Request},
};

/// The maximum number of consecutive failures to reopen a stream.
const MAX_FAILURES: u32 = 5;
/// The maximum number of times that one response is reopened.
const MAX_REOPENINGS: u32 = 1_000;
/// The first delay, if the server sends no reconnection time. It doubles after each failure.
const INITIAL_DELAY: Duration = Duration::from_secs(1);
/// The longest delay, unless the server sends a longer one.
const MAX_DELAY: Duration = Duration::from_secs(30);
/// The bounds of the delay that a server can request.
const RETRY_BOUNDS: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(60 * 60);
/// The time after which an open stream counts as healthy, even without events.
const HEALTHY_DURATION: Duration = Duration::from_secs(30);

/// An event stream that is reopened if it ends or is interrupted, as long as it is read.
pub(super) struct ResumableStream {
    sender: Sender,
    context: MessageContext,
    extensions: Extensions,
    purpose: Purpose,
    /// The record of the failures, for the caller of a request.
    last_failure: Option<LastFailure>,
    stream: EventStream,
    opened_at: Instant,
    /// The number of consecutive failures.
    failures: u32,
    /// The number of times the stream was reopened.
    reopenings: u32,
}

/// The purpose of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// The response to a request. It can only be reopened after an event with an id.
    Response,
    /// Messages that the server sends without a request.
    Listening,
}

impl ResumableStream {
    /// Creates the stream of the response to `request`, which starts with `accepted`.
    pub(super) fn response(sender: Sender, request: Request, accepted: AcceptedResponse) -> Self {
        Self::new(sender, request, accepted, Purpose::Response)
    }

    /// Opens the GET stream, on which the server sends messages without a request. Returns `None`
    /// if the server has no such stream.
    pub(super) async fn listen(
        sender: Sender,
        context: MessageContext,
    ) -> Result<Option<Self>, Error> {
        let request = Request::get(context, Extensions::default(), None);
        match sender.send(&request).await {
            Ok(accepted) if accepted.is_event_stream() => {
                Ok(Some(Self::new(sender, request, accepted, Purpose::Listening)))
            }
            Ok(accepted) => {
                accepted.drain();
                Ok(None)
            }
            Err(Error::Status { status, .. }) if sender.deviations().has_no_get_stream(status) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn new(sender: Sender, request: Request, accepted: AcceptedResponse, purpose: Purpose) -> Self {
        Self {
            sender,
            context: request.context,
            extensions: request.extensions,
            purpose,
            last_failure: request.last_failure,
            stream: EventStream::new(accepted),
            opened_at: Instant::now(),
            failures: 0,
            reopenings: 0,
        }
    }

    /// Converts it into a stream of messages.
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
                Err(error @ (Error::Interrupted { .. } | Error::ErrorEvent { .. })) => Some(error),
                outcome => return outcome,
            };
            self.record_end(interruption.is_none());
            let can_resume = self.stream.last_event_id().is_some();
            match self.reopen(interruption).await? {
                Some(accepted) => {
                    self.stream.resume(accepted);
                    self.record_failure(None);
                    self.opened_at = Instant::now();
                }
                None => return Ok(None),
            }
            // An empty message reports that messages may have been lost.
            if !can_resume {
                return Ok(Some(Bytes::new()));
            }
        }
    }

    /// Records whether the end of the stream counts as a failure. If the server has sent a
    /// reconnection time, it may end the stream to let the client poll ("Sending Messages").
    fn record_end(&mut self, ended_normally: bool) {
        let requested_reconnection = ended_normally && self.stream.reconnection_time().is_some();
        let was_healthy = self.stream.has_received_event()
            || requested_reconnection
            || self.opened_at.elapsed() >= HEALTHY_DURATION;
        self.failures = if was_healthy { 0 } else { self.failures + 1 };
    }

    /// Reopens the stream. If this is not possible, returns the error of the `interruption`, or
    /// `None` if the stream ended normally.
    async fn reopen(
        &mut self,
        interruption: Option<Error>,
    ) -> Result<Option<AcceptedResponse>, Error> {
        let give_up = |interruption: Option<Error>| interruption.map_or(Ok(None), Err);
        let mut last_error: Option<Arc<Error>> = None;
        loop {
            let last_event_id = self.stream.last_event_id();
            if last_event_id.is_none() && self.purpose == Purpose::Response {
                return give_up(interruption);
            }
            if self.is_exhausted() {
                return Err(self.resumption_error(last_error.or(interruption.map(Arc::new))));
            }
            time::sleep(self.delay(last_error.as_deref())).await;
            self.reopenings = self.reopenings.saturating_add(1);
            let (context, extensions) = (self.context.clone(), self.extensions.clone());
            let request = Request::get(context, extensions, last_event_id);
            match self.sender.send(&request).await {
                Ok(accepted) if accepted.is_event_stream() => return Ok(Some(accepted)),
                Ok(accepted) => {
                    accepted.drain();
                    return give_up(interruption);
                }
                Err(error) if is_transient(&error) => {
                    let error = Arc::new(error);
                    self.record_failure(Some(&error));
                    last_error = Some(error);
                }
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

    /// Tells the caller of the request why the stream is not open. `None` if it is open again.
    fn record_failure(&self, error: Option<&Arc<Error>>) {
        if let Some(last_failure) = &self.last_failure {
            let failure = error.map(|error| self.resumption_error(Some(Arc::clone(error))).into());
            last_failure.set(failure);
        }
    }

    fn is_exhausted(&self) -> bool {
        let bounded = self.purpose == Purpose::Response;
        self.failures >= MAX_FAILURES || bounded && self.reopenings >= MAX_REOPENINGS
    }

    /// Returns the delay before the next attempt: the server's reconnection time, or longer after
    /// failures (WHATWG HTML, "retry"; MCP basic/transports, "Sending Messages").
    fn delay(&self, last_error: Option<&Error>) -> Duration {
        let retry = self
            .stream
            .reconnection_time()
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

    fn resumption_error(&self, source: Option<Arc<Error>>) -> Error {
        let endpoint = self.sender.endpoint().clone();
        let attempts = match self.failures {
            MAX_FAILURES.. => self.failures,
            _ => self.reopenings,
        };
        Error::ResumptionFailed { endpoint, attempts, source }
    }

    /// Converts an error for the caller. The server had accepted the request before, so it may have
    /// run.
    fn transport_error(&self, error: Error) -> TransportError {
        match (self.purpose, error) {
            (Purpose::Listening, error) => error.into(),
            (Purpose::Response, Error::Unauthorized(unauthorized)) => {
                let unauthorized = Box::new(unauthorized.with_may_have_run());
                TransportError::from(Error::Unauthorized(unauthorized)).mark_may_have_run()
            }
            (Purpose::Response, error) => TransportError::from(error).mark_may_have_run(),
        }
    }
}

/// Returns whether the same request may succeed later.
fn is_transient(error: &Error) -> bool {
    match error {
        Error::Unreachable { .. } | Error::Interrupted { .. } | Error::TokenUnavailable(_) => true,
        Error::Status { status, .. } => matches!(status.as_u16(), 408 | 425 | 429 | 500..),
        _ => false,
    }
}
