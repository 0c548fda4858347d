//! A guard that keeps a connection from being closed as idle.

use std::fmt;

/// A guard that keeps a connection from being closed as idle. Returned by
/// [`Transport::keep_alive`].
///
/// [`Transport::keep_alive`]: crate::Transport::keep_alive
#[must_use]
pub struct KeepAlive(Option<Box<dyn FnOnce() + Send + Sync>>);

impl KeepAlive {
    /// Creates a guard that runs `release` when it is dropped.
    pub fn new(release: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(release)))
    }
}

impl Drop for KeepAlive {
    fn drop(&mut self) {
        if let Some(release) = self.0.take() {
            release();
        }
    }
}

impl fmt::Debug for KeepAlive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeepAlive")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    #[test]
    fn release_runs_once_on_drop() {
        let released = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&released);
        let guard = KeepAlive::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(released.load(Ordering::Relaxed), 0);
        drop(guard);
        assert_eq!(released.load(Ordering::Relaxed), 1);
    }
}
