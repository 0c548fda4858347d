//! The background tasks of a server. They end with the server.

use std::sync::{Arc, Mutex};

use tokio::task::{AbortHandle, JoinSet};

use super::sync::lock;

/// The background tasks of a server. `None` after the server has stopped. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Tasks(Arc<Mutex<Option<JoinSet<()>>>>);

impl Default for Tasks {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Some(JoinSet::new()))))
    }
}

impl Tasks {
    /// Spawns a task, unless the server has stopped.
    pub(crate) fn spawn(
        &self,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> Option<AbortHandle> {
        let mut tasks = lock(&self.0);
        let tasks = tasks.as_mut()?;
        while tasks.try_join_next().is_some() {}
        Some(tasks.spawn(task))
    }

    /// Aborts all tasks and waits until they have ended.
    pub(crate) async fn stop(&self) {
        let tasks = lock(&self.0).take();
        if let Some(mut tasks) = tasks {
            tasks.shutdown().await;
        }
    }

    /// Aborts all tasks without waiting.
    pub(crate) fn abort(&self) {
        let tasks = lock(&self.0).take();
        drop(tasks);
    }
}

/// Runs each request of an HTTP/2 connection in its own task.
impl<F> hyper::rt::Executor<F> for Tasks
where
    F: Future + Send + 'static,
{
    fn execute(&self, future: F) {
        self.spawn(async move { drop(future.await) });
    }
}
