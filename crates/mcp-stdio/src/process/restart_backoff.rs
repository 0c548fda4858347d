//! When a process that has ended is started anew.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::error::Error;

/// A process that has lived as long is a good one, whatever ended it.
const LASTING: Duration = Duration::from_secs(10);
/// The pause before the second restart in a row; each is twice as long as the one before.
const SHORTEST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(30);
/// The longest pause that a call waits out; a longer one fails it.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often in a row a process has ended, and when it may be started again.
#[derive(Debug, Default)]
pub(crate) struct Restarts {
    failures: u32,
    next: Option<(Instant, Error)>,
}

impl Restarts {
    /// Takes note of the end of a process that was not asked for. The first one in a row is forgiven
    /// at once: whoever starts it anew has nothing to wait for.
    pub(crate) fn ended(&mut self, lived: Duration, error: Error) {
        self.failures = if lived < LASTING { self.failures + 1 } else { 1 };
        let pause = match self.failures {
            1 => Duration::ZERO,
            many => LONGEST.min(SHORTEST * 2_u32.saturating_pow(many - 2)),
        };
        self.next = Some((Instant::now() + pause, error));
    }

    /// Waits until it may be started again.
    ///
    /// # Errors
    /// [`Error::Resting`] where that takes too long.
    pub(crate) async fn pause(&self, program: &str) -> Result<(), Error> {
        let Some((when, error)) = &self.next else { return Ok(()) };
        let wait = when.saturating_duration_since(Instant::now());
        if wait > PATIENCE {
            let (program, source) = (program.to_owned(), Box::new(error.clone()));
            return Err(Error::Resting { program, wait, source });
        }
        sleep(wait).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_until_a_process_lasts() {
        // N-STDIO-05
        let mut restarts = Restarts::default();
        let mut waited = Vec::new();
        for lived in [1, 1, 1, 1, 1, 20, 1] {
            restarts.ended(Duration::from_secs(lived), Error::Gone);
            let before = Instant::now();
            let wait = match restarts.pause("a").await {
                Err(Error::Resting { wait, .. }) => wait,
                outcome => outcome.map(|()| before.elapsed()).unwrap(),
            };
            waited.push(wait.as_millis());
        }
        assert_eq!(waited, [0, 250, 500, 1000, 2000, 0, 250]);
        for _ in 0..50 {
            restarts.ended(Duration::ZERO, Error::Gone);
        }
        let error = restarts.pause("a").await.unwrap_err();
        assert!(matches!(error, Error::Resting { wait: LONGEST, .. }), "{error}");
    }
}
