//! What a conversation is spoken over.

use std::sync::Arc;

use mcp_types::{Era, Notification};
use serde::Serialize;

use crate::{
    error::Error,
    host::Host,
    transport::{Context, MessageKind, Outgoing, Transport},
};

/// The transport, the conversation on it, and this side of it.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) context: Context,
    pub(crate) host: Arc<Host>,
}

impl Link {
    /// A link that no conversation is on yet.
    pub(crate) fn new(transport: Arc<dyn Transport>, host: Arc<Host>) -> Self {
        Self { transport, context: Context::default(), host }
    }

    /// Whether it is one of the handshake era, in which the server may send requests and wants to
    /// be told of what is cancelled.
    pub(crate) fn is_of_handshake(&self) -> bool {
        self.context.revision.is_none_or(|revision| revision.era() == Era::Handshake)
    }

    /// Sends a notification.
    pub(crate) async fn notify(
        &self,
        method: &str,
        params: Option<&impl Serialize>,
    ) -> Result<(), Error> {
        let body = serde_json::to_vec(&Notification::new(method, params))
            .map_err(|error| Error::params(method.to_owned(), error))?;
        let message = Outgoing::new(body, MessageKind::OneWay, self.context.clone());
        self.transport.send(message).await?;
        Ok(())
    }
}
