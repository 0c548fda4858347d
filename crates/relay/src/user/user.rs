//! The registry as one user sees it.

use std::{fmt, pin::pin, sync::Arc};

use mcp_client::{
    Client, Options, ToolList,
    mcp_types::{Method, v2026_07_28::ListToolsRequest},
};
use mcp_http::TokenSource;

use super::{
    relay::{Asker, Registry},
    toolset::ToolsetRequest,
};
use crate::{
    call::{Listing, NextList, Tools, What, add_resource_tools, observed},
    error::Error,
    principal::Principal,
    server::{Attempt, Connection, Link},
    server_key::ServerKey,
    settings::Transport,
    tool_list::{List, Places, Shelf, Shelved},
};

/// The registry on behalf of one user, made by [`Relay::with_token`](crate::Relay::with_token) or
/// [`Relay::for_user`](crate::Relay::for_user).
///
/// Clones share everything. Two values made with the same token, or with the same id, share sessions
/// and lists of tools; two made with different ones share nothing but connections.
#[derive(Clone)]
pub struct User {
    pub(crate) registry: Arc<Registry>,
    pub(crate) principal: Principal,
    /// What the application knows the user by.
    pub(crate) id: Option<Arc<str>>,
    /// Where the user's own tokens come from; for nobody's, a server's `api_key` is used.
    pub(crate) source: Option<Arc<dyn TokenSource>>,
}

impl User {
    /// The tools of a server, from the cache or from the server.
    ///
    /// # Errors
    /// [`Error::Configuration`] for a server that is not registered or cannot take the user's token,
    /// [`Error::Authorization`] when the user has to sign in, [`Error::ToolDefinition`] when the
    /// server gives no usable list, else [`Error::Transport`].
    pub async fn tools(&self, server: &str) -> Result<Tools, Error> {
        loop {
            let place = Arc::new(self.at(server)?);
            match place.list().await {
                // Another one was registered in its place meanwhile, or none.
                Err(_) if place.link.is_retired() => {}
                list => return Ok(Tools { list: list?, place }),
            }
        }
    }

    /// The tools of all servers, asked at the same time: those that are ready, those for which the
    /// user has to sign in, and those that failed.
    ///
    /// ```no_run
    /// # async fn run(user: relay::User) -> Result<(), relay::Error> {
    /// use serde_json::json;
    ///
    /// let toolset = user.toolset().required(["github"]).deny("github", ["delete_*"]).await?;
    /// for refused in &toolset.needs_auth {
    ///     println!("sign in for {}: {:?}", refused.server, refused.challenge());
    /// }
    /// for error in &toolset.failed {
    ///     println!("not today: {error}");
    /// }
    /// let output = toolset.call("relay__github__search", json!({ "query": "rust" })).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn toolset(&self) -> ToolsetRequest {
        ToolsetRequest::new(self.clone())
    }

    /// The conversation with a server, for what is beyond tools: it derefs to the typed client. It is
    /// shared with the user's other calls.
    ///
    /// # Errors
    /// [`Error::Configuration`] for a server that is not registered or cannot take the user's token.
    pub fn connection(&self, server: &str) -> Result<Connection, Error> {
        self.at(server)?.connection()
    }

    /// Ends the user's sessions on all servers and forgets the user's lists of tools.
    ///
    /// # Errors
    /// The first error of a server; the others are tried all the same.
    pub async fn close(&self) -> Result<(), Error> {
        self.registry.forget_stored(self.principal).await;
        self.registry.close(|key| key.principal == self.principal).await
    }

    /// On whose behalf this is.
    pub fn principal(&self) -> Principal {
        self.principal
    }

    /// The id that the application knows the user by, if it is one of
    /// [`Relay::for_user`](crate::Relay::for_user).
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    pub(crate) fn at(&self, server: &str) -> Result<Place, Error> {
        let link = self.registry.servers.get(server, self.source.is_some())?;
        let key = ServerKey { server: link.id.clone(), principal: self.principal };
        Ok(Place { user: self.clone(), link, key })
    }
}

/// One server on behalf of one user.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) user: User,
    link: Arc<Link>,
    key: ServerKey,
}

impl Place {
    pub(crate) fn server(&self) -> &str {
        &self.key.server
    }

    /// The list of tools, from the cache, the store or the server.
    async fn list(self: &Arc<Self>) -> Result<Arc<List>, Error> {
        let Registry { cache, sessions, .. } = &*self.user.registry;
        let news = sessions.peek(&self.key).is_some_and(|connection| connection.has_news());
        if news {
            self.forget_list().await;
        }
        let fetch = || {
            let place = Arc::clone(self);
            async move {
                let what = What { method: ListToolsRequest::NAME, ..What::default() };
                let fetched = pin!(place.fetch(!news));
                observed(&place, what, |_| false, fetched).await
            }
        };
        cache.get(self.places(), fetch).await
    }

    async fn fetch(&self, from_store: bool) -> Result<List, Error> {
        let (places, shelf) = (self.places(), self.shelf());
        if let Some(shelf) = shelf.filter(|_| from_store)
            && let Some(shelved) = shelf.load(&places).await
        {
            return self.named(shelved);
        }
        let connection = self.connection()?;
        // A change while the list is fetched makes it stale; a session that is lost meanwhile does
        // not, because the list is then fetched in a new one.
        let changes = connection.tool_changes();
        let interceptors = &self.user.registry.interceptors[..];
        let listing =
            Listing { server: Arc::clone(&self.key.server.name), principal: self.key.principal };
        let list = NextList { rest: interceptors, place: self }.run(listing).await?;
        connection.heard(changes);
        let link = self.link()?;
        let lifetime = self.user.registry.cache.lifetime();
        let ttl = list.cache.map_or(lifetime, |hint| hint.ttl);
        let says = list.cache.is_some_and(|hint| hint.public);
        let public = link.server.share_list.unwrap_or(says);
        let shelved = Shelved { list, ttl, public };
        if let Some(shelf) = shelf.filter(|_| !ttl.is_zero()) {
            shelf.save(places.of(public).principal, &shelved).await;
        }
        self.named(shelved)
    }

    /// The tools under the names that models see, without those that are denied.
    fn named(&self, Shelved { mut list, ttl, public }: Shelved) -> Result<List, Error> {
        let link = self.link()?;
        add_resource_tools(&mut list.tools, &link.server);
        list.tools.retain(|tool| link.server.filter.offers(&tool.name));
        for refused in &list.refused {
            let name = refused.name.as_deref().unwrap_or("(without a name)");
            tracing::warn!(server = self.server(), tool = name, reason = refused.reason, "refused");
        }
        Ok(List { named: link.named_lists.get(self.server(), list), ttl, public })
    }

    /// Where the list may be found. What interceptors make of it may be for one user alone.
    fn places(&self) -> Places {
        let may_share = self.link.server.share_list != Some(false)
            && self.user.registry.interceptors.is_empty();
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
        let (cache, places) = (&self.user.registry.cache, self.places());
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
    fn shelf(&self) -> Option<Shelf<'_>> {
        let Registry { cache, store, .. } = &*self.user.registry;
        let store = store.as_deref().filter(|_| !cache.lifetime().is_zero())?;
        Some(self.link.stored_lists(store))
    }

    /// The way to the server, as long as it is registered.
    pub(crate) fn link(&self) -> Result<&Link, Error> {
        self.link.check().map(|()| &*self.link)
    }

    pub(crate) fn connection(&self) -> Result<Connection, Error> {
        let User { registry, source, .. } = &self.user;
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
                let Place { user: User { principal, id, .. }, .. } = self;
                let (server, user) = (self.server(), id.as_deref());
                handlers(&Asker { server, principal: *principal, user })
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
        let observer = self.user.registry.observer.as_ref();
        let context = observer.map(|observer| observer.trace_context()).unwrap_or_default();
        if context.is_empty() {
            return options.map(|options| connection.with(options));
        }
        let options = options.unwrap_or_default();
        let traced = |options: Options, (name, value)| options.meta(name, value);
        Some(connection.with(context.into_iter().fold(options, traced)))
    }

    pub(crate) fn attempt<'a>(&'a self, tool: Option<&'a str>) -> Attempt<'a> {
        Attempt { server: self.server(), tool, principal: self.user.principal }
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("principal", &self.principal).finish_non_exhaustive()
    }
}
