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
        ClientInfo, ConnectionPool, HandlerContext, Handlers, PoolLimits, RelayState, ServerTable,
        TokenSources,
    },
    settings::Server,
    tool_list::{CachePolicy, CacheStats, ToolCache, ToolListStore},
};

/// The registered servers, with the state that all users share.
///
/// Clones share everything, including connections.
///
/// # Examples
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

/// A builder of a [`Relay`]. Created by [`Relay::builder`].
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
    client_info: ClientInfo,
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
            client_info: ClientInfo::default(),
        }
    }
}

impl RelayBuilder {
    /// Registers a server under a name. It replaces a server that has this name.
    pub fn server(mut self, name: impl Into<String>, server: Server) -> Self {
        self.config.servers.insert(name.into(), server);
        self
    }

    /// Uses the servers and settings of a configuration.
    ///
    /// They replace all servers and the cache duration that were set before.
    pub fn config(self, config: Config) -> Self {
        Self { config, ..self }
    }

    /// Sets how long a tool list is cached, unless its server specifies a time. Zero disables the
    /// cache. Defaults to one hour.
    pub fn cache_duration(mut self, duration: Duration) -> Self {
        self.config.cache_duration = duration;
        self
    }

    /// Sets the maximum number of open sessions. Beyond it, the least recently used sessions are
    /// closed. Defaults to 10,000.
    pub fn max_sessions(mut self, max: usize) -> Self {
        self.pool.connections = max.max(1);
        self
    }

    /// Sets how long a session stays open without a call. Defaults to 5 minutes.
    pub fn session_idle_timeout(mut self, idle: Duration) -> Self {
        self.pool.idle = idle;
        self
    }

    /// Sets the maximum number of cached tool lists. Defaults to 10,000.
    pub fn max_cached_lists(mut self, max: usize) -> Self {
        self.cache_limit = max.max(1);
        self
    }

    /// Sets how long an expired tool list is still returned, while a new list is fetched in the
    /// background. Defaults to zero, which never returns an expired list.
    pub fn serve_stale(mut self, stale: Duration) -> Self {
        self.serve_stale = stale;
        self
    }

    /// Sets the function that creates handlers of server requests, such as elicitation and
    /// sampling.
    ///
    /// It is called for each new connection, so each server and each user can have its own handler.
    /// If it returns `None`, the connection has no handler.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use relay::{Handler, HandlerCapabilities, Relay};
    ///
    /// struct Forms {
    ///     user: String,
    /// }
    ///
    /// impl Handler for Forms {
    ///     fn capabilities(&self) -> HandlerCapabilities {
    ///         HandlerCapabilities::none().form()
    ///     }
    ///
    ///     // Also implement `elicit_form`, which shows the form to `self.user`.
    /// }
    ///
    /// let relay = Relay::builder().handler_factory(|context| {
    ///     let user = context.user?.to_owned();
    ///     Some(Arc::new(Forms { user }))
    /// });
    /// ```
    pub fn handler_factory(
        self,
        handlers: impl Fn(&HandlerContext<'_>) -> Option<Arc<dyn Handler>> + Send + Sync + 'static,
    ) -> Self {
        Self { handlers: Some(Arc::new(handlers)), ..self }
    }

    /// Sets the observer, which receives all operations and provides their trace context.
    pub fn observer(self, observer: impl Observer) -> Self {
        Self { observer: Some(Arc::new(observer)), ..self }
    }

    /// Sets the name and the version of the application, which are sent to servers. Defaults to
    /// `relay` with the version of this crate.
    pub fn client_info(self, name: impl Into<String>, version: impl Into<String>) -> Self {
        let client_info = ClientInfo { name: name.into(), version: version.into() };
        Self { client_info, ..self }
    }

    /// Sets the store of tool lists, which several processes may share.
    pub fn tool_list_store(self, store: impl ToolListStore) -> Self {
        Self { store: Some(Arc::new(store)), ..self }
    }

    /// Adds an interceptor of the tool lists and tool calls of all users.
    ///
    /// The interceptor that is added first runs first. Each interceptor calls the next one.
    pub fn interceptor(mut self, interceptor: impl Interceptor) -> Self {
        self.interceptors.push(Arc::new(interceptor));
        self
    }

    /// Sets the HTTP client, for example to use a proxy or other root certificates.
    pub fn http_client(self, client: HttpClient) -> Self {
        Self { client: Some(client), ..self }
    }

    /// Creates the relay. It sends no request.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Configuration`] if the settings of a server are invalid, or if the HTTP
    /// client cannot be created.
    pub fn build(self) -> Result<Relay, Error> {
        let to_error = |error: mcp_http::Error| Error::configuration(None, error_chain(&error));
        let client = self.client.map_or_else(HttpClient::new, Ok).map_err(to_error)?;
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
            client_info: self.client_info,
        };
        Ok(Relay { state: Arc::new(state), interceptors: self.interceptors.into() })
    }
}

impl Relay {
    /// Returns a builder, which sets up a relay in code.
    pub fn builder() -> RelayBuilder {
        RelayBuilder::default()
    }

    /// Creates a relay from a configuration.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Configuration`] if the settings of a server are invalid, or if the HTTP
    /// client cannot be created.
    pub fn new(config: Config) -> Result<Self, Error> {
        Self::builder().config(config).build()
    }

    /// Returns a handle for the user with this token.
    ///
    /// The client sends the token with each of the user's requests, to every server. It takes
    /// precedence over the `api_key` of a server.
    pub fn with_token(&self, token: impl Into<AccessToken>) -> User {
        let token = token.into();
        let principal = Principal::from_token(&token);
        self.user(principal, None, Some(Arc::new(token)))
    }

    /// Returns a handle for the user with this id, whose tokens come from a token source.
    ///
    /// The client requests a token from the source before each request. If a server rejects the
    /// token, the client requests another one. If the source returns no token, the client sends
    /// none.
    ///
    /// Sessions and tool lists belong to the id, so they do not depend on a token. If this method
    /// is called again with the same id, all handles and connections of the user use the new
    /// source.
    ///
    /// # Examples
    ///
    /// ```
    /// use relay::{AccessToken, Relay, TokenSource};
    ///
    /// fn connect_users(relay: &Relay, token_source: impl TokenSource) {
    ///     let alice = relay.for_user("alice@example.com", token_source);
    ///
    ///     // An access token is also a token source.
    ///     let token = AccessToken::new("current-token");
    ///     let bob = relay.for_user("bob@example.com", token);
    /// }
    /// ```
    pub fn for_user(&self, id: impl AsRef<str>, source: impl TokenSource) -> User {
        let id = id.as_ref();
        let principal = Principal::from_id(id);
        let source = self.state.token_sources.replace(principal, Arc::new(source));
        self.user(principal, Some(id.into()), Some(source))
    }

    /// Returns a handle without a user. The client sends the `api_key` of the server, if it has
    /// one.
    pub fn without_token(&self) -> User {
        self.user(Principal::ANONYMOUS, None, None)
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

    /// Returns the tools of a server without a user; see [`Relay::without_token`].
    ///
    /// # Errors
    ///
    /// Returns the errors of [`User::tools`].
    pub async fn tools(&self, server: &str) -> Result<ServerTools, Error> {
        self.without_token().tools(server).await
    }

    /// Returns the servers that are registered now, ordered by name.
    pub fn servers(&self) -> Vec<(String, Server)> {
        let handles = self.state.servers.all();
        handles.iter().map(|handle| (handle.id.to_string(), handle.server.clone())).collect()
    }

    /// Registers a server. It replaces a server that has this name.
    ///
    /// Calls in progress on the replaced server are completed. Tools that were listed before must
    /// be listed again.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Configuration`] if the settings are invalid. In this case the registered
    /// servers do not change.
    pub fn add_server(&self, name: impl AsRef<str>, server: Server) -> Result<(), Error> {
        let replaced = self.state.servers.insert(name.as_ref(), server)?;
        replaced.iter().for_each(|handle| self.state.forget(handle));
        Ok(())
    }

    /// Removes a server. Returns whether it was registered.
    ///
    /// Calls in progress on it are completed.
    pub fn remove_server(&self, name: &str) -> bool {
        let removed = self.state.servers.remove(name);
        removed.iter().for_each(|handle| self.state.forget(handle));
        removed.is_some()
    }

    /// Returns the statistics of the tool list cache.
    pub fn cache_stats(&self) -> CacheStats {
        self.state.cache.counts.stats()
    }

    /// Closes all sessions on all servers, and drops all cached tool lists.
    ///
    /// Tool lists in a [store](RelayBuilder::tool_list_store) are kept.
    ///
    /// # Errors
    ///
    /// Returns the first error of a server. The sessions on all other servers are closed too.
    pub async fn close(&self) -> Result<(), Error> {
        self.state.close(|_| true).await
    }
}

impl fmt::Debug for RelayBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("RelayBuilder");
        debug.field("config", &self.config).field("pool", &self.pool).finish_non_exhaustive()
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RelayState { servers, cache, connections, .. } = &*self.state;
        let mut debug = f.debug_struct("Relay");
        debug.field("servers", servers).field("cache", cache).field("connections", connections);
        debug.finish_non_exhaustive()
    }
}
