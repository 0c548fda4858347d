//! The background tasks of a server, none of which outlives it.

use std::sync::{Arc, Mutex};

use tokio::task::{AbortHandle, JoinSet};

use super::sync::lock;

/// The tasks of a server; none once it has stopped.
#[derive(Debug, Clone)]
pub(crate) struct Tasks(Arc<Mutex<Option<JoinSet<()>>>>);

impl Default for Tasks {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Some(JoinSet::new()))))
    }
}

impl Tasks {
    /// Runs a task, unless the server has stopped.
    pub(crate) fn spawn(
        &self,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> Option<AbortHandle> {
        let mut tasks = lock(&self.0);
        let tasks = tasks.as_mut()?;
        while tasks.try_join_next().is_some() {}
        Some(tasks.spawn(task))
    }

    /// Ends all tasks, and waits for that.
    pub(crate) async fn stop(&self) {
        let tasks = lock(&self.0).take();
        if let Some(mut tasks) = tasks {
            tasks.shutdown().await;
        }
    }

    /// Tells all tasks to end.
    pub(crate) fn abort(&self) {
        let tasks = lock(&self.0).take();
        drop(tasks);
    }
}

/// HTTP/2 connections run each request in a task of its own.
impl<F> hyper::rt::Executor<F> for Tasks
where
    F: Future + Send + 'static,
{
    fn execute(&self, future: F) {
        self.spawn(async move { drop(future.await) });
    }
}
