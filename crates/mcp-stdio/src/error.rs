//! The one error type of this crate.

use std::{fmt, io, process::ExitStatus, sync::Arc, time::Duration};

use mcp_client::{TransportError, TransportErrorKind, Truncated};

/// Why a server that is spoken to in lines could not be reached, or gave no answer.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The program cannot be started: there is none, or it is not allowed.
    #[error("`{program}` cannot be started")]
    Spawn {
        /// The program, without its arguments.
        program: String,
        /// What the system says.
        source: Arc<io::Error>,
    },

    /// The process ended, or had to be.
    #[error("`{program}` {end} before {}{}", Outcome(*.sent), StderrTail(.stderr))]
    Exited {
        /// The program, without its arguments.
        program: String,
        /// How it ended.
        end: ExitReason,
        /// Whether the request was sent before, so that its outcome is unknown; else it did not run.
        sent: bool,
        /// The last 64 KiB that it wrote to stderr, without the secrets that it was given.
        stderr: Arc<str>,
    },

    /// The process has ended again and again, and is left alone for a while.
    #[error("`{program}` ends again and again; it is started anew in {wait:.1?}")]
    RestartBackoff {
        /// The program, without its arguments.
        program: String,
        /// How long until it is started anew.
        wait: Duration,
        /// How it ended last.
        source: Box<Error>,
    },

    /// The process that the message was for is there no more.
    #[error("the process that the message was for has ended")]
    ProcessGone,

    /// The server sent a line that is longer than allowed.
    #[error("the server sent a line of more than {limit} bytes")]
    LineTooLong {
        /// What is allowed.
        limit: usize,
    },

    /// The connection was closed, on this side or the other.
    #[error("the connection was closed before {}", Outcome(*.sent))]
    Closed {
        /// Whether the request was sent before, so that its outcome is unknown; else it did not run.
        sent: bool,
    },
}

/// How a process came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExitReason {
    /// By itself, or killed from elsewhere.
    Exited(ExitStatus),
    /// It closed its input or output, and was ended for that.
    ClosedStdio,
    /// It was shut down from here: by a `close`, or because nobody had used it for long.
    ShutDown,
}

impl Error {
    /// What the server had written to stderr before it ended: the last 64 KiB.
    pub fn stderr(&self) -> Option<&str> {
        match self {
            Self::Exited { stderr, .. } => Some(stderr),
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
            Self::Exited { sent: false, .. } | Self::ProcessGone => Kind::SessionEnded,
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
            Self::Exited(status) => write!(f, "ended ({status})"),
            Self::ClosedStdio => f.write_str("closed its stdin or stdout"),
            Self::ShutDown => f.write_str("was shut down"),
        }
    }
}

/// Says what became of a request.
struct Outcome(bool);

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            true => "it answered: outcome unknown",
            false => "the request was sent: it did not run",
        })
    }
}

/// Shows the last lines of what a process wrote.
struct StderrTail<'a>(&'a str);

impl fmt::Display for StderrTail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAX_LINES: usize = 8;
        let mut lines: Vec<_> =
            self.0.lines().rev().filter(|line| !line.trim().is_empty()).take(MAX_LINES).collect();
        lines.reverse();
        if !lines.is_empty() {
            f.write_str("; the end of its stderr:")?;
        }
        lines.into_iter().try_for_each(|line| write!(f, "\n  {}", Truncated(line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ended_error_shows_how_it_ended_and_the_last_stderr_lines() {
        let stderr: String = (0..20).map(|n| format!("line {n}\n\n")).collect();
        let error = Error::Exited {
            program: "npx".to_owned(),
            end: ExitReason::ClosedStdio,
            sent: true,
            stderr: stderr.clone().into(),
        };
        let shown = error.to_string();
        let begin = "`npx` closed its stdin or stdout before it answered: outcome unknown; \
                     the end of its stderr:\n  line 12\n  line 13\n";
        assert!(shown.starts_with(begin) && shown.ends_with("\n  line 19"), "{shown}");
        assert_eq!(error.stderr(), Some(&*stderr));
        let error = TransportError::from(error);
        assert_eq!((error.kind(), error.did_not_run()), (TransportErrorKind::Interrupted, false));
    }

    #[test]
    fn errors_before_sending_mean_that_the_request_did_not_run() {
        for error in [
            Error::Closed { sent: false },
            Error::ProcessGone,
            Error::Spawn {
                program: "a".to_owned(),
                source: Arc::new(io::ErrorKind::NotFound.into()),
            },
            Error::Exited {
                program: "a".to_owned(),
                end: ExitReason::ShutDown,
                sent: false,
                stderr: "".into(),
            },
        ] {
            assert!(TransportError::from(error.clone()).did_not_run(), "{error}");
        }
    }
}
