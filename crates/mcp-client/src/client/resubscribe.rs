//! Keeping a watch up: again and again, where it breaks off.

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

/// The pause before the first new attempt; each pause is twice as long as the one before.
const MIN_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause. A watch that has lasted as long is a good one, and pauses begin anew.
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// How often in a row an attempt may fail.
const MAX_ATTEMPTS: usize = 10;

/// A watch, and the client on behalf of whose user it is.
pub(crate) struct Resubscriber {
    pub(crate) client: Client,
    pub(crate) queue: Arc<ChangeQueue>,
}

/// Follows the changes until the server has no more to tell, or something is wrong that does not
/// pass by itself.
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
        tracing::debug!(%error, ?pause, "a watch broke off");
        sleep(with_jitter(pause).max(error.retry_after().unwrap_or_default())).await;
        pause = MAX_PAUSE.min(pause * 2);
    }
}

impl Resubscriber {
    /// Follows the changes until the first failure. The server has as long to agree as to answer a
    /// call.
    async fn subscribe_once(&self) -> Result<(), Error> {
        self.queue.begin();
        let limit = self.client.request_timeout();
        let subscribed = pin!(self.client.subscribe_once(&self.queue));
        // Whatever comes and however fast, the clock has its turn.
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
                Err(Error::Timeout { method, limit })
            }
        }
    }
}

/// Whether another attempt may fare better. The first one is its caller's to repeat, unless it was
/// only the session that was gone.
fn is_temporary(error: &Error, was_ever_open: bool) -> bool {
    use TransportErrorKind as Kind;
    match error.transport_kind() {
        Some(Kind::SessionEnded) => true,
        Some(Kind::Unreachable | Kind::Interrupted | Kind::Status(429 | 500..)) => was_ever_open,
        _ => was_ever_open && matches!(error, Error::Timeout { .. }),
    }
}

/// Between half of the pause and all of it, so that the clients of a server that was restarted do
/// not come back all at once.
fn with_jitter(pause: Duration) -> Duration {
    let random = RandomState::new().hash_one("pause");
    pause.mul_f64(0.5 + (random % 1_000) as f64 / 2_000.0)
}
