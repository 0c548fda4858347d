//! Accepts connections, and keeps hold of every task so that none outlives the server.

use std::sync::Arc;

use hyper::service::service_fn;
use hyper_util::{rt::TokioIo, server::conn::auto};
use tokio::net::{TcpListener, TcpStream};

use super::service;
use crate::{
    http::{Connection, ResetHandle},
    state::ServerState,
};

/// Serves connections until the task that runs it is ended.
pub(crate) async fn accept(socket: TcpListener, shared: Arc<ServerState>) {
    loop {
        match socket.accept().await {
            Ok((stream, _)) => serve(stream, &shared),
            // The client is gone already, or there are too many open files at the moment.
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

fn serve(stream: TcpStream, shared: &Arc<ServerState>) {
    let reset_handle = ResetHandle::default();
    let connection = Connection::new(stream, reset_handle.clone(), shared.counters.connection());
    if shared.connections.take_pending_reset() {
        return reset_handle.reset();
    }
    let (server, its_reset_handle) = (Arc::clone(shared), reset_handle.clone());
    let task = shared.tasks.spawn(async move {
        let builder = auto::Builder::new(server.tasks.clone());
        let service = service_fn(|request| {
            service::handle(Arc::clone(&server), its_reset_handle.clone(), request)
        });
        // What ends a connection is the client's or a script's doing.
        let _ = builder.serve_connection(TokioIo::new(connection), service).await;
    });
    shared.connections.add(reset_handle, task);
}
