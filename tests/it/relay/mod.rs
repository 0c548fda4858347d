//! The registry: users, tools, their cache, errors.

mod attempts;
mod beyond;
mod cache;
mod calls;
mod changes;
mod checks;
mod close;
mod connections;
mod eras;
mod facts;
mod failures;
mod interceptors;
mod keeping;
mod lists;
mod models;
mod observed;
mod outputs;
mod principals;
mod registry;
mod secrets;
mod shared;
mod stale;
mod stdio;
mod stores;
mod telemetry;
mod tickets;
mod toolsets;
mod users;

use relay::{Relay, Server};

use crate::support::{Answer, Peer, Script};

/// A registry with one server, `main`.
fn relay_of(peer: &Peer) -> Relay {
    relay_with(Server::http(peer.url()))
}

/// A registry with these settings for its one server, `main`.
fn relay_with(server: Server) -> Relay {
    Relay::builder().server("main", server).build().expect("usable settings")
}

/// A server that gives these answers to `method`, in turn.
async fn peer_with(method: &'static str, answers: impl IntoIterator<Item = Answer>) -> Peer {
    let script =
        answers.into_iter().fold(Script::new(), |script, answer| script.on(method, answer));
    script.start().await
}
