//! Cancels a request on the server when its future is dropped.

use std::{mem, sync::Arc, time::Duration};

use mcp_types::{JsonRpcNotification, RequestId};
use serde::Serialize;
use tokio::{runtime::Handle, time};

use super::channel::Channel;
use crate::transport::{Extensions, MessageKind, OutgoingMessage, SentFlag};

/// The timeout for sending the notification.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// A guard for a pending request. If it is dropped before it is [`completed`](Self::completed), it
/// sends `notifications/cancelled`. Closing a connection does not cancel a request (MCP
/// basic/transports, "Sending Messages"). A request that was not sent or that was rejected is not
/// cancelled.
///
/// In the stateless versions, closing the connection of a request cancels it if no other request
/// uses this connection (MCP 2026-07-28, basic/patterns/cancellation). No notification is sent
/// then.
pub(crate) struct CancelOnDrop<'a> {
    channel: &'a Channel,
    sent: SentFlag,
    extensions: Extensions,
    id: Option<RequestId>,
}

#[derive(Serialize)]
struct Cancelled {
    #[serde(rename = "requestId")]
    request_id: RequestId,
    reason: &'static str,
}

impl<'a> CancelOnDrop<'a> {
    pub(crate) fn new(channel: &'a Channel, message: &OutgoingMessage, id: RequestId) -> Self {
        let cancels_by_notification = channel.is_stateful() || !channel.transport.cancels_on_drop();
        let (sent, extensions) = (message.sent.clone(), message.extensions.clone());
        Self { channel, sent, extensions, id: cancels_by_notification.then_some(id) }
    }

    /// Disarms the guard, because the request has its response or has failed.
    pub(crate) fn completed(mut self) {
        self.id = None;
    }
}

impl Drop for CancelOnDrop<'_> {
    fn drop(&mut self) {
        let id = self.id.take().filter(|_| self.sent.get());
        let (Some(request_id), Ok(runtime)) = (id, Handle::try_current()) else { return };
        let params = Cancelled { request_id, reason: "the caller stopped waiting" };
        let message = JsonRpcNotification::new("notifications/cancelled", Some(params));
        let Ok(body) = serde_json::to_vec(&message) else { return };
        let message = OutgoingMessage::new(body, MessageKind::OneWay, self.channel.context.clone());
        let message = OutgoingMessage { extensions: mem::take(&mut self.extensions), ..message };
        let transport = Arc::clone(&self.channel.transport);
        runtime.spawn(async move {
            if let Ok(Err(error)) = time::timeout(SEND_TIMEOUT, transport.send(message)).await {
                tracing::debug!(%error, "cannot cancel the request on the server");
            }
        });
    }
}
