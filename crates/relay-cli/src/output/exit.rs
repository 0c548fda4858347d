//! Exit codes.

use std::process::ExitCode;

use relay::{Error, FailureKind};

use crate::input::UsageError;

/// The result of the program, as an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Success,
    Failure,
    Usage,
    Authorization,
    Tool,
    Transport,
    Interrupted,
}

impl Exit {
    /// Returns the exit of a program that fails with this error.
    pub(crate) fn from_error(error: &anyhow::Error) -> Self {
        match error.downcast_ref::<Error>() {
            Some(error) => Self::from_relay(error),
            None if error.downcast_ref::<UsageError>().is_some() => Self::Usage,
            None => error.downcast_ref().map_or(Self::Failure, Self::from_oauth),
        }
    }

    fn from_oauth(error: &mcp_oauth::Error) -> Self {
        use mcp_oauth::Error;
        match error {
            Error::SignInRequired { .. }
            | Error::ScopeNotGranted { .. }
            | Error::InvalidCallback { .. }
            | Error::SignInExpired { .. }
            | Error::ErrorResponse { .. } => Self::Authorization,
            Error::Unreachable { .. } => Self::Transport,
            Error::Configuration { .. }
            | Error::SignInUnavailable { .. }
            | Error::DeviceSignInUnavailable { .. } => Self::Usage,
            _ => Self::Failure,
        }
    }

    fn from_relay(error: &Error) -> Self {
        match error {
            Error::Authorization(_) => Self::Authorization,
            Error::Configuration { .. }
            | Error::UnknownTool { .. }
            | Error::InvalidArguments { .. } => Self::Usage,
            Error::Transport { kind, .. } | Error::OutcomeUnknown { kind, .. } => match kind {
                FailureKind::Blocked => Self::Usage,
                FailureKind::Unreachable
                | FailureKind::Timeout
                | FailureKind::Closed
                | FailureKind::SessionLost
                | FailureKind::TokenUnavailable
                | FailureKind::Status(_) => Self::Transport,
                _ => Self::Failure,
            },
            _ => Self::Failure,
        }
    }

    /// Returns the exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Authorization => 3,
            Self::Tool => 4,
            Self::Transport => 5,
            Self::Interrupted => 130,
        }
    }

    /// Returns the name of the kind of error, for JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Success => "done",
            Self::Failure => "failure",
            Self::Usage => "usage",
            Self::Authorization => "authorization",
            Self::Tool => "tool",
            Self::Transport => "transport",
            Self::Interrupted => "interrupted",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

#[cfg(test)]
mod tests {
    use mcp_oauth::SignInReason;
    use relay::mcp_http::Endpoint;

    use super::*;

    #[test]
    fn oauth_errors_have_exit_codes_by_kind() {
        let server = Endpoint::parse("https://mcp.example/mcp").unwrap();
        let url = "https://login.example/token".to_owned();
        let reason = || "no".to_owned();
        let required = SignInReason::NotSignedIn;
        for (error, code) in [
            (
                mcp_oauth::Error::SignInRequired {
                    server: server.clone(),
                    reason: required,
                    source: None,
                },
                3,
            ),
            (mcp_oauth::Error::ScopeNotGranted { server, scopes: Vec::new() }, 3),
            (mcp_oauth::Error::Unreachable { url, retry_after: None, source: reason().into() }, 5),
        ] {
            let shown = format!("{error:?}");
            assert_eq!(Exit::from_error(&error.into()).code(), code, "{shown}");
        }
    }
}
