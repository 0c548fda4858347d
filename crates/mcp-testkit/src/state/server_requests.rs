//! JSON-RPC requests from the server that wait for a response.

use std::{collections::HashMap, sync::Mutex};

use mcp_types::{ErrorObject, RequestId};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::base::lock;

/// The response of a client to a request of the server.
pub(crate) type ClientResponse = Result<Value, ErrorObject>;

#[derive(Debug, Default)]
pub(crate) struct ServerRequests(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: u64,
    pending: HashMap<String, PendingRequest>,
}

#[derive(Debug)]
struct PendingRequest {
    session: Option<String>,
    /// `None` after the response has arrived.
    sender: Option<oneshot::Sender<ClientResponse>>,
}

impl ServerRequests {
    /// Registers a request to the client of a session. Returns its id and the receiver of the
    /// response.
    pub(crate) fn begin(
        &self,
        session: Option<&str>,
    ) -> (String, oneshot::Receiver<ClientResponse>) {
        let (sender, receiver) = oneshot::channel();
        let mut state = lock(&self.0);
        state.last += 1;
        let id = format!("server-{}", state.last);
        let pending = PendingRequest { session: session.map(str::to_owned), sender: Some(sender) };
        state.pending.insert(id.clone(), pending);
        (id, receiver)
    }

    /// Passes a response to its waiting receiver. Returns an error if the response is invalid.
    /// Unknown ids are ignored, because they belong to messages that a test sent with
    /// [`TestServer::send`](crate::TestServer::send).
    pub(crate) fn resolve(
        &self,
        session: Option<&str>,
        id: &RequestId,
        response: ClientResponse,
    ) -> Result<(), &'static str> {
        let RequestId::String(name) = id else {
            return Ok(());
        };
        let mut state = lock(&self.0);
        let Some(pending) = state.pending.get_mut(name) else {
            return Ok(());
        };
        if pending.session.as_deref() != session {
            return Err("response to a request of another session");
        }
        let sender = pending.sender.take().ok_or("duplicate response")?;
        // The receiver may have been cancelled meanwhile.
        drop(sender.send(response));
        Ok(())
    }
}
