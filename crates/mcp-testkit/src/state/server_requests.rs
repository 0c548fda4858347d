//! The JSON-RPC requests of the server that wait for an answer.

use std::{collections::HashMap, sync::Mutex};

use mcp_types::{ErrorObject, RequestId};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::base::lock;

/// What a client answers.
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
    /// `None` once it was answered.
    sender: Option<oneshot::Sender<ClientResponse>>,
}

impl ServerRequests {
    /// Begins a request to the client of a session, and returns its id.
    pub(crate) fn begin(
        &self,
        session: Option<&str>,
    ) -> (String, oneshot::Receiver<ClientResponse>) {
        let (sender, receiver) = oneshot::channel();
        let mut state = lock(&self.0);
        state.last += 1;
        let id = format!("ask-{}", state.last);
        let pending = PendingRequest { session: session.map(str::to_owned), sender: Some(sender) };
        state.pending.insert(id.clone(), pending);
        (id, receiver)
    }

    /// Hands an answer to whoever waits for it, or tells what is wrong with it. An id that is not
    /// one of these belongs to a message that a test sent verbatim.
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
            return Err("an answer to what another session was asked");
        }
        let sender = pending.sender.take().ok_or("a second answer to the same request")?;
        // Who asked may have been cancelled meanwhile.
        drop(sender.send(response));
        Ok(())
    }
}
