//! A `Relay` with one server, and scripted servers.

use relay::{Relay, Server};

use crate::support::{Script, ScriptedResponse, ScriptedServer};

/// A relay with one server, `main`.
pub(super) fn relay_of(server: &ScriptedServer) -> Relay {
    relay_with(Server::http(server.url()))
}

/// A relay with one server, `main`, with these settings.
pub(super) fn relay_with(server: Server) -> Relay {
    Relay::builder().server("main", server).build().expect("usable settings")
}

/// A server that returns these responses to `method`, in turn.
pub(super) async fn server_with(
    method: &'static str,
    responses: impl IntoIterator<Item = ScriptedResponse>,
) -> ScriptedServer {
    let script =
        responses.into_iter().fold(Script::new(), |script, response| script.on(method, response));
    script.start().await
}
