//! A transport with the context of the messages that are sent on it.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use bytes::Bytes;
use mcp_types::{
    Era, JsonRpcNotification, NotificationMethod, Revision, v2026_07_28::CancelledNotification,
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{client_state::ClientState, in_progress::InProgress};
use crate::{
    error::Error,
    redaction::Redactor,
    result::notification_params,
    transport::{
        Extensions, MessageContext, MessageKind, OutgoingMessage, Transport, is_batch, split_batch,
    },
};

/// A transport, the context of its messages, and the state of the client.
#[derive(Debug, Clone)]
pub(crate) struct Channel {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) context: MessageContext,
    pub(crate) client_state: Arc<ClientState>,
    /// The server requests that the client is responding to.
    pub(crate) in_progress: InProgress,
    /// The next request id. All protocol versions share it, so that no id is used twice on a shared
    /// connection, whatever was tried on it before.
    pub(crate) next_id: Arc<AtomicI64>,
}

/// The first request id.
const FIRST_ID: i64 = 1;

impl Channel {
    /// Creates a channel without a session.
    pub(crate) fn new(transport: Arc<dyn Transport>, client_state: Arc<ClientState>) -> Self {
        Self {
            transport,
            context: MessageContext::default(),
            client_state,
            in_progress: InProgress::default(),
            next_id: Arc::new(AtomicI64::new(FIRST_ID)),
        }
    }

    /// Returns a channel for a new session.
    ///
    /// If each request has its own connection, ids start again. Equal responses to different users
    /// are then equal bytes, which `SharedToolLists` needs.
    pub(crate) fn for_session(&self) -> Self {
        let next_id = match self.transport.cancels_on_drop() {
            true => Arc::new(AtomicI64::new(FIRST_ID)),
            false => Arc::clone(&self.next_id),
        };
        Self { in_progress: InProgress::default(), next_id, ..self.clone() }
    }

    /// Returns the secrets that are redacted in errors about results.
    pub(crate) fn redactor(&self) -> Redactor {
        self.transport.redactor()
    }

    /// Returns an unused request id.
    pub(crate) fn next_id(&self) -> i64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Returns `true` if the protocol version is stateful or not known yet. Such a server may send
    /// requests, and only a notification cancels a request there.
    pub(crate) fn is_stateful(&self) -> bool {
        self.context.revision.is_none_or(|revision| revision.era() == Era::Stateful)
    }

    /// Handles a notification that does not belong to a request.
    pub(crate) fn handle_notification(&self, method: &str, params: Option<&RawValue>) {
        if method != CancelledNotification::NAME {
            return self.client_state.handle_notification(method, params);
        }
        if let Some(cancelled) = notification_params::<CancelledNotification>(params) {
            self.in_progress.cancel(&cancelled.request_id);
        }
    }

    /// Splits a batch into its messages. Only 2025-03-26 has batches.
    pub(crate) fn unbatch(
        &self,
        message: Bytes,
    ) -> serde_json::Result<impl Iterator<Item = Bytes> + use<>> {
        let (single, batch) = match self.is_batch(&message) {
            true => (None, split_batch(&message)?),
            false => (Some(message), Vec::new()),
        };
        Ok(single.into_iter().chain(batch))
    }

    /// Returns `true` if a message is a batch and the protocol version has batches.
    pub(crate) fn is_batch(&self, message: &[u8]) -> bool {
        self.context.revision == Some(Revision::V2025_03_26) && is_batch(message)
    }

    /// Sends a notification, with the sender's values for the transport.
    pub(crate) async fn notify(
        &self,
        method: &str,
        params: Option<&impl Serialize>,
        extensions: Option<&Extensions>,
    ) -> Result<(), Error> {
        let body = serde_json::to_vec(&JsonRpcNotification::new(method, params))
            .map_err(|error| Error::invalid_params(method.to_owned(), error))?;
        let message = OutgoingMessage::new(body, MessageKind::OneWay, self.context.clone());
        let extensions = extensions.cloned().unwrap_or_default();
        self.transport.send(OutgoingMessage { extensions, ..message }).await?;
        Ok(())
    }
}
