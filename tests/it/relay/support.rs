//! Helpers of these tests: a `Relay` of one scripted server.

use relay::{Relay, Server};

use crate::support::{Script, ScriptedResponse, ScriptedServer};

/// A registry with one server, `main`.
pub(super) fn relay_of(server: &ScriptedServer) -> Relay {
    relay_with(Server::http(server.url()))
}

/// A registry with these settings for its one server, `main`.
pub(super) fn relay_with(server: Server) -> Relay {
    Relay::builder().server("main", server).build().expect("usable settings")
}

/// A server that gives these answers to `method`, in turn.
pub(super) async fn server_with(
    method: &'static str,
    answers: impl IntoIterator<Item = ScriptedResponse>,
) -> ScriptedServer {
    let script =
        answers.into_iter().fold(Script::new(), |script, answer| script.on(method, answer));
    script.start().await
}
