//! An event stream of a response, read message by message.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{StreamExt, try_unfold};
use http::HeaderValue;
use mcp_client::{LogLimit, MessageStream, is_response};

use super::{
    redaction::RequestSecrets,
    response::AcceptedResponse,
    sse_parser::{Event, EventType, SseParser},
    trace::trace_body,
};
use crate::{client::Response, endpoint::Endpoint, error::Error, error_body::ErrorBody};

/// An event stream of a response.
pub(crate) struct EventStream {
    endpoint: Endpoint,
    /// The response. `None` after its end.
    response: Option<Response>,
    parser: SseParser,
    secrets: RequestSecrets,
    max_message_size: usize,
    /// True if this response has delivered an event. An event with only an id counts too.
    received_event: bool,
    /// Set if the last message was a JSON-RPC response, after which the server sends nothing else.
    received_response: bool,
    /// The last `error` event, until the stream has ended.
    reported_error: Option<Error>,
    /// Limits the log of `error` events.
    error_events: LogLimit,
}

impl EventStream {
    pub(crate) fn new(accepted: AcceptedResponse) -> Self {
        let AcceptedResponse { response, secrets, max_message_size } = accepted;
        let parser = SseParser::new(max_message_size);
        Self {
            endpoint: response.endpoint.clone(),
            response: Some(response),
            parser,
            secrets,
            max_message_size,
            received_event: false,
            received_response: false,
            reported_error: None,
            error_events: LogLimit::default(),
        }
    }

    /// Continues with another response.
    pub(crate) fn resume(&mut self, accepted: AcceptedResponse) {
        self.response = Some(accepted.response);
        self.parser = self.parser.for_resumption();
        self.secrets = accepted.secrets;
        self.received_event = false;
    }

    /// Reads the next message. Returns `None` at the end of the stream.
    ///
    /// # Errors
    /// Returns [`Error::ErrorEvent`] if the stream ends after an `error` event.
    pub(crate) async fn next_message(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let event = match self.next_event().await {
                Ok(Some(event)) => event,
                Err(error) if !matches!(error, Error::Interrupted { .. }) => return Err(error),
                end => return self.reported_error.take().map_or(end.map(|_| None), Err),
            };
            match event.event_type {
                // An event without data only announces its id.
                EventType::Message if !event.data.is_empty() => {
                    self.received_response = is_response(&event.data);
                    trace_body("<", &event.data, &self.secrets);
                    return Ok(Some(self.secrets.redact_unless_result(event.data)));
                }
                // The response may still follow.
                EventType::Error => self.reported_error = Some(self.error_event(&event.data)),
                _ => {}
            }
        }
    }

    /// Returns the error for an `error` event.
    pub(crate) fn error_event(&self, text: &[u8]) -> Error {
        trace_body("<", text, &self.secrets);
        let text = ErrorBody::beginning_of(text, &self.secrets.redactor());
        if let Some(count) = self.error_events.count() {
            let endpoint = &self.endpoint;
            tracing::debug!(%endpoint, %text, count, "the server sent an \"error\" event");
        }
        Error::ErrorEvent { endpoint: self.endpoint.clone(), text }
    }

    /// Returns whether a text of the server contains a secret of the request.
    pub(crate) fn contains_secret(&self, text: &[u8]) -> bool {
        self.secrets.redactor().redact_bytes(text).as_bytes() != text
    }

    /// Reads the next event. Returns `None` at the end of the stream.
    pub(crate) async fn next_event(&mut self) -> Result<Option<Event>, Error> {
        loop {
            let Some(response) = &mut self.response else { return Ok(None) };
            let too_large = |_| Error::TooLarge {
                endpoint: response.endpoint.clone(),
                limit: self.max_message_size,
            };
            if let Some(event) = self.parser.next().map_err(too_large)? {
                // An error is no progress, so that a stream is not reopened without end.
                self.received_event |= event.event_type != EventType::Error;
                return Ok(Some(event));
            }
            match response.chunk().await? {
                Some(chunk) => self.parser.push(chunk),
                None => self.response = None,
            }
        }
    }

    /// Returns whether the current response has delivered an event.
    pub(crate) fn has_received_event(&self) -> bool {
        self.received_event
    }

    /// Returns the last event id, if the server has sent one that is allowed in a header.
    pub(crate) fn last_event_id(&self) -> Option<HeaderValue> {
        let id = self.parser.last_event_id();
        HeaderValue::from_bytes(id).ok().filter(|id| !id.is_empty())
    }

    /// Returns the server's reconnection time (`retry`).
    pub(crate) fn reconnection_time(&self) -> Option<Duration> {
        self.parser.reconnection_time()
    }

    /// Converts this into a stream of messages. If the connection breaks, the stream is not reopened.
    pub(crate) fn into_stream(self) -> MessageStream {
        let next = async |mut stream: Self| {
            Ok(stream.next_message().await?.map(|message| (message, stream)))
        };
        try_unfold(self, next).boxed()
    }
}

impl Drop for EventStream {
    /// If the JSON-RPC response has not arrived, closes the connection, so that the server notices
    /// the cancellation. Otherwise reads the rest, so that the connection can be reused.
    fn drop(&mut self) {
        if let Some(response) = self.response.take().filter(|_| self.received_response) {
            response.drain();
        }
    }
}
