//! How an answer goes wrong, and the one place where it is made to.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use mcp_types::RequestId;
use serde_json::Value;

use super::rpc_response::RpcResponse;
use crate::{
    base::{Gate, Recorded},
    http::{Part, Reply},
};

/// A deviation from the right answer, scripted with
/// [`TestServer::script`](crate::TestServer::script).
///
/// With [`Fault::Reply`] the request is not handled at all: no token is checked, no tool runs, no
/// session begins or ends. With the others it is handled, and its answer is changed, held or lost.
/// Several faults for one request all take effect; of several replies the first one does. They are
/// the same for both eras of the protocol, but for those that sessions or resuming belong to.
///
/// | to test | script |
/// | --- | --- |
/// | a refusal, at any step | `Reply::status(503)`, [`Reply::unauthorized`], [`Reply::redirect`] |
/// | a limit of calls | `Reply::status(429).header("retry-after", "1")` |
/// | what is no answer at all | [`Reply::html_page`], `Reply::body("application/json", "{")` |
/// | a failure after the tool has run | [`Fault::Replace`], [`Fault::Close`], [`Fault::Reset`] |
/// | an answer after its request was cancelled | [`Fault::Hold`], opened after the cancellation |
/// | an answer that does not come in time | [`Fault::Hold`], [`Fault::Stall`], [`Fault::Drip`] |
/// | a client that comes back for ever | [`resumable`](crate::Builder::resumable) with no wait, and [`Fault::CutStream`] of 0 for the call and each `GET` |
/// | limits of size | [`Fault::Oversized`], [`Fault::GzipBomb`], [`Fault::Endless`] |
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Fault {
    /// Answers with this in place of handling the request; made from a [`Reply`], or by
    /// [`Fault::reply_with`].
    Reply(Responder),
    /// Handles the request and holds the answer, status line included, until the gate is open.
    Hold(Gate),
    /// Handles the request, and answers with this in place of its answer: the call has run, and the
    /// client cannot know.
    Replace(Reply),
    /// Forgets the session of the request before handling it, as a restarted server does.
    LoseSession,
    /// Handles the request and closes the connection without a byte of an answer.
    Close,
    /// Handles the request and resets the connection without a byte of an answer.
    Reset,
    /// Sends half of the answer, and resets the connection.
    ResetInside,
    /// Sends half of the answer, and the rest when the gate is open.
    Stall(Gate),
    /// Sends the answer byte by byte, with a wait after each.
    Drip(Duration),
    /// Answers with the id of another request.
    WrongId,
    /// Sends the answer twice, in an event stream.
    Duplicate,
    /// Answers with an event stream that is not closed after the answer.
    NeverEnd,
    /// Answers with an event stream of the same bytes for ever, with a wait after each time, and
    /// without an answer: `b": still here\n\n"` is a comment, which counts as nothing.
    Endless(Bytes, Duration),
    /// Answers with JSON in gzip, which has so many spaces in front when it is unpacked.
    GzipBomb(usize),
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
    /// Answers with an event stream, and closes its connection after so many messages, which may be
    /// none. What is left the client gets by resuming, if [streams can be
    /// resumed](crate::Builder::resumable); else it is lost.
    ///
    /// A `GET` that listens or resumes is cut in the same way.
    CutStream(usize),
    /// Begins at the beginning of a stream that is resumed: for a `GET` with `Last-Event-ID`.
    Redeliver,
}

/// What makes the reply of [`Fault::Reply`].
#[derive(Clone)]
pub struct Responder(Arc<dyn Fn(&Recorded) -> Reply + Send + Sync>);

/// All faults of one request.
#[derive(Debug, Default)]
pub(crate) struct FaultPlan {
    reply: Option<Responder>,
    pub(crate) replace: Option<Reply>,
    pub(crate) lose_session: bool,
    pub(crate) gates: Vec<Gate>,
    pub(crate) end: Option<ConnectionEnd>,
    body_fault: Option<BodyFault>,
    wrong_id: bool,
    repeat_cursor: bool,
    pub(crate) duplicate: bool,
    pub(crate) never_end: bool,
    pub(crate) endless: Option<(Bytes, Duration)>,
    pub(crate) gzip_bomb: Option<usize>,
    pub(crate) padding: usize,
    pub(crate) messages_before: Vec<Value>,
    pub(crate) cut_after: Option<usize>,
    pub(crate) redeliver: bool,
}

/// How a connection ends in place of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectionEnd {
    Close,
    Reset,
}

/// What happens in the middle of an answer.
#[derive(Debug)]
enum BodyFault {
    Truncate,
    Reset,
    Stall(Gate),
    Drip(Duration),
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

impl FaultPlan {
    pub(crate) fn with_fault(mut self, fault: Fault) -> Self {
        match fault {
            Fault::Reply(reply) => self.reply = self.reply.or(Some(reply)),
            Fault::Hold(gate) => self.gates.push(gate),
            Fault::Replace(reply) => self.replace = self.replace.or(Some(reply)),
            Fault::LoseSession => self.lose_session = true,
            Fault::Close => self.end = Some(ConnectionEnd::Close),
            Fault::Reset => self.end = Some(ConnectionEnd::Reset),
            Fault::ResetInside => self.body_fault = Some(BodyFault::Reset),
            Fault::Stall(gate) => self.body_fault = Some(BodyFault::Stall(gate)),
            Fault::Drip(time) => self.body_fault = Some(BodyFault::Drip(time)),
            Fault::WrongId => self.wrong_id = true,
            Fault::Duplicate => self.duplicate = true,
            Fault::NeverEnd => self.never_end = true,
            Fault::Endless(bytes, every) => self.endless = Some((bytes, every)),
            Fault::GzipBomb(size) => self.gzip_bomb = Some(size),
            Fault::RepeatCursor => self.repeat_cursor = true,
            Fault::TruncatedSse => self.body_fault = Some(BodyFault::Truncate),
            Fault::Oversized(size) => self.padding = size,
            Fault::Interject(messages) => self.messages_before.extend(messages),
            Fault::CutStream(messages) => self.cut_after = Some(messages),
            Fault::Redeliver => self.redeliver = true,
        }
        self
    }

    /// The reply that stands in for handling the request.
    pub(crate) fn reply(&self, request: &Recorded) -> Option<Reply> {
        self.reply.as_ref().map(|reply| reply.0(request))
    }

    /// Whether JSON alone cannot show what is planned.
    pub(crate) fn needs_stream(&self) -> bool {
        let truncated = matches!(self.body_fault, Some(BodyFault::Truncate));
        let sends_more = self.duplicate || !self.messages_before.is_empty();
        let does_not_end = self.never_end || self.endless.is_some();
        truncated || sends_more || does_not_end || self.cut_after.is_some()
    }

    /// The text of an answer, be it JSON or an event, as it is sent.
    pub(crate) fn body_parts(&self, text: String) -> Vec<Part> {
        let whole = Bytes::from(text);
        let middle = whole.len() / 2;
        let half = || Part::Chunk(whole.slice(..middle));
        match &self.body_fault {
            None => vec![Part::Chunk(whole)],
            Some(BodyFault::Truncate) => vec![half()],
            Some(BodyFault::Reset) => vec![half(), Part::Reset],
            Some(BodyFault::Stall(gate)) => {
                vec![half(), Part::Hold(gate.clone()), Part::Chunk(whole.slice(middle..))]
            }
            Some(BodyFault::Drip(time)) => {
                let byte = |at| Part::Chunk(whole.slice(at..=at));
                (0..whole.len()).flat_map(|at| [byte(at), Part::Pause(*time)]).collect()
            }
        }
    }

    /// The answer as it is planned.
    pub(crate) fn response_text(&self, mut response: RpcResponse, request: &Recorded) -> String {
        if self.wrong_id {
            response.id = different_id(response.id);
        }
        if self.repeat_cursor {
            response.repeat_cursor(request);
        }
        response.into_json()
    }
}

fn different_id(id: RequestId) -> RequestId {
    match id {
        RequestId::Number(number) => RequestId::Number(number.wrapping_add(1_000_003)),
        RequestId::String(string) => RequestId::String(string + "-other"),
    }
}
