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

/// Sets up a [`Client`]; made by [`Client::builder`].
#[must_use]
pub struct ClientBuilder {
    transport: Arc<dyn Transport>,
    client: Implementation,
    limits: Limits,
    protocol: Option<Revision>,
    negotiation: Negotiation,
    shared_lists: SharedToolLists,
    handler: Option<Arc<dyn Handler>>,
}

impl ClientBuilder {
    /// The name and version that the server gets to see.
    pub fn client_info(self, name: impl Into<String>, version: impl Into<String>) -> Self {
        Self { client: Implementation::new(name.into(), version.into()), ..self }
    }

    /// Limits other than the [defaults](Limits).
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The one revision to speak. The server is not asked which it understands, which saves a
    /// request or two, and calls fail if it does not understand this one.
    pub fn protocol(self, revision: Revision) -> Self {
        Self { protocol: Some(revision), ..self }
    }

    /// What is known already of how to speak with the server; one's own unless set.
    pub fn negotiation(self, negotiation: Negotiation) -> Self {
        Self { negotiation, ..self }
    }

    /// The lists that have been read already, to share equal ones; one's own unless set.
    pub fn shared_tool_lists(self, known: SharedToolLists) -> Self {
        Self { shared_lists: known, ..self }
    }

    /// Who answers what the server asks while it works on a call: for input of the user, for a
    /// model's reply, for roots. Without a handler, the server is told that nobody does.
    ///
    /// Some servers ask outside of the stream of a call. They are listened to for it, which takes a
    /// connection for as long as a session lasts.
    ///
    /// ```
    /// use futures_util::future::BoxFuture;
    /// use mcp_client::{BoxError, Client, Handler, HandlerCapabilities, Transport, mcp_types::v2026_07_28::Root};
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

    /// The client. Nothing is sent yet.
    pub fn build(self) -> Client {
        let client_state = Arc::new(ClientState::new(self.client, self.handler));
        let channel = Channel::new(self.transport, Arc::clone(&client_state));
        let protocol = Protocol::new(channel, self.protocol, self.negotiation);
        let shared = Shared {
            client_state,
            shared_lists: self.shared_lists,
            protocol,
            param_headers: RwLock::default(),
        };
        Client { shared: Arc::new(shared), limits: self.limits, options: None }
    }
}

impl Client {
    /// A client with default settings. Nothing is sent yet.
    pub fn new(transport: impl Transport) -> Self {
        Self::builder(transport).build()
    }

    /// Sets up a client.
    pub fn builder(transport: impl Transport) -> ClientBuilder {
        ClientBuilder {
            transport: Arc::new(transport),
            client: Implementation::new(
                env!("CARGO_PKG_NAME").to_owned(),
                env!("CARGO_PKG_VERSION").to_owned(),
            ),
            limits: Limits::default(),
            protocol: None,
            negotiation: Negotiation::new(),
            shared_lists: SharedToolLists::new(),
            handler: None,
        }
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("client", &self.client).finish_non_exhaustive()
    }
}
