//! Reading an HTTP response: what it means, and the messages that it carries.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{
    FutureExt,
    stream::{BoxStream, StreamExt, try_unfold},
};
use http::{HeaderMap, StatusCode, header};
use mcp_client::{MessageKind, Messages, Reply, SessionId, TransportError};
use tokio::{runtime::Handle, time};

use crate::{
    body::{self, Body},
    endpoint::Endpoint,
    error::Error,
    headers::SESSION_ID,
    http_client::Response,
    secrets::Secrets,
    sse::Parser,
    unauthorized::Unauthorized,
    wire,
};

/// What the reading of a response depends on.
pub(crate) struct Request<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) kind: MessageKind,
    pub(crate) secrets: Secrets,
    pub(crate) limit: usize,
}

impl Request<'_> {
    /// The messages of a response to this request.
    pub(crate) async fn read(&self, response: Response) -> Result<Reply, Error> {
        wire::received(&response, &self.secrets);
        let response = self.check(response).await?;
        let session = self.session(response.headers())?;
        let messages = match self.kind {
            MessageKind::Request => self.messages(response).await?,
            _ => {
                leave(response);
                Messages::None
            }
        };
        Ok(Reply::new(messages).with_session(session))
    }

    /// Lets only a success pass.
    pub(crate) async fn check(&self, response: Response) -> Result<Response, Error> {
        let (status, headers) = (response.status(), response.headers());
        if status.is_success() {
            return Ok(response);
        }
        let endpoint = self.endpoint.clone();
        if let Some(unauthorized) = Unauthorized::read(&endpoint, status, headers, &self.secrets) {
            leave(response);
            return Err(Error::Unauthorized(Box::new(unauthorized)));
        }
        // Without a session in the request, 404 is a wrong URL and no lost session.
        if status == StatusCode::NOT_FOUND && self.secrets.session.is_some() {
            leave(response);
            return Err(Error::SessionEnded { endpoint });
        }
        if status.is_redirection() {
            let location = self.secrets.mask(&location(endpoint.url(), headers));
            return Err(Error::Redirect { endpoint, status, location });
        }
        let retry_after = retry_after(headers);
        let body = self.beginning(response).await;
        Err(Error::Status { endpoint, status, retry_after, body })
    }

    async fn messages(&self, response: Response) -> Result<Messages, Error> {
        match media_type(response.headers()).as_deref() {
            Some("application/json") => {
                let body = body::read(response, self.limit).await?;
                wire::body("<", &body, &self.secrets);
                Ok(Messages::One(self.secrets.mask_unless_result(body)))
            }
            Some("text/event-stream") => Ok(Messages::Stream(self.events(response))),
            _ if response.status() == StatusCode::ACCEPTED => Ok(Messages::None),
            other => {
                let content_type = self.secrets.mask(other.unwrap_or("a body of no declared type"));
                let body = self.beginning(response).await;
                Err(Error::ContentType { endpoint: self.endpoint.clone(), content_type, body })
            }
        }
    }

    fn session(&self, headers: &HeaderMap) -> Result<Option<SessionId>, Error> {
        // Only the first answer names the session.
        let id = headers.get(SESSION_ID).filter(|_| self.secrets.session.is_none());
        let Some(id) = id else { return Ok(None) };
        SessionId::new(id.as_bytes()).map(Some).ok_or_else(|| Error::Protocol {
            endpoint: self.endpoint.clone(),
            reason: "the session id is not made of visible ASCII characters",
        })
    }

    async fn beginning(&self, response: Response) -> Body {
        let (beginning, cut_off) = body::read_beginning(response).await;
        Body(match cut_off {
            true => self.secrets.mask_cut_off(&beginning),
            false => self.secrets.mask_bytes(beginning),
        })
    }

    /// The messages of an event stream, as they come.
    fn events(&self, response: Response) -> BoxStream<'static, Result<Bytes, TransportError>> {
        let stream = Unfinished {
            response: Some(response),
            parser: Parser::new(self.limit),
            secrets: self.secrets.clone(),
            limit: self.limit,
        };
        let next = async |mut stream: Unfinished| {
            Ok(stream.next().await?.map(|message| (message, stream)))
        };
        try_unfold(stream, next).boxed()
    }
}

/// The media type without its parameters, in lower case; none where it is empty.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let media_type = value.split(';').next()?.trim().to_ascii_lowercase();
    (!media_type.is_empty()).then_some(media_type)
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Where a redirect points to, without what may be a secret.
fn location(from: &url::Url, headers: &HeaderMap) -> String {
    let location = headers.get(header::LOCATION).and_then(|location| location.to_str().ok());
    match location.and_then(|location| from.join(location).ok()) {
        Some(url) => format!("{}{}", url.origin().ascii_serialization(), url.path()),
        None => "an unreadable location".to_owned(),
    }
}

/// An event stream that is being read.
struct Unfinished {
    response: Option<Response>,
    parser: Parser,
    secrets: Secrets,
    limit: usize,
}

impl Unfinished {
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let Some(response) = &mut self.response else { return Ok(None) };
            let too_large =
                |_| Error::TooLarge { endpoint: response.endpoint.clone(), limit: self.limit };
            match self.parser.next().map_err(too_large)? {
                // Empty data only announces an event id; other types are not MCP.
                Some(event) if !event.is_message || event.data.is_empty() => {}
                Some(event) => {
                    wire::body("<", &event.data, &self.secrets);
                    return Ok(Some(self.secrets.mask_unless_result(event.data)));
                }
                None => match response.chunk().await? {
                    Some(chunk) => self.parser.push(chunk),
                    None => self.response = None,
                },
            }
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(response) = self.response.take() {
            leave(response);
        }
    }
}

/// Reads what little may be left of a body, so that its connection can be used again.
///
/// Mostly the end is here already; only a server that keeps it back is waited for, elsewhere.
fn leave(mut response: Response) {
    const LONGEST: Duration = Duration::from_secs(1);
    const MOST: usize = 64 * 1024;
    let mut rest = Box::pin(async move {
        let mut read = 0;
        while let Ok(Some(chunk)) = response.chunk().await {
            read += chunk.len();
            if read > MOST {
                break;
            }
        }
    });
    if rest.as_mut().now_or_never().is_none()
        && let Ok(runtime) = Handle::try_current()
    {
        runtime.spawn(time::timeout(LONGEST, rest));
    }
}
