//! Time: let pass without sleeping, and not waited for without end.

use std::{pin::pin, time::Duration};

use futures_util::poll;
use tokio::{task, time};

/// How long a thing may take that has to happen.
const LONGEST: Duration = Duration::from_secs(10);

/// Lets time pass, all at once.
pub(crate) async fn pass(duration: Duration) {
    time::pause();
    time::advance(duration).await;
    time::resume();
}

/// Waits for what has to happen; where it does not, the test fails and does not hang.
pub(crate) async fn soon<T>(event: impl Future<Output = T>) -> T {
    time::timeout(LONGEST, event).await.expect("it has to happen")
}

/// Lets time pass in small steps until something has happened; tells how much has passed.
///
/// Between two steps there is room for all that takes no time. Where hours are not enough, the test
/// fails and does not hang.
pub(crate) async fn passing<T>(event: impl Future<Output = T>) -> (T, Duration) {
    const STEP: Duration = Duration::from_millis(50);
    const ROOM: usize = 300;
    let mut event = pin!(event);
    let start = time::Instant::now();
    while start.elapsed() < Duration::from_secs(3 * 60 * 60) {
        for _ in 0..ROOM {
            if let std::task::Poll::Ready(outcome) = poll!(event.as_mut()) {
                return (outcome, start.elapsed());
            }
            task::yield_now().await;
        }
        let long = start.elapsed() > Duration::from_secs(2 * 60);
        pass(if long { 100 * STEP } else { STEP }).await;
    }
    panic!("it has to happen");
}
