//! Failures of a transport.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use bytes::Bytes;

/// An error of any type, as the source of one of ours.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// A failure below the protocol: what kind it is, and the transport's own error.
///
/// Display and [`source`](StdError::source) are those of the transport's own error, which
/// [`get_ref`](Self::get_ref) gives whole.
#[derive(Debug, Clone)]
pub struct TransportError {
    kind: TransportErrorKind,
    body: Bytes,
    retry_after: Option<Duration>,
    /// Whether the caller's request surely did not run, where the kind does not tell.
    did_not_run: Option<bool>,
    error: Arc<dyn StdError + Send + Sync>,
}

/// What kind of failure it is, and so what can be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The server wants credentials, or better ones. The request did not run, unless it was
    /// [taken](TransportError::mark_may_have_run) before.
    Unauthorized,
    /// The server no longer knows the session. The request did not run, unless it was
    /// [taken](TransportError::mark_may_have_run) before.
    SessionEnded,
    /// The transport refused to send, for a reason of configuration or safety.
    Blocked,
    /// No connection could be made.
    Unreachable,
    /// The connection broke, or ended before the answer.
    Interrupted,
    /// The server answered with this HTTP status.
    Status(u16),
    /// What the server sent is not what the transport's rules allow.
    Protocol,
    /// What the server sent is larger than allowed.
    TooLarge,
}

impl TransportError {
    /// An error of `kind`, told in full by the transport's own `error`.
    pub fn new(kind: TransportErrorKind, error: impl Into<BoxError>) -> Self {
        let (body, error) = (Bytes::new(), error.into().into());
        Self { kind, body, retry_after: None, did_not_run: None, error }
    }

    /// Adds the body that came with the failure, which may hold a JSON-RPC error.
    #[must_use]
    pub fn with_body(self, body: Bytes) -> Self {
        Self { body, ..self }
    }

    /// The same for a request that had to wait for the conversation to be opened.
    pub(crate) fn while_opening(self) -> Self {
        Self { did_not_run: Some(true), ..self }
    }

    /// The same for a request that the server had taken before: whatever the kind, it may have run.
    #[must_use]
    pub fn mark_may_have_run(self) -> Self {
        Self { did_not_run: Some(false), ..self }
    }

    /// Returns whether the server had taken the request before.
    pub(crate) fn was_taken(&self) -> bool {
        self.did_not_run == Some(false)
    }

    pub(crate) fn failed_while_opening(&self) -> bool {
        self.did_not_run == Some(true)
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// The body that came with the failure; empty if there was none.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Adds how long the server asks to wait before the next request.
    #[must_use]
    pub fn with_retry_after(self, retry_after: Option<Duration>) -> Self {
        Self { retry_after, ..self }
    }

    /// How long the server asks to wait before the next request, if it does.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The transport's own error.
    pub fn get_ref(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.error
    }

    /// Whether the request surely did not run, so that sending it again cannot run it twice.
    pub fn did_not_run(&self) -> bool {
        use TransportErrorKind as Kind;
        if let Some(did_not_run) = self.did_not_run {
            return did_not_run;
        }
        match self.kind {
            Kind::Unauthorized | Kind::SessionEnded | Kind::Blocked | Kind::Unreachable => true,
            Kind::Interrupted | Kind::Status(_) | Kind::Protocol | Kind::TooLarge => false,
        }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.error.source()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_was_taken_may_have_run() {
        use TransportErrorKind as Kind;
        for kind in [Kind::Unauthorized, Kind::SessionEnded, Kind::Blocked, Kind::Unreachable] {
            let error = TransportError::new(kind, "refused");
            assert!(error.did_not_run() && !error.was_taken());
            let error = error.mark_may_have_run();
            assert!(!error.did_not_run() && error.was_taken());
            // Of `initialize`: what the caller wanted to call has not been sent.
            assert!(error.while_opening().did_not_run());
        }
    }
}
