//! How an answer goes wrong, and the one place where it is made to.

use std::{fmt, sync::Arc};

use hyper::Response;
use mcp_types::RequestId;
use serde_json::Value;

use crate::{
    answer::{Answer, Closed, Message},
    body::Outgoing,
    builder::AnswerMode,
    gate::Gate,
    recorded::Recorded,
    reply::Reply,
};

/// A deviation from the right answer, scripted with
/// [`TestServer::script`](crate::TestServer::script).
///
/// With [`Fault::Reply`] the request is not handled at all: no token is checked, no tool runs, no
/// session begins or ends. With the others it is handled, and its answer is changed, held or lost.
/// Several faults for one request all take effect; of several replies the first one does.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Fault {
    /// Answers with this in place of handling the request; made from a [`Reply`], or by
    /// [`Fault::reply_with`].
    Reply(Responder),
    /// Handles the request and holds the answer, status line included, until the gate is open.
    Hold(Gate),
    /// Handles the request and closes the connection without a byte of an answer.
    Close,
    /// Answers with the id of another request.
    WrongId,
    /// Names the cursor that was asked for as the next one.
    RepeatCursor,
    /// Answers with an event stream that ends in the middle of the event.
    TruncatedSse,
    /// Puts so many spaces before the JSON of the answer, streamed: it stays valid, only too long.
    Oversized(usize),
    /// Answers with an event stream that has these messages before the answer.
    ///
    /// A [`Fault::Hold`] for the same request holds the answer then, not the messages.
    Interject(Vec<Value>),
}

/// What makes the reply of [`Fault::Reply`].
#[derive(Clone)]
pub struct Responder(Arc<dyn Fn(&Recorded) -> Reply + Send + Sync>);

/// All faults of one request.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    reply: Option<Responder>,
    gates: Vec<Gate>,
    close: bool,
    wrong_id: bool,
    repeat_cursor: bool,
    truncated: bool,
    padding: usize,
    interjected: Vec<Value>,
}

impl Fault {
    /// Answers with a reply that depends on the request, in place of handling it.
    ///
    /// ```
    /// use mcp_testkit::{Fault, On, Recorded, Reply, TestServer};
    /// use serde_json::json;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = TestServer::builder().start().await?;
    /// // The right answer in an event stream with CRLF, cut at an awkward place.
    /// let awkward = Fault::reply_with(|request| {
    ///     let answer = json!({ "jsonrpc": "2.0", "id": request.id(), "result": {} });
    ///     Reply::sse([format!("data: {answer}\r"), "\n\r\n".to_owned()])
    /// });
    /// server.script(On::method("ping"), awkward);
    /// # Ok(())
    /// # }
    /// ```
    pub fn reply_with(reply: impl Fn(&Recorded) -> Reply + Send + Sync + 'static) -> Self {
        Self::Reply(Responder(Arc::new(reply)))
    }
}

impl From<Reply> for Fault {
    fn from(reply: Reply) -> Self {
        Self::reply_with(move |_| reply.clone())
    }
}

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responder").finish_non_exhaustive()
    }
}

impl Plan {
    pub(crate) fn with(mut self, fault: Fault) -> Self {
        match fault {
            Fault::Reply(reply) => self.reply = self.reply.or(Some(reply)),
            Fault::Hold(gate) => self.gates.push(gate),
            Fault::Close => self.close = true,
            Fault::WrongId => self.wrong_id = true,
            Fault::RepeatCursor => self.repeat_cursor = true,
            Fault::TruncatedSse => self.truncated = true,
            Fault::Oversized(size) => self.padding = size,
            Fault::Interject(messages) => self.interjected.extend(messages),
        }
        self
    }

    /// The reply that stands in for handling the request.
    pub(crate) fn reply(&self, request: &Recorded) -> Option<Reply> {
        self.reply.as_ref().map(|reply| reply.0(request))
    }

    /// Sends `answer` in the way that is planned.
    pub(crate) async fn deliver(
        mut self,
        answer: Answer,
        request: &Recorded,
        mode: AnswerMode,
    ) -> Result<Response<Outgoing>, Closed> {
        let held_inside = matches!(answer, Answer::Message(_)) && !self.interjected.is_empty();
        if !held_inside {
            for gate in std::mem::take(&mut self.gates) {
                gate.pass().await;
            }
        }
        if self.close {
            return Err(Closed);
        }
        Ok(match answer {
            Answer::Reply(reply) => reply.into_response(),
            Answer::Stream(stream) => stream.into_response(),
            Answer::Message(message) => self.write(message, request, mode).into_response(),
        })
    }

    fn write(self, mut message: Message, request: &Recorded, mode: AnswerMode) -> Reply {
        if self.wrong_id {
            message.id = other_than(message.id);
        }
        if self.repeat_cursor {
            message.repeat_cursor(request);
        }
        let session = message.session.take();
        let json = message.into_json();
        let streamed = mode == AnswerMode::Sse || self.truncated || !self.interjected.is_empty();
        let reply = if streamed { self.stream(json) } else { self.plain(json) };
        session.iter().fold(reply, |reply, id| reply.header("mcp-session-id", id))
    }

    fn plain(self, json: String) -> Reply {
        Reply::status(200).header("content-type", "application/json").fill(self.padding).chunk(json)
    }

    fn stream(self, mut json: String) -> Reply {
        let before = self.interjected.iter().map(|message| event(&message.to_string()));
        let reply = self.gates.iter().fold(Reply::sse(before), Reply::hold);
        if self.truncated {
            let half = (0..=json.len() / 2).rev().find(|at| json.is_char_boundary(*at));
            json.truncate(half.unwrap_or_default());
            return reply.chunk(format!("event: message\ndata: {json}"));
        }
        match self.padding {
            0 => reply.chunk(event(&json)),
            size => reply.chunk("event: message\ndata: ").fill(size).chunk(format!("{json}\n\n")),
        }
    }
}

/// One event of a stream, with a JSON-RPC message as its data.
pub(crate) fn event(json: &str) -> String {
    format!("event: message\ndata: {json}\n\n")
}

fn other_than(id: RequestId) -> RequestId {
    match id {
        RequestId::Number(number) => RequestId::Number(number.wrapping_add(1_000_003)),
        RequestId::String(string) => RequestId::String(string + "-other"),
    }
}
