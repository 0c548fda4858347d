//! The registry of servers.

use std::{collections::BTreeMap, fmt, ops::Deref, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use mcp_client::{Handler, KnownLists, Limits, Negotiation};
use mcp_http::{AccessToken, HttpClient, TokenSource};
use mcp_types::Revision;
use tokio::sync::Semaphore;

use crate::{
    cache::{CacheStats, Keeping, ToolCache},
    carrier::Carrier,
    config::Config,
    error::{Attempt, Error},
    filter::Filter,
    interceptor::Interceptor,
    named::NamedLists,
    observe::Observer,
    principal::Principal,
    server::{Fault, Server},
    sessions::{Key, Sessions},
    source::Sources,
    store::ListStore,
    ticket::Spent,
    tools::Tools,
    user::User,
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
/// assert_eq!(relay.servers().map(|(name, _)| name).collect::<Vec<_>>(), ["files", "github"]);
/// # Ok::<(), relay::Error>(())
/// ```
#[derive(Clone)]
pub struct Relay(Arc<Registry>);

/// Sets up a [`Relay`]; made by [`Relay::builder`].
#[derive(Default)]
#[must_use]
pub struct Builder {
    config: Config,
    client: Option<HttpClient>,
    bounds: Bounds,
    interceptors: Interceptors,
    store: Option<Arc<dyn ListStore>>,
    handlers: Option<Arc<Handlers>>,
    observer: Option<Arc<dyn Observer>>,
}

/// What stands around lists and calls, the first outermost.
#[derive(Clone, Default)]
pub(crate) struct Interceptors(Vec<Arc<dyn Interceptor>>);

/// How much is kept for those who use a registry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) sessions: usize,
    pub(crate) idle: Duration,
    pub(crate) lists: usize,
    pub(crate) stale: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            sessions: 10_000,
            idle: Duration::from_secs(5 * 60),
            lists: 10_000,
            stale: Duration::ZERO,
        }
    }
}

impl Builder {
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
    pub fn session_limit(mut self, most: usize) -> Self {
        self.bounds.sessions = most.max(1);
        self
    }

    /// How long a session is kept open without a call; 5 minutes unless set.
    pub fn session_idle_time(mut self, idle: Duration) -> Self {
        self.bounds.idle = idle;
        self
    }

    /// How many lists of tools are kept; 10,000 unless set.
    pub fn cache_limit(mut self, most: usize) -> Self {
        self.bounds.lists = most.max(1);
        self
    }

    /// How long a list of tools is still given out past its time, while a new one is fetched in the
    /// background; not at all unless set.
    pub fn serve_stale(mut self, stale: Duration) -> Self {
        self.bounds.stale = stale;
        self
    }

    /// Who answers what servers ask while they work: for forms, URLs and models' replies. It is asked
    /// when a conversation begins, and so can give each server and each user a handler of their own.
    ///
    /// ```
    /// use relay::{Handler, Relay, Serves};
    ///
    /// struct Forms {
    ///     user: String,
    /// }
    ///
    /// impl Handler for Forms {
    ///     fn serves(&self) -> Serves {
    ///         Serves::nothing().form()
    ///     }
    ///     // and `elicit_form`, which shows `self.user` the form.
    /// }
    ///
    /// let relay = Relay::builder().handlers(|asker| {
    ///     let user = asker.user?.to_owned();
    ///     Some(std::sync::Arc::new(Forms { user }))
    /// });
    /// ```
    pub fn handlers(
        self,
        handlers: impl Fn(&Asker<'_>) -> Option<Arc<dyn Handler>> + Send + Sync + 'static,
    ) -> Self {
        Self { handlers: Some(Arc::new(handlers)), ..self }
    }

    /// Who hears of every list and call, and gives the trace context of calls.
    pub fn observer(self, observer: impl Observer) -> Self {
        Self { observer: Some(Arc::new(observer)), ..self }
    }

    /// Where lists of tools are kept for other processes too.
    pub fn list_store(self, store: impl ListStore) -> Self {
        Self { store: Some(Arc::new(store)), ..self }
    }

    /// Adds what is to stand around the lists and calls of all users, within what was added before.
    pub fn interceptor(mut self, interceptor: impl Interceptor) -> Self {
        self.interceptors.0.push(Arc::new(interceptor));
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
        let setup = |error: mcp_http::Error| Error::configuration(None, describe(&error));
        let client = self.client.map_or_else(HttpClient::new, Ok).map_err(setup)?;
        let entries = self.config.servers.into_iter().map(|(name, server)| {
            let entry = Entry::new(&name, server, &client, self.bounds.idle)?;
            Ok((name.into(), entry))
        });
        Ok(Relay(Arc::new(Registry {
            servers: entries.collect::<Result<_, Error>>()?,
            cache: Arc::new(ToolCache::new(Keeping {
                lifetime: self.config.cache_duration,
                stale: self.bounds.stale,
                most: self.bounds.lists,
            })),
            sessions: Sessions::new(self.bounds),
            sources: Sources::default(),
            interceptors: self.interceptors,
            store: self.store,
            spent: Spent::new(),
            handlers: self.handlers,
            observer: self.observer,
        })))
    }
}

impl Relay {
    /// Sets up a registry in code.
    pub fn builder() -> Builder {
        Builder::default()
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
        User { registry: Arc::clone(&self.0), principal, id: None, source: Some(Arc::new(token)) }
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
        let source = self.0.sources.replace(principal, Arc::new(source));
        User { registry: Arc::clone(&self.0), principal, id: Some(id.into()), source: Some(source) }
    }

    /// The registry on behalf of no user: requests carry the server's `api_key`, if it has one.
    pub fn without_token(&self) -> User {
        User {
            registry: Arc::clone(&self.0),
            principal: Principal::REGISTRY,
            id: None,
            source: None,
        }
    }

    /// The tools of a server on behalf of no user; see [`User::tools`].
    ///
    /// # Errors
    /// Those of [`User::tools`].
    pub async fn tools(&self, server: &str) -> Result<Tools, Error> {
        self.without_token().tools(server).await
    }

    /// The registered servers, by name.
    pub fn servers(&self) -> impl Iterator<Item = (&str, &Server)> {
        self.0.servers.iter().map(|(name, entry)| (&**name, &entry.server))
    }

    /// How often the cache of tool lists was of use.
    pub fn cache_stats(&self) -> CacheStats {
        self.0.cache.counts.stats()
    }

    /// Ends all sessions on all servers, and forgets all lists of tools.
    ///
    /// # Errors
    /// The first error of a server; the others are tried all the same.
    pub async fn close(&self) -> Result<(), Error> {
        self.0.close(|_| true).await
    }
}

/// What all handles share.
pub(crate) struct Registry {
    servers: BTreeMap<Arc<str>, Entry>,
    pub(crate) cache: Arc<ToolCache>,
    pub(crate) sessions: Sessions,
    sources: Sources,
    pub(crate) interceptors: Interceptors,
    pub(crate) store: Option<Arc<dyn ListStore>>,
    pub(crate) spent: Spent,
    pub(crate) handlers: Option<Arc<Handlers>>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
}

/// Who answers what servers ask, for a server and on behalf of a user.
type Handlers = dyn Fn(&Asker<'_>) -> Option<Arc<dyn Handler>> + Send + Sync;

/// A server that may ask something, and on whose behalf it is spoken to; see [`Builder::handlers`].
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Asker<'a> {
    /// The server.
    pub server: &'a str,
    /// The user.
    pub principal: Principal,
    /// The id of the user, where the application knows the user by one.
    pub user: Option<&'a str>,
}

#[derive(Debug)]
struct Entry {
    server: Server,
    link: Link,
}

/// The way to a server, the same for all users.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) carrier: Carrier,
    pub(crate) api_key: Option<AccessToken>,
    pub(crate) limits: Limits,
    pub(crate) filter: Filter,
    pub(crate) checks: bool,
    pub(crate) share_list: bool,
    pub(crate) resource_tools: bool,
    pub(crate) prompt_tools: bool,
    pub(crate) retries: usize,
    pub(crate) trust_annotations: bool,
    /// Room for calls at the same time.
    pub(crate) room: Semaphore,
    pub(crate) protocol: Option<Revision>,
    /// How to speak with the server, as the first of its users has found out.
    pub(crate) negotiation: Negotiation,
    /// The lists that its users have got, so that those who get the same share it.
    pub(crate) known_lists: KnownLists,
    pub(crate) named_lists: NamedLists,
}

impl Registry {
    /// The way to a server, with or without a user's token.
    pub(crate) fn link(&self, name: &str, token: bool) -> Result<(Arc<str>, &Link), Error> {
        let Some((name, entry)) = self.servers.get_key_value(name) else {
            return Err(Error::configuration(Some(name), self.not_registered()));
        };
        if let Some(Fault { position, reason }) = &entry.server.fault {
            let (server, position, reason) = (Some(name.to_string()), *position, reason.clone());
            return Err(Error::Configuration { server, position, reason });
        }
        if token && entry.link.carrier.is_shared() {
            let reason = "access tokens are for servers on HTTP; one on stdio gets its credentials \
                          from its environment (`env`)";
            return Err(Error::configuration(Some(name), reason));
        }
        Ok((Arc::clone(name), &entry.link))
    }

    /// The names of the servers, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        self.servers.keys().map(|name| (**name).to_owned()).collect()
    }

    /// Whether the settings of a server say that nothing goes without it.
    pub(crate) fn requires(&self, name: &str) -> bool {
        self.servers.get(name).is_some_and(|entry| entry.server.required)
    }

    /// Ends the sessions and forgets the lists for which `wanted` holds.
    pub(crate) async fn close(&self, wanted: impl Fn(&Key) -> bool) -> Result<(), Error> {
        const AT_ONCE: usize = 64;
        self.cache.forget(&wanted);
        let closing = self.sessions.take(&wanted).into_iter().map(async |(key, connection)| {
            let attempt = Attempt { server: &key.0, tool: None, principal: key.1 };
            connection.close().await.map_err(|error| attempt.failed(error))
        });
        let closing = stream::iter(closing).buffer_unordered(AT_ONCE);
        closing.fold(Ok(()), async |all, one| all.and(one)).await
    }

    fn not_registered(&self) -> String {
        let names: Vec<_> = self.servers.keys().map(|name| format!("`{name}`")).collect();
        match &names[..] {
            [] => "it is not registered, nor is any other".to_owned(),
            names => format!("it is not registered; registered are {}", names.join(", ")),
        }
    }
}

impl Entry {
    fn new(name: &str, server: Server, client: &HttpClient, idle: Duration) -> Result<Self, Error> {
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(Error::configuration(Some(name), "a server's name has to be readable"));
        }
        let invalid = |error: mcp_http::Error| Error::configuration(Some(name), describe(&error));
        let link = Link {
            carrier: Carrier::new(&server, client, idle).map_err(invalid)?,
            api_key: server.api_key.clone(),
            limits: server.limits,
            filter: server.filter.clone(),
            checks: server.checks,
            share_list: server.share_list,
            resource_tools: server.resource_tools,
            prompt_tools: server.prompt_tools,
            retries: server.retries,
            trust_annotations: server.trust_annotations,
            room: Semaphore::new(server.concurrency),
            protocol: server.protocol,
            negotiation: Negotiation::new(),
            known_lists: KnownLists::new(),
            named_lists: NamedLists::default(),
        };
        Ok(Self { server, link })
    }
}

impl Deref for Interceptors {
    type Target = [Arc<dyn Interceptor>];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// An error and what caused it, in one line.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text += &format!(": {source}");
        next = source.source();
    }
    text
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Builder");
        shown.field("config", &self.config).field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Registry { servers, cache, sessions, .. } = &*self.0;
        let mut shown = f.debug_struct("Relay");
        shown.field("servers", servers).field("cache", cache).field("sessions", sessions);
        shown.finish_non_exhaustive()
    }
}
