//! Runs an operation once for all callers that need its result at the same time.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Mutex, MutexGuard};

use crate::error::Error;

/// Runs one attempt at a time. Concurrent callers wait for it and share its error.
#[derive(Debug, Default)]
pub(crate) struct SingleFlight {
    /// Locked during an attempt. Holds the last error for the callers that waited for it.
    last_failure: Mutex<Option<Error>>,
    attempts: AtomicU64,
}

impl SingleFlight {
    /// Returns the `known` value, or the outcome of an attempt by this or another caller.
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

    /// Waits for the current attempt. No other attempt starts while the guard lives.
    pub(crate) async fn wait_until_idle(&self) -> MutexGuard<'_, impl Sized> {
        self.last_failure.lock().await
    }
}
