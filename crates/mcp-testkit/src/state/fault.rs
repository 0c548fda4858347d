//! Faults, and the plan that applies them to one response.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use mcp_types::RequestId;
use serde_json::Value;

use super::rpc_response::RpcResponse;
use crate::{
    base::{Barrier, RecordedRequest},
    http::{Part, Reply},
};

/// A deviation from the correct response, scripted with
/// [`TestServer::script`](crate::TestServer::script).
///
/// With [`Fault::Reply`] the request is not handled: no token is checked, no tool runs, and no
/// session begins or ends. With the others it is handled, and its response is changed, held or
/// lost. Several faults for one request all apply; of several replies the first one is used. Faults
/// work the same in stateful and stateless protocol versions, except those about sessions and
/// resumption.
///
/// | to test | script |
/// | --- | --- |
/// | a rejection at any step | `Reply::status(503)`, [`Reply::unauthorized`], [`Reply::redirect`] |
/// | a rate limit | `Reply::status(429).header("retry-after", "1")` |
/// | an invalid response | [`Reply::html_page`], `Reply::body("application/json", "{")` |
/// | a failure after the tool has run | [`Fault::Replace`], [`Fault::Close`], [`Fault::Reset`] |
/// | a response after cancellation | [`Fault::Hold`], opened after the cancellation |
/// | a late or slow response | [`Fault::Hold`], [`Fault::Stall`], [`Fault::Drip`] |
/// | endless resumption | [`resumable`](crate::TestServerBuilder::resumable) with no wait, and [`Fault::CutStream`] of 0 for the call and each `GET` |
/// | size limits | [`Fault::Oversized`], [`Fault::GzipBomb`], [`Fault::Endless`] |
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Fault {
    /// Answers with this instead of handling the request. Created from a [`Reply`] or by
    /// [`Fault::reply_with`].
    Reply(Responder),
    /// Handles the request and holds the response, including the status line, until the barrier is
    /// open.
    Hold(Barrier),
    /// Handles the request but sends this reply. The tool has run, and the client cannot know.
    Replace(Reply),
    /// Ends the session of the request before handling it, like a restarted server.
    LoseSession,
    /// Handles the request and closes the connection without a response.
    Close,
    /// Handles the request and resets the connection without a response.
    Reset,
    /// Sends half of the response and resets the connection.
    ResetInside,
    /// Sends half of the response, and the rest when the barrier is open.
    Stall(Barrier),
    /// Sends the response byte by byte, with a wait after each.
    Drip(Duration),
    /// Sends the response with another id.
    WrongId,
    /// Sends the response twice, in an event stream.
    Duplicate,
    /// Sends an event stream that stays open after the response.
    NeverEnd,
    /// Sends an event stream that repeats the same bytes forever, with a wait after each time, and
    /// has no response. `b": still here\n\n"` is a comment.
    Endless(Bytes, Duration),
    /// Sends the response in gzip, with this many spaces before the JSON after unpacking.
    GzipBomb(usize),
    /// Returns the requested cursor as the next one.
    RepeatCursor,
    /// Sends an event stream that ends in the middle of the event.
    TruncatedSse,
    /// Sends this many spaces before the JSON of the response, streamed. The response stays valid.
    Oversized(usize),
    /// Sends an event stream that has these messages before the response.
    ///
    /// A [`Fault::Hold`] for the same request then holds the response only.
    Interject(Vec<Value>),
    /// Sends an event stream and closes its connection after this many messages, which may be 0.
    /// The client receives the rest by resuming, if [streams are
    /// resumable](crate::TestServerBuilder::resumable); otherwise it is lost.
    ///
    /// It applies to a `GET` that listens or resumes as well.
    CutStream(usize),
    /// Sends a resumed stream from its beginning, for a `GET` with `Last-Event-ID`.
    Redeliver,
}

/// The function that returns the reply of [`Fault::Reply`].
#[derive(Clone)]
pub struct Responder(Arc<dyn Fn(&RecordedRequest) -> Reply + Send + Sync>);

/// The combined faults of one request.
#[derive(Debug, Default)]
pub(crate) struct FaultPlan {
    reply: Option<Responder>,
    pub(crate) replace: Option<Reply>,
    pub(crate) lose_session: bool,
    pub(crate) barriers: Vec<Barrier>,
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

/// The end of a connection without a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectionEnd {
    Close,
    Reset,
}

/// A fault in the middle of a response.
#[derive(Debug)]
enum BodyFault {
    Truncate,
    Reset,
    Stall(Barrier),
    Drip(Duration),
}

impl Fault {
    /// Returns a fault that answers with a reply made from the request, instead of handling it.
    ///
    /// ```
    /// use mcp_testkit::{Fault, On, RecordedRequest, Reply, TestServer};
    /// use serde_json::json;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = TestServer::builder().start().await?;
    /// // A correct response in an event stream with CRLF, split inside a line end.
    /// let split = Fault::reply_with(|request| {
    ///     let answer = json!({ "jsonrpc": "2.0", "id": request.id(), "result": {} });
    ///     Reply::sse([format!("data: {answer}\r"), "\n\r\n".to_owned()])
    /// });
    /// server.script(On::method("ping"), split);
    /// # Ok(())
    /// # }
    /// ```
    pub fn reply_with(reply: impl Fn(&RecordedRequest) -> Reply + Send + Sync + 'static) -> Self {
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
            Fault::Hold(barrier) => self.barriers.push(barrier),
            Fault::Replace(reply) => self.replace = self.replace.or(Some(reply)),
            Fault::LoseSession => self.lose_session = true,
            Fault::Close => self.end = Some(ConnectionEnd::Close),
            Fault::Reset => self.end = Some(ConnectionEnd::Reset),
            Fault::ResetInside => self.body_fault = Some(BodyFault::Reset),
            Fault::Stall(barrier) => self.body_fault = Some(BodyFault::Stall(barrier)),
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

    /// Returns the reply that is sent instead of handling the request.
    pub(crate) fn reply(&self, request: &RecordedRequest) -> Option<Reply> {
        self.reply.as_ref().map(|reply| reply.0(request))
    }

    /// Returns whether the plan needs an event stream.
    pub(crate) fn needs_stream(&self) -> bool {
        let truncated = matches!(self.body_fault, Some(BodyFault::Truncate));
        let sends_more = self.duplicate || !self.messages_before.is_empty();
        let does_not_end = self.never_end || self.endless.is_some();
        truncated || sends_more || does_not_end || self.cut_after.is_some()
    }

    /// Returns the parts of a response text, which is JSON or an event.
    pub(crate) fn body_parts(&self, text: String) -> Vec<Part> {
        let whole = Bytes::from(text);
        let middle = whole.len() / 2;
        let half = || Part::Chunk(whole.slice(..middle));
        match &self.body_fault {
            None => vec![Part::Chunk(whole)],
            Some(BodyFault::Truncate) => vec![half()],
            Some(BodyFault::Reset) => vec![half(), Part::Reset],
            Some(BodyFault::Stall(barrier)) => {
                vec![half(), Part::Hold(barrier.clone()), Part::Chunk(whole.slice(middle..))]
            }
            Some(BodyFault::Drip(time)) => {
                let byte = |at| Part::Chunk(whole.slice(at..=at));
                (0..whole.len()).flat_map(|at| [byte(at), Part::Pause(*time)]).collect()
            }
        }
    }

    /// Returns the serialized response, changed as planned.
    pub(crate) fn response_text(
        &self,
        mut response: RpcResponse,
        request: &RecordedRequest,
    ) -> String {
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
