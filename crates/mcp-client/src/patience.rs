//! How long a call is waited for.

use std::{
    pin::{Pin, pin},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use futures_util::future::{Either, select};
use tokio::time::{Instant, sleep_until};

/// The clock of a call: it runs out a while after the last sign of life, and in any case at the end
/// (MCP basic/lifecycle, "Timeouts").
#[derive(Debug)]
pub(crate) struct Patience {
    began: Instant,
    /// Milliseconds from the beginning to the last sign of life.
    alive: AtomicU64,
    request: Duration,
    total: Duration,
}

impl Patience {
    /// Waits `request` from each sign of life on, and `total` in all.
    pub(crate) fn new(request: Duration, total: Duration) -> Self {
        Self { began: Instant::now(), alive: AtomicU64::new(0), request, total }
    }

    /// There is a sign of life.
    pub(crate) fn renew(&self) {
        let passed = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.alive.store(passed, Ordering::Relaxed);
    }

    /// Does the work, unless time runs out: then it gives the limit that was met.
    ///
    /// The work is borrowed, for a future that is given away is there twice.
    pub(crate) async fn lasts<T>(
        &self,
        mut work: Pin<&mut impl Future<Output = T>>,
    ) -> Result<T, Duration> {
        let (mut end, mut limit) = self.end();
        let mut alarm = pin!(sleep_until(end));
        loop {
            match select(work.as_mut(), alarm.as_mut()).await {
                Either::Left((done, _)) => return Ok(done),
                Either::Right(_) if self.end().0 <= end => return Err(limit),
                Either::Right(_) => (end, limit) = self.end(),
            }
            alarm.as_mut().reset(end);
        }
    }

    /// When time runs out as things stand, and by which limit.
    fn end(&self) -> (Instant, Duration) {
        let alive = self.began + Duration::from_millis(self.alive.load(Ordering::Relaxed));
        let (request, total) = (later(alive, self.request), later(self.began, self.total));
        if request < total { (request, self.request) } else { (total, self.total) }
    }
}

/// The moment after a while, or one that is as good as never.
fn later(from: Instant, duration: Duration) -> Instant {
    const NEVER: Duration = Duration::from_secs(60 * 60 * 24 * 365);
    from + duration.min(NEVER)
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::{advance, sleep};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn signs_of_life_extend_the_wait_but_not_beyond_the_total() {
        // LIFE-13, LIFE-14
        let patience = Patience::new(2 * SECOND, 5 * SECOND);
        let work = async {
            loop {
                sleep(SECOND).await;
                patience.renew();
            }
        };
        let began = Instant::now();
        assert_eq!(patience.lasts::<()>(pin!(work)).await, Err(5 * SECOND));
        assert_eq!(began.elapsed(), 5 * SECOND);

        let patience = Patience::new(2 * SECOND, 5 * SECOND);
        assert_eq!(patience.lasts(pin!(pending::<()>())).await, Err(2 * SECOND));
        let patience = Patience::new(2 * SECOND, Duration::MAX);
        advance(SECOND).await;
        assert_eq!(patience.lasts(pin!(async { 7 })).await, Ok(7));
    }
}
