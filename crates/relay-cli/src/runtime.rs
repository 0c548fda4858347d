//! Running what takes time, until it is done or the user has enough of it.

use std::time::Duration;

use anyhow::{Context, Result};
use relay::Relay;
use tokio::{runtime::Builder, signal, task, time};

use crate::output::{Exit, Output};

/// How long to wait for servers to end their sessions.
const GOODBYE: Duration = Duration::from_secs(5);

/// Runs `work` until it is done or Ctrl-C is pressed.
pub(crate) fn run(work: impl Future<Output = Result<Exit>>) -> Result<Exit> {
    block_on(async { interruptible(work).await.unwrap_or(Ok(Exit::Interrupted)) })
}

/// The same, and prints what came of it with `show`; afterwards it ends the sessions of `relay`,
/// however it went.
///
/// `show` has its own thread: a reader who does not read must not keep Ctrl-C from being heard.
pub(crate) fn run_with<T: Send + 'static>(
    relay: &Relay,
    output: &Output,
    work: impl Future<Output = Result<T>>,
    show: impl FnOnce(T) -> Result<Exit> + Send + 'static,
) -> Result<Exit> {
    block_on(async {
        let work = async {
            let found = work.await?;
            task::spawn_blocking(move || show(found)).await?
        };
        let outcome = interruptible(work).await.unwrap_or(Ok(Exit::Interrupted));
        let closed = interruptible(time::timeout(GOODBYE, relay.close())).await;
        // After one error it is of no interest that there is another.
        if let (Ok(Exit::Done), Some(Ok(Err(error)))) = (&outcome, closed) {
            output.warn(format_args!("the session could not be ended: {error}"));
        }
        outcome
    })
}

fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("the asynchronous runtime cannot be started")?;
    let outcome = runtime.block_on(work);
    // Not even for what is still being printed after Ctrl-C is it waited.
    runtime.shutdown_background();
    outcome
}

/// The outcome of `work`, or nothing when Ctrl-C is pressed first. What is under way is dropped
/// then, which cancels it.
async fn interruptible<T>(work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        outcome = work => Some(outcome),
        Ok(()) = signal::ctrl_c() => None,
    }
}
