//! Sends responses to server requests while other messages are read.

use std::{mem, sync::Arc, time::Duration};

use futures_util::{
    StreamExt,
    future::{Abortable, BoxFuture, Either, select},
    stream::FuturesUnordered,
};
use mcp_types::{JsonRpcResponse, RequestId, Truncated};
use serde_json::value::RawValue;
use tokio::{runtime::Handle, time};

use super::{channel::Channel, server_request};
use crate::{
    request::Activity,
    transport::{Extensions, MessageKind, OutgoingMessage},
};

/// The timeout for finishing responses after the call has ended.
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

/// Responses that are in progress, at most [`server_request::MAX_CONCURRENT`] at once. A server
/// that sends more requests must wait.
///
/// A server may send the response of the call right after its own request, so the call may end
/// first. The responses are then finished in the background, because every `ping` requires a
/// response (MCP basic/utilities/ping, "Behavior").
#[derive(Default)]
pub(crate) struct Responder(FuturesUnordered<BoxFuture<'static, ()>>);

impl Responder {
    /// Starts to respond as soon as there is capacity, unless a request with the same id is in
    /// progress. The handler's work counts as `activity`.
    pub(crate) async fn add(
        &mut self,
        channel: &Channel,
        request: IncomingRequest,
        activity: &Arc<Activity>,
    ) {
        while self.0.len() >= server_request::MAX_CONCURRENT {
            self.0.next().await;
        }
        let Some((guard, registration)) = channel.in_progress.begin(&request.id) else {
            tracing::debug!(id = %request.id, "skipped a server request that is in progress");
            return;
        };
        let response = respond(channel.clone(), Arc::clone(activity), request);
        self.0.push(Box::pin(async move {
            let _guard = guard;
            // A cancelled request gets no response.
            let _ = Abortable::new(response, registration).await;
        }));
    }

    /// Waits for an event, while the responses make progress.
    pub(crate) async fn until<T>(&mut self, event: impl Future<Output = T> + Unpin) -> T {
        let mut event = event;
        while !self.0.is_empty() {
            match select(self.0.next(), event).await {
                Either::Left((_, pending)) => event = pending,
                Either::Right((happened, _)) => return happened,
            }
        }
        event.await
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        if let (false, Ok(runtime)) = (self.0.is_empty(), Handle::try_current()) {
            runtime.spawn(time::timeout(FINISH_TIMEOUT, mem::take(&mut self.0).collect::<()>()));
        }
    }
}

async fn respond(channel: Channel, activity: Arc<Activity>, request: IncomingRequest) {
    let IncomingRequest { id, method, params, extensions } = request;
    let outcome = server_request::respond(&channel, &activity, &method, params.as_deref()).await;
    let method = Truncated(&method);
    let body = match serde_json::to_vec(&JsonRpcResponse::new(id, outcome)) {
        Ok(body) => body,
        Err(error) => {
            tracing::warn!(%error, %method, "cannot serialize the response to a server request");
            return;
        }
    };
    let message = OutgoingMessage::new(body, MessageKind::OneWay, channel.context.clone());
    if let Err(error) = channel.transport.send(OutgoingMessage { extensions, ..message }).await {
        tracing::debug!(%error, %method, "cannot send the response to a server request");
    }
}
