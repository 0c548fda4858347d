//! The relay and its builder: the entry point of the crate.

use std::{fmt, sync::Arc, time::Duration};

use mcp_client::Handler;
use mcp_http::{AccessToken, HttpClient, TokenSource};

use super::user::User;
use crate::{
    call::{Interceptor, Interceptors, ServerTools},
    config::Config,
    error::{Error, error_chain},
    observer::Observer,
    pending_call::ResumedCalls,
    principal::Principal,
    server::{
        ConnectionPool, HandlerContext, Handlers, PoolLimits, RelayState, ServerTable, TokenSources,
    },
    settings::Server,
    tool_list::{CachePolicy, CacheStats, ToolCache, ToolListStore},
};

/// The registered servers, and what is shared by all who use them.
///
/// Clones share everything, connections included.
///
/// ```
/// use relay::{Relay, Server};
///
/// let relay = Relay::builder()
///     .server("github", Server::http("https://example.com/mcp").api_key("for-all-users"))
///     .server("files", Server::stdio(["my-file-server"]))
///     .build()?;
/// assert_eq!(relay.servers()[0].0, "files");
/// # Ok::<(), relay::Error>(())
/// ```
#[derive(Clone)]
pub struct Relay {
    state: Arc<RelayState>,
    interceptors: Interceptors,
}

/// Sets up a [`Relay`]; made by [`Relay::builder`].
#[must_use]
pub struct RelayBuilder {
    config: Config,
    client: Option<HttpClient>,
    pool: PoolLimits,
    cache_limit: usize,
    serve_stale: Duration,
    interceptors: Vec<Arc<dyn Interceptor>>,
    store: Option<Arc<dyn ToolListStore>>,
    handlers: Option<Arc<Handlers>>,
    observer: Option<Arc<dyn Observer>>,
}

impl Default for RelayBuilder {
    fn default() -> Self {
        Self {
            config: Config::default(),
            client: None,
            pool: PoolLimits::default(),
            cache_limit: 10_000,
            serve_stale: Duration::ZERO,
            interceptors: Vec::new(),
            store: None,
            handlers: None,
            observer: None,
        }
    }
}

impl RelayBuilder {
    /// Registers a server under a name, in place of another of that name.
    pub fn server(mut self, name: impl Into<String>, server: Server) -> Self {
        self.config.servers.insert(name.into(), server);
        self
    }

    /// Takes over what a configuration says, in place of what was set before.
    pub fn config(self, config: Config) -> Self {
        Self { config, ..self }
    }

    /// How long a list of tools is kept: an hour unless set; zero keeps none.
    pub fn cache_duration(mut self, duration: Duration) -> Self {
        self.config.cache_duration = duration;
        self
    }

    /// How many sessions are kept open; 10,000 unless set. Those least recently used give way.
    pub fn max_sessions(mut self, most: usize) -> Self {
        self.pool.connections = most.max(1);
        self
    }

    /// How long a session is kept open without a call; 5 minutes unless set.
    pub fn session_idle_timeout(mut self, idle: Duration) -> Self {
        self.pool.idle = idle;
        self
    }

    /// How many lists of tools are kept; 10,000 unless set.
    pub fn max_cached_lists(mut self, most: usize) -> Self {
        self.cache_limit = most.max(1);
        self
    }

    /// How long a list of tools is still given out past its time, while a new one is fetched in the
    /// background; not at all unless set.
    pub fn serve_stale(mut self, stale: Duration) -> Self {
        self.serve_stale = stale;
        self
    }

    /// Who answers what servers ask while they work: for forms, URLs and models' replies. It is asked
    /// when a conversation begins, and so can give each server and each user a handler of their own.
    ///
    /// ```
    /// use relay::{Handler, Relay, HandlerCapabilities};
    ///
    /// struct Forms {
    ///     user: String,
    /// }
    ///
    /// impl Handler for Forms {
    ///     fn capabilities(&self) -> HandlerCapabilities {
    ///         HandlerCapabilities::none().form()
    ///     }
    ///     // and `elicit_form`, which shows `self.user` the form.
    /// }
    ///
    /// let relay = Relay::builder().handler_factory(|asker| {
    ///     let user = asker.user?.to_owned();
    ///     Some(std::sync::Arc::new(Forms { user }))
    /// });
    /// ```
    pub fn handler_factory(
        self,
        handlers: impl Fn(&HandlerContext<'_>) -> Option<Arc<dyn Handler>> + Send + Sync + 'static,
    ) -> Self {
        Self { handlers: Some(Arc::new(handlers)), ..self }
    }

    /// Who hears of every list and call, and gives the trace context of calls.
    pub fn observer(self, observer: impl Observer) -> Self {
        Self { observer: Some(Arc::new(observer)), ..self }
    }

    /// Where lists of tools are kept for other processes too.
    pub fn tool_list_store(self, store: impl ToolListStore) -> Self {
        Self { store: Some(Arc::new(store)), ..self }
    }

    /// Adds what is to stand around the lists and calls of all users, within what was added before.
    pub fn interceptor(mut self, interceptor: impl Interceptor) -> Self {
        self.interceptors.push(Arc::new(interceptor));
        self
    }

    /// Connections set up elsewhere, for a proxy or certificates of one's own.
    pub fn http_client(self, client: HttpClient) -> Self {
        Self { client: Some(client), ..self }
    }

    /// The registry. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Configuration`] naming the server whose settings are unusable.
    pub fn build(self) -> Result<Relay, Error> {
        let setup = |error: mcp_http::Error| Error::configuration(None, error_chain(&error));
        let client = self.client.map_or_else(HttpClient::new, Ok).map_err(setup)?;
        let servers = ServerTable::new(client, self.pool.idle);
        for (name, server) in self.config.servers {
            servers.insert(&name, server)?;
        }
        let state = RelayState {
            servers,
            cache: Arc::new(ToolCache::new(CachePolicy {
                lifetime: self.config.cache_duration,
                stale: self.serve_stale,
                capacity: self.cache_limit,
            })),
            connections: ConnectionPool::new(self.pool),
            token_sources: TokenSources::default(),
            is_intercepted: !self.interceptors.is_empty(),
            store: self.store,
            resumed_calls: ResumedCalls::new(),
            handlers: self.handlers,
            observer: self.observer,
        };
        Ok(Relay { state: Arc::new(state), interceptors: self.interceptors.into() })
    }
}

impl Relay {
    /// Sets up a registry in code.
    pub fn builder() -> RelayBuilder {
        RelayBuilder::default()
    }

    /// A registry of what a configuration says.
    ///
    /// # Errors
    /// [`Error::Configuration`] naming the server whose settings are unusable.
    pub fn new(config: Config) -> Result<Self, Error> {
        Self::builder().config(config).build()
    }

    /// The registry on behalf of the user who has this token.
    ///
    /// The token goes with every request to every server that this user asks; it wins over a
    /// server's `api_key`.
    pub fn with_token(&self, token: impl Into<AccessToken>) -> User {
        let token = token.into();
        let principal = Principal::of_token(&token);
        self.user(principal, None, Some(Arc::new(token)))
    }

    /// The registry on behalf of the user whom the application knows by this id.
    ///
    /// The source is asked for a token before each request, and for another one when a server does
    /// not take it; where it gives none, none is sent. Sessions and lists of tools belong to the id,
    /// and so outlive every token. Of several sources that are given for one id the newest counts,
    /// for all who speak for that user.
    ///
    /// ```
    /// # fn run(relay: &relay::Relay, source: impl relay::TokenSource) {
    /// let alice = relay.for_user("alice@example.com", source);
    /// // An access token is a source too: here each request of the application brings its own.
    /// let bob = relay.for_user("bob@example.com", relay::AccessToken::new("token of this hour"));
    /// # }
    /// ```
    pub fn for_user(&self, id: impl AsRef<str>, source: impl TokenSource) -> User {
        let id = id.as_ref();
        let principal = Principal::of_id(id);
        let source = self.state.token_sources.replace(principal, Arc::new(source));
        self.user(principal, Some(id.into()), Some(source))
    }

    /// The registry on behalf of no user: requests carry the server's `api_key`, if it has one.
    pub fn without_token(&self) -> User {
        self.user(Principal::REGISTRY, None, None)
    }

    fn user(
        &self,
        principal: Principal,
        id: Option<Arc<str>>,
        source: Option<Arc<dyn TokenSource>>,
    ) -> User {
        let (state, interceptors) = (Arc::clone(&self.state), self.interceptors.clone());
        User { state, interceptors, principal, id, source }
    }

    /// The tools of a server on behalf of no user; see [`User::tools`].
    ///
    /// # Errors
    /// Those of [`User::tools`].
    pub async fn tools(&self, server: &str) -> Result<ServerTools, Error> {
        self.without_token().tools(server).await
    }

    /// The registered servers, by name, as they are at the moment.
    pub fn servers(&self) -> Vec<(String, Server)> {
        let handles = self.state.servers.all();
        handles.iter().map(|handle| (handle.id.to_string(), handle.server.clone())).collect()
    }

    /// Registers a server from now on, in place of another of that name. Calls that are under way go
    /// on to their end; tools that were listed before are to be asked for anew.
    ///
    /// # Errors
    /// [`Error::Configuration`] where its settings are unusable; what was registered then stays.
    pub fn add_server(&self, name: impl AsRef<str>, server: Server) -> Result<(), Error> {
        let replaced = self.state.servers.insert(name.as_ref(), server)?;
        replaced.iter().for_each(|handle| self.state.forget(handle));
        Ok(())
    }

    /// Takes a server out, and tells whether it was there. Calls that are under way go on to their end.
    pub fn remove_server(&self, name: &str) -> bool {
        let removed = self.state.servers.remove(name);
        removed.iter().for_each(|handle| self.state.forget(handle));
        removed.is_some()
    }

    /// How often the cache of tool lists was of use.
    pub fn cache_stats(&self) -> CacheStats {
        self.state.cache.counts.stats()
    }

    /// Ends all sessions on all servers, and forgets all lists of tools but those in a
    /// [store](RelayBuilder::tool_list_store).
    ///
    /// # Errors
    /// The first error of a server; the others are tried all the same.
    pub async fn close(&self) -> Result<(), Error> {
        self.state.close(|_| true).await
    }
}

impl fmt::Debug for RelayBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RelayBuilder");
        shown.field("config", &self.config).field("pool", &self.pool).finish_non_exhaustive()
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RelayState { servers, cache, connections, .. } = &*self.state;
        let mut shown = f.debug_struct("Relay");
        shown.field("servers", servers).field("cache", cache).field("connections", connections);
        shown.finish_non_exhaustive()
    }
}
