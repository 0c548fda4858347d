//! The Streamable HTTP transport: it sends messages, listens, and ends sessions.

use std::{fmt, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use http::StatusCode;
use mcp_client::{
    MessageContext, MessageKind, MessageStream, OutgoingMessage, Redactor, Transport,
    TransportError, TransportResponse,
};

use super::{resumption::ResumableStream, sender::Sender, sse::SseTransport};
use crate::{
    auth::TokenSource,
    compat::HttpDeviation,
    endpoint::Endpoint,
    error::Error,
    message::{AcceptedResponse, EventStream, Request},
};

/// The time to wait for the response to `server/discover` before `initialize` is sent too. A gateway
/// may not pass on a method that it does not know.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// A Streamable HTTP transport to one server, with the tokens of one user (MCP basic/transports).
///
/// Clones share everything. [`with_token_source`](Self::with_token_source) returns a transport for
/// another user, which shares the connections.
#[derive(Clone)]
pub struct HttpTransport(pub(super) Sender);

impl HttpTransport {
    /// The default maximum size of a message from the server, in bytes: 32 MiB.
    pub const DEFAULT_MAX_MESSAGE_SIZE: usize = 32 * 1024 * 1024;

    /// Returns a transport to the same server for another user. `None` sends requests without a
    /// token.
    #[must_use]
    pub fn with_token_source(&self, source: Option<Arc<dyn TokenSource>>) -> Self {
        Self(self.0.with_token_source(source))
    }

    /// Returns the deviations of the server from HTTP and the MCP transports that were accepted, with
    /// the number of times. All users of the server are counted.
    pub fn deviations(&self) -> Vec<(HttpDeviation, u64)> {
        self.0.deviations().counts()
    }

    /// Returns the URL of the server.
    pub fn endpoint(&self) -> &Endpoint {
        self.0.endpoint()
    }

    async fn delete(&self, context: MessageContext) -> Result<(), Error> {
        if context.session.is_none() {
            return Ok(());
        }
        match self.0.send(&Request::delete(context)).await {
            // The server does not allow clients to end sessions, or has already ended this one.
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
        match kind {
            MessageKind::Request => self.0.accept_session(request.context.session.as_ref()),
            _ => self.0.deviations().check_notification(accepted.response.status()),
        }
        let stream = |accepted| match resumable {
            true => ResumableStream::response(self.0.clone(), request, accepted).into_stream(),
            false => EventStream::new(accepted).into_stream(),
        };
        accepted.into_transport_response(kind, stream).await
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

    fn redactor(&self) -> Redactor {
        self.0.secrets().redactor()
    }

    fn close(&self, context: MessageContext) -> BoxFuture<'_, Result<(), TransportError>> {
        Box::pin(async { Ok(self.delete(context).await?) })
    }

    fn deviations(&self) -> Vec<(&'static str, u64)> {
        self.0.deviations().descriptions()
    }

    fn probe_timeout(&self) -> Option<Duration> {
        Some(PROBE_TIMEOUT)
    }

    fn fallback(&self) -> Option<Arc<dyn Transport>> {
        Some(Arc::new(SseTransport::new(self.clone())))
    }
}

impl SseTransport {
    /// Creates an HTTP+SSE transport with the server, tokens, headers, connections and limits of
    /// `http`. The URL of `http` must be that of the event stream.
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
