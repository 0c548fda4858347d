//! The delay before an exited process is started again.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::error::Error;

/// The uptime after which an exit no longer counts as a repeated failure.
const HEALTHY_UPTIME: Duration = Duration::from_secs(10);
/// The delay before the second consecutive restart. It doubles with each further one.
const INITIAL_DELAY: Duration = Duration::from_millis(250);
const MAX_DELAY: Duration = Duration::from_secs(30);
/// The maximum time that a call waits. If the delay is longer, the call fails.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// The number of consecutive failures of a process, and the time of its next start.
#[derive(Debug, Default)]
pub(crate) struct RestartBackoff {
    failures: u32,
    next_start: Option<(Instant, Error)>,
}

impl RestartBackoff {
    /// Records an exit that was not requested. After the first consecutive one, the process may be
    /// started again without a delay.
    pub(crate) fn record_exit(&mut self, uptime: Duration, error: Error) {
        self.failures = if uptime < HEALTHY_UPTIME { self.failures + 1 } else { 1 };
        let delay = match self.failures {
            1 => Duration::ZERO,
            many => MAX_DELAY.min(INITIAL_DELAY * 2_u32.saturating_pow(many - 2)),
        };
        self.next_start = Some((Instant::now() + delay, error));
    }

    /// Waits until the process may be started again.
    ///
    /// # Errors
    /// Returns [`Error::RestartBackoff`] if the delay is longer than a call waits.
    pub(crate) async fn wait(&self, program: &str) -> Result<(), Error> {
        let Some((when, error)) = &self.next_start else { return Ok(()) };
        let wait = when.saturating_duration_since(Instant::now());
        if wait > MAX_WAIT {
            let (program, source) = (program.to_owned(), Box::new(error.clone()));
            return Err(Error::RestartBackoff { program, wait, source });
        }
        sleep(wait).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn delays_grow_until_a_process_stays_up() {
        // N-STDIO-05
        let mut backoff = RestartBackoff::default();
        let mut waited = Vec::new();
        for uptime in [1, 1, 1, 1, 1, 20, 1] {
            backoff.record_exit(Duration::from_secs(uptime), Error::ProcessExited);
            let before = Instant::now();
            let wait = match backoff.wait("a").await {
                Err(Error::RestartBackoff { wait, .. }) => wait,
                outcome => outcome.map(|()| before.elapsed()).unwrap(),
            };
            waited.push(wait.as_millis());
        }
        assert_eq!(waited, [0, 250, 500, 1000, 2000, 0, 250]);
        for _ in 0..50 {
            backoff.record_exit(Duration::ZERO, Error::ProcessExited);
        }
        let error = backoff.wait("a").await.unwrap_err();
        assert!(matches!(error, Error::RestartBackoff { wait: MAX_DELAY, .. }), "{error}");
    }
}
