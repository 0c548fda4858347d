//! The rule for retries after a failure. Its table is in the documentation of [`Error`].

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use mcp_client::Attempts;
use tokio::time::{self, Instant};

use crate::error::{Error, FailureKind};

/// The longest time that a server may ask to wait before a retry. The caller waits for that time.
const MAX_DELAY: Duration = Duration::from_secs(10);
/// The delay before the first retry, if the server does not say how long to wait. It doubles.
const FIRST_DELAY: Duration = Duration::from_millis(100);
/// The time after which a request that only reads is not retried. Its caller often waits for many
/// servers at once.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// The effect of running a request twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Safety {
    /// The request may change something, such as a tool call.
    MayChange,
    /// A tool call that the server calls read-only or idempotent, if the settings trust the server.
    Trusted,
    /// The request only reads, such as a list. The client has repeated it already if its connection
    /// was lost.
    OnlyReads,
}

/// The time limit of a request, for all its waits and retries together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    started: Instant,
    timeout: Duration,
}

impl Deadline {
    pub(crate) fn new(timeout: Duration) -> Self {
        Self { started: Instant::now(), timeout }
    }

    pub(crate) fn remaining(self) -> Duration {
        self.timeout.saturating_sub(self.started.elapsed())
    }
}

/// The retries of one request.
#[derive(Debug)]
pub(crate) struct Retries {
    safety: Safety,
    deadline: Deadline,
    /// The attempts of a tool call. The client counts in it that it sends the call, also if it does
    /// so again in a new session.
    attempts: Attempts,
    delays: ExponentialBackoff,
    /// The error of the first attempt that may have run.
    unknown: Option<Error>,
}

impl Retries {
    /// Creates the retries of a tool call. It is sent at most `1 + max_retries` times.
    pub(crate) fn of_call(safety: Safety, max_retries: usize, deadline: Deadline) -> Self {
        let backoff = ExponentialBuilder::default().with_jitter().with_min_delay(FIRST_DELAY);
        Self {
            safety,
            deadline,
            attempts: Attempts::at_most(max_retries.saturating_add(1)),
            delays: backoff.with_max_times(max_retries).build(),
            unknown: None,
        }
    }

    /// Creates the retries of a request that only reads.
    pub(crate) fn of_read(max_retries: usize) -> Self {
        Self::of_call(Safety::OnlyReads, max_retries, Deadline::new(READ_TIMEOUT))
    }

    /// Returns the attempts, which the client counts.
    pub(crate) fn attempts(&self) -> &Attempts {
        &self.attempts
    }

    /// Decides whether the request is sent again after this failure. If so, waits before that.
    pub(crate) async fn wait(&mut self, error: &Error) -> bool {
        if self.attempts.remaining() == 0 || !may_retry(error, self.safety) {
            return false;
        }
        let Some(delay) = self.delays.next() else { return false };
        let delay = error.retry_after().unwrap_or(delay);
        if delay > MAX_DELAY || delay >= self.deadline.remaining() {
            return false;
        }
        if !error.did_not_run() && self.unknown.is_none() {
            self.unknown = Some(error.clone());
        }
        time::sleep(delay).await;
        true
    }

    /// Returns the error for the caller after the last attempt. If one attempt may have run, the
    /// error never says that the request did not run.
    pub(crate) fn finish(self, error: Error) -> Error {
        match self.unknown {
            Some(unknown) => error.or_earlier(unknown),
            None => error,
        }
    }
}

/// Returns whether the request may be sent again after this failure.
fn may_retry(error: &Error, safety: Safety) -> bool {
    let (Error::Transport { kind, source, .. } | Error::OutcomeUnknown { kind, source, .. }) =
        error
    else {
        return false;
    };
    // The client has opened a new session already. A response of the server is final.
    if *kind == FailureKind::SessionLost || source.is_response() || !error.is_transient() {
        return false;
    }
    match (safety, kind) {
        (Safety::Trusted, _) => true,
        // The caller has waited for the whole timeout.
        (_, FailureKind::Timeout) => false,
        (Safety::MayChange, _) => error.did_not_run(),
        (Safety::OnlyReads, FailureKind::Closed) => false,
        (Safety::OnlyReads, _) => true,
    }
}
