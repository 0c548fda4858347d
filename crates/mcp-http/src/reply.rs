//! The messages that a response carries.

use futures_util::stream::{StreamExt, try_unfold};
use http::{HeaderMap, StatusCode, header};
use mcp_client::{MessageKind, MessageStream, Messages, Reply, SessionId};

use crate::{
    body, error::Error, events::Events, headers::SESSION_ID, http_client::Response,
    secrets::Secrets, wire,
};

/// A response whose status is a success.
pub(crate) struct Success {
    pub(crate) response: Response,
    /// What its request held that nobody may see.
    pub(crate) secrets: Secrets,
    /// The largest message to take from it, in bytes.
    pub(crate) limit: usize,
}

impl Success {
    /// What comes back for a message of `kind`.
    pub(crate) async fn reply(self, kind: MessageKind) -> Result<Reply, Error> {
        let session = self.session()?;
        let messages = match kind {
            MessageKind::Request => self.messages().await?,
            _ => {
                self.leave();
                Messages::None
            }
        };
        Ok(Reply::new(messages).with_session(session))
    }

    /// Takes nothing from it.
    pub(crate) fn leave(self) {
        body::leave(self.response);
    }

    async fn messages(self) -> Result<Messages, Error> {
        match media_type(self.response.headers()).as_deref() {
            Some("application/json") => {
                let body = body::read(self.response, self.limit).await?;
                wire::body("<", &body, &self.secrets);
                Ok(Messages::One(self.secrets.mask_unless_result(body)))
            }
            Some("text/event-stream") => Ok(Messages::Stream(self.stream())),
            _ if self.response.status() == StatusCode::ACCEPTED => Ok(Messages::None),
            other => {
                let endpoint = self.response.endpoint.clone();
                let content_type = self.secrets.mask(other.unwrap_or("a body of no declared type"));
                let body = body::beginning(self.response, &self.secrets).await;
                Err(Error::ContentType { endpoint, content_type, body })
            }
        }
    }

    fn session(&self) -> Result<Option<SessionId>, Error> {
        // Only the first answer names the session.
        let id = self.response.headers().get(SESSION_ID);
        let Some(id) = id.filter(|_| self.secrets.session.is_none()) else { return Ok(None) };
        SessionId::new(id.as_bytes()).map(Some).ok_or_else(|| Error::Protocol {
            endpoint: self.response.endpoint.clone(),
            reason: "the session id is not made of visible ASCII characters",
        })
    }

    /// The messages of an event stream, as they come.
    fn stream(self) -> MessageStream {
        let next =
            async |mut events: Events| Ok(events.next().await?.map(|message| (message, events)));
        try_unfold(Events::new(self), next).boxed()
    }
}

/// The media type without its parameters, in lower case; none where it is empty.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let media_type = value.split(';').next()?.trim().to_ascii_lowercase();
    (!media_type.is_empty()).then_some(media_type)
}
