//! Temporary errors, after which the user need not sign in again.

use mcp_http::{TokenUnavailable, mcp_client::BoxError};

use super::record::InvalidRecord;
use crate::error::Error;

impl Error {
    /// Returns `true` if the same operation may succeed later.
    pub fn is_temporary(&self) -> bool {
        let passing = ["temporarily_unavailable", "server_error", "slow_down"];
        match self {
            Self::Unreachable { .. } => true,
            Self::ErrorResponse { error, .. } => passing.contains(&error.as_str()),
            // Only a sign-in replaces a record that cannot be read.
            Self::Store { source } => !source.is::<InvalidRecord>(),
            Self::Assertion { source } => source.downcast_ref().is_some_and(Self::is_temporary),
            _ => false,
        }
    }

    /// Converts the error for the transport, which must not require a sign-in after a temporary
    /// failure.
    pub(crate) fn into_token_source_error(self) -> BoxError {
        match self.is_temporary() {
            true => {
                let retry_after = self.retry_after();
                TokenUnavailable::new(self).with_retry_after(retry_after).into()
            }
            false => self.into(),
        }
    }
}
