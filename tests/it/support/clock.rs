//! Time: let pass without sleeping, and not waited for without end.

use std::time::Duration;

use tokio::time;

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
