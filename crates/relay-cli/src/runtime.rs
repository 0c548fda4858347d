//! Running what takes time, until it is done or the user has enough of it.

use std::time::Duration;

use anyhow::{Context, Result};
use relay::Relay;
use tokio::{runtime::Builder, signal, task, time};

use crate::output::{Exit, Printer};

/// How long to wait for servers to end their sessions.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs `work` until it is done or Ctrl-C is pressed.
pub(crate) fn run(work: impl Future<Output = Result<Exit>>) -> Result<Exit> {
    block_on(async { until_interrupted(work).await.unwrap_or(Ok(Exit::Interrupted)) })
}

/// The same, and prints what came of it with `print`; afterwards it ends the sessions of `relay`,
/// however it went.
///
/// `print` has its own thread: a reader who does not read must not keep Ctrl-C from being heard.
pub(crate) fn run_and_print<T: Send + 'static>(
    relay: &Relay,
    printer: &Printer,
    work: impl Future<Output = Result<T>>,
    print: impl FnOnce(T) -> Result<Exit> + Send + 'static,
) -> Result<Exit> {
    block_on(async {
        let work = async {
            let result = work.await?;
            task::spawn_blocking(move || print(result)).await?
        };
        let outcome = until_interrupted(work).await.unwrap_or(Ok(Exit::Interrupted));
        let closed = until_interrupted(time::timeout(CLOSE_TIMEOUT, relay.close())).await;
        // After one error it is of no interest that there is another.
        if let (Ok(Exit::Success), Some(Ok(Err(error)))) = (&outcome, closed) {
            printer.warn(format_args!("the session could not be ended: {error}"));
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
async fn until_interrupted<T>(work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        outcome = work => Some(outcome),
        Ok(()) = signal::ctrl_c() => None,
    }
}
