//! Runs asynchronous work until it completes or the user presses Ctrl-C.

use std::time::Duration;

use anyhow::{Context, Result};
use relay::Relay;
use tokio::{runtime::Builder, signal, task, time};

use crate::output::{Exit, Printer};

/// The longest wait for servers to end their sessions.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs `work` until it completes or the user presses Ctrl-C.
pub(crate) fn run(work: impl Future<Output = Result<Exit>>) -> Result<Exit> {
    block_on(async { until_interrupted(work).await.unwrap_or(Ok(Exit::Interrupted)) })
}

/// Runs `work` until it completes or the user presses Ctrl-C, and prints its result with `print`.
/// Then ends the sessions of `relay`, even after an error or Ctrl-C.
///
/// `print` runs on a separate thread, so that Ctrl-C works while writing to stdout blocks.
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
        // After an error, a failure to end the session is not reported.
        if let (Ok(Exit::Success), Some(Ok(Err(error)))) = (&outcome, closed) {
            printer.warn(format_args!("cannot end the session: {error}"));
        }
        outcome
    })
}

fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start the async runtime")?;
    let outcome = runtime.block_on(work);
    // After Ctrl-C, do not wait for a thread that is still printing.
    runtime.shutdown_background();
    outcome
}

/// Returns the outcome of `work`, or `None` if the user presses Ctrl-C first. Ctrl-C drops `work`,
/// which cancels it.
async fn until_interrupted<T>(work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        outcome = work => Some(outcome),
        Ok(()) = signal::ctrl_c() => None,
    }
}
