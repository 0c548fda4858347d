//! The dialect of the revisions up to 2025-11-25: `initialize` first, then perhaps a session.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use mcp_types::{
    Era, ErrorObject, JsonObject, Method, Notification, NotificationMethod, RequestId, Revision,
    v2025_11_25::{
        ClientCapabilities, Implementation, InitializeRequest, InitializeRequestParams,
        InitializeResult, InitializedNotification,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::{
    cancel::InFlight,
    error::Error,
    exchange::{Decode, Exchange},
    profile::{Capabilities, ServerProfile},
    transport::{Context, MessageKind, Outgoing, Transport, TransportErrorKind},
};

/// The newest revision of this era, which `initialize` offers.
const OFFERED: Revision = Revision::V2025_11_25;

/// The id of `initialize`; the first one of every session, so that equal answers are equal bytes.
const FIRST_ID: i64 = 1;

/// Opens sessions and speaks in them.
#[derive(Debug)]
pub(crate) struct Handshake {
    transport: Arc<dyn Transport>,
    client: Implementation,
    current: RwLock<Option<Arc<Session>>>,
    /// Sessions that the server has forgotten.
    lost: AtomicU64,
    /// Held while a session is opened, so that all who need one wait for the same.
    opening: Mutex<()>,
}

/// What `initialize` brought: from now on every message belongs to it.
#[derive(Debug)]
struct Session {
    context: Context,
    profile: Arc<ServerProfile>,
    next_id: AtomicI64,
}

impl Handshake {
    pub(crate) fn new(transport: Arc<dyn Transport>, client: Implementation) -> Self {
        Self {
            transport,
            client,
            current: RwLock::default(),
            lost: AtomicU64::new(0),
            opening: Mutex::default(),
        }
    }

    /// Opens a session unless there is one.
    pub(crate) async fn profile(&self) -> Result<Arc<ServerProfile>, Error> {
        Ok(Arc::clone(&self.session().await?.profile))
    }

    /// How often the server has forgotten the session.
    pub(crate) fn lost_sessions(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Calls `method`; when the server has forgotten the session, once more in a new one, because
    /// then it surely did not run.
    pub(crate) async fn call<R>(
        &self,
        method: &'static str,
        params: &impl Serialize,
        decode: Decode<R>,
    ) -> Result<R, Error> {
        let session = self.session().await?;
        match self.call_in(&session, method, params, decode).await {
            Err(error) if session.is_lost(&error) => {
                self.forget(&session);
                let session = self.session().await?;
                self.call_in(&session, method, params, decode).await
            }
            outcome => outcome,
        }
    }

    /// Calls `method` with parameters that belong to the session: when the server has forgotten it,
    /// they are of no use in another.
    pub(crate) async fn call_once<R>(
        &self,
        method: &'static str,
        params: &impl Serialize,
        decode: Decode<R>,
    ) -> Result<R, Error> {
        let session = self.session().await?;
        let outcome = self.call_in(&session, method, params, decode).await;
        if outcome.as_ref().is_err_and(|error| session.is_lost(error)) {
            self.forget(&session);
        }
        outcome
    }

    /// Sends a notification.
    pub(crate) async fn notify(
        &self,
        method: &'static str,
        params: Option<&impl Serialize>,
    ) -> Result<(), Error> {
        let session = self.session().await?;
        self.notify_in(&session.context, method, params).await
    }

    /// Ends the session, if there is one.
    pub(crate) async fn close(&self) -> Result<(), Error> {
        let session = self.current.write().unwrap_or_else(PoisonError::into_inner).take();
        let Some(session) = session else { return Ok(()) };
        match self.transport.close(session.context.clone()).await.map_err(Error::from) {
            Err(error) if says_session_ended(&error) => Ok(()),
            outcome => outcome,
        }
    }

    async fn call_in<R>(
        &self,
        session: &Session,
        method: &'static str,
        params: &impl Serialize,
        decode: Decode<R>,
    ) -> Result<R, Error> {
        if let Some(capability) = session.profile.capabilities.lack(method) {
            return Err(Error::Capability { method, capability });
        }
        let id = RequestId::Number(session.next_id.fetch_add(1, Ordering::Relaxed));
        let under_way = InFlight::new(&self.transport, &session.context, id.clone());
        let exchange =
            Exchange { transport: &self.transport, context: &session.context, method, id };
        let outcome = match exchange.send(params).await {
            Ok(reply) => exchange.answer(reply.messages, decode).await,
            Err(error) => Err(error),
        };
        under_way.settled();
        outcome
    }

    async fn notify_in(
        &self,
        context: &Context,
        method: &'static str,
        params: Option<&impl Serialize>,
    ) -> Result<(), Error> {
        let body = serde_json::to_vec(&Notification::new(method, params))
            .map_err(|error| Error::Params { method, source: error.into() })?;
        let message = Outgoing::new(body, MessageKind::OneWay, context.clone());
        self.transport.send(message).await?;
        Ok(())
    }

    async fn session(&self) -> Result<Arc<Session>, Error> {
        if let Some(session) = self.current() {
            return Ok(session);
        }
        let _alone = self.opening.lock().await;
        if let Some(session) = self.current() {
            return Ok(session);
        }
        let session = Arc::new(self.open().await?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&session));
        Ok(session)
    }

    fn current(&self) -> Option<Arc<Session>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets `session`, but not one that another call has opened since.
    fn forget(&self, session: &Arc<Session>) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, session)) {
            *current = None;
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// `initialize`, then `notifications/initialized`.
    ///
    /// `initialize` is never cancelled (MCP basic/utilities/cancellation, "Behavior").
    async fn open(&self) -> Result<Session, Error> {
        let exchange = Exchange {
            transport: &self.transport,
            context: &Context::default(),
            method: InitializeRequest::NAME,
            id: RequestId::Number(FIRST_ID),
        };
        let params = InitializeRequestParams::new(
            ClientCapabilities::default(),
            self.client.clone(),
            OFFERED.to_string(),
        );
        let reply = exchange.send(&params).await.map_err(version_refused)?;
        let mut context = Context { revision: None, session: reply.session };
        // What the server asks meanwhile is answered in its session.
        let opened = Exchange { context: &context, ..exchange };
        let result: InitializeResult = opened
            .answer(reply.messages, |message| serde_json::from_slice(message))
            .await
            .map_err(version_refused)?;
        let Some(revision) = spoken(&result.protocol_version) else {
            return self.part(context, result.protocol_version).await;
        };
        context.revision = Some(revision);
        let none = None::<&JsonObject>;
        self.notify_in(&context, InitializedNotification::NAME, none).await?;
        let profile = profile(revision, result)?;
        Ok(Session { context, profile: Arc::new(profile), next_id: AtomicI64::new(FIRST_ID + 1) })
    }

    /// Leaves a server that insists on a version which is not spoken here.
    async fn part(&self, context: Context, version: String) -> Result<Session, Error> {
        if let Err(error) = self.transport.close(context).await {
            tracing::debug!(%error, "the session could not be ended");
        }
        Err(version_error(vec![version]))
    }
}

impl Session {
    /// Whether the error says that the server no longer knows this session.
    fn is_lost(&self, error: &Error) -> bool {
        self.context.session.is_some() && says_session_ended(error)
    }
}

fn profile(revision: Revision, result: InitializeResult) -> Result<ServerProfile, Error> {
    Ok(ServerProfile {
        revision,
        server: result.server_info,
        capabilities: Capabilities::new(as_object(&result.capabilities)?),
        instructions: result.instructions,
    })
}

/// The declaration as an object again, with what the generated type does not know.
fn as_object<T: Serialize, O: DeserializeOwned>(declared: &T) -> Result<O, Error> {
    serde_json::to_value(declared).and_then(serde_json::from_value).map_err(|error| {
        Error::InvalidAnswer { method: InitializeRequest::NAME, source: error.into() }
    })
}

/// The revisions of this era.
fn spoken_here() -> impl Iterator<Item = Revision> {
    Revision::ALL.into_iter().filter(|revision| revision.era() == Era::Handshake)
}

/// The server's choice of version is judged against all that are spoken here, not against the one
/// that was offered (MCP basic/lifecycle, "Version Negotiation").
fn spoken(version: &str) -> Option<Revision> {
    spoken_here().find(|revision| revision.as_str() == version)
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

fn version_error(server: Vec<String>) -> Error {
    Error::Version { server, client: spoken_here().collect() }
}

/// Reads an error that lists the versions the server supports as what it is: a refusal of ours.
fn version_refused(error: Error) -> Error {
    let Error::Rpc { error: ErrorObject { data: Some(data), .. }, .. } = &error else {
        return error;
    };
    match data.get("supported").and_then(Value::as_array) {
        Some(supported) => {
            version_error(supported.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        }
        None => error,
    }
}

#[cfg(test)]
mod tests {
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
