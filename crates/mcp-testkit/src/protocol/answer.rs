//! What the server answers, before it is written to the connection.

use std::fmt;

use mcp_types::{ErrorObject, RequestId, Response};
use serde_json::{Value, json};

use super::{multi_round::Talk, subscriptions::Subscription};
use crate::{
    base::Recorded,
    catalog::{Kind, cursor},
    http::{Reply, Stream},
};

/// The answer to an HTTP request.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A plain HTTP answer: a refusal, or the receipt of a notification.
    Reply(Reply),
    /// The answer to a JSON-RPC request.
    Message(Message),
    /// A stream that the client listens on, read from this place on.
    Stream(Stream, usize),
    /// A client that listens without a session.
    Listen(Subscription),
    /// A call that takes more than an answer.
    Talk(Box<Talk>),
}

/// The answer to a JSON-RPC request; `session` is the id of the session that begins with it.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) id: RequestId,
    pub(crate) outcome: Result<Value, ErrorObject>,
    pub(crate) session: Option<String>,
}

/// The connection is closed in place of an answer.
#[derive(Debug)]
pub(crate) struct Closed;

impl Message {
    pub(crate) fn into_json(self) -> String {
        let response = Response::new(self.id, self.outcome);
        serde_json::to_string(&response).expect("a JSON value serializes")
    }

    /// Lets the page lead to itself: to the cursor asked for, or else to the first page.
    pub(crate) fn repeat_cursor(&mut self, request: &Recorded) {
        let asked = request.params().and_then(|params| params.get("cursor")).cloned();
        if let Ok(Value::Object(page)) = &mut self.outcome {
            let natural = page.remove("nextCursor");
            let kind = Kind::listed_by(request.method()).unwrap_or(Kind::Tool);
            let next = asked.or(natural).unwrap_or_else(|| json!(cursor(kind, 0)));
            page.insert("nextCursor".to_owned(), next);
        }
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is closed on purpose")
    }
}

impl std::error::Error for Closed {}
