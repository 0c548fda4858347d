//! The JSON-RPC requests of the server that wait for an answer.

use std::{collections::HashMap, sync::Mutex};

use mcp_types::{ErrorObject, RequestId};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::base::lock;

/// What a client answers.
pub(crate) type Reaction = Result<Value, ErrorObject>;

#[derive(Debug, Default)]
pub(crate) struct Asks(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: u64,
    asks: HashMap<String, Pending>,
}

#[derive(Debug)]
struct Pending {
    session: Option<String>,
    /// `None` once it was answered.
    waiting: Option<oneshot::Sender<Reaction>>,
}

impl Asks {
    /// Begins a request to the client of a session, and returns its id.
    pub(crate) fn begin(&self, session: Option<&str>) -> (String, oneshot::Receiver<Reaction>) {
        let (sender, receiver) = oneshot::channel();
        let mut state = lock(&self.0);
        state.last += 1;
        let id = format!("ask-{}", state.last);
        let pending = Pending { session: session.map(str::to_owned), waiting: Some(sender) };
        state.asks.insert(id.clone(), pending);
        (id, receiver)
    }

    /// Hands an answer to whoever waits for it, or tells what is wrong with it. An id that is not
    /// one of these belongs to a message that a test sent verbatim.
    pub(crate) fn settle(
        &self,
        session: Option<&str>,
        id: &RequestId,
        reaction: Reaction,
    ) -> Result<(), &'static str> {
        let RequestId::String(name) = id else {
            return Ok(());
        };
        let mut state = lock(&self.0);
        let Some(pending) = state.asks.get_mut(name) else {
            return Ok(());
        };
        if pending.session.as_deref() != session {
            return Err("an answer to what another session was asked");
        }
        let waiting = pending.waiting.take().ok_or("a second answer to the same request")?;
        // Who asked may have been cancelled meanwhile.
        drop(waiting.send(reaction));
        Ok(())
    }
}
