//! Paused time, and limits for waiting.

use std::{pin::pin, time::Duration};

use futures_util::poll;
use tokio::{task, time};

/// The time for which [`with_timeout`] waits.
const LIMIT: Duration = Duration::from_secs(10);

/// Advances the clock of Tokio by `duration` at once.
pub(crate) async fn advance_time(duration: Duration) {
    time::pause();
    time::advance(duration).await;
    time::resume();
}

/// Waits for `event` for at most ten seconds of real time. Panics if it does not complete.
pub(crate) async fn with_timeout<T>(event: impl Future<Output = T>) -> T {
    time::timeout(LIMIT, event).await.expect("it completes within the limit")
}

/// Advances the clock in small steps until `event` completes. Returns its output and the time that
/// has passed.
///
/// Between two steps, other tasks get many turns to run. Panics if `event` does not complete within
/// three hours of advanced time.
pub(crate) async fn advance_until<T>(event: impl Future<Output = T>) -> (T, Duration) {
    const STEP: Duration = Duration::from_millis(50);
    const TURNS: usize = 300;
    let mut event = pin!(event);
    let start = time::Instant::now();
    while start.elapsed() < Duration::from_secs(3 * 60 * 60) {
        for _ in 0..TURNS {
            if let std::task::Poll::Ready(outcome) = poll!(event.as_mut()) {
                return (outcome, start.elapsed());
            }
            task::yield_now().await;
        }
        let long = start.elapsed() > Duration::from_secs(2 * 60);
        advance_time(if long { 100 * STEP } else { STEP }).await;
    }
    panic!("it completes within the limit");
}
