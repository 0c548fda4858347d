//! Faults, and the plan that applies them to a response.

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
/// With [`Fault::Reply`], the server does not handle the request: it checks no token, runs no tool,
/// and starts or ends no session. With all other faults, the server handles the request, and its
/// response is changed, held or lost.
///
/// If a request has several faults, all of them apply. If it has several replies, the first is
/// used. Faults work the same in stateful and stateless protocol versions, except those about
/// sessions and resumption.
///
/// | to test | script |
/// | --- | --- |
/// | a rejection at any step | `Reply::status(503)`, [`Reply::unauthorized`], [`Reply::redirect`] |
/// | a rate limit | `Reply::status(429).header("retry-after", "1")` |
/// | an invalid response | [`Reply::html_page`], `Reply::body("application/json", "{")` |
/// | a failure after the tool has run | [`Fault::Replace`], [`Fault::Close`], [`Fault::Reset`] |
/// | a response after cancellation | [`Fault::Hold`], opened after the cancellation |
/// | a late or slow response | [`Fault::Hold`], [`Fault::Stall`], [`Fault::ByteByByte`] |
/// | endless resumption | [`resumable`](crate::TestServerBuilder::resumable) with no wait, and [`Fault::CutStream`] of 0 for the call and each `GET` |
/// | size limits | [`Fault::Oversized`], [`Fault::GzipBomb`], [`Fault::Endless`] |
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Fault {
    /// Sends this reply instead of handling the request. Created from a [`Reply`] or with
    /// [`Fault::reply_with`].
    Reply(Responder),
    /// Handles the request, but holds the response until the barrier is open. The status line is
    /// held too.
    Hold(Barrier),
    /// Handles the request, but sends this reply. The tool has run, but the client cannot know it.
    Replace(Reply),
    /// Ends the session of the request before it is handled, like a restarted server.
    LoseSession,
    /// Handles the request, then closes the connection without a response.
    Close,
    /// Handles the request, then resets the connection without a response.
    Reset,
    /// Sends half of the response, then resets the connection.
    ResetMidBody,
    /// Sends half of the response, and the rest when the barrier is open.
    Stall(Barrier),
    /// Sends the response byte by byte, with a pause after each byte.
    ByteByByte(Duration),
    /// Sends the response with another id.
    WrongId,
    /// Sends the response twice, in an event stream.
    Duplicate,
    /// Sends an event stream that stays open after the response.
    NeverEnd,
    /// Sends an event stream without a response. It repeats the same bytes forever, with a pause
    /// after each time. For example, `b": still here\n\n"` is a comment.
    Endless(Bytes, Duration),
    /// Sends the response compressed with gzip. The decompressed body starts with this many spaces.
    GzipBomb(usize),
    /// Sends the requested cursor as the next cursor.
    RepeatCursor,
    /// Sends an event stream that ends in the middle of an event.
    TruncatedSse,
    /// Sends this many spaces before the JSON of the response, as a stream. The response stays
    /// valid.
    Oversized(usize),
    /// Sends an event stream with these messages before the response.
    ///
    /// A [`Fault::Hold`] for the same request then holds the response only.
    MessagesBefore(Vec<Value>),
    /// Sends an event stream and closes its connection after this many messages, which may be 0.
    ///
    /// If [streams are resumable](crate::TestServerBuilder::resumable), the client can resume the
    /// stream to receive the rest. Otherwise, the rest is lost. The fault also applies to a `GET`
    /// that opens or resumes a stream.
    CutStream(usize),
    /// Sends a resumed stream from its beginning. Applies to a `GET` with `Last-Event-ID`.
    Redeliver,
}

/// The function that returns the reply of [`Fault::Reply`].
#[derive(Clone)]
pub struct Responder(Arc<dyn Fn(&RecordedRequest) -> Reply + Send + Sync>);

/// The combined faults of a request.
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
    ByteByByte(Duration),
}

impl Fault {
    /// Returns a fault that sends a reply instead of handling the request. The function creates the
    /// reply from the request.
    ///
    /// ```
    /// use mcp_testkit::{Fault, On, RecordedRequest, Reply, TestServer};
    /// use serde_json::json;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = TestServer::builder().start().await?;
    /// // A valid response in an event stream with CRLF line ends. A line end is split.
    /// let split = Fault::reply_with(|request| {
    ///     let response = json!({ "jsonrpc": "2.0", "id": request.id(), "result": {} });
    ///     Reply::sse([format!("data: {response}\r"), "\n\r\n".to_owned()])
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
            Fault::ResetMidBody => self.body_fault = Some(BodyFault::Reset),
            Fault::Stall(barrier) => self.body_fault = Some(BodyFault::Stall(barrier)),
            Fault::ByteByByte(time) => self.body_fault = Some(BodyFault::ByteByByte(time)),
            Fault::WrongId => self.wrong_id = true,
            Fault::Duplicate => self.duplicate = true,
            Fault::NeverEnd => self.never_end = true,
            Fault::Endless(bytes, every) => self.endless = Some((bytes, every)),
            Fault::GzipBomb(size) => self.gzip_bomb = Some(size),
            Fault::RepeatCursor => self.repeat_cursor = true,
            Fault::TruncatedSse => self.body_fault = Some(BodyFault::Truncate),
            Fault::Oversized(size) => self.padding = size,
            Fault::MessagesBefore(messages) => self.messages_before.extend(messages),
            Fault::CutStream(messages) => self.cut_after = Some(messages),
            Fault::Redeliver => self.redeliver = true,
        }
        self
    }

    /// Returns the reply that is sent instead of handling the request.
    pub(crate) fn reply(&self, request: &RecordedRequest) -> Option<Reply> {
        self.reply.as_ref().map(|reply| reply.0(request))
    }

    /// Returns `true` if the plan needs an event stream.
    pub(crate) fn needs_stream(&self) -> bool {
        let truncated = matches!(self.body_fault, Some(BodyFault::Truncate));
        let sends_more = self.duplicate || !self.messages_before.is_empty();
        let does_not_end = self.never_end || self.endless.is_some();
        truncated || sends_more || does_not_end || self.cut_after.is_some()
    }

    /// Splits a response text into parts. The text is JSON or an event.
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
            Some(BodyFault::ByteByByte(time)) => {
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
