//! A session: what `initialize` brought, and the messages that belong to it.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use mcp_types::{
    JsonObject, Method, Notification, NotificationMethod, RequestId,
    v2025_11_25::{
        ClientCapabilities, Implementation, InitializeRequest, InitializeRequestParams,
        InitializeResult, InitializedNotification,
    },
};
use serde::Serialize;
use tokio::runtime::Handle;

use crate::{
    cancel::InFlight,
    error::Error,
    exchange::{Decode, Exchange},
    profile::{Capabilities, ServerProfile},
    transport::{Context, MessageKind, Outgoing, Transport, TransportErrorKind},
    version,
};

/// The id of `initialize`; the first one of every session, so that equal answers are equal bytes.
const FIRST_ID: i64 = 1;

/// An open conversation.
#[derive(Debug)]
pub(crate) struct Session {
    link: Link,
    profile: Arc<ServerProfile>,
    next_id: AtomicI64,
}

/// What a session is spoken over.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) context: Context,
    /// Counts the server's notices that its list of tools has changed.
    pub(crate) tool_changes: Arc<AtomicU64>,
}

impl Session {
    /// `initialize`, then `notifications/initialized`.
    ///
    /// `initialize` is never cancelled (MCP basic/utilities/cancellation, "Behavior"). Whatever
    /// fails here, no call of the caller's has run.
    pub(crate) async fn open(link: Link, client: Implementation) -> Result<Self, Error> {
        Self::greet(link, client).await.map_err(Error::while_opening)
    }

    async fn greet(mut link: Link, client: Implementation) -> Result<Self, Error> {
        let method = InitializeRequest::NAME;
        let params = InitializeRequestParams::new(
            ClientCapabilities::default(),
            client,
            version::OFFERED.to_string(),
        );
        let id = RequestId::Number(FIRST_ID);
        let exchange = Exchange { link: &link, method, id: id.clone() };
        let reply = exchange.send(&params).await.map_err(version::refused)?;
        // What the server asks meanwhile is answered in its session.
        link.context.session = reply.session;
        let mut opening = Opening(Some(link.clone()));
        let exchange = Exchange { link: &link, method, id };
        let decode: Decode<InitializeResult> = |message| serde_json::from_slice(message);
        let result = exchange.answer(reply.messages, decode).await.map_err(version::refused)?;
        let revision = version::spoken(&result.protocol_version);
        link.context.revision = revision.or(Some(version::OFFERED));
        opening.0 = Some(link.clone());
        let Some(revision) = revision else {
            opening.end().await;
            return Err(version::unshared(vec![result.protocol_version]));
        };
        link.notify(InitializedNotification::NAME, None::<&JsonObject>).await?;
        let capabilities = serde_json::to_value(&result.capabilities)
            .and_then(serde_json::from_value)
            .map_err(|error| Error::InvalidAnswer { method, source: Arc::new(error) })?;
        let profile = ServerProfile {
            revision,
            server: result.server_info,
            capabilities: Capabilities::new(capabilities),
            instructions: result.instructions,
        };
        opening.keep();
        Ok(Self { link, profile: Arc::new(profile), next_id: AtomicI64::new(FIRST_ID + 1) })
    }

    pub(crate) fn profile(&self) -> &Arc<ServerProfile> {
        &self.profile
    }

    /// Calls a method, once.
    pub(crate) async fn call<R>(
        &self,
        method: &'static str,
        params: &impl Serialize,
        decode: Decode<R>,
    ) -> Result<R, Error> {
        if let Some(capability) = self.profile.capabilities.lack(method) {
            return Err(Error::Capability { method, capability });
        }
        let id = RequestId::Number(self.next_id.fetch_add(1, Ordering::Relaxed));
        let exchange = Exchange { link: &self.link, method, id: id.clone() };
        let message = exchange.message(params)?;
        let under_way = InFlight::new(&self.link, &message, id);
        let outcome = match exchange.post(message).await {
            Ok(reply) => exchange.answer(reply.messages, decode).await,
            Err(error) => Err(error),
        };
        under_way.settled();
        outcome
    }

    /// Sends a notification, once.
    pub(crate) async fn notify(
        &self,
        method: &'static str,
        params: Option<&impl Serialize>,
    ) -> Result<(), Error> {
        self.link.notify(method, params).await
    }

    /// Ends the session on the server; one that is gone already needs no end.
    pub(crate) async fn end(&self) -> Result<(), Error> {
        match self.link.transport.close(self.link.context.clone()).await.map_err(Error::from) {
            Err(error) if self.is_lost(&error) => Ok(()),
            outcome => outcome,
        }
    }

    /// Whether the error says that the server no longer knows this session.
    pub(crate) fn is_lost(&self, error: &Error) -> bool {
        self.link.context.session.is_some() && says_session_ended(error)
    }
}

impl Link {
    async fn notify(
        &self,
        method: &'static str,
        params: Option<&impl Serialize>,
    ) -> Result<(), Error> {
        let body = serde_json::to_vec(&Notification::new(method, params))
            .map_err(|error| Error::Params { method, source: Arc::new(error) })?;
        let message = Outgoing::new(body, MessageKind::OneWay, self.context.clone());
        self.transport.send(message).await?;
        Ok(())
    }
}

/// A session that is being opened: unless it is kept, it is ended on the server.
struct Opening(Option<Link>);

impl Opening {
    fn keep(mut self) {
        self.0 = None;
    }

    async fn end(mut self) {
        if let Some(link) = self.0.take() {
            end(link).await;
        }
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        let link = self.0.take().filter(|link| link.context.session.is_some());
        if let (Some(link), Ok(runtime)) = (link, Handle::try_current()) {
            runtime.spawn(end(link));
        }
    }
}

async fn end(link: Link) {
    if let Err(error) = link.transport.close(link.context).await {
        tracing::debug!(%error, "a session could not be ended");
    }
}

/// Whether the server no longer knows the session of the request.
///
/// It has to answer 404 then (MCP basic/transports, "Session Management"). The reference server and
/// what was built after its example answer 400 instead, with a text that names the session.
pub(crate) fn says_session_ended(error: &Error) -> bool {
    const BAD_REQUEST: u16 = 400;
    let text = match error {
        Error::Rpc { error, status: Some(BAD_REQUEST), .. } => error.message.as_bytes(),
        Error::Transport(error) => match error.kind() {
            TransportErrorKind::SessionEnded => return true,
            TransportErrorKind::Status(BAD_REQUEST) => error.body(),
            _ => return false,
        },
        _ => return false,
    };
    text.windows(b"session".len()).any(|word| word.eq_ignore_ascii_case(b"session"))
}

#[cfg(test)]
mod tests {
    use mcp_types::ErrorObject;

    use super::*;
    use crate::transport::TransportError;

    fn status(status: u16, body: &'static str) -> Error {
        let error = TransportError::new(TransportErrorKind::Status(status), "refused");
        error.with_body(body.into()).into()
    }

    fn rpc(status: Option<u16>, message: &str) -> Error {
        let error = ErrorObject { code: -32000, message: message.to_owned(), data: None };
        Error::Rpc { method: "tools/call", error, status }
    }

    #[test]
    fn a_forgotten_session_is_known_by_its_status_and_text() {
        // HTTP-26: 404 as the specification wants it, 400 as many servers answer
        let forgotten = "Bad Request: No valid session ID provided";
        let ended = TransportError::new(TransportErrorKind::SessionEnded, "gone").into();
        for (error, expected) in [
            (ended, true),
            (rpc(Some(400), forgotten), true),
            (status(400, "Session not found"), true),
            (rpc(None, forgotten), false),
            (rpc(Some(403), forgotten), false),
            (rpc(Some(400), "Unsupported protocol version"), false),
            (status(500, forgotten), false),
            (status(400, ""), false),
        ] {
            assert_eq!(says_session_ended(&error), expected, "{error:?}");
        }
    }
}
