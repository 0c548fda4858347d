//! The relay and its builder: the entry point of the crate.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use mcp_client::Handler;
use mcp_http::{AccessToken, HttpClient, OAuthSettings, TokenSource};

use super::user::User;
use crate::{
    call::{Caller, Interceptor, Interceptors, ServerTools},
    config::Config,
    error::{Error, error_chain},
    observer::Observer,
    pending_call::ResumedCalls,
    principal::Principal,
    server::{
        ClientInfo, ConnectionPool, Credentials, HandlerContext, Handlers, PoolLimits, RelayState,
        ServerTable, TokenServers, TokenSources,
    },
    settings::{Server, TransportConfig},
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
    /// `relay` with the version of this crate. They are also part of the header `User-Agent`, unless
    /// the [HTTP client](Self::http_client) or a [header](Server::header) sets another one.
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
        let client = match &self.client_info {
            application if *application == ClientInfo::default() => client,
            ClientInfo { name, version } => client.with_application(name, version),
        };
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
            token_servers: TokenServers::new(),
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

    /// Returns a handle for the user with this token, which is for one server.
    ///
    /// The token goes to the first server that the application names with the handle, and to no
    /// other server. It takes precedence over the `api_key` of this server. A
    /// [shared](crate::Server::shared) server does not get it.
    ///
    /// An operation that would send the token to a second server returns
    /// [`Error::Configuration`], and sends nothing. So does a [toolset](User::toolset) of several
    /// servers that could get the token. This also holds for clones of the handle and for other
    /// handles with the same token, and if the server is replaced by one with another URL. Use
    /// [`with_tokens`](Self::with_tokens) or [`for_user`](Self::for_user) for several servers.
    ///
    /// The relay remembers the server of a token while a handle or a connection has the token, and
    /// then until at least 50,000 other tokens have been given.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use relay::{Error, Relay, Server};
    ///
    /// async fn run(token_for_github: String) -> Result<(), Error> {
    ///     let relay = Relay::builder()
    ///         .server("github", Server::http("https://example.com/mcp"))
    ///         .server("linear", Server::http("https://linear.example/mcp"))
    ///         .build()?;
    ///     let user = relay.with_token(token_for_github);
    ///
    ///     // The token goes to "github".
    ///     let tools = user.tools("github").await?;
    ///     println!("{} tools", tools.len());
    ///
    ///     // It does not go to "linear". Nothing is sent.
    ///     assert!(matches!(user.tools("linear").await, Err(Error::Configuration { .. })));
    ///     assert!(matches!(user.toolset().await, Err(Error::Configuration { .. })));
    ///     Ok(())
    /// }
    /// ```
    pub fn with_token(&self, token: impl Into<AccessToken>) -> User {
        let token = token.into();
        let principal = Principal::from_token(&token);
        self.user(principal, None, Credentials::Token(self.state.token_servers.token(token)))
    }

    /// Returns a handle for the user with these tokens, each with the name of its server.
    ///
    /// A token goes only to the server that has its name now. If the name is given to a server with
    /// another URL later, or if no server has the name yet, the token is not sent, and the server
    /// returns [`Error::Configuration`]. If a name occurs twice, the last token is used.
    ///
    /// A server without a token is used with its own credentials, such as its `api_key`, or without
    /// any. Its session and its tool list still belong to this user. A
    /// [shared](crate::Server::shared) server cannot have a token: it returns
    /// [`Error::Configuration`].
    ///
    /// Handles with the same names and tokens are the same user. If a token changes, use
    /// [`for_user`](Self::for_user) to keep sessions and tool lists.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use relay::{Error, Relay, Server};
    ///
    /// async fn run(token_for_github: String, token_for_linear: String) -> Result<(), Error> {
    ///     let relay = Relay::builder()
    ///         .server("github", Server::http("https://example.com/mcp"))
    ///         .server("linear", Server::http("https://linear.example/mcp"))
    ///         .server("docs", Server::http("https://docs.example/mcp"))
    ///         .server("files", Server::stdio(["my-file-server"]).shared())
    ///         .build()?;
    ///     let user =
    ///         relay.with_tokens([("github", token_for_github), ("linear", token_for_linear)]);
    ///
    ///     // "github" and "linear" get their own token. "docs" and "files" get none.
    ///     let toolset = user.toolset().await?;
    ///     println!("{} tools", toolset.len());
    ///     Ok(())
    /// }
    /// ```
    pub fn with_tokens<S: Into<String>, T: Into<AccessToken>>(
        &self,
        tokens: impl IntoIterator<Item = (S, T)>,
    ) -> User {
        let tokens = tokens.into_iter().map(|(server, token)| (server.into(), token.into()));
        let tokens: BTreeMap<String, AccessToken> = tokens.collect();
        let principal = Principal::from_tokens(&tokens);
        self.user(principal, None, Credentials::by_server(&self.state, tokens))
    }

    /// Returns a handle for the user with this id, whose tokens come from a token source.
    ///
    /// The client requests a token from the source before each request.
    /// [`TokenRequest::endpoint`](crate::mcp_http::TokenRequest::endpoint) is the server that the
    /// token is sent to, and the source must return a token that was issued for this server. If the
    /// server rejects the token, the client requests another one. If the source returns no token,
    /// the client sends none. A [shared](crate::Server::shared) server gets no token, and the source
    /// is not asked.
    ///
    /// Sessions and tool lists belong to the id, so they do not depend on a token. If this method
    /// is called again with the same id, all handles and connections of the user use the new
    /// source.
    ///
    /// An [`AccessToken`] is also a token source. As with [`with_token`](Self::with_token), it is
    /// for the first server that the application names with the handle, and for no other. From then
    /// on, all handles of the user use it for this server. Each server of a user can have such a
    /// token.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::collections::HashMap;
    ///
    /// use relay::{
    ///     AccessToken, Error, Relay, TokenSource,
    ///     mcp_client::BoxError,
    ///     mcp_http::TokenRequest,
    /// };
    ///
    /// /// The tokens of a user, by the URL of the server that they were issued for.
    /// struct UserTokens(HashMap<String, AccessToken>);
    ///
    /// impl TokenSource for UserTokens {
    ///     fn token<'a>(
    ///         &'a self,
    ///         request: TokenRequest<'a>,
    ///     ) -> futures_util::future::BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
    ///         let token = self.0.get(request.endpoint.url().as_str()).cloned();
    ///         Box::pin(async { Ok(token) })
    ///     }
    /// }
    ///
    /// async fn run(relay: &Relay, tokens_of_alice: UserTokens) -> Result<(), Error> {
    ///     // The source is asked for the token of each server.
    ///     let alice = relay.for_user("alice@example.com", tokens_of_alice);
    ///     println!("{} tools", alice.toolset().await?.len());
    ///
    ///     // This token goes to "github" only.
    ///     let bob = relay.for_user("bob@example.com", AccessToken::new("token-for-github"));
    ///     println!("{} tools", bob.tools("github").await?.len());
    ///     Ok(())
    /// }
    /// ```
    pub fn for_user(&self, id: impl AsRef<str>, source: impl TokenSource) -> User {
        let id = id.as_ref();
        let principal = Principal::from_id(id);
        let credentials = Credentials::of_user(&self.state, principal, source);
        self.user(principal, Some(id.into()), credentials)
    }

    /// Returns a handle without a user. Each server gets its own credentials, such as its `api_key`,
    /// if it has any.
    pub fn without_token(&self) -> User {
        self.user(Principal::ANONYMOUS, None, Credentials::Own)
    }

    fn user(&self, principal: Principal, id: Option<Arc<str>>, credentials: Credentials) -> User {
        let caller = Caller { principal, id, credentials };
        User { state: Arc::clone(&self.state), interceptors: self.interceptors.clone(), caller }
    }

    /// Returns the tools of a server without a user; see [`Relay::without_token`].
    ///
    /// # Errors
    ///
    /// Returns the errors of [`User::tools`].
    pub async fn tools(&self, server: &str) -> Result<ServerTools, Error> {
        self.without_token().tools(server).await
    }

    /// Returns the URLs of the servers on HTTP that have settings for sign-ins, with those settings.
    ///
    /// Pass them to the token source that signs users in, such as with
    /// `OAuthClientBuilder::all_server_settings` of `mcp-oauth`.
    ///
    /// # Examples
    ///
    /// ```
    /// use relay::{Error, OAuthSettings, Relay, Server};
    ///
    /// fn main() -> Result<(), Error> {
    ///     let settings = OAuthSettings::new().client_id("our-app");
    ///     let server = Server::http("https://example.com/mcp").oauth(settings.clone());
    ///     let relay = Relay::builder().server("example", server).build()?;
    ///     assert_eq!(relay.oauth_settings(), [("https://example.com/mcp".to_owned(), settings)]);
    ///     Ok(())
    /// }
    /// ```
    pub fn oauth_settings(&self) -> Vec<(String, OAuthSettings)> {
        let settings = |(_, server): (String, Server)| match server.transport() {
            TransportConfig::Http { url } | TransportConfig::Sse { url } => {
                Some((url.clone(), server.oauth_settings()))
            }
            TransportConfig::Stdio(_) => None,
        };
        let is_usable = |(_, server): &(String, Server)| server.configuration_error().is_none();
        let servers = self.servers().into_iter().filter(is_usable).filter_map(settings);
        servers.filter(|(_, settings)| *settings != OAuthSettings::new()).collect()
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
