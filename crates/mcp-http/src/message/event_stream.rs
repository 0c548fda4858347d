//! The messages of an event stream, as they come.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{StreamExt, try_unfold};
use http::HeaderValue;
use mcp_client::{MessageStream, is_answer};

use super::{
    redaction::Secrets,
    response::Success,
    sse_parser::{Event, Kind, Parser},
    trace::trace_body,
};
use crate::{client::Response, error::Error};

/// An event stream that is being read.
pub(crate) struct Events {
    /// Its response; `None` once that has ended.
    response: Option<Response>,
    parser: Parser,
    secrets: Secrets,
    limit: usize,
    /// Whether an event has come with this response, be it one that only tells its id.
    begun: bool,
    /// Whether the last message was an answer, after which a server has no more to say.
    answered: bool,
}

impl Events {
    pub(crate) fn new(success: Success) -> Self {
        let Success { response, secrets, limit } = success;
        let parser = Parser::new(limit);
        Self { response: Some(response), parser, secrets, limit, begun: false, answered: false }
    }

    /// Goes on with another response.
    pub(crate) fn resume(&mut self, success: Success) {
        self.response = Some(success.response);
        self.parser = self.parser.resumed();
        self.secrets = success.secrets;
        self.begun = false;
    }

    /// The next message; `None` where the stream has ended.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        while let Some(event) = self.event().await? {
            // Empty data only announces an event id; other types are not MCP.
            if event.kind == Kind::Message && !event.data.is_empty() {
                self.answered = is_answer(&event.data);
                trace_body("<", &event.data, &self.secrets);
                return Ok(Some(self.secrets.mask_unless_result(event.data)));
            }
        }
        Ok(None)
    }

    /// The next event; `None` where the stream has ended.
    pub(crate) async fn event(&mut self) -> Result<Option<Event>, Error> {
        loop {
            let Some(response) = &mut self.response else { return Ok(None) };
            let too_large =
                |_| Error::TooLarge { endpoint: response.endpoint.clone(), limit: self.limit };
            if let Some(event) = self.parser.next().map_err(too_large)? {
                self.begun = true;
                return Ok(Some(event));
            }
            match response.chunk().await? {
                Some(chunk) => self.parser.push(chunk),
                None => self.response = None,
            }
        }
    }

    /// Whether an event has come with the present response.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun
    }

    /// Where the stream has got to, if the server has named a place that a header can carry.
    pub(crate) fn last_event_id(&self) -> Option<HeaderValue> {
        let id = self.parser.last_event_id();
        HeaderValue::from_bytes(id).ok().filter(|id| !id.is_empty())
    }

    /// How long the server wants a client to wait before it opens the stream again.
    pub(crate) fn retry(&self) -> Option<Duration> {
        self.parser.retry()
    }

    /// The messages of a stream that is read once.
    pub(crate) fn into_stream(self) -> MessageStream {
        let next =
            async |mut events: Self| Ok(events.next().await?.map(|message| (message, events)));
        try_unfold(self, next).boxed()
    }
}

impl Drop for Events {
    /// Who leaves before the answer gives it up: the connection ends, so that the server notices.
    fn drop(&mut self) {
        if let Some(response) = self.response.take().filter(|_| self.answered) {
            response.leave();
        }
    }
}
