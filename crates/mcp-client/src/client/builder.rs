//! The builder of a client.

use std::{
    fmt,
    sync::{Arc, RwLock},
};

use mcp_types::{Revision, v2026_07_28::Implementation};

use super::client::{Client, Shared};
use crate::{
    exchange::{Channel, ClientState},
    handler::Handler,
    protocol::{Negotiation, Protocol},
    request::Limits,
    result::SharedToolLists,
    transport::Transport,
};

/// A builder for a [`Client`]. Created by [`Client::builder`].
#[must_use]
pub struct ClientBuilder {
    transport: Arc<dyn Transport>,
    client_info: Implementation,
    limits: Limits,
    protocol: Option<Revision>,
    negotiation: Negotiation,
    shared_tool_lists: SharedToolLists,
    handler: Option<Arc<dyn Handler>>,
}

impl ClientBuilder {
    /// Sets the client's name and version, which are sent to the server. Defaults to those of this
    /// crate.
    pub fn client_info(self, name: impl Into<String>, version: impl Into<String>) -> Self {
        Self { client_info: Implementation::new(name.into(), version.into()), ..self }
    }

    /// Sets the limits for timeouts and lists. Defaults to [`Limits::default`].
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Sets the only protocol version to use. The client then does not detect the version, which
    /// saves one or two requests. Calls fail if the server does not support this version.
    pub fn protocol_version(self, revision: Revision) -> Self {
        Self { protocol: Some(revision), ..self }
    }

    /// Sets the negotiated protocol version that clients of the same server share. Defaults to a
    /// [`Negotiation`] for this client alone.
    pub fn negotiation(self, negotiation: Negotiation) -> Self {
        Self { negotiation, ..self }
    }

    /// Sets the cache that shares equal tool lists between clients. Defaults to a cache for this
    /// client alone.
    pub fn shared_tool_lists(self, lists: SharedToolLists) -> Self {
        Self { shared_tool_lists: lists, ..self }
    }

    /// Sets the handler for server requests: elicitation, sampling and roots. Without a handler,
    /// the client declares none of these capabilities.
    ///
    /// Some servers send these requests outside of the response stream of a call. With a handler,
    /// the client therefore listens on a connection for as long as a session lasts.
    ///
    /// # Examples
    /// ```
    /// use futures_util::future::BoxFuture;
    /// use mcp_client::{
    ///     BoxError, Client, Handler, HandlerCapabilities, Transport, mcp_types::v2026_07_28::Root,
    /// };
    ///
    /// struct Workspace;
    ///
    /// impl Handler for Workspace {
    ///     fn capabilities(&self) -> HandlerCapabilities {
    ///         HandlerCapabilities::none().roots()
    ///     }
    ///
    ///     fn list_roots(&self) -> BoxFuture<'_, Result<Vec<Root>, BoxError>> {
    ///         Box::pin(async { Ok(vec![Root::new("file:///home/ada/engine")]) })
    ///     }
    /// }
    ///
    /// fn client(transport: impl Transport) -> Client {
    ///     Client::builder(transport).handler(Workspace).build()
    /// }
    /// ```
    pub fn handler(self, handler: impl Handler) -> Self {
        Self { handler: Some(Arc::new(handler)), ..self }
    }

    /// Builds the client. Sends nothing yet.
    pub fn build(self) -> Client {
        let client_state =
            Arc::new(ClientState::new(self.client_info, self.handler, self.negotiation.counters()));
        let channel = Channel::new(self.transport, Arc::clone(&client_state));
        let protocol = Protocol::new(channel, self.protocol, self.negotiation, self.limits.timeout);
        let shared = Shared {
            client_state,
            shared_tool_lists: self.shared_tool_lists,
            protocol,
            param_headers: RwLock::default(),
        };
        Client { shared: Arc::new(shared), limits: self.limits, options: None }
    }
}

impl Client {
    /// Creates a client with default settings. Sends nothing yet.
    pub fn new(transport: impl Transport) -> Self {
        Self::builder(transport).build()
    }

    /// Returns a builder for a client.
    pub fn builder(transport: impl Transport) -> ClientBuilder {
        ClientBuilder {
            transport: Arc::new(transport),
            client_info: Implementation::new(
                env!("CARGO_PKG_NAME").to_owned(),
                env!("CARGO_PKG_VERSION").to_owned(),
            ),
            limits: Limits::default(),
            protocol: None,
            negotiation: Negotiation::new(),
            shared_tool_lists: SharedToolLists::new(),
            handler: None,
        }
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("client_info", &self.client_info)
            .finish_non_exhaustive()
    }
}
