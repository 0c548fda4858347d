//! A session, opened by `initialize`, and the messages that belong to it.

use std::{future::pending, mem, sync::Arc, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use mcp_types::{
    Era, JsonObject, Method, NotificationMethod, RequestId, Revision, error_code,
    v2025_11_25::{InitializeRequest, InitializeResult, InitializedNotification},
    v2026_07_28::{ClientCapabilities, Implementation},
};
use serde::Serialize;
use tokio::{
    runtime::Handle,
    sync::{Mutex, watch},
    time,
};

use crate::{
    error::Error,
    exchange::{CancelOnDrop, Channel, ListenState, Listener, PendingRequest},
    protocol::{repetition::Repetitions, version},
    request::{
        CallerMeta, DEFAULT_MAX_SERVER_REQUESTS, Meta, MethodName, Params, Request, ServerRequests,
    },
    result::{Decode, Outcome, ServerCapabilities, ServerInfo, decode_result},
    transport::{
        Extensions, KeepAlive, OutgoingMessage, SentFlag, TransportError, TransportResponse,
    },
};

/// The timeout for ending a session that was not completely opened.
const END_TIMEOUT: Duration = Duration::from_secs(10);

/// The timeout for the response to an `initialize` whose callers were dropped.
const DROPPED_INITIALIZE_TIMEOUT: Duration = Duration::from_secs(5);

const INITIALIZE: MethodName = MethodName::Borrowed(InitializeRequest::NAME);

/// An open session.
#[derive(Debug)]
pub(crate) struct Session {
    channel: Channel,
    server_info: Arc<ServerInfo>,
    /// Present if something needs the messages that the server sends outside of response streams.
    listener: Mutex<Option<Listener>>,
}

/// The parameters of `initialize`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Initialize<'a> {
    protocol_version: &'static str,
    capabilities: &'a ClientCapabilities,
    client_info: &'a Implementation,
}

impl Session {
    /// Opens a session: sends `initialize`, then `notifications/initialized`.
    ///
    /// If a version is pinned, offers it and accepts no other. Otherwise offers the given version, or
    /// the newest one, and accepts any stateful version.
    ///
    /// `initialize` is never cancelled (MCP basic/utilities/cancellation, "Behavior"). If opening
    /// fails, the caller's request has not run.
    pub(crate) async fn open(
        channel: Channel,
        offered: Option<Revision>,
        pinned: Option<Revision>,
    ) -> Result<Self, Error> {
        let offered = pinned.or(offered).unwrap_or(version::NEWEST_STATEFUL);
        let mut repetitions = Repetitions::default();
        let first = loop {
            let outcome = Self::initialize(&channel, offered, pinned).await;
            if !repetitions.repeats(&channel, &INITIALIZE, &outcome).await {
                break outcome;
            }
        };
        let opened = match first {
            Err(error) => match Self::alternative(&error, offered, pinned)? {
                Some(other) => Self::initialize(&channel, other, pinned).await,
                None => Err(error),
            },
            opened => opened,
        };
        opened.map_err(Error::while_opening)
    }

    /// Returns another version to offer, if the server names those it supports. Returns an error if
    /// none is common. A stateless server answers with -32022, which `probe.rs` handles.
    fn alternative(
        error: &Error,
        offered: Revision,
        pinned: Option<Revision>,
    ) -> Result<Option<Revision>, Error> {
        if error.code() == Some(error_code::UNSUPPORTED_PROTOCOL_VERSION) {
            return Ok(None);
        }
        let Some(supported) = version::supported(error) else { return Ok(None) };
        match version::mutual(Era::Stateful, &supported) {
            Some(other) if other != offered && pinned.is_none() => Ok(Some(other)),
            _ => Err(version::no_common_version(supported, pinned)),
        }
    }

    async fn initialize(
        channel: &Channel,
        offered: Revision,
        pinned: Option<Revision>,
    ) -> Result<Self, Error> {
        let mut channel = channel.for_session();
        let client_state = Arc::clone(&channel.client_state);
        let id = RequestId::Number(channel.next_id());
        let params = Initialize {
            protocol_version: offered.as_str(),
            capabilities: &client_state.capabilities,
            client_info: &client_state.info,
        };
        let server_requests = ServerRequests::new(DEFAULT_MAX_SERVER_REQUESTS);
        let request = initialize_request(&channel, id.clone(), &server_requests);
        let sending = PendingInitialize::new(&channel, request.encode(&params)?);
        let response = sending.response().await.map_err(|error| request.failed(error))?;
        // Server requests that arrive during `initialize` belong to its session.
        channel.context.session = response.session;
        let mut guard = SessionGuard(Some(channel.clone()));
        // On a shared connection, server requests arrive only at the listener.
        let listener = match channel.transport.cancels_on_drop() {
            true => None,
            false => Some(Listener::open(channel.clone()).await),
        };
        let decode: Decode<'_, InitializeResult> = &decode_result;
        let request = initialize_request(&channel, id, &server_requests);
        let result = request.response(response.messages, decode).await?;
        let result = require_complete(&INITIALIZE, result)?;
        let revision = agreed_version(&result.protocol_version, pinned);
        channel.context.revision = revision.or(Some(offered));
        guard.0 = Some(channel.clone());
        let Some(revision) = revision else {
            guard.end().await;
            return Err(version::no_common_version(vec![result.protocol_version], pinned));
        };
        channel.notify(InitializedNotification::NAME, None::<&JsonObject>, None).await?;
        let capabilities = serde_json::to_value(&result.capabilities)
            .and_then(serde_json::from_value)
            .map_err(|error| Error::invalid_response(INITIALIZE, error))?;
        let server_info = ServerInfo {
            revision,
            implementation: Some(result.server_info),
            capabilities: ServerCapabilities::new(capabilities),
            instructions: result.instructions,
        };
        let (server_info, listener) = (Arc::new(server_info), Mutex::new(listener));
        let session = Self { channel, server_info, listener };
        if client_state.wants_listener() {
            session.listen().await;
        }
        guard.disarm();
        Ok(session)
    }

    /// Keeps the connection from being closed as idle.
    pub(crate) fn keep_alive(&self) -> Option<KeepAlive> {
        self.channel.transport.keep_alive(&self.channel.context)
    }

    /// Opens the listener unless it is open, and returns its state.
    pub(crate) async fn listen(&self) -> watch::Receiver<ListenState> {
        let mut listener = self.listener.lock().await;
        let listen_state = listener.as_ref().map(Listener::state);
        match listen_state.filter(|listen_state| listen_state.borrow().failure().is_none()) {
            Some(listen_state) => listen_state,
            None => listener.insert(Listener::open(self.channel.clone()).await).state(),
        }
    }

    pub(crate) fn server_info(&self) -> &Arc<ServerInfo> {
        &self.server_info
    }

    /// Sends a request. If it only reads and its connection is lost, sends it again.
    pub(crate) async fn call<R>(
        &self,
        request: &Request<'_, impl Serialize>,
        decode: Decode<'_, R>,
    ) -> Result<R, Error> {
        let mut repetitions = Repetitions::default();
        loop {
            let outcome = self.call_once(request, decode).await;
            if !repetitions.repeats(&self.channel, &request.method, &outcome).await {
                return outcome;
            }
        }
    }

    async fn call_once<R>(
        &self,
        request: &Request<'_, impl Serialize>,
        decode: Decode<'_, R>,
    ) -> Result<R, Error> {
        let method = &request.method;
        let capabilities = &self.server_info.capabilities;
        if let Some(capability) = capabilities.missing_for(method) {
            self.channel.client_state.check_capability(capabilities, method, capability)?;
        }
        let number = self.channel.next_id();
        let options = request.options;
        let meta = Meta {
            progress_token: request.wants_progress().then_some(number),
            caller: CallerMeta::of(options),
            ..Meta::default()
        };
        let pending = PendingRequest {
            channel: &self.channel,
            method,
            id: RequestId::Number(number),
            options,
            deadline: Some(request.deadline),
            server_requests: Some(&request.server_requests),
        };
        let message = pending.encode(&Params { params: request.params, input: None, meta })?;
        let message = OutgoingMessage {
            resumable: true,
            last_failure: Some(request.deadline.last_failure().clone()),
            sent: request.sent.clone(),
            ..message
        };
        request.record_attempt();
        let cancel_on_drop = CancelOnDrop::new(&self.channel, &message, pending.id.clone());
        let outcome = match pending.send(message).await {
            Ok(response) => pending.response(response.messages, decode).await,
            Err(error) => Err(error),
        };
        if !outcome.as_ref().is_err_and(Error::gave_up) {
            cancel_on_drop.completed();
        }
        require_complete(method, outcome?)
    }

    /// Sends a notification once.
    pub(crate) async fn notify(
        &self,
        method: &str,
        params: Option<&impl Serialize>,
        extensions: Option<&Extensions>,
    ) -> Result<(), Error> {
        self.channel.notify(method, params, extensions).await
    }

    /// Ends the session on the server. It is not an error if the server has lost the session.
    pub(crate) async fn end(&self) -> Result<(), Error> {
        self.stop_handlers();
        drop(self.listener.lock().await.take());
        match self.channel.transport.close(self.channel.context.clone()).await.map_err(Error::from)
        {
            Err(error) if self.is_lost(&error) => Ok(()),
            outcome => outcome,
        }
    }

    /// Drops the futures of the handler for server requests of this session, because it has ended.
    pub(crate) fn stop_handlers(&self) {
        self.channel.in_progress.end();
    }

    /// Returns `true` if the error shows that the server has lost this session.
    pub(crate) fn is_lost(&self, error: &Error) -> bool {
        self.channel.context.session.is_some() && error.is_session_ended()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.stop_handlers();
    }
}

/// Returns the `initialize` request.
fn initialize_request<'a>(
    channel: &'a Channel,
    id: RequestId,
    server_requests: &'a ServerRequests,
) -> PendingRequest<'a> {
    let server_requests = Some(server_requests);
    PendingRequest {
        channel,
        method: &INITIALIZE,
        id,
        options: None,
        deadline: None,
        server_requests,
    }
}

/// Checks the server's choice of version. The server may choose any stateful version that this client
/// supports, not only the offered one (MCP basic/lifecycle, "Version Negotiation"). If a version is pinned, only
/// that one is accepted.
fn agreed_version(version: &str, pinned: Option<Revision>) -> Option<Revision> {
    let revision: Revision = version.parse().ok()?;
    let agreed = match pinned {
        Some(pinned) => revision == pinned,
        None => revision.era() == Era::Stateful,
    };
    agreed.then_some(revision)
}

/// Returns the result if it is complete. Stateful versions have no other results.
fn require_complete<R>(method: &MethodName, outcome: Outcome<R>) -> Result<R, Error> {
    match outcome {
        Outcome::Complete(result) => Ok(result),
        _ => Err(Error::invalid_response(
            method.clone(),
            "the result type requires a later protocol version",
        )),
    }
}

/// An `initialize` request. If it is dropped after it was sent, a task waits for its response, for a
/// limited time, and ends the session that the server has opened. Otherwise the server would keep a
/// session that no client knows.
struct PendingInitialize {
    sending: BoxFuture<'static, Result<TransportResponse, TransportError>>,
    sent: SentFlag,
    completed: bool,
    channel: Channel,
}

impl PendingInitialize {
    fn new(channel: &Channel, message: OutgoingMessage) -> Self {
        let (sent, transport) = (message.sent.clone(), Arc::clone(&channel.transport));
        let sending = async move { transport.send(message).await }.boxed();
        Self { sending, sent, completed: false, channel: channel.clone() }
    }

    async fn response(mut self) -> Result<TransportResponse, TransportError> {
        let response = (&mut self.sending).await;
        self.completed = true;
        response
    }
}

impl Drop for PendingInitialize {
    fn drop(&mut self) {
        let is_pending = !self.completed && self.sent.get();
        if !is_pending || !self.channel.transport.cancels_on_drop() {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return };
        let sending = mem::replace(&mut self.sending, pending().boxed());
        let mut channel = self.channel.clone();
        runtime.spawn(async move {
            let waiting = time::timeout(DROPPED_INITIALIZE_TIMEOUT, sending);
            let Ok(Ok(response)) = waiting.await else { return };
            channel.context.session = response.session;
            if channel.context.session.is_some() {
                end(channel).await;
            }
        });
    }
}

/// A guard for a session that is being opened. When dropped, it ends the session on the server.
///
/// If all requests share one connection, it does nothing: the next caller may finish opening the
/// same session.
struct SessionGuard(Option<Channel>);

impl SessionGuard {
    fn disarm(mut self) {
        self.0 = None;
    }

    async fn end(mut self) {
        if let Some(channel) = self.0.take() {
            end(channel).await;
        }
    }
}

impl Drop for SessionGuard {
    fn drop(&mut self) {
        let is_open = |channel: &Channel| {
            channel.context.session.is_some() && channel.transport.cancels_on_drop()
        };
        let channel = self.0.take().filter(is_open);
        if let (Some(channel), Ok(runtime)) = (channel, Handle::try_current()) {
            runtime.spawn(end(channel));
        }
    }
}

async fn end(channel: Channel) {
    let close = channel.transport.close(channel.context);
    match time::timeout(END_TIMEOUT, close).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "cannot end the session"),
        Err(_) => tracing::debug!("cannot end the session: no response within {END_TIMEOUT:?}"),
    }
}
