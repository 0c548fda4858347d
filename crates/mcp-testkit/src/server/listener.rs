//! Accepts connections, and keeps hold of every task so that none outlives the server.

use std::sync::Arc;

use hyper::service::service_fn;
use hyper_util::{rt::TokioIo, server::conn::auto};
use tokio::net::{TcpListener, TcpStream};

use super::service;
use crate::{
    http::{Connection, Link},
    state::Shared,
};

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
