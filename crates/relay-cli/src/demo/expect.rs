//! What the steps of the demo expect of an outcome.

use anyhow::{Result, anyhow, bail, ensure};
use relay::{Authorization, Error, Reason, Tools};

/// The refusal that the outcome has to be.
pub(crate) fn expect_authorization_error<T>(
    outcome: Result<T, Error>,
    reason: Reason,
) -> Result<Authorization> {
    match outcome {
        Err(Error::Authorization(refused)) => {
            let found = refused.unauthorized.reason;
            ensure!(found == reason, "the reason is {found:?}, not {reason:?}");
            Ok(*refused)
        }
        Err(error) => Err(anyhow!(error).context("it is another error")),
        Ok(_) => bail!("it was not refused"),
    }
}

/// Fails unless these are the tools, by the server's names.
pub(crate) fn expect_tools(tools: &Tools, expected: &[&str]) -> Result<()> {
    let names = tool_names(tools);
    ensure!(names == expected, "the tools are {names:?}, not {expected:?}");
    Ok(())
}

/// The server's names of the tools.
pub(crate) fn tool_names(tools: &Tools) -> Vec<String> {
    tools.iter().map(|tool| tool.definition().name.clone()).collect()
}
