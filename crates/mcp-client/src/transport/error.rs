//! Errors of a transport.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use bytes::Bytes;

/// An error of any type, used as a source.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// An error of a transport: its kind, and the transport's own error.
///
/// Displays as the transport's own error, and has the same [`source`](StdError::source).
/// [`get_ref`](Self::get_ref) returns the own error itself.
#[derive(Clone)]
pub struct TransportError {
    kind: TransportErrorKind,
    body: Bytes,
    retry_after: Option<Duration>,
    /// Overrides what the kind implies: true if the request cannot have run.
    did_not_run: Option<bool>,
    error: Arc<dyn StdError + Send + Sync>,
}

/// The kind of a transport error. It shows how to handle the error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The server requires credentials, or rejects those of the request. The request did not run, unless the
    /// transport [marked](TransportError::mark_may_have_run) that it may have.
    Unauthorized,
    /// The server no longer knows the session. The request did not run, unless the transport
    /// [marked](TransportError::mark_may_have_run) that it may have.
    SessionEnded,
    /// The transport did not send the message because of its configuration or for safety.
    Blocked,
    /// The transport cannot get the credentials for the request at the moment. The request did not
    /// run.
    CredentialsUnavailable,
    /// The transport cannot connect to the server.
    Unreachable,
    /// The connection closed before the response was complete.
    Interrupted,
    /// The server responded with this HTTP status.
    Status(u16),
    /// The server violated the rules of the transport.
    Protocol,
    /// The server sent a message that is larger than allowed.
    TooLarge,
}

impl TransportError {
    /// Creates an error of this kind. `error` is the transport's own error.
    pub fn new(kind: TransportErrorKind, error: impl Into<BoxError>) -> Self {
        let (body, error) = (Bytes::new(), error.into().into());
        Self { kind, body, retry_after: None, did_not_run: None, error }
    }

    /// Sets the body of the failed response, which may be a JSON-RPC error.
    #[must_use]
    pub fn with_body(self, body: Bytes) -> Self {
        Self { body, ..self }
    }

    /// Marks the error as one that happened before the caller's request was sent.
    pub(crate) fn while_opening(self) -> Self {
        Self { did_not_run: Some(true), ..self }
    }

    /// Marks that the server had started to process the request. The request may then have
    /// run, whatever the kind of the error.
    #[must_use]
    pub fn mark_may_have_run(self) -> Self {
        Self { did_not_run: Some(false), ..self }
    }

    /// Returns `true` if the error is marked by [`mark_may_have_run`](Self::mark_may_have_run).
    pub(crate) fn may_have_run(&self) -> bool {
        self.did_not_run == Some(false)
    }

    pub(crate) fn failed_while_opening(&self) -> bool {
        self.did_not_run == Some(true)
    }

    /// Returns the kind of the error.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Returns the body of the failed response. Empty if there was none.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Sets how long the server asks the client to wait before the next request.
    #[must_use]
    pub fn with_retry_after(self, retry_after: Option<Duration>) -> Self {
        Self { retry_after, ..self }
    }

    /// Returns how long the server asks the client to wait before the next request, if it does.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Returns the transport's own error.
    pub fn get_ref(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.error
    }

    /// Returns `true` if the request cannot have run. Sending it again then cannot run it twice.
    pub fn did_not_run(&self) -> bool {
        use TransportErrorKind as Kind;
        if let Some(did_not_run) = self.did_not_run {
            return did_not_run;
        }
        match self.kind {
            Kind::Unauthorized
            | Kind::SessionEnded
            | Kind::Blocked
            | Kind::CredentialsUnavailable
            | Kind::Unreachable => true,
            Kind::Status(status) => is_rejected_as_busy(status, self.retry_after),
            Kind::Interrupted | Kind::Protocol | Kind::TooLarge => false,
        }
    }
}

/// Returns `true` if a server or a gateway did not start a request because it is too busy. This is
/// the client's own rule: HTTP does not say so, but a `Retry-After` asks for the same request again.
pub(crate) fn is_rejected_as_busy(status: u16, retry_after: Option<Duration>) -> bool {
    matches!(status, 429 | 503) && retry_after.is_some()
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

/// Shows only the length of the body.
impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportError")
            .field("kind", &self.kind)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .field("retry_after", &self.retry_after)
            .field("did_not_run", &self.did_not_run)
            .field("error", &self.error)
            .finish()
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
    fn a_marked_request_may_have_run() {
        use TransportErrorKind as Kind;
        for kind in [Kind::Unauthorized, Kind::SessionEnded, Kind::Blocked, Kind::Unreachable] {
            let error = TransportError::new(kind, "failed");
            assert!(error.did_not_run() && !error.may_have_run());
            let error = error.mark_may_have_run();
            assert!(!error.did_not_run() && error.may_have_run());
            // An error of `initialize`: the caller's request has not been sent.
            assert!(error.while_opening().did_not_run());
        }
    }
}
