//! One request and all that comes back for it, until its answer.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use mcp_types::{
    Incoming, NotificationMethod, RequestId,
    v2026_07_28::{LoggingMessageNotification, ProgressNotification},
};
use serde::{Serialize, de::IgnoredAny};
use serde_json::value::RawValue;
use tokio::task::consume_budget;
use tracing::{Span, field::display};

use super::{
    channel::Link,
    responder::{Answers, Asked},
};
use crate::{
    error::Error,
    request::{Name, Options, Patience, Pulse},
    result::{Decode, Outcome, params_of},
    text::{Brief, without_text},
    transport::{
        BoxError, Context, Extras, MessageKind, MessageStream, Messages, Outgoing, Reply,
        TransportError, TransportErrorKind,
    },
};

/// A request that waits for its answer.
pub(crate) struct Exchange<'a> {
    pub(crate) link: &'a Link,
    pub(crate) method: &'a Name,
    pub(crate) id: RequestId,
    /// Who is told of progress and log messages.
    pub(crate) options: Option<&'a Options>,
    /// The clock that progress sets anew.
    pub(crate) patience: Option<&'a Patience>,
}

/// What a message that came back means to the request.
enum Event<R> {
    Answer(Outcome<R>),
    /// The server asks for something, and waits for our answer.
    Asked(Asked),
    /// Nothing to this request, for the reason given.
    Stray(String),
}

impl Exchange<'_> {
    /// The message of the request.
    pub(crate) fn message(&self, params: &impl Serialize) -> Result<Outgoing, Error> {
        let request = mcp_types::Request::new(self.id.clone(), self.method, params);
        let body = serde_json::to_vec(&request)
            .map_err(|error| Error::params(self.method.clone(), error))?;
        self.record();
        let message = Outgoing::new(body, MessageKind::Request, self.link.context.clone());
        let logs = self.options.is_some_and(|options| options.logs.is_some());
        Ok(Outgoing { id: Some(self.id.clone()), logs, extras: self.extras(), ..message })
    }

    /// Tells the span of the call what this request is known by, where it has fields for that
    /// (OpenTelemetry, "Semantic conventions for Model Context Protocol").
    fn record(&self) {
        let span = Span::current();
        // What has to come before a call is nothing that its span is about.
        if self.patience.is_none() || span.is_disabled() {
            return;
        }
        match &self.id {
            RequestId::String(id) => span.record("jsonrpc.request.id", &**id),
            id => span.record("jsonrpc.request.id", display(id)),
        };
        let Context { revision, session } = &self.link.context;
        if let Some(revision) = revision {
            span.record("mcp.protocol.version", revision.as_str());
        }
        if let Some(session) = session {
            span.record("mcp.session.id", session.alias());
        }
    }

    /// What the caller has for the transport, for all that belongs to the request.
    fn extras(&self) -> Extras {
        self.options.map(|options| options.extras.clone()).unwrap_or_default()
    }

    /// Sends the message of the request.
    pub(crate) async fn post(&self, message: Outgoing) -> Result<Reply, Error> {
        self.link.transport.send(message).await.map_err(|error| self.failed(error))
    }

    /// Reads what came back, up to the answer.
    pub(crate) async fn answer<R>(
        &self,
        messages: Messages,
        decode: Decode<'_, R>,
    ) -> Result<Outcome<R>, Error> {
        match messages {
            Messages::None => Err(self.invalid("the server took note of it and sent no answer")),
            Messages::One(message) if self.link.is_batch(&message) => {
                let whole = stream::once(async { Ok(message) }).boxed();
                self.answer_in(whole, decode).await.map_err(|error| match error.transport_kind() {
                    Some(TransportErrorKind::Interrupted) => self.invalid(error),
                    _ => error,
                })
            }
            Messages::One(message) => self.answer_alone(&message, decode),
            Messages::Stream(messages) => self.answer_in(messages, decode).await,
        }
    }

    fn answer_alone<R>(&self, message: &[u8], decode: Decode<'_, R>) -> Result<Outcome<R>, Error> {
        match self.read(message, decode)? {
            Event::Answer(result) => Ok(result),
            Event::Asked(_) => Err(self.invalid("the server sent a request instead")),
            Event::Stray(reason) => Err(self.invalid(reason)),
        }
    }

    /// Reads a stream and answers what the server asks meanwhile, both at once: a server may hold
    /// its answer back until it has ours.
    async fn answer_in<R>(
        &self,
        mut messages: MessageStream,
        decode: Decode<'_, R>,
    ) -> Result<Outcome<R>, Error> {
        let mut answers = Answers::default();
        let mut stray = None;
        loop {
            let message = answers.until(messages.next()).await;
            let message = message.transpose().map_err(|error| self.failed(error))?;
            let message = message.ok_or_else(|| self.unanswered(stray.take()))?;
            if message.is_empty() {
                continue;
            }
            let mut answer = None;
            for message in self.unbatch(message)? {
                match self.read(&message, decode) {
                    Ok(Event::Answer(result)) => answer = answer.or(Some(Ok(result))),
                    Ok(Event::Asked(asked)) => answers.add(self.link, asked, self.pulse()).await,
                    Ok(Event::Stray(reason)) => {
                        tracing::debug!(method = &**self.method, reason, "message passed over");
                        stray = Some(reason);
                    }
                    Err(error) => answer = answer.or(Some(Err(error))),
                }
            }
            // With what came in the same array behind it.
            if let Some(answer) = answer {
                return answer;
            }
            // Messages may come faster than they are read; the clock of the call has its turn too.
            consume_budget().await;
        }
    }

    fn read<R>(&self, message: &[u8], decode: Decode<'_, R>) -> Result<Event<R>, Error> {
        let message = match decode(message) {
            Ok(message) => message,
            Err(error) => return self.misread(message, &error),
        };
        Ok(match message {
            Incoming::Result { id, result } if id == self.id => Event::Answer(result),
            Incoming::Error { id, error } if id.as_ref().is_none_or(|id| *id == self.id) => {
                let method = self.method.clone();
                return Err(Error::Rpc { method, error, status: None, retry_after: None });
            }
            Incoming::Result { id, .. } | Incoming::Error { id: Some(id), .. } => self.foreign(&id),
            Incoming::Error { id: None, .. } => Event::Stray("it is an error".to_owned()),
            // In the per-request era no server asks by a request of its own.
            Incoming::Request { method, .. } if !self.link.is_of_handshake() => {
                Event::Stray(format!("it is the request `{}`", Brief(&method)))
            }
            Incoming::Request { id, method, params } => {
                Event::Asked(Asked { id, method, params, extras: self.extras() })
            }
            Incoming::Notification { method, params } => {
                self.notice(&method, params.as_deref());
                Event::Stray(format!("it is the notification `{}`", Brief(&method)))
            }
        })
    }

    /// The result of another method may be of another type: it is no fault to pass over.
    fn misread<R>(&self, message: &[u8], error: &serde_json::Error) -> Result<Event<R>, Error> {
        match Incoming::<IgnoredAny>::from_slice(message) {
            Ok(Incoming::Result { id, .. }) if id != self.id => Ok(self.foreign(&id)),
            _ => Err(self.invalid(without_text(error))),
        }
    }

    fn foreign<R>(&self, id: &RequestId) -> Event<R> {
        Event::Stray(format!("it answers request {id}, not {}", self.id))
    }

    /// Tells the caller what concerns the call, and the host what concerns the server.
    fn notice(&self, method: &str, params: Option<&RawValue>) {
        match method {
            ProgressNotification::NAME => self.progress(params),
            LoggingMessageNotification::NAME => self.log(params),
            _ => self.link.notice(method, params),
        }
    }

    fn progress(&self, params: Option<&RawValue>) {
        let progress = params_of::<ProgressNotification>(params);
        // The token of a request's progress is its id.
        let Some(progress) = progress.filter(|progress| progress.progress_token == self.id) else {
            return;
        };
        if let Some(patience) = self.patience {
            patience.renew();
        }
        if let Some(on_progress) = self.options.and_then(|options| options.on_progress.as_ref()) {
            on_progress(progress);
        }
    }

    fn log(&self, params: Option<&RawValue>) {
        let logs = self.options.and_then(|options| options.logs.as_ref());
        let message = params_of::<LoggingMessageNotification>(params);
        if let (Some(logs), Some(message)) = (logs, message) {
            (logs.on_log)(message);
        }
    }

    /// What beats while the handler is at work for this request.
    fn pulse(&self) -> &Arc<Pulse> {
        self.patience.map_or(&self.link.host.pulse, Patience::pulse)
    }

    fn unbatch(&self, message: Bytes) -> Result<impl Iterator<Item = Bytes> + use<>, Error> {
        self.link.unbatch(message).map_err(|error| self.invalid(without_text(&error)))
    }

    /// A JSON-RPC error in the body of a failed HTTP exchange says more than its status.
    fn failed(&self, error: TransportError) -> Error {
        let TransportErrorKind::Status(status) = error.kind() else { return error.into() };
        match Incoming::<IgnoredAny>::from_slice(error.body()) {
            Ok(Incoming::Error { error: told, .. }) => Error::Rpc {
                method: self.method.clone(),
                error: told,
                status: Some(status),
                retry_after: error.retry_after(),
            },
            _ => error.into(),
        }
    }

    fn unanswered(&self, stray: Option<String>) -> Error {
        let mut reason = format!("the stream ended before `{}` was answered", self.method);
        if let Some(stray) = stray {
            reason.push_str(&format!("; of the last message: {stray}"));
        }
        TransportError::new(TransportErrorKind::Interrupted, reason).into()
    }

    fn invalid(&self, source: impl Into<BoxError>) -> Error {
        Error::invalid(self.method.clone(), source)
    }
}

impl fmt::Debug for Exchange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Exchange({} {})", self.method, self.id)
    }
}
