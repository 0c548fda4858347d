//! Accepts TCP connections and serves HTTP on them.

use std::sync::Arc;

use hyper::service::service_fn;
use hyper_util::{rt::TokioIo, server::conn::auto};
use tokio::net::{TcpListener, TcpStream};

use super::service;
use crate::{
    http::{Connection, ResetHandle},
    state::ServerState,
};

/// Accepts connections until its task is aborted.
pub(crate) async fn accept(socket: TcpListener, shared: Arc<ServerState>) {
    loop {
        match socket.accept().await {
            Ok((stream, _)) => serve(stream, &shared),
            // The client has disconnected, or too many files are open at the moment.
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
        // Only the client or a scripted fault ends a connection with an error.
        let _ = builder.serve_connection(TokioIo::new(connection), service).await;
    });
    shared.connections.add(reset_handle, task);
}
