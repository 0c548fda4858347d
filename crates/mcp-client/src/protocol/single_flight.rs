//! Work that is done once for all who need it at the same time.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Mutex, MutexGuard};

use crate::error::Error;

/// Lets those who need the same thing wait for the same attempt, and share its failure.
#[derive(Debug, Default)]
pub(crate) struct SingleFlight {
    /// Held during an attempt. It keeps why the last one failed, for those who have waited for it.
    last_failure: Mutex<Option<Error>>,
    attempts: AtomicU64,
}

impl SingleFlight {
    /// What is `known` already, or what an attempt comes to: one's own, or that of whoever was
    /// faster.
    pub(crate) async fn get<T>(
        &self,
        known: impl Fn() -> Option<T>,
        attempt: impl AsyncFnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        if let Some(known) = known() {
            return Ok(known);
        }
        let before = self.attempts.load(Ordering::Acquire);
        let mut last_failure = self.last_failure.lock().await;
        if let Some(known) = known() {
            return Ok(known);
        }
        if let Some(error) = &*last_failure
            && self.attempts.load(Ordering::Acquire) > before
        {
            return Err(error.clone());
        }
        let outcome = attempt().await;
        self.attempts.fetch_add(1, Ordering::Release);
        *last_failure = outcome.as_ref().err().cloned();
        outcome
    }

    /// Waits for an attempt under way, and keeps others from beginning while the guard lives.
    pub(crate) async fn wait_until_idle(&self) -> MutexGuard<'_, impl Sized> {
        self.last_failure.lock().await
    }
}
