//! The handler of the stateless versions: sends requests that do not need a session.

use std::{
    pin::pin,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::{Either, select};
use mcp_types::{
    JsonRpcMessage, Method, RequestId, Revision, Truncated,
    v2026_07_28::{DiscoverRequest, DiscoverResult, InputRequiredResult},
};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};

use crate::{
    error::Error,
    exchange::{CancelOnDrop, Channel, PendingRequest, collect_responses},
    protocol::repetition::Repetitions,
    redaction::Redactor,
    request::{CallerMeta, Envelope, InputParams, Meta, MethodName, Params, Request},
    result::{CacheHint, Decode, Outcome, ServerCapabilities, ServerInfo},
    transport::{
        Extensions, MessageContext, OutgoingMessage, RequestHeaders, Transport, TransportError,
        TransportErrorKind,
    },
};

/// The maximum number of times that a request is repeated with input.
const MAX_ROUND_TRIPS: usize = 10;

/// The pause before a request is repeated without input.
const RETRY_PAUSE: Duration = Duration::from_millis(250);

const DISCOVER: MethodName = MethodName::Borrowed(DiscoverRequest::NAME);

/// Sends requests without a session.
#[derive(Debug)]
pub(crate) struct StatelessProtocol {
    channel: Channel,
    next_probe: AtomicU64,
    discovered: RwLock<Option<Discovered>>,
    /// Notified when the client is closed.
    closed: Notify,
}

/// The server info, with the time it was received and how long it is fresh.
#[derive(Debug, Clone)]
struct Discovered {
    server_info: Arc<ServerInfo>,
    received: Instant,
    ttl: Duration,
}

/// The response to `server/discover`.
pub(crate) enum Discovery {
    Found(Box<DiscoverResult>),
    /// The result of another method.
    Other,
}

impl StatelessProtocol {
    pub(crate) fn new(channel: Channel) -> Self {
        Self {
            channel,
            next_probe: AtomicU64::new(1),
            discovered: RwLock::default(),
            closed: Notify::new(),
        }
    }

    /// Returns the server info. Requests it unless the stored one is fresh or was received after
    /// `since`.
    pub(crate) async fn server_info(
        &self,
        revision: Revision,
        since: Instant,
    ) -> Result<Arc<ServerInfo>, Error> {
        if let Some(server_info) = self.stored_server_info(since) {
            return Ok(server_info);
        }
        match Box::pin(self.discover(revision)).await? {
            Discovery::Found(result) => Ok(self.store(revision, *result)),
            Discovery::Other => {
                Err(Error::invalid_response(DISCOVER, "not a result of this method"))
            }
        }
    }

    /// Returns the stored server info, if it was fresh at `since` or was received after that.
    fn stored_server_info(&self, since: Instant) -> Option<Arc<ServerInfo>> {
        let discovered = self.discovered.read().unwrap_or_else(PoisonError::into_inner);
        let Discovered { server_info, received, ttl } = discovered.as_ref()?;
        let is_fresh = *received >= since || since < *received + *ttl;
        is_fresh.then(|| Arc::clone(server_info))
    }

    /// Requests the server's protocol versions and capabilities. If the connection is lost, requests
    /// them again.
    pub(crate) async fn discover(&self, revision: Revision) -> Result<Discovery, Error> {
        let mut repetitions = Repetitions::default();
        loop {
            let outcome = self.discover_once(revision).await;
            if !repetitions.repeats(&self.channel, &DISCOVER, &outcome).await {
                return outcome.map_err(Error::while_opening);
            }
        }
    }

    /// Requests the server's protocol versions and capabilities once. These requests have ids of their
    /// own kind, so that the ids of other requests do not depend on them.
    async fn discover_once(&self, revision: Revision) -> Result<Discovery, Error> {
        let channel = self.channel_at(revision);
        let number = self.next_probe.fetch_add(1, Ordering::Relaxed);
        let id = RequestId::String(format!("probe-{number}"));
        let pending = PendingRequest {
            channel: &channel,
            method: &DISCOVER,
            id,
            options: None,
            deadline: None,
            server_requests: None,
        };
        let meta = Meta { envelope: Some(self.envelope(revision)), ..Meta::default() };
        let message = pending.encode(&Params { params: &(), input: None, meta })?;
        let message =
            OutgoingMessage { request_headers: Some(RequestHeaders::new(DISCOVER)), ..message };
        let response = pending.send(message).await?;
        let outcome = pending.response(response.messages, &decode_discovery).await;
        match outcome? {
            Outcome::Complete(discovery) => Ok(discovery),
            _ => Ok(Discovery::Other),
        }
    }

    /// Stores the server info.
    pub(crate) fn store(&self, revision: Revision, result: DiscoverResult) -> Arc<ServerInfo> {
        let hint = CacheHint::new(result.ttl_ms, result.cache_scope.as_ref());
        let ttl = hint.map(|hint| hint.ttl).unwrap_or_default();
        // Serialization cannot fail, because the value came from JSON.
        let capabilities = serde_json::to_value(&result.capabilities);
        let capabilities = capabilities.and_then(serde_json::from_value).unwrap_or_default();
        let server_info = Arc::new(ServerInfo {
            revision,
            implementation: result.meta.and_then(|meta| meta.server_info),
            capabilities: ServerCapabilities::new(capabilities),
            instructions: result.instructions,
        });
        let received = Instant::now();
        let discovered = Discovered { server_info: Arc::clone(&server_info), received, ttl };
        *self.discovered.write().unwrap_or_else(PoisonError::into_inner) = Some(discovered);
        server_info
    }

    /// Sends a request, and repeats it with input as often as the server requires some (MCP
    /// 2026-07-28, basic/patterns/mrtr).
    pub(crate) async fn call<R>(
        &self,
        revision: Revision,
        request: &Request<'_, impl Serialize>,
        decode: Decode<'_, R>,
    ) -> Result<R, Error> {
        let method = &request.method;
        if let Some(server_info) = self.stored_server_info(Instant::now())
            && let Some(missing) = server_info.capabilities.missing_for(method)
        {
            let client_state = &self.channel.client_state;
            client_state.check_capability(&server_info.capabilities, method, missing)?;
        }
        let invalid = |reason: String| Err(Error::invalid_response(method.clone(), reason));
        let mut input = None;
        let mut repetitions = Repetitions::default();
        for _ in 0..=MAX_ROUND_TRIPS {
            let outcome = self.send_once(revision, request, input.as_ref(), decode).await;
            if input.is_none() && repetitions.repeats(&self.channel, method, &outcome).await {
                continue;
            }
            // A request that required input has run in part.
            match outcome
                .map_err(|error| if input.is_some() { error.mark_may_have_run() } else { error })?
            {
                Outcome::Complete(result) => return Ok(result),
                Outcome::InputRequired(required) if may_require_input(method) => {
                    request.input_was_required.store(true, Ordering::Relaxed);
                    // Boxed because this is rare, which keeps the future of each call small.
                    input = Some(Box::pin(self.collect_input(request, *required)).await?);
                }
                Outcome::InputRequired(_) => {
                    return invalid(
                        "the server required input, which this method does not allow".to_owned(),
                    );
                }
                Outcome::Other(kind) => {
                    let kind = self.channel.redactor().redact(&kind).into_owned();
                    return invalid(format!("unexpected result type {:?}", Truncated(&kind)));
                }
            }
        }
        Err(Error::TooManyRoundTrips { method: method.clone(), limit: MAX_ROUND_TRIPS })
    }

    /// Returns the secrets that are redacted in errors about results.
    pub(crate) fn redactor(&self) -> Redactor {
        self.channel.redactor()
    }

    /// Stops the handler if it works on input for a call. That call fails.
    pub(crate) fn close(&self) {
        self.closed.notify_waiters();
    }

    /// Sends a notification.
    pub(crate) async fn notify(
        &self,
        revision: Revision,
        method: &MethodName,
        params: Option<&impl Serialize>,
        extensions: Option<&Extensions>,
    ) -> Result<(), Error> {
        self.channel_at(revision).notify(method, params, extensions).await
    }

    /// Collects the input that the server requires. If it requires none, waits for a pause instead.
    async fn collect_input(
        &self,
        request: &Request<'_, impl Serialize>,
        required: InputRequiredResult,
    ) -> Result<InputParams, Error> {
        let Request { method, deadline, server_requests, .. } = request;
        let InputRequiredResult { input_requests, request_state, .. } = required;
        if input_requests.is_none() && request_state.is_none() {
            return Err(Error::invalid_response(
                method.clone(),
                "the server required input, but sent no input requests",
            ));
        }
        let input_responses = match input_requests.filter(|requests| !requests.is_empty()) {
            Some(requests) => {
                let activity = deadline.activity();
                let responses =
                    collect_responses(&self.channel, activity, method, server_requests, requests);
                match select(pin!(responses), pin!(self.closed.notified())).await {
                    Either::Left((responses, _)) => Some(responses?),
                    Either::Right(_) => {
                        let reason = "the client was closed while it collected input for this call";
                        let error = TransportError::new(TransportErrorKind::SessionEnded, reason);
                        return Err(error.mark_may_have_run().into());
                    }
                }
            }
            None => {
                sleep(RETRY_PAUSE).await;
                None
            }
        };
        deadline.record_activity();
        Ok(InputParams { input_responses, request_state })
    }

    async fn send_once<R>(
        &self,
        revision: Revision,
        request: &Request<'_, impl Serialize>,
        input: Option<&InputParams>,
        decode: Decode<'_, R>,
    ) -> Result<Outcome<R>, Error> {
        let Request { method, params, options, deadline, .. } = request;
        let number = self.next_id();
        let log_receiver = options.and_then(|options| options.log_receiver.as_ref());
        let meta = Meta {
            progress_token: request.wants_progress().then_some(number),
            envelope: Some(self.envelope(revision)),
            log_level: log_receiver.map(|receiver| &receiver.level),
            caller: CallerMeta::of(*options),
        };
        let channel = self.channel_at(revision);
        let pending = PendingRequest {
            channel: &channel,
            method,
            id: RequestId::Number(number),
            options: *options,
            deadline: Some(deadline),
            server_requests: None,
        };
        let message = pending.encode(&Params { params, input, meta })?;
        let request_headers = RequestHeaders {
            method: method.clone(),
            name: request.target.map(str::to_owned),
            params: request.param_headers.clone(),
        };
        let message = OutgoingMessage {
            request_headers: Some(request_headers),
            sent: request.sent.clone(),
            ..message
        };
        request.record_attempt();
        let cancel_on_drop = CancelOnDrop::new(&channel, &message, pending.id.clone());
        let outcome = match pending.send(message).await {
            Ok(response) => pending.response(response.messages, decode).await,
            Err(error) => Err(error),
        };
        cancel_on_drop.completed();
        outcome
    }

    pub(crate) fn transport(&self) -> &dyn Transport {
        &*self.channel.transport
    }

    pub(crate) fn next_id(&self) -> i64 {
        self.channel.next_id()
    }

    pub(crate) fn envelope(&self, revision: Revision) -> Envelope<'_> {
        let client_state = &self.channel.client_state;
        let (capabilities, client) = (&client_state.capabilities, &client_state.info);
        Envelope { version: revision.as_str(), capabilities, client }
    }

    pub(crate) fn channel_at(&self, revision: Revision) -> Channel {
        let context = MessageContext { revision: Some(revision), ..MessageContext::default() };
        Channel { context, ..self.channel.clone() }
    }
}

/// Returns `true` if a response to this method may require input.
fn may_require_input(method: &str) -> bool {
    matches!(method, "tools/call" | "prompts/get" | "resources/read")
}

fn decode_discovery(message: &[u8]) -> serde_json::Result<JsonRpcMessage<Outcome<Discovery>>> {
    let message = JsonRpcMessage::<Box<RawValue>>::from_slice(message)?;
    Ok(message.map(|result| {
        Outcome::Complete(match serde_json::from_str(result.get()) {
            Ok(found) => Discovery::Found(Box::new(found)),
            Err(_) => Discovery::Other,
        })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_methods_may_require_input() {
        // N-MRTR-01
        for method in ["tools/call", "prompts/get", "resources/read"] {
            assert!(may_require_input(method));
        }
        for method in ["tools/list", "server/discover", "completion/complete"] {
            assert!(!may_require_input(method));
        }
    }
}
