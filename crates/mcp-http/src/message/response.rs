//! The messages of a successful response.

use http::{HeaderMap, HeaderValue, StatusCode, header};
use mcp_client::{
    MessageKind, MessageStream, ResponseMessages, SessionId, TransportResponse, Truncated,
};

use super::{
    headers::SESSION_ID, redaction::RequestSecrets, status::read_error_body, trace::trace_body,
};
use crate::{client::Response, error::Error};

const EVENT_STREAM: &str = "text/event-stream";

/// A response with a success status.
pub(crate) struct AcceptedResponse {
    pub(crate) response: Response,
    /// The secrets of the request, which are redacted from messages.
    pub(crate) secrets: RequestSecrets,
    /// The maximum size of a message, in bytes.
    pub(crate) max_message_size: usize,
}

impl AcceptedResponse {
    /// Reads the response to a message of `kind`. If it is an event stream, `stream` reads it.
    pub(crate) async fn into_transport_response(
        mut self,
        kind: MessageKind,
        stream: impl FnOnce(Self) -> MessageStream,
    ) -> Result<TransportResponse, Error> {
        let session = self.new_session_id()?;
        if let Some(session) = &session {
            // The body of the same response may contain it.
            self.secrets.add_session(session.clone());
        }
        let messages = match kind {
            MessageKind::Request => self.into_messages(stream).await?,
            _ => {
                self.drain();
                ResponseMessages::None
            }
        };
        Ok(TransportResponse::new(messages).with_session(session))
    }

    /// Discards the response.
    pub(crate) fn drain(self) {
        self.response.drain();
    }

    /// Returns whether the response is an event stream.
    pub(crate) fn is_event_stream(&self) -> bool {
        media_type(self.response.headers()).as_deref() == Some(EVENT_STREAM)
    }

    async fn into_messages(
        self,
        stream: impl FnOnce(Self) -> MessageStream,
    ) -> Result<ResponseMessages, Error> {
        self.check_coding()?;
        match media_type(self.response.headers()).as_deref() {
            Some("application/json") => {
                let body = self.response.read_all(self.max_message_size).await?;
                trace_body("<", &body, &self.secrets);
                Ok(ResponseMessages::One(self.secrets.redact_unless_result(body)))
            }
            Some(EVENT_STREAM) => Ok(ResponseMessages::Stream(stream(self))),
            _ if self.response.status() == StatusCode::ACCEPTED => Ok(ResponseMessages::None),
            _ => {
                let endpoint = self.response.endpoint.clone();
                let content_type = self.displayed_content_type();
                let body = read_error_body(self.response, &self.secrets).await;
                Err(Error::UnexpectedContentType { endpoint, content_type, body })
            }
        }
    }

    /// Checks that the body is not compressed in a way that the client did not request.
    pub(crate) fn check_coding(&self) -> Result<(), Error> {
        let Some(coding) = self.response.unrequested_coding() else { return Ok(()) };
        Err(Error::UnrequestedCoding { endpoint: self.response.endpoint.clone(), coding })
    }

    /// Returns the media type for an error. The header is redacted as it is, because a secret is not
    /// recognized in lower case.
    fn displayed_content_type(&self) -> String {
        let header = self.response.headers().get(header::CONTENT_TYPE);
        let header = header.map(HeaderValue::as_bytes).unwrap_or_default();
        let redacted = self.secrets.redactor().redact_bytes(header);
        match redacted.split(';').next().unwrap_or_default().trim() {
            "" => "a body without a content type".to_owned(),
            media_type => Truncated(&media_type.to_ascii_lowercase()).to_string(),
        }
    }

    fn new_session_id(&self) -> Result<Option<SessionId>, Error> {
        // Only the first response of a session contains the session id.
        let id = self.response.headers().get(SESSION_ID);
        let Some(id) = id.filter(|_| self.secrets.session.is_none()) else { return Ok(None) };
        SessionId::new(id.as_bytes()).map(Some).ok_or_else(|| Error::Protocol {
            endpoint: self.response.endpoint.clone(),
            reason: match id.len() > SessionId::MAX_LEN {
                true => "the session id is longer than 1,024 bytes",
                false => "the session id contains characters other than visible ASCII",
            },
        })
    }
}

/// Returns the media type in lower case, without parameters. Returns `None` if it is empty.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let media_type = value.split(';').next()?.trim().to_ascii_lowercase();
    (!media_type.is_empty()).then_some(media_type)
}
