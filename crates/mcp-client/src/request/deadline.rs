//! The deadline of a call. Activity extends it.

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

use crate::transport::{LastFailure, TransportError};

/// The deadline of a call: a timeout since the last activity, and a total timeout (MCP
/// basic/lifecycle, "Timeouts").
#[derive(Debug)]
pub(crate) struct Deadline {
    started: Instant,
    /// The activity of this call. Created on first use, which is rare.
    own: OnceLock<Arc<Activity>>,
    /// Activity that may belong to this call or to another one.
    shared: Option<Arc<Activity>>,
    /// The last failure of the connection. Created on first use.
    last_failure: OnceLock<LastFailure>,
    request: Duration,
    total: Duration,
}

/// Activity that extends deadlines.
#[derive(Debug)]
pub(crate) struct Activity {
    started: Instant,
    /// The time of the last activity, in milliseconds since the start.
    last: AtomicU64,
    /// The number of active guards.
    working: AtomicUsize,
}

/// A guard that counts as activity until it is dropped.
#[derive(Debug)]
pub(crate) struct ActivityGuard(Arc<Activity>);

impl Default for Activity {
    fn default() -> Self {
        Self { started: Instant::now(), last: AtomicU64::new(0), working: AtomicUsize::new(0) }
    }
}

impl Activity {
    /// Starts work. It counts as activity until the guard is dropped.
    pub(crate) fn start_work(self: &Arc<Self>) -> ActivityGuard {
        self.working.fetch_add(1, Ordering::Relaxed);
        ActivityGuard(Arc::clone(self))
    }

    fn record(&self) {
        let passed = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(passed, Ordering::Relaxed);
    }

    fn last_recorded(&self) -> Instant {
        match self.working.load(Ordering::Relaxed) {
            0 => self.started + Duration::from_millis(self.last.load(Ordering::Relaxed)),
            _ => Instant::now(),
        }
    }
}

impl Drop for ActivityGuard {
    fn drop(&mut self) {
        self.0.record();
        self.0.working.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Deadline {
    /// Creates a deadline: `request` after the last activity, and at most `total` from now.
    pub(crate) fn new(request: Duration, total: Duration) -> Self {
        Self {
            started: Instant::now(),
            own: OnceLock::new(),
            shared: None,
            last_failure: OnceLock::new(),
            request,
            total,
        }
    }

    /// Adds activity that extends this deadline too.
    pub(crate) fn with_shared_activity(self, shared: &Arc<Activity>) -> Self {
        Self { shared: Some(Arc::clone(shared)), ..self }
    }

    /// Returns the activity of this call alone.
    pub(crate) fn activity(&self) -> &Arc<Activity> {
        self.own.get_or_init(Arc::default)
    }

    /// Returns the record of the last failure of the connection, for the transport.
    pub(crate) fn last_failure(&self) -> &LastFailure {
        self.last_failure.get_or_init(LastFailure::default)
    }

    /// Returns the error if the deadline passes while the transport cannot reopen the connection.
    pub(crate) fn failure(&self) -> Option<TransportError> {
        self.last_failure.get()?.get()
    }

    /// Records activity of this call.
    pub(crate) fn record_activity(&self) {
        self.activity().record();
    }

    /// Runs the work. If the deadline passes first, returns the timeout that has passed.
    ///
    /// The work is borrowed, because a future that is moved into another one takes its space twice.
    pub(crate) async fn run<T>(
        &self,
        mut work: Pin<&mut impl Future<Output = T>>,
    ) -> Result<T, Duration> {
        let (mut end, mut limit) = self.end();
        let mut timer = pin!(sleep_until(end));
        loop {
            // The timer runs without a task budget, because work that is always ready uses up the
            // budget.
            match select(work.as_mut(), unconstrained(timer.as_mut())).await {
                Either::Left((done, _)) => return Ok(done),
                Either::Right(_) if self.end().0 <= end => return Err(limit),
                Either::Right(_) => (end, limit) = self.end(),
            }
            timer.as_mut().reset(end);
        }
    }

    /// Returns the time at which the deadline passes without further activity, and the timeout that
    /// applies.
    fn end(&self) -> (Instant, Duration) {
        let activities = self.own.get().into_iter().chain(&self.shared);
        let last_activity =
            activities.map(|activity| activity.last_recorded()).fold(self.started, Instant::max);
        let (request, total) =
            (after(last_activity, self.request), after(self.started, self.total));
        if request < total { (request, self.request) } else { (total, self.total) }
    }
}

/// Returns the time after a duration. At most one year.
fn after(from: Instant, duration: Duration) -> Instant {
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
    async fn activity_extends_the_deadline_up_to_the_total() {
        // LIFE-13, LIFE-14
        let deadline = Deadline::new(2 * SECOND, 5 * SECOND);
        let work = async {
            loop {
                sleep(SECOND).await;
                deadline.record_activity();
            }
        };
        let started = Instant::now();
        assert_eq!(deadline.run::<()>(pin!(work)).await, Err(5 * SECOND));
        assert_eq!(started.elapsed(), 5 * SECOND);

        let deadline = Deadline::new(2 * SECOND, 5 * SECOND);
        assert_eq!(deadline.run(pin!(pending::<()>())).await, Err(2 * SECOND));
        let deadline = Deadline::new(2 * SECOND, Duration::MAX);
        advance(SECOND).await;
        assert_eq!(deadline.run(pin!(async { 7 })).await, Ok(7));
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_total_timeout_counts_while_the_handler_works() {
        for elsewhere in [false, true] {
            let shared = Arc::default();
            let deadline = Deadline::new(2 * SECOND, 20 * SECOND).with_shared_activity(&shared);
            let activity = if elsewhere { &shared } else { deadline.activity() };
            let started = Instant::now();
            let work = async {
                sleep(SECOND).await;
                let working = activity.start_work();
                sleep(6 * SECOND + SECOND / 2).await;
                drop(working);
                pending::<()>().await;
            };
            assert_eq!(deadline.run(pin!(work)).await, Err(2 * SECOND));
            assert_eq!(started.elapsed(), 9 * SECOND + SECOND / 2);
        }
        let deadline = Deadline::new(2 * SECOND, 5 * SECOND);
        let _working = deadline.activity().start_work();
        assert_eq!(deadline.run(pin!(pending::<()>())).await, Err(5 * SECOND));
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_ends_work_that_is_always_ready() {
        // LIFE-13: such as a stream whose messages arrive faster than they are read
        let deadline = Deadline::new(SECOND, 5 * SECOND);
        let work = async {
            advance(2 * SECOND).await;
            for _ in 0..100_000 {
                consume_budget().await;
            }
        };
        assert_eq!(deadline.run(pin!(work)).await, Err(SECOND));
    }
}
