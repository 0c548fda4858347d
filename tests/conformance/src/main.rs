//! The client that the official conformance suite tests.
//!
//! The suite starts it once for each scenario, with the URL of its server. The library implements
//! the protocol. This program contains only the part of the application.

mod scenarios;
mod tool_arguments;
mod token_source;
mod sign_in;
mod handler;
mod test_case;

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::timeout;

use crate::test_case::TestCase;

/// The time limit of a scenario. It is shorter than the 30 seconds of the suite, because the message of
/// this program is more precise.
const LIMIT: Duration = Duration::from_secs(20);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let case = TestCase::read()?;
    match timeout(LIMIT, scenarios::run(&case)).await {
        Ok(outcome) => outcome,
        Err(_) => bail!("{} timed out after {LIMIT:?}", case.scenario),
    }
}
