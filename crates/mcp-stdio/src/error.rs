//! The error type of this crate, and its conversion.

use std::{fmt, io, process::ExitStatus, sync::Arc, time::Duration};

use mcp_client::{TransportError, TransportErrorKind, TruncatedLines};

/// An error of the stdio transport or the line transport.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The program cannot be started, for example because it does not exist or is not executable.
    #[error("cannot start \"{program}\"")]
    Spawn {
        /// The program, without its arguments.
        program: String,
        /// The error of the operating system.
        source: Arc<io::Error>,
    },

    /// The process exited or was shut down.
    #[error("\"{program}\" {reason} before {}{stderr}", RequestStatus(*.sent))]
    Exited {
        /// The program, without its arguments.
        program: String,
        /// The reason for the exit.
        reason: ExitReason,
        /// True if the request had been sent. Its outcome is then unknown. False if it did not run.
        sent: bool,
        /// The last 64 KiB that the process wrote to stderr. The secrets that it was given are
        /// redacted.
        stderr: StderrTail,
    },

    /// The process has exited repeatedly. It is started again only after a delay.
    #[error("\"{program}\" exits repeatedly; next start in {wait:.1?}")]
    RestartBackoff {
        /// The program, without its arguments.
        program: String,
        /// The time until the process may be started again.
        wait: Duration,
        /// The error of the last exit.
        source: Box<Error>,
    },

    /// The process of the session has exited.
    #[error("the server process of this session has exited")]
    ProcessExited,

    /// The server sent a line that is longer than the limit.
    #[error("the server sent a line of more than {limit} bytes")]
    LineTooLong {
        /// The limit, in bytes.
        limit: usize,
    },

    /// The client or the server closed the connection.
    #[error("connection closed before {}", RequestStatus(*.sent))]
    Closed {
        /// True if the request had been sent. Its outcome is then unknown. False if it did not run.
        sent: bool,
    },
}

/// The reason why a process exited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExitReason {
    /// The process exited, or something else killed it.
    Exited(ExitStatus),
    /// The process closed its stdin or stdout, and was shut down for that reason.
    ClosedStdio,
    /// The transport shut the process down, because of a `close` or the idle timeout.
    ShutDown,
}

impl Error {
    /// Returns the last 64 KiB that an exited process wrote to stderr. Returns `None` if the error
    /// is not about an exited process.
    pub fn stderr(&self) -> Option<&str> {
        match self {
            Self::Exited { stderr, .. } => Some(stderr.as_str()),
            Self::RestartBackoff { source, .. } => source.stderr(),
            _ => None,
        }
    }

    fn kind(&self) -> TransportErrorKind {
        use TransportErrorKind as Kind;
        match self {
            Self::Spawn { source, .. } => match source.kind() {
                io::ErrorKind::NotFound
                | io::ErrorKind::PermissionDenied
                | io::ErrorKind::InvalidInput
                | io::ErrorKind::NotADirectory => Kind::Blocked,
                _ => Kind::Unreachable,
            },
            Self::Exited { sent: true, .. } | Self::Closed { sent: true } => Kind::Interrupted,
            Self::Exited { sent: false, .. } | Self::ProcessExited => Kind::SessionEnded,
            Self::RestartBackoff { .. } | Self::Closed { sent: false } => Kind::Unreachable,
            Self::LineTooLong { .. } => Kind::TooLarge,
        }
    }
}

impl From<Error> for TransportError {
    fn from(error: Error) -> Self {
        let wait = match &error {
            Error::RestartBackoff { wait, .. } => Some(*wait),
            _ => None,
        };
        Self::new(error.kind(), error).with_retry_after(wait)
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(status) => write!(f, "exited ({status})"),
            Self::ClosedStdio => f.write_str("closed its stdin or stdout"),
            Self::ShutDown => f.write_str("was shut down"),
        }
    }
}

/// Displays whether a request was sent.
struct RequestStatus(bool);

impl fmt::Display for RequestStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            true => "a response arrived; the outcome is unknown",
            false => "the request was sent; it did not run",
        })
    }
}

/// The last 64 KiB that a process wrote to stderr.
///
/// `Display` writes the last 10 lines, or nothing if there are none. `Debug` writes the length.
#[derive(Clone, PartialEq, Eq)]
pub struct StderrTail(pub(crate) Arc<str>);

impl StderrTail {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the last lines that are not empty.
    fn last_lines(&self) -> String {
        let lines = self.0.lines().rev().filter(|line| !line.trim().is_empty());
        let mut lines: Vec<_> = lines.take(TruncatedLines::MAX_LINES).collect();
        lines.reverse();
        lines.join("\n")
    }
}

impl fmt::Display for StderrTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.last_lines() {
            none if none.is_empty() => Ok(()),
            lines => write!(f, "; last lines of stderr:\n  {}", TruncatedLines(&lines)),
        }
    }
}

impl fmt::Debug for StderrTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StderrTail({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exited_error_shows_the_reason_and_the_last_stderr_lines() {
        let stderr: String = (0..20).map(|n| format!("line {n}\n\n")).collect();
        let error = Error::Exited {
            program: "npx".to_owned(),
            reason: ExitReason::ClosedStdio,
            sent: true,
            stderr: StderrTail(stderr.clone().into()),
        };
        let shown = error.to_string();
        let expected = "\"npx\" closed its stdin or stdout before a response arrived; the outcome \
                        is unknown; last lines of stderr:\n  line 10\n  line 11\n";
        assert!(shown.starts_with(expected) && shown.ends_with("\n  line 19"), "{shown}");
        assert_eq!(error.stderr(), Some(&*stderr));
        let error = TransportError::from(error);
        assert_eq!((error.kind(), error.did_not_run()), (TransportErrorKind::Interrupted, false));
    }

    #[test]
    fn errors_before_sending_mean_that_the_request_did_not_run() {
        for error in [
            Error::Closed { sent: false },
            Error::ProcessExited,
            Error::Spawn {
                program: "a".to_owned(),
                source: Arc::new(io::ErrorKind::NotFound.into()),
            },
            Error::Exited {
                program: "a".to_owned(),
                reason: ExitReason::ShutDown,
                sent: false,
                stderr: StderrTail("".into()),
            },
        ] {
            assert!(TransportError::from(error.clone()).did_not_run(), "{error}");
        }
    }
}
