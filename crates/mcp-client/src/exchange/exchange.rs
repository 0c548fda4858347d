//! A pending request: sends it and reads messages until the response arrives.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use mcp_types::{
    JsonRpcMessage, NotificationMethod, RequestId, Truncated, error_code,
    v2026_07_28::{LoggingMessageNotification, ProgressNotification},
};
use serde::{Serialize, de::IgnoredAny};
use serde_json::value::RawValue;
use tokio::task::consume_budget;
use tracing::{Span, field::display};

use super::{
    channel::Channel,
    responder::{IncomingRequest, Rejected, Responder, Rules},
};
use crate::{
    compat::{self, Deviation},
    error::{Error, NoResponse},
    log_limit::LogLimit,
    request::{Activity, CallOptions, Deadline, LogReceiver, MethodName, ServerRequests},
    result::{Decode, Outcome, notification_params},
    text::without_text,
    transport::{
        BoxError, Extensions, MessageContext, MessageKind, MessageStream, OutgoingMessage,
        ResponseMessages, TransportError, TransportErrorKind, TransportResponse, is_other_text,
    },
};

/// The HTTP status that means a lost session (MCP basic/transports, "Session Management").
const STATUS_OF_LOST_SESSION: u16 = 404;

/// A request that waits for its response.
pub(crate) struct PendingRequest<'a> {
    pub(crate) channel: &'a Channel,
    pub(crate) method: &'a MethodName,
    pub(crate) id: RequestId,
    /// The receivers of progress and log notifications.
    pub(crate) options: Option<&'a CallOptions>,
    /// The deadline that progress extends.
    pub(crate) deadline: Option<&'a Deadline>,
    /// The requests that the server sends during this one. `None` if it cannot send any.
    pub(crate) server_requests: Option<&'a ServerRequests>,
}

/// A received message, as seen by the request.
enum Event<R> {
    Response(Outcome<R>),
    /// A server request, which requires a response.
    ServerRequest(IncomingRequest),
    /// A message that does not belong to the request, with the reason.
    Unrelated(String),
    /// A text that is not a JSON-RPC message, with the error of a response that consists of it.
    NotAMessage(String, Error),
}

impl PendingRequest<'_> {
    /// Encodes the request as a message.
    pub(crate) fn encode(&self, params: &impl Serialize) -> Result<OutgoingMessage, Error> {
        let request = mcp_types::JsonRpcRequest::new(self.id.clone(), self.method, params);
        let body = serde_json::to_vec(&request)
            .map_err(|error| Error::invalid_params(self.method.clone(), error))?;
        self.record_span_fields();
        let message =
            OutgoingMessage::new(body, MessageKind::Request, self.channel.context.clone());
        let wants_logs = self.options.is_some_and(|options| options.log_receiver.is_some());
        Ok(OutgoingMessage {
            id: Some(self.id.clone()),
            wants_logs,
            extensions: self.extensions(),
            ..message
        })
    }

    /// Records the id, protocol version and session of this request in the span of the call, if the
    /// span has such fields. The fields are those of OpenTelemetry, "Semantic conventions for Model
    /// Context Protocol".
    fn record_span_fields(&self) {
        let span = Span::current();
        // Requests without a deadline, such as `initialize`, are not part of the call's span.
        if self.deadline.is_none() || span.is_disabled() {
            return;
        }
        match &self.id {
            RequestId::String(id) => span.record("jsonrpc.request.id", &**id),
            id => span.record("jsonrpc.request.id", display(id)),
        };
        let MessageContext { revision, session } = &self.channel.context;
        if let Some(revision) = revision {
            span.record("mcp.protocol.version", revision.as_str());
        }
        if let Some(session) = session {
            span.record("mcp.session.id", session.alias());
        }
    }

    /// Returns the caller's values for the transport.
    fn extensions(&self) -> Extensions {
        self.options.map(|options| options.extensions.clone()).unwrap_or_default()
    }

    /// Sends the message of the request.
    pub(crate) async fn send(&self, message: OutgoingMessage) -> Result<TransportResponse, Error> {
        self.channel.transport.send(message).await.map_err(|error| self.failed(error))
    }

    /// Reads messages until the response arrives.
    pub(crate) async fn response<R>(
        &self,
        messages: ResponseMessages,
        decode: Decode<'_, R>,
    ) -> Result<Outcome<R>, Error> {
        match messages {
            ResponseMessages::None => Err(self.invalid(NoResponse(
                "the server accepted the request but sent no response".into(),
            ))),
            ResponseMessages::One(message) if self.channel.is_batch(&message) => {
                let whole = stream::once(async { Ok(message) }).boxed();
                self.response_in_stream(whole, decode).await.map_err(|error| {
                    match error.transport_kind() {
                        Some(TransportErrorKind::Interrupted) => self.invalid(error),
                        _ => error,
                    }
                })
            }
            ResponseMessages::One(message) => self.single_response(&message, decode),
            ResponseMessages::Stream(messages) => self.response_in_stream(messages, decode).await,
        }
    }

    fn single_response<R>(
        &self,
        message: &[u8],
        decode: Decode<'_, R>,
    ) -> Result<Outcome<R>, Error> {
        match self.read(message, decode)? {
            Event::Response(result) => Ok(result),
            Event::ServerRequest(_) => Err(self.invalid("expected a response, got a request")),
            Event::Unrelated(reason) => Err(self.invalid(reason)),
            Event::NotAMessage(_, error) => Err(error),
        }
    }

    /// Reads a stream and responds to server requests at the same time. A server may send its response
    /// only after it has received the responses to its own requests.
    async fn response_in_stream<R>(
        &self,
        mut messages: MessageStream,
        decode: Decode<'_, R>,
    ) -> Result<Outcome<R>, Error> {
        let mut responder = Responder::default();
        let (mut unrelated, skipped) = (None, LogLimit::default());
        // A multiplexer passes log messages to this request itself.
        let receiver = self.log_receiver().filter(|_| self.channel.transport.cancels_on_drop());
        let _receiver =
            receiver.map(|receiver| self.channel.client_state.add_log_receiver(receiver));
        loop {
            let message = responder.until(messages.next()).await;
            let message = message.transpose().map_err(|error| self.failed(error))?;
            let message = message.ok_or_else(|| self.ended_early(unrelated.take()))?;
            if message.is_empty() {
                continue;
            }
            let mut response = None;
            for message in self.unbatch(message)? {
                match self.read(&message, decode) {
                    Ok(Event::Response(result)) => response = response.or(Some(Ok(result))),
                    Ok(Event::ServerRequest(request)) => {
                        if let Err(error) = self.respond(&mut responder, request).await {
                            response = response.or(Some(Err(error)));
                        }
                    }
                    Ok(Event::Unrelated(reason)) => {
                        if let Some(count) = skipped.count() {
                            let method = &**self.method;
                            tracing::debug!(method, reason, count, "message skipped");
                        }
                        unrelated = Some(reason);
                    }
                    Ok(Event::NotAMessage(reason, _)) => {
                        self.record(Deviation::TextInStream);
                        if let Some(count) = skipped.count() {
                            tracing::debug!(
                                method = &**self.method,
                                count,
                                "text in a stream skipped"
                            );
                        }
                        unrelated = Some(reason);
                    }
                    Err(error) => response = response.or(Some(Err(error))),
                }
            }
            // Not returned inside the loop, so that the rest of the batch is handled too.
            if let Some(response) = response {
                return response;
            }
            // If messages arrive faster than they are read, this loop never waits. It yields here, so
            // that the deadline is checked.
            consume_budget().await;
        }
    }

    fn read<R>(&self, message: &[u8], decode: Decode<'_, R>) -> Result<Event<R>, Error> {
        let message = match decode(message) {
            Ok(message) => message,
            Err(error) => match self.decode_repaired(message, decode) {
                Some(message) => message,
                None => return self.undecodable(message, &error),
            },
        };
        Ok(match message {
            JsonRpcMessage::Result { id, result } if self.is_own(&id) => Event::Response(result),
            JsonRpcMessage::Result { id, .. } => self.unrelated_response(&id),
            JsonRpcMessage::Error { id: Some(id), .. } if !self.is_own(&id) => {
                self.unrelated_response(&id)
            }
            JsonRpcMessage::Error { id, error } => {
                if id.is_none() {
                    self.record(Deviation::ErrorWithoutId);
                }
                let method = self.method.clone();
                return Err(Error::Rpc {
                    method,
                    error: error.into(),
                    status: None,
                    retry_after: None,
                    is_response: true,
                });
            }
            // Servers cannot send requests in the stateless versions.
            JsonRpcMessage::Request { method, .. } if !self.channel.is_stateful() => {
                Event::Unrelated(format!(
                    "expected a response, got the request \"{}\"",
                    Truncated(&method)
                ))
            }
            JsonRpcMessage::Request { id, method, params } => {
                Event::ServerRequest(IncomingRequest {
                    id,
                    method,
                    params,
                    extensions: self.extensions(),
                })
            }
            JsonRpcMessage::Notification { method, params } => {
                self.handle_notification(&method, params.as_deref());
                Event::Unrelated(format!(
                    "expected a response, got the notification \"{}\"",
                    Truncated(&method)
                ))
            }
        })
    }

    /// Starts to respond to a server request.
    ///
    /// # Errors
    /// Returns an error that ends this request if the server sends too many requests, or again one
    /// that the user has declined.
    async fn respond(
        &self,
        responder: &mut Responder,
        request: IncomingRequest,
    ) -> Result<(), Error> {
        let Some(server_requests) = self.server_requests else { return Ok(()) };
        let rules = Rules {
            activity: self.activity(),
            declined: server_requests.declined(),
            count: &|| server_requests.count(),
        };
        let added = responder.add(self.channel, request, &rules).await;
        added.map_err(|rejected| match rejected {
            Rejected::TooMany => {
                Error::too_many_server_requests(self.method.clone(), server_requests.limit())
            }
            Rejected::DeclinedBefore(method) => Error::declined_again(self.method.clone(), method),
        })
    }

    /// Decodes a message that is invalid because of a known deviation.
    fn decode_repaired<R>(
        &self,
        message: &[u8],
        decode: Decode<'_, R>,
    ) -> Option<JsonRpcMessage<Outcome<R>>> {
        let (repaired, deviations) = compat::repair(self.method, message)?;
        let message = decode(&repaired).ok()?;
        deviations.into_iter().for_each(|deviation| self.record(deviation));
        Some(message)
    }

    /// Returns `true` if the id is that of this request.
    fn is_own(&self, id: &RequestId) -> bool {
        if *id == self.id {
            return true;
        }
        let is_own = compat::numeric_id(id).is_some_and(|id| id == self.id);
        if is_own {
            self.record(Deviation::IdAsString);
        }
        is_own
    }

    fn record(&self, deviation: Deviation) {
        self.channel.client_state.deviations.record(deviation);
    }

    /// Handles a message that cannot be decoded. The result of another request may have another
    /// type, so it is skipped and is not an error.
    fn undecodable<R>(&self, message: &[u8], error: &serde_json::Error) -> Result<Event<R>, Error> {
        let redactor = self.channel.redactor();
        match JsonRpcMessage::<IgnoredAny>::from_slice(message) {
            Ok(JsonRpcMessage::Result { id, .. }) if !self.is_own(&id) => {
                Ok(self.unrelated_response(&id))
            }
            Err(_) if is_other_text(message) => {
                let text = redactor.beginning(message);
                let reason = format!("expected a response, got the text \"{}\"", Truncated(&text));
                Ok(Event::NotAMessage(reason, self.invalid(without_text(error, &redactor))))
            }
            _ => Err(self.invalid(without_text(error, &redactor))),
        }
    }

    fn unrelated_response<R>(&self, id: &RequestId) -> Event<R> {
        // The text of an id is not shown, because the server may echo a secret in it.
        Event::Unrelated(match id {
            RequestId::Number(id) => {
                format!("expected a response to request {}, got one to request {id}", self.id)
            }
            RequestId::String(_) => {
                format!("expected a response to request {}, got one to another id", self.id)
            }
        })
    }

    /// Passes progress and log messages to the caller, and other notifications to the channel.
    fn handle_notification(&self, method: &str, params: Option<&RawValue>) {
        match method {
            ProgressNotification::NAME => self.handle_progress(params),
            LoggingMessageNotification::NAME => self.handle_log(params),
            _ => self.channel.handle_notification(method, params),
        }
    }

    fn handle_progress(&self, params: Option<&RawValue>) {
        let progress = notification_params::<ProgressNotification>(params);
        // The progress token of a request is its id.
        let Some(progress) = progress.filter(|progress| self.is_own(&progress.progress_token))
        else {
            return;
        };
        if let Some(deadline) = self.deadline {
            deadline.record_activity();
        }
        if let Some(on_progress) = self.options.and_then(|options| options.on_progress.as_ref()) {
            on_progress(progress);
        }
    }

    fn handle_log(&self, params: Option<&RawValue>) {
        let Some(receiver) = self.log_receiver() else {
            return self.channel.handle_notification(LoggingMessageNotification::NAME, params);
        };
        if let Some(message) = notification_params::<LoggingMessageNotification>(params) {
            (receiver.on_log)(message);
        }
    }

    fn log_receiver(&self) -> Option<&LogReceiver> {
        self.options.and_then(|options| options.log_receiver.as_ref())
    }

    /// Returns the activity that a server request counts as: that of the deadline, or that of the
    /// client if there is no deadline.
    fn activity(&self) -> &Arc<Activity> {
        self.deadline.map_or(&self.channel.client_state.activity, Deadline::activity)
    }

    fn unbatch(&self, message: Bytes) -> Result<impl Iterator<Item = Bytes> + use<>, Error> {
        let invalid = |error| self.invalid(without_text(&error, &self.channel.redactor()));
        self.channel.unbatch(message).map_err(invalid)
    }

    /// Converts a transport error. If the body of an HTTP error response is a JSON-RPC error,
    /// returns that error.
    ///
    /// The status of a lost session may also be a response to this request, such as for an unknown
    /// resource. Then the error has the id of the request, and does not name the session.
    pub(crate) fn failed(&self, error: TransportError) -> Error {
        let (status, is_lost) = match error.kind() {
            TransportErrorKind::Status(status) => (status, false),
            TransportErrorKind::SessionEnded => (STATUS_OF_LOST_SESSION, true),
            _ => return error.into(),
        };
        let Ok(JsonRpcMessage::Error { id, error: rpc_error }) =
            JsonRpcMessage::<IgnoredAny>::from_slice(error.body())
        else {
            return error.into();
        };
        let is_response = id.is_some_and(|id| self.is_own(&id));
        let names_session = rpc_error.code != error_code::INVALID_PARAMS
            && compat::names_lost_session(rpc_error.message.as_bytes());
        if is_lost && (names_session || !is_response) {
            return error.into();
        }
        Error::Rpc {
            method: self.method.clone(),
            error: rpc_error.into(),
            status: Some(status),
            retry_after: error.retry_after(),
            is_response,
        }
    }

    fn ended_early(&self, unrelated: Option<String>) -> Error {
        let mut reason = format!("\"{}\": the stream ended before the response", self.method);
        if let Some(unrelated) = unrelated {
            reason.push_str(&format!("; last message: {unrelated}"));
        }
        let reason = NoResponse(reason.into());
        TransportError::new(TransportErrorKind::Interrupted, reason).into()
    }

    fn invalid(&self, source: impl Into<BoxError>) -> Error {
        Error::invalid_response(self.method.clone(), source)
    }
}

impl fmt::Debug for PendingRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PendingRequest({} {})", self.method, self.id)
    }
}
