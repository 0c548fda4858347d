//! Notifications and requests that the server sends to listening clients.

use mcp_types::ErrorObject;
use serde_json::{Value, json};

use super::test_server::TestServer;
use crate::{
    catalog::ServerRequest,
    state::{ServerNotification, ServerState},
};

impl TestServer {
    /// Sends a notification to all listening clients that requested it, and returns their number.
    ///
    /// Stateful clients listen with a GET stream, if
    /// [`allow_get`](crate::TestServerBuilder::allow_get) is set. Stateless clients listen with
    /// `subscriptions/listen`.
    pub fn push(&self, notification: &ServerNotification) -> usize {
        let ServerState { sessions, streams, subscriptions, .. } = self.shared();
        let message = json!({ "jsonrpc": "2.0", "method": notification.method(), "params": notification.params() });
        let wants = |session: Option<&str>| {
            session.is_none_or(|id| {
                sessions.session_matches(id, |session| notification.is_for(session))
            })
        };
        streams.send(&message.to_string(), wants) + subscriptions.push(notification)
    }

    /// Sends a request to the client with the newest GET stream, and waits for its response.
    /// Returns `None` if no client has a GET stream. The capabilities of the client are not
    /// checked.
    pub async fn send_request(&self, request: ServerRequest) -> Option<Result<Value, ErrorObject>> {
        let server = self.shared();
        let (session, stream) = server.streams.newest_listening()?;
        let (id, response) = server.server_requests.begin(session.as_deref());
        stream.send(&request.to_request(&id).to_string());
        response.await.ok()
    }

    /// Ends all subscriptions. The server sends the responses to the `subscriptions/listen`
    /// requests and closes their streams.
    pub fn end_subscriptions(&self) {
        let shared = self.shared();
        shared.subscriptions.end(&shared.config, &shared.in_flight);
    }
}
