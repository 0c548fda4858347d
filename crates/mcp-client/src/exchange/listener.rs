//! Reads the stream on which a server sends messages outside of any request.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use futures_util::StreamExt;
use mcp_types::{JsonRpcMessage, Truncated};
use serde::de::IgnoredAny;
use tokio::{
    sync::watch,
    task::AbortHandle,
    time::{self, Instant},
};

use super::{
    channel::Channel,
    responder::{IncomingRequest, Responder, Rules},
};
use crate::{
    compat,
    error::Error,
    log_limit::LogLimit,
    request::{DEFAULT_MAX_SERVER_REQUESTS, DeclinedRequests},
    text::without_text,
    transport::{Extensions, TransportError, TransportErrorKind},
};

/// The maximum time to wait for the stream to open.
const OPEN_TIMEOUT: Duration = Duration::from_secs(2);

/// The maximum number of server requests for the handler in a minute. Others get an error.
const MAX_REQUESTS_PER_MINUTE: usize = DEFAULT_MAX_SERVER_REQUESTS;
const MINUTE: Duration = Duration::from_secs(60);

/// A task that reads the stream for messages outside of requests (MCP basic/transports, "Listening
/// for Messages from the Server"). It responds to server requests and handles notifications. It
/// ends with the stream, or when the listener is dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    task: AbortHandle,
    listen_state: watch::Receiver<ListenState>,
}

/// The state of a listener.
#[derive(Debug)]
pub(crate) enum ListenState {
    /// The stream is being opened.
    Opening,
    /// The stream is open.
    Open,
    /// The server does not offer the stream.
    NotOffered,
    /// The stream has ended.
    Closed(Error),
}

impl ListenState {
    /// Returns the error that ended the stream.
    pub(crate) fn failure(&self) -> Option<Error> {
        match self {
            Self::Closed(error) => Some(error.clone()),
            Self::Opening | Self::Open | Self::NotOffered => None,
        }
    }
}

impl Listener {
    /// Starts to listen. Waits for up to two seconds until the stream is open or was rejected,
    /// because the server may drop messages that it sends before.
    pub(crate) async fn open(channel: Channel) -> Self {
        let (state_sender, mut listen_state) = watch::channel(ListenState::Opening);
        let task = tokio::spawn(async move {
            let end = listen(channel, &state_sender).await.unwrap_or_else(ListenState::Closed);
            if let ListenState::Closed(error) = &end {
                tracing::debug!(%error, "the listener has stopped");
            }
            state_sender.send_replace(end);
        });
        let listener = Self { task: task.abort_handle(), listen_state: listen_state.clone() };
        let opened =
            listen_state.wait_for(|listen_state| !matches!(listen_state, ListenState::Opening));
        if let Err(_elapsed) = time::timeout(OPEN_TIMEOUT, opened).await {
            tracing::debug!("the listener is not open yet");
        }
        listener
    }

    /// Returns a receiver of the state and its changes.
    pub(crate) fn state(&self) -> watch::Receiver<ListenState> {
        self.listen_state.clone()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The limits for server requests on the stream. It does not show which call a request belongs to.
struct StreamLimits {
    /// The requests that the user has declined since the last call has begun.
    declined: Arc<DeclinedRequests>,
    /// The next request id, which shows whether a call has begun.
    calls: Arc<AtomicI64>,
    /// The number of calls when `declined` was last cleared.
    calls_seen: AtomicI64,
    /// The start of the current minute, and the number of requests in it.
    minute: Mutex<(Instant, usize)>,
    /// Limits the log of messages that are not used.
    skipped: LogLimit,
}

impl StreamLimits {
    fn new(calls: Arc<AtomicI64>) -> Self {
        let minute = Mutex::new((Instant::now(), 0));
        let (declined, skipped) = (Arc::default(), LogLimit::default());
        Self { declined, calls, calls_seen: AtomicI64::new(0), minute, skipped }
    }

    /// Returns the declined requests. Another call may send the same request, so they are forgotten
    /// if a call has begun.
    fn declined(&self) -> &Arc<DeclinedRequests> {
        let calls = self.calls.load(Ordering::Relaxed);
        if self.calls_seen.swap(calls, Ordering::Relaxed) != calls {
            self.declined.clear();
        }
        &self.declined
    }

    /// Logs an event about a message that is not used, unless there were many.
    fn log(&self, log: impl FnOnce(u64)) {
        if let Some(count) = self.skipped.count() {
            log(count);
        }
    }

    /// Counts a request. Returns `false` if there are too many in this minute.
    fn count(&self) -> bool {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        if minute.0.elapsed() >= MINUTE {
            *minute = (Instant::now(), 0);
        }
        minute.1 += 1;
        minute.1 <= MAX_REQUESTS_PER_MINUTE
    }
}

async fn listen(
    channel: Channel,
    state_sender: &watch::Sender<ListenState>,
) -> Result<ListenState, Error> {
    let limits = StreamLimits::new(Arc::clone(&channel.next_id));
    let mut messages = match channel.transport.listen(channel.context.clone()).await {
        Ok(Some(messages)) => messages,
        Ok(None) => return Ok(ListenState::NotOffered),
        Err(error) => return Err(error.into()),
    };
    state_sender.send_replace(ListenState::Open);
    let mut responder = Responder::default();
    while let Some(message) = responder.until(messages.next()).await {
        let message = message?;
        if message.is_empty() {
            channel.client_state.change_queues.mark_all_changed();
            continue;
        }
        match channel.unbatch(message) {
            Ok(messages) => {
                for message in messages {
                    handle(&channel, &limits, &mut responder, &message).await;
                }
            }
            Err(error) => {
                limits.log(|count| {
                    let error = without_text(&error, &channel.redactor());
                    tracing::debug!(%error, count, "invalid batch");
                });
            }
        }
    }
    let reason = "the server closed the stream of the listener";
    Err(TransportError::new(TransportErrorKind::Interrupted, reason).into())
}

/// Handles one message. Invalid messages are skipped.
async fn handle(
    channel: &Channel,
    limits: &StreamLimits,
    responder: &mut Responder,
    message: &[u8],
) {
    match JsonRpcMessage::<IgnoredAny>::from_slice(compat::without_bom(message)) {
        Ok(JsonRpcMessage::Request { id, method, params }) => {
            // The stream does not show which call the request belongs to.
            let request = IncomingRequest { id, method, params, extensions: Extensions::default() };
            let rules = Rules {
                activity: &channel.client_state.activity,
                declined: limits.declined(),
                count: &|| limits.count(),
            };
            // There is no call to fail. The error that the server gets ends its own call.
            if let Err(rejected) = responder.add(channel, request, &rules).await {
                limits.log(|count| {
                    tracing::debug!(?rejected, count, "rejected a server request outside of calls");
                });
            }
        }
        Ok(JsonRpcMessage::Notification { method, params }) => {
            channel.handle_notification(&method, params.as_deref());
        }
        Ok(JsonRpcMessage::Result { .. } | JsonRpcMessage::Error { id: Some(_), .. }) => {
            limits.log(|count| {
                tracing::debug!(count, "skipped a response that belongs to another stream");
            });
        }
        Ok(JsonRpcMessage::Error { error, .. }) => {
            limits.log(|count| {
                let error = Truncated(&error.message);
                tracing::debug!(%error, count, "the server reported an error");
            });
        }
        Err(error) => {
            limits.log(|count| {
                let error = without_text(&error, &channel.redactor());
                tracing::debug!(%error, count, "invalid message");
            });
        }
    }
}
