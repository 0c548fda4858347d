//! The client that the official conformance suite judges.
//!
//! The suite starts it once for each scenario, with the URL of the server that it plays. Whatever
//! the protocol demands, the library does; here is only what an application would ask it for.

mod arguments;
mod flows;
mod person;
mod task;
mod tokens;
mod user;

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::timeout;

use crate::task::Task;

/// The time for a scenario; the suite gives up after 30 seconds, and says less about it.
const LIMIT: Duration = Duration::from_secs(20);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let task = Task::read()?;
    match timeout(LIMIT, flows::run(&task)).await {
        Ok(outcome) => outcome,
        Err(_) => bail!("{} is not over after {LIMIT:?}", task.scenario),
    }
}
