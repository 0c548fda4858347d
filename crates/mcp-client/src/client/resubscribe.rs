//! Renews a subscription when the connection breaks.

use std::{
    hash::{BuildHasher, RandomState},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use futures_util::future::{Either, select};
use mcp_types::{Method, v2026_07_28::SubscriptionsListenRequest};
use tokio::{
    task::unconstrained,
    time::{Instant, sleep},
};

use super::client::Client;
use crate::{changes::ChangeQueue, error::Error, transport::TransportErrorKind};

/// The pause before the first retry. Each further pause is twice as long as the previous one.
const MIN_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause. After a subscription that lasted longer, pauses start again at the minimum.
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// The number of attempts in a row that may fail.
const MAX_ATTEMPTS: usize = 10;

/// A queue of changes, and the client that subscribes for it.
pub(crate) struct Resubscriber {
    pub(crate) client: Client,
    pub(crate) queue: Arc<ChangeQueue>,
}

/// Subscribes again and again, until the server ends the subscription or an error is not temporary.
pub(crate) async fn resubscribe(resubscriber: Resubscriber) -> Result<(), Error> {
    let (mut pause, mut failures) = (MIN_PAUSE, 0);
    loop {
        let started = Instant::now();
        let Err(error) = resubscriber.subscribe_once().await else { return Ok(()) };
        let queue = &resubscriber.queue;
        failures = if queue.is_open() { 0 } else { failures + 1 };
        if !is_temporary(&error, queue.was_ever_open()) || failures == MAX_ATTEMPTS {
            return Err(error);
        }
        if started.elapsed() > MAX_PAUSE {
            pause = MIN_PAUSE;
        }
        tracing::debug!(%error, ?pause, "subscription interrupted");
        sleep(with_jitter(pause).max(error.retry_after().unwrap_or_default())).await;
        pause = MAX_PAUSE.min(pause * 2);
    }
}

impl Resubscriber {
    /// Subscribes until the first failure. The request timeout limits the wait for the
    /// acknowledgement.
    async fn subscribe_once(&self) -> Result<(), Error> {
        self.queue.mark_closed();
        let limit = self.client.request_timeout();
        let subscribed = pin!(self.client.subscribe_once(&self.queue));
        // The timer runs without a task budget, so that a fast stream cannot delay it.
        let timer = unconstrained(sleep(limit));
        let timed_out = pin!(async {
            timer.await;
            if self.queue.is_open() {
                std::future::pending::<()>().await;
            }
        });
        match select(subscribed, timed_out).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => {
                let method = SubscriptionsListenRequest::NAME.into();
                Err(Error::Timeout { method, limit, sent: true })
            }
        }
    }
}

/// Returns `true` if another attempt may succeed. If the first attempt fails, the caller decides
/// whether to retry, except after a lost session.
fn is_temporary(error: &Error, was_ever_open: bool) -> bool {
    use TransportErrorKind as Kind;
    match error.transport_kind() {
        Some(Kind::SessionEnded) => true,
        Some(Kind::Unreachable | Kind::Interrupted | Kind::Status(429 | 500..)) => was_ever_open,
        _ => was_ever_open && matches!(error, Error::Timeout { .. }),
    }
}

/// Returns a random duration between half of the pause and the whole pause. Clients then do not all
/// reconnect to a restarted server at the same time.
fn with_jitter(pause: Duration) -> Duration {
    let random = RandomState::new().hash_one("pause");
    pause.mul_f64(0.5 + (random % 1_000) as f64 / 2_000.0)
}
