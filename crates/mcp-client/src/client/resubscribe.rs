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
use crate::{changes::Inbox, error::Error, transport::TransportErrorKind};

/// The pause before the first new attempt; each pause is twice as long as the one before.
const SHORTEST: Duration = Duration::from_millis(500);
/// The longest pause. A watch that has lasted as long is a good one, and pauses begin anew.
const LONGEST: Duration = Duration::from_secs(30);
/// How often in a row an attempt may fail.
const ATTEMPTS: usize = 10;

/// A watch, and the client on behalf of whose user it is.
pub(crate) struct Following {
    pub(crate) client: Client,
    pub(crate) inbox: Arc<Inbox>,
}

/// Follows the changes until the server has no more to tell, or something is wrong that does not
/// pass by itself.
pub(crate) async fn follow(following: Following) -> Result<(), Error> {
    let (mut pause, mut failures) = (SHORTEST, 0);
    loop {
        let began = Instant::now();
        let Err(error) = following.once().await else { return Ok(()) };
        let inbox = &following.inbox;
        failures = if inbox.is_open() { 0 } else { failures + 1 };
        if !passes(&error, inbox.was_open()) || failures == ATTEMPTS {
            return Err(error);
        }
        if began.elapsed() > LONGEST {
            pause = SHORTEST;
        }
        tracing::debug!(%error, ?pause, "a watch broke off");
        sleep(jittered(pause).max(error.retry_after().unwrap_or_default())).await;
        pause = LONGEST.min(pause * 2);
    }
}

impl Following {
    /// Follows the changes until the first failure. The server has as long to agree as to answer a
    /// call.
    async fn once(&self) -> Result<(), Error> {
        self.inbox.begin();
        let limit = self.client.request_time();
        let followed = pin!(self.client.follow(&self.inbox));
        // Whatever comes and however fast, the clock has its turn.
        let alarm = unconstrained(sleep(limit));
        let late = pin!(async {
            alarm.await;
            if self.inbox.is_open() {
                std::future::pending::<()>().await;
            }
        });
        match select(followed, late).await {
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
fn passes(error: &Error, was_open: bool) -> bool {
    use TransportErrorKind as Kind;
    match error.transport_kind() {
        Some(Kind::SessionEnded) => true,
        Some(Kind::Unreachable | Kind::Interrupted | Kind::Status(429 | 500..)) => was_open,
        _ => was_open && matches!(error, Error::Timeout { .. }),
    }
}

/// Between half of the pause and all of it, so that the clients of a server that was restarted do
/// not come back all at once.
fn jittered(pause: Duration) -> Duration {
    let random = RandomState::new().hash_one("pause");
    pause.mul_f64(0.5 + (random % 1_000) as f64 / 2_000.0)
}
