//! Checks that the steps of the demo have the expected outcomes.

use anyhow::{Result, anyhow, bail, ensure};
use relay::{AuthorizationError, Error, ServerTools, UnauthorizedReason};

/// Returns the authorization error of `outcome`.
///
/// # Errors
/// Returns an error if `outcome` is anything else, or if the reason is not `reason`.
pub(crate) fn expect_authorization_error<T>(
    outcome: Result<T, Error>,
    reason: UnauthorizedReason,
) -> Result<AuthorizationError> {
    match outcome {
        Err(Error::Authorization(authorization)) => {
            let found = authorization.unauthorized.reason;
            ensure!(found == reason, "expected the reason {reason:?}, got {found:?}");
            Ok(*authorization)
        }
        Err(error) => Err(anyhow!(error).context("expected an authorization error")),
        Ok(_) => bail!("expected an authorization error, but the request succeeded"),
    }
}

/// Checks the names of the tools on the server.
///
/// # Errors
/// Returns an error if the names differ from `expected`.
pub(crate) fn expect_tools(tools: &ServerTools, expected: &[&str]) -> Result<()> {
    let names = tool_names(tools);
    ensure!(names == expected, "expected the tools {expected:?}, got {names:?}");
    Ok(())
}

/// Returns the names of the tools on the server.
pub(crate) fn tool_names(tools: &ServerTools) -> Vec<String> {
    tools.iter().map(|tool| tool.definition().name.clone()).collect()
}
