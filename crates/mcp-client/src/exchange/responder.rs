//! Sends responses to server requests while other messages are read.

use std::{
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_util::{
    FutureExt, StreamExt,
    future::{Abortable, BoxFuture, Either, select},
    stream::FuturesUnordered,
};
use mcp_types::{
    ErrorObject, JsonObject, JsonRpcResponse, Method, RequestId, Truncated,
    v2025_11_25::PingRequest, v2026_07_28::InputResponse,
};
use serde_json::value::RawValue;
use tokio::{runtime::Handle, time};

use super::{
    channel::Channel,
    in_progress::InProgressGuard,
    server_request::{self, ServerRequest},
};
use crate::{
    log_limit::LogLimit,
    request::{Activity, DeclinedRequests},
    transport::{Extensions, MessageKind, OutgoingMessage},
};

/// The timeout for sending responses after the call has ended.
const FINISH_TIMEOUT: Duration = Duration::from_secs(10);

/// A request from the server.
#[derive(Debug)]
pub(crate) struct IncomingRequest {
    pub(crate) id: RequestId,
    pub(crate) method: String,
    pub(crate) params: Option<Box<RawValue>>,
    /// The transport values for sending the response.
    pub(crate) extensions: Extensions,
}

/// The reason why a server request does not reach the handler.
#[derive(Debug)]
pub(super) enum Rejected {
    /// The server has sent too many requests.
    TooMany,
    /// The user has declined the same request before. Contains its method.
    DeclinedBefore(&'static str),
}

/// The rules for the server requests of one call or of the listener.
pub(super) struct Rules<'a> {
    /// The handler's work counts as this activity.
    pub(super) activity: &'a Arc<Activity>,
    /// The requests that the user has declined.
    pub(super) declined: &'a Arc<DeclinedRequests>,
    /// Counts a request. Returns `false` if it exceeds the limit.
    pub(super) count: &'a (dyn Fn() -> bool + Sync),
}

/// Responses that are in progress, at most [`server_request::MAX_CONCURRENT`] at once. A server
/// that sends more requests must wait.
///
/// If the call ends first, the handler is stopped, because its result is of no use. The server gets
/// an error, because every request requires a response. It may also send the response of the call
/// right after a `ping`. Therefore responses without a handler are sent in the background.
#[derive(Default)]
pub(crate) struct Responder {
    pending: FuturesUnordered<PendingResponse>,
    /// Limits the log of requests that are in progress already.
    skipped: LogLimit,
}

/// A response. The handler works on it first if the request needs it. Then it is sent.
struct PendingResponse {
    step: Step,
    guard: InProgressGuard,
}

enum Step {
    Handle(Abortable<BoxFuture<'static, Outcome>>, Option<Reply>),
    Send(BoxFuture<'static, ()>),
}

type Outcome = Result<InputResponse, ErrorObject>;

/// The data for the message that responds to a request.
struct Reply {
    channel: Channel,
    id: RequestId,
    method: String,
    extensions: Extensions,
}

impl Responder {
    /// Starts to respond as soon as there is capacity, unless a request with the same id is in
    /// progress or the session has ended.
    ///
    /// # Errors
    /// Returns the reason if the request does not reach the handler because of the `rules`. The
    /// server gets an error then.
    pub(super) async fn add(
        &mut self,
        channel: &Channel,
        request: IncomingRequest,
        rules: &Rules<'_>,
    ) -> Result<(), Rejected> {
        while self.pending.len() >= server_request::MAX_CONCURRENT {
            self.pending.next().await;
        }
        let IncomingRequest { id, method, params, extensions } = request;
        let Some((guard, registration)) = channel.in_progress.begin(&id) else {
            if let Some(count) = self.skipped.count() {
                tracing::debug!(count, "skipped a server request that is in progress");
            }
            return Ok(());
        };
        let accepted = accept(channel, &method, params.as_deref(), rules);
        let reply = Reply { channel: channel.clone(), id, method, extensions };
        let (step, rejected) = match accepted {
            Ok(request) => {
                let handling = Abortable::new(handle(channel, request, rules), registration);
                (Step::Handle(handling, Some(reply)), None)
            }
            Err(response) => {
                let (outcome, rejected) = *response;
                (Step::Send(reply.send(outcome).boxed()), rejected)
            }
        };
        self.pending.push(PendingResponse { step, guard });
        rejected.map_or(Ok(()), Err)
    }

    /// Waits for an event, while the responses make progress.
    pub(crate) async fn until<T>(&mut self, event: impl Future<Output = T> + Unpin) -> T {
        let mut event = event;
        while !self.pending.is_empty() {
            match select(self.pending.next(), event).await {
                Either::Left((_, pending)) => event = pending,
                Either::Right((happened, _)) => return happened,
            }
        }
        event.await
    }
}

/// Returns the request for the handler. If there is none, returns the response, and the reason if
/// the `rules` reject the request.
fn accept(
    channel: &Channel,
    method: &str,
    params: Option<&RawValue>,
    rules: &Rules<'_>,
) -> Result<ServerRequest, Box<(Outcome, Option<Rejected>)>> {
    if method == PingRequest::NAME {
        return Err(Box::new((Ok(InputResponse::Unknown(JsonObject::new())), None)));
    }
    if !(rules.count)() {
        let error = server_request::not_handled("too many requests to the client");
        return Err(Box::new((Err(error), Some(Rejected::TooMany))));
    }
    let request = ServerRequest::from_request(channel, method, params);
    let request = request.map_err(|error| Box::new((Err(error), None)))?;
    if request.is_declined(rules.declined) {
        let rejected = Rejected::DeclinedBefore(request.method());
        return Err(Box::new((Err(server_request::declined_object()), Some(rejected))));
    }
    Ok(request)
}

impl Drop for Responder {
    fn drop(&mut self) {
        let pending = mem::take(&mut self.pending).into_iter();
        let pending: FuturesUnordered<_> =
            pending.filter_map(PendingResponse::without_handler).collect();
        if let (false, Ok(runtime)) = (pending.is_empty(), Handle::try_current()) {
            runtime.spawn(time::timeout(FINISH_TIMEOUT, pending.collect::<()>()));
        }
    }
}

impl PendingResponse {
    /// Drops the future of the handler. The response is an error then. Returns `None` if the server
    /// has cancelled its request or the session has ended.
    fn without_handler(self) -> Option<Self> {
        let Self { step, guard } = self;
        let sending = match step {
            Step::Handle(handling, _) if handling.is_aborted() => return None,
            Step::Handle(_, reply) => {
                reply?.send(Err(server_request::not_handled("the call has ended"))).boxed()
            }
            Step::Send(sending) => sending,
        };
        Some(Self { step: Step::Send(sending), guard })
    }
}

impl Future for PendingResponse {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            self.step = match &mut self.step {
                // A cancelled request gets no response.
                Step::Handle(handling, reply) => {
                    match (ready!(handling.poll_unpin(cx)), reply.take()) {
                        (Ok(outcome), Some(reply)) => Step::Send(reply.send(outcome).boxed()),
                        _ => return Poll::Ready(()),
                    }
                }
                Step::Send(sending) => return sending.poll_unpin(cx),
            }
        }
    }
}

impl Reply {
    async fn send(self, outcome: Outcome) {
        let Self { channel, id, method, extensions } = self;
        let method = Truncated(&method);
        let body = match serde_json::to_vec(&JsonRpcResponse::new(id, outcome)) {
            Ok(body) => body,
            Err(error) => {
                tracing::warn!(%error, %method, "cannot serialize the response to a server request");
                return;
            }
        };
        let message = OutgoingMessage::new(body, MessageKind::OneWay, channel.context.clone());
        if let Err(error) = channel.transport.send(OutgoingMessage { extensions, ..message }).await
        {
            tracing::debug!(%error, %method, "cannot send the response to a server request");
        }
    }
}

fn handle(
    channel: &Channel,
    request: ServerRequest,
    rules: &Rules<'_>,
) -> BoxFuture<'static, Outcome> {
    let (channel, activity) = (channel.clone(), Arc::clone(rules.activity));
    let declined = Arc::clone(rules.declined);
    async move { server_request::respond(&channel, &activity, &declined, request).await }.boxed()
}
