//! Telling the server that nobody waits for an answer any more.

use std::{sync::Arc, time::Duration};

use mcp_types::{Notification, RequestId};
use serde::Serialize;
use tokio::{runtime::Handle, time};

use crate::transport::{Context, MessageKind, Outgoing, Transport};

/// How long the notification itself may take.
const LIMIT: Duration = Duration::from_secs(10);

/// A request under way: dropped before it is [`settled`](Self::settled), it sends
/// `notifications/cancelled`, because a dropped connection cancels nothing (MCP basic/transports,
/// "Sending Messages").
pub(crate) struct InFlight<'a> {
    transport: &'a Arc<dyn Transport>,
    context: &'a Context,
    id: Option<RequestId>,
}

#[derive(Serialize)]
struct Cancelled {
    #[serde(rename = "requestId")]
    request_id: RequestId,
    reason: &'static str,
}

impl<'a> InFlight<'a> {
    pub(crate) fn new(
        transport: &'a Arc<dyn Transport>,
        context: &'a Context,
        id: RequestId,
    ) -> Self {
        Self { transport, context, id: Some(id) }
    }

    /// The request has its answer, or failed.
    pub(crate) fn settled(mut self) {
        self.id = None;
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let (Some(request_id), Ok(runtime)) = (self.id.take(), Handle::try_current()) else {
            return;
        };
        let params = Cancelled { request_id, reason: "the caller no longer waits" };
        let message = Notification::new("notifications/cancelled", Some(params));
        let Ok(body) = serde_json::to_vec(&message) else { return };
        let message = Outgoing::new(body, MessageKind::OneWay, self.context.clone());
        let transport = Arc::clone(self.transport);
        runtime.spawn(async move {
            if let Ok(Err(error)) = time::timeout(LIMIT, transport.send(message)).await {
                tracing::debug!(%error, "the server could not be told of a cancelled request");
            }
        });
    }
}
