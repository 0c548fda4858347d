//! Helpers of these tests: a `Relay` of one scripted server.

use relay::{Relay, Server};

use crate::support::{Answer, Peer, Script};

/// A registry with one server, `main`.
pub(super) fn relay_of(peer: &Peer) -> Relay {
    relay_with(Server::http(peer.url()))
}

/// A registry with these settings for its one server, `main`.
pub(super) fn relay_with(server: Server) -> Relay {
    Relay::builder().server("main", server).build().expect("usable settings")
}

/// A server that gives these answers to `method`, in turn.
pub(super) async fn peer_with(
    method: &'static str,
    answers: impl IntoIterator<Item = Answer>,
) -> Peer {
    let script =
        answers.into_iter().fold(Script::new(), |script, answer| script.on(method, answer));
    script.start().await
}
