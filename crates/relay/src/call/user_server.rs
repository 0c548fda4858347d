//! One server on behalf of one user.

use std::sync::Arc;

use mcp_client::{Client, Options, ToolList};
use mcp_http::TokenSource;

use crate::{
    error::Error,
    observer::Observer,
    principal::Principal,
    server::{Asker, Attempt, Connection, Link, Registry},
    server_key::ServerKey,
    settings::Transport,
    tool_list::{Places, Shelf},
};

/// One server on behalf of one user.
pub(crate) struct Place {
    pub(crate) registry: Arc<Registry>,
    link: Arc<Link>,
    key: ServerKey,
    /// The id that the application knows the user by.
    pub(crate) user_id: Option<Arc<str>>,
    /// The source of the user's tokens; without one, the server's `api_key` is used.
    pub(crate) source: Option<Arc<dyn TokenSource>>,
}

impl Place {
    pub(crate) fn new(
        registry: Arc<Registry>,
        server: &str,
        principal: Principal,
        user_id: Option<Arc<str>>,
        source: Option<Arc<dyn TokenSource>>,
    ) -> Result<Self, Error> {
        let link = registry.servers.get(server, source.is_some())?;
        let key = ServerKey { server: link.id.clone(), principal };
        Ok(Self { registry, link, key, user_id, source })
    }

    /// The user on whose behalf the server is used.
    pub(crate) fn principal(&self) -> Principal {
        self.key.principal
    }

    pub(crate) fn key(&self) -> &ServerKey {
        &self.key
    }

    pub(crate) fn observer(&self) -> Option<&Arc<dyn Observer>> {
        self.registry.observer.as_ref()
    }

    /// Whether the server was removed or replaced.
    pub(crate) fn is_retired(&self) -> bool {
        self.link.is_retired()
    }

    pub(crate) fn server(&self) -> &str {
        &self.key.server
    }

    /// Where the list may be found. What interceptors make of it may be for one user alone.
    pub(crate) fn places(&self) -> Places {
        let may_share = self.link.server.share_list != Some(false) && !self.registry.is_intercepted;
        let public = may_share
            .then(|| ServerKey { server: self.key.server.clone(), principal: Principal::EVERYONE });
        Places { own: self.key.clone(), public }
    }

    /// Asks the server for its tools.
    pub(crate) async fn list_tools(&self) -> Result<ToolList, Error> {
        let connection = self.connection()?;
        let traced = self.traced(&connection, None);
        let listed = traced.as_ref().unwrap_or(&connection).list_tools().await;
        listed.map_err(|error| self.attempt(None).failed(error))
    }

    /// Has the list fetched anew when it is asked for next.
    pub(crate) async fn forget_list(&self) {
        let (cache, places) = (&self.registry.cache, self.places());
        cache.forget(|key| places.any(key));
        if let Some(shelf) = self.shelf() {
            for place in places.iter() {
                shelf.forget(place.principal).await;
            }
            // What was read from the store meanwhile is no better.
            cache.forget(|key| places.any(key));
        }
    }

    /// Where lists are stored, unless none are to be kept.
    pub(crate) fn shelf(&self) -> Option<Shelf<'_>> {
        let Registry { cache, store, .. } = &*self.registry;
        let store = store.as_deref().filter(|_| !cache.lifetime().is_zero())?;
        Some(self.link.stored_lists(store))
    }

    /// The way to the server, as long as it is registered.
    pub(crate) fn link(&self) -> Result<&Link, Error> {
        self.link.check().map(|()| &*self.link)
    }

    pub(crate) fn connection(&self) -> Result<Connection, Error> {
        let Self { registry, source, .. } = self;
        let Link { server, carrier, negotiation, known_lists, .. } = self.link()?;
        Ok(registry.sessions.get(&self.key, || {
            let api_key = || Some(Arc::new(server.api_key.clone()?) as Arc<dyn TokenSource>);
            let client = carrier
                .client(source.clone().or_else(api_key))
                .client_info("relay", env!("CARGO_PKG_VERSION"))
                .limits(server.limits)
                .negotiation(negotiation.clone())
                .known_lists(known_lists.clone());
            let handler = registry.handlers.as_ref().and_then(|handlers| {
                let (server, user) = (self.server(), self.user_id.as_deref());
                handlers(&Asker { server, principal: self.principal(), user })
            });
            let client = match handler {
                Some(handler) => client.handler(handler),
                None => client,
            };
            let client = match server.protocol {
                Some(revision) => client.protocol(revision).build(),
                None => client.build(),
            };
            (client, !carrier.is_shared())
        }))
    }

    /// What carries messages to the server.
    pub(crate) fn transport(&self) -> &Transport {
        &self.link.server.transport
    }

    /// The client for requests with these options, and with the trace context of the application;
    /// nothing where there are neither.
    pub(crate) fn traced(&self, connection: &Client, options: Option<Options>) -> Option<Client> {
        let context = self.observer().map(|observer| observer.trace_context()).unwrap_or_default();
        if context.is_empty() {
            return options.map(|options| connection.with(options));
        }
        let options = options.unwrap_or_default();
        let traced = |options: Options, (name, value)| options.meta(name, value);
        Some(connection.with(context.into_iter().fold(options, traced)))
    }

    pub(crate) fn attempt<'a>(&'a self, tool: Option<&'a str>) -> Attempt<'a> {
        Attempt { server: self.server(), tool, principal: self.principal() }
    }
}
