//! How long a call is waited for.

use std::{
    pin::{Pin, pin},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::{Either, select};
use tokio::{
    task::unconstrained,
    time::{Instant, sleep_until},
};

/// The clock of a call: it runs out a while after the last sign of life, and in any case at the end
/// (MCP basic/lifecycle, "Timeouts").
#[derive(Debug)]
pub(crate) struct Patience {
    began: Instant,
    /// Made when there is something to tell of it, which is rare.
    own: OnceLock<Arc<Pulse>>,
    /// That of work which is for this call perhaps.
    shared: Option<Arc<Pulse>>,
    request: Duration,
    total: Duration,
}

/// Signs of life.
#[derive(Debug)]
pub(crate) struct Pulse {
    began: Instant,
    /// Milliseconds from the beginning to the last beat.
    last: AtomicU64,
    /// How many are at work, and so beat all the time.
    at_work: AtomicUsize,
}

/// While it lives, somebody is at work.
#[derive(Debug)]
pub(crate) struct AtWork(Arc<Pulse>);

impl Default for Pulse {
    fn default() -> Self {
        Self { began: Instant::now(), last: AtomicU64::new(0), at_work: AtomicUsize::new(0) }
    }
}

impl Pulse {
    /// Begins work: until it is done, nobody loses patience.
    pub(crate) fn work(self: &Arc<Self>) -> AtWork {
        self.at_work.fetch_add(1, Ordering::Relaxed);
        AtWork(Arc::clone(self))
    }

    fn beat(&self) {
        let passed = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(passed, Ordering::Relaxed);
    }

    fn last(&self) -> Instant {
        match self.at_work.load(Ordering::Relaxed) {
            0 => self.began + Duration::from_millis(self.last.load(Ordering::Relaxed)),
            _ => Instant::now(),
        }
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.beat();
        self.0.at_work.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Patience {
    /// Waits `request` from each sign of life on, and `total` in all.
    pub(crate) fn new(request: Duration, total: Duration) -> Self {
        Self { began: Instant::now(), own: OnceLock::new(), shared: None, request, total }
    }

    /// The same, with signs of life from elsewhere.
    pub(crate) fn with(self, shared: &Arc<Pulse>) -> Self {
        Self { shared: Some(Arc::clone(shared)), ..self }
    }

    /// The signs of life of this call alone.
    pub(crate) fn pulse(&self) -> &Arc<Pulse> {
        self.own.get_or_init(Arc::default)
    }

    /// There is a sign of life.
    pub(crate) fn renew(&self) {
        self.pulse().beat();
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
            // Work that is always ready leaves nothing of the task's budget to an alarm that needs it.
            match select(work.as_mut(), unconstrained(alarm.as_mut())).await {
                Either::Left((done, _)) => return Ok(done),
                Either::Right(_) if self.end().0 <= end => return Err(limit),
                Either::Right(_) => (end, limit) = self.end(),
            }
            alarm.as_mut().reset(end);
        }
    }

    /// When time runs out as things stand, and by which limit.
    fn end(&self) -> (Instant, Duration) {
        let pulses = self.own.get().into_iter().chain(&self.shared);
        let alive = pulses.map(|pulse| pulse.last()).fold(self.began, Instant::max);
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

    use tokio::{
        task::consume_budget,
        time::{advance, sleep},
    };

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

    #[tokio::test(start_paused = true)]
    async fn while_somebody_is_at_work_only_the_total_counts() {
        for elsewhere in [false, true] {
            let shared = Arc::default();
            let patience = Patience::new(2 * SECOND, 20 * SECOND).with(&shared);
            let pulse = if elsewhere { &shared } else { patience.pulse() };
            let began = Instant::now();
            let work = async {
                sleep(SECOND).await;
                let at_work = pulse.work();
                sleep(6 * SECOND + SECOND / 2).await;
                drop(at_work);
                pending::<()>().await;
            };
            assert_eq!(patience.lasts(pin!(work)).await, Err(2 * SECOND));
            assert_eq!(began.elapsed(), 9 * SECOND + SECOND / 2);
        }
        let patience = Patience::new(2 * SECOND, 5 * SECOND);
        let _at_work = patience.pulse().work();
        assert_eq!(patience.lasts(pin!(pending::<()>())).await, Err(5 * SECOND));
    }

    #[tokio::test(start_paused = true)]
    async fn time_runs_out_for_work_that_never_rests() {
        // LIFE-13: as a stream whose messages come faster than they are read
        let patience = Patience::new(SECOND, 5 * SECOND);
        let work = async {
            advance(2 * SECOND).await;
            for _ in 0..100_000 {
                consume_budget().await;
            }
        };
        assert_eq!(patience.lasts(pin!(work)).await, Err(SECOND));
    }
}
