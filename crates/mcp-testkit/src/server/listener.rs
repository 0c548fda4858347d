//! Accepts connections, and keeps hold of every task so that none outlives the server.

use std::sync::{Arc, Mutex};

use hyper::service::service_fn;
use hyper_util::{rt::TokioIo, server::conn::auto};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};

use super::{
    service,
    test_server::{Shared, lock},
};
use crate::http::{Connection, Link};

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

/// Serves connections until the task that runs it is ended.
pub(crate) async fn accept(socket: TcpListener, shared: Arc<Shared>) {
    loop {
        match socket.accept().await {
            Ok((stream, _)) => serve(stream, &shared),
            // The client is gone already, or there are too many open files at the moment.
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

fn serve(stream: TcpStream, shared: &Arc<Shared>) {
    let link = Link::default();
    let connection = Connection::new(stream, link.clone(), shared.counters.connection());
    if shared.connections.is_next_doomed() {
        return link.reset();
    }
    let (server, its_link) = (Arc::clone(shared), link.clone());
    let task = shared.tasks.spawn(async move {
        let builder = auto::Builder::new(server.tasks.clone());
        let service =
            service_fn(|request| service::answer(Arc::clone(&server), its_link.clone(), request));
        // What ends a connection is the client's or a script's doing.
        let _ = builder.serve_connection(TokioIo::new(connection), service).await;
    });
    shared.connections.add(link, task);
}
