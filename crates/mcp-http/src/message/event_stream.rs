//! The messages of an event stream, as they come.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{StreamExt, try_unfold};
use http::HeaderValue;
use mcp_client::{MessageStream, is_answer};

use super::{
    redaction::RequestSecrets,
    response::AcceptedResponse,
    sse_parser::{Event, EventType, SseParser},
    trace::trace_body,
};
use crate::{client::Response, error::Error};

/// An event stream that is being read.
pub(crate) struct EventStream {
    /// Its response; `None` once that has ended.
    response: Option<Response>,
    parser: SseParser,
    secrets: RequestSecrets,
    message_limit: usize,
    /// Whether an event has come with this response, be it one that only tells its id.
    received_event: bool,
    /// Whether the last message was an answer, after which a server has no more to say.
    received_response: bool,
}

impl EventStream {
    pub(crate) fn new(accepted: AcceptedResponse) -> Self {
        let AcceptedResponse { response, secrets, message_limit } = accepted;
        let parser = SseParser::new(message_limit);
        Self {
            response: Some(response),
            parser,
            secrets,
            message_limit,
            received_event: false,
            received_response: false,
        }
    }

    /// Goes on with another response.
    pub(crate) fn resume(&mut self, accepted: AcceptedResponse) {
        self.response = Some(accepted.response);
        self.parser = self.parser.for_resumption();
        self.secrets = accepted.secrets;
        self.received_event = false;
    }

    /// The next message; `None` where the stream has ended.
    pub(crate) async fn next_message(&mut self) -> Result<Option<Bytes>, Error> {
        while let Some(event) = self.next_event().await? {
            // Empty data only announces an event id; other types are not MCP.
            if event.event_type == EventType::Message && !event.data.is_empty() {
                self.received_response = is_answer(&event.data);
                trace_body("<", &event.data, &self.secrets);
                return Ok(Some(self.secrets.redact_unless_result(event.data)));
            }
        }
        Ok(None)
    }

    /// The next event; `None` where the stream has ended.
    pub(crate) async fn next_event(&mut self) -> Result<Option<Event>, Error> {
        loop {
            let Some(response) = &mut self.response else { return Ok(None) };
            let too_large = |_| Error::TooLarge {
                endpoint: response.endpoint.clone(),
                limit: self.message_limit,
            };
            if let Some(event) = self.parser.next().map_err(too_large)? {
                self.received_event = true;
                return Ok(Some(event));
            }
            match response.chunk().await? {
                Some(chunk) => self.parser.push(chunk),
                None => self.response = None,
            }
        }
    }

    /// Whether an event has come with the present response.
    pub(crate) fn has_received_event(&self) -> bool {
        self.received_event
    }

    /// Where the stream has got to, if the server has named a place that a header can carry.
    pub(crate) fn last_event_id(&self) -> Option<HeaderValue> {
        let id = self.parser.last_event_id();
        HeaderValue::from_bytes(id).ok().filter(|id| !id.is_empty())
    }

    /// How long the server wants a client to wait before it opens the stream again.
    pub(crate) fn retry_delay(&self) -> Option<Duration> {
        self.parser.retry_delay()
    }

    /// The messages of a stream that is read once.
    pub(crate) fn into_stream(self) -> MessageStream {
        let next = async |mut stream: Self| {
            Ok(stream.next_message().await?.map(|message| (message, stream)))
        };
        try_unfold(self, next).boxed()
    }
}

impl Drop for EventStream {
    /// Who leaves before the answer gives it up: the connection ends, so that the server notices.
    fn drop(&mut self) {
        if let Some(response) = self.response.take().filter(|_| self.received_response) {
            response.drain();
        }
    }
}
