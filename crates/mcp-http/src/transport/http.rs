//! Streamable HTTP: sending messages, listening, and ending a session.

use std::{fmt, sync::Arc};

use futures_util::future::BoxFuture;
use http::StatusCode;
use mcp_client::{
    MessageContext, MessageStream, OutgoingMessage, Transport, TransportError, TransportResponse,
};

use super::{resumption::ResumableStream, sender::Sender, sse::SseTransport};
use crate::{
    auth::TokenSource,
    endpoint::Endpoint,
    error::Error,
    message::{AcceptedResponse, EventStream, Request},
};

/// Streamable HTTP to one server with the token of one user (MCP basic/transports).
///
/// Clones share everything. [`with_token_source`](Self::with_token_source) makes the transport of
/// another user, which shares the connections.
#[derive(Clone)]
pub struct HttpTransport(pub(super) Sender);

impl HttpTransport {
    /// The largest message that is taken from a server unless set otherwise, in bytes: 32 MiB.
    pub const DEFAULT_MAX_MESSAGE_SIZE: usize = 32 * 1024 * 1024;

    /// The transport of another user to the same server.
    #[must_use]
    pub fn with_token_source(&self, source: Option<Arc<dyn TokenSource>>) -> Self {
        Self(self.0.with_token_source(source))
    }

    /// The server.
    pub fn endpoint(&self) -> &Endpoint {
        self.0.endpoint()
    }

    async fn delete(&self, context: MessageContext) -> Result<(), Error> {
        if context.session.is_none() {
            return Ok(());
        }
        match self.0.send(&Request::delete(context)).await {
            // The server does not let clients end sessions, or has already ended this one.
            Err(
                Error::Status { status: StatusCode::METHOD_NOT_ALLOWED, .. }
                | Error::SessionEnded { .. },
            ) => Ok(()),
            outcome => outcome.map(AcceptedResponse::drain),
        }
    }

    async fn post(&self, message: OutgoingMessage) -> Result<TransportResponse, Error> {
        let (kind, resumable) = (message.kind, message.resumable);
        let request = Request::post(message);
        let accepted = self.0.send(&request).await?;
        let stream = |accepted| match resumable {
            true => ResumableStream::response(self.0.clone(), request, accepted).into_stream(),
            false => EventStream::new(accepted).into_stream(),
        };
        accepted.into_reply(kind, stream).await
    }
}

impl Transport for HttpTransport {
    fn send(
        &self,
        message: OutgoingMessage,
    ) -> BoxFuture<'_, Result<TransportResponse, TransportError>> {
        Box::pin(async move { Ok(self.post(message).await?) })
    }

    fn listen(
        &self,
        context: MessageContext,
    ) -> BoxFuture<'_, Result<Option<MessageStream>, TransportError>> {
        Box::pin(async {
            let stream = ResumableStream::listen(self.0.clone(), context).await?;
            Ok(stream.map(ResumableStream::into_stream))
        })
    }

    fn close(&self, context: MessageContext) -> BoxFuture<'_, Result<(), TransportError>> {
        Box::pin(async { Ok(self.delete(context).await?) })
    }

    fn fallback(&self) -> Option<Arc<dyn Transport>> {
        Some(Arc::new(SseTransport::new(self.clone())))
    }
}

impl SseTransport {
    /// The same server, token, headers, connections and limits as `http`, whose URL is that of the
    /// stream.
    pub fn new(http: HttpTransport) -> Self {
        Self::with_sender(http.0)
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoint = self.endpoint();
        f.debug_struct("HttpTransport").field("endpoint", endpoint).finish_non_exhaustive()
    }
}
