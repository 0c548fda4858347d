//! Messages of the server to clients that listen.

use mcp_types::ErrorObject;
use serde_json::{Value, json};

use super::test_server::TestServer;
use crate::{
    catalog::Ask,
    state::{Push, ServerState},
};

impl TestServer {
    /// Tells all clients that listen and want to know; returns their number.
    ///
    /// In the handshake era they listen with GET, which [has to be
    /// allowed](crate::Builder::allow_get); in the other with `subscriptions/listen`.
    pub fn push(&self, push: &Push) -> usize {
        let ServerState { sessions, streams, subscriptions, .. } = self.shared();
        let message = json!({ "jsonrpc": "2.0", "method": push.method(), "params": push.params() });
        let wants = |session: Option<&str>| {
            session.is_none_or(|id| sessions.session_matches(id, |session| push.is_for(session)))
        };
        streams.send(&message.to_string(), wants) + subscriptions.push(push)
    }

    /// Asks the client that began to listen with GET last, whatever it declared, and waits for its
    /// answer; `None` if nobody listens.
    pub async fn ask(&self, question: Ask) -> Option<Result<Value, ErrorObject>> {
        let server = self.shared();
        let (session, stream) = server.streams.newest_listening()?;
        let (id, answer) = server.server_requests.begin(session.as_deref());
        stream.send(&question.to_request(&id).to_string());
        answer.await.ok()
    }

    /// Answers all who listen with `subscriptions/listen`, which ends their streams as it should.
    pub fn end_subscriptions(&self) {
        let shared = self.shared();
        shared.subscriptions.end(&shared.config, &shared.in_flight);
    }
}
