//! The client: typed calls to one server, on behalf of one user.

use std::{
    borrow::Cow,
    fmt,
    pin::{Pin, pin},
    sync::{Arc, PoisonError, RwLock, atomic::Ordering},
    time::Duration,
};

use mcp_types::{
    JsonObject, Method, NotificationMethod, Revision, error_code,
    v2026_07_28::{CallToolRequest, Implementation, ListToolsRequest},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use crate::{
    changes::queue::Inbox,
    error::Error,
    exchange::{channel::Link, client_state::Host},
    handler::handler::Handler,
    protocol::{negotiation::Negotiation, protocol::Dialects, stateful::session::Session},
    request::{
        deadline::Patience,
        limits::Limits,
        options::Options,
        params::{Cursor, ToolCall, has_to_be_object, object, split, tool_params},
        request::{Name, Request},
    },
    result::{
        outcome::{self, Decode},
        page::{Bounds, Page, Pages},
        param_headers::Mirror,
        server_info::ServerProfile,
        shared_lists::KnownLists,
        tool::{self, Mirrors, ToolList, ToolResult},
    },
    transport::transport::Transport,
};

/// A conversation with one server.
///
/// Which revision of the protocol the server speaks is found out with the first call, or with
/// [`connect`](Self::connect). A server that forgets a conversation is greeted anew, unseen by the
/// caller. Clones share it and may be used at the same time. Dropping
/// the future of a call cancels the call on the server. All calls need a Tokio runtime with timers.
///
/// ```no_run
/// # async fn run(transport: impl mcp_client::Transport) -> Result<(), mcp_client::Error> {
/// use mcp_client::Client;
/// use serde_json::json;
///
/// let client = Client::new(transport);
/// for tool in client.list_tools().await?.tools {
///     println!("{}", tool.name);
/// }
/// let result = client.call_tool("add", json!({ "a": 1, "b": 2 })).await?;
/// println!("{:?}", result.content);
/// client.close().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    limits: Limits,
    options: Option<Arc<Options>>,
}

/// What all clones of a client share.
struct Shared {
    host: Arc<Host>,
    known: KnownLists,
    dialects: Dialects,
    /// Of the newest list of tools.
    mirrors: RwLock<Mirrors>,
}

/// Sets up a [`Client`]; made by [`Client::builder`].
#[must_use]
pub struct Builder {
    transport: Arc<dyn Transport>,
    client: Implementation,
    limits: Limits,
    protocol: Option<Revision>,
    negotiation: Negotiation,
    known: KnownLists,
    handler: Option<Arc<dyn Handler>>,
}

impl Builder {
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
    pub fn known_lists(self, known: KnownLists) -> Self {
        Self { known, ..self }
    }

    /// Who answers what the server asks while it works on a call: for input of the user, for a
    /// model's reply, for roots. Without a handler, the server is told that nobody does.
    ///
    /// Some servers ask outside of the stream of a call. They are listened to for it, which takes a
    /// connection for as long as a session lasts.
    ///
    /// ```
    /// use futures_util::future::BoxFuture;
    /// use mcp_client::{BoxError, Client, Handler, Serves, Transport, mcp_types::v2026_07_28::Root};
    ///
    /// struct Workspace;
    ///
    /// impl Handler for Workspace {
    ///     fn serves(&self) -> Serves {
    ///         Serves::nothing().roots()
    ///     }
    ///
    ///     fn roots(&self) -> BoxFuture<'_, Result<Vec<Root>, BoxError>> {
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
        let host = Arc::new(Host::new(self.client, self.handler));
        let link = Link::new(self.transport, Arc::clone(&host));
        let dialects = Dialects::new(link, self.protocol, self.negotiation);
        let shared = Shared { host, known: self.known, dialects, mirrors: RwLock::default() };
        Client { shared: Arc::new(shared), limits: self.limits, options: None }
    }
}

impl Client {
    /// A client with default settings. Nothing is sent yet.
    pub fn new(transport: impl Transport) -> Self {
        Self::builder(transport).build()
    }

    /// Sets up a client.
    pub fn builder(transport: impl Transport) -> Builder {
        Builder {
            transport: Arc::new(transport),
            client: Implementation::new(
                env!("CARGO_PKG_NAME").to_owned(),
                env!("CARGO_PKG_VERSION").to_owned(),
            ),
            limits: Limits::default(),
            protocol: None,
            negotiation: Negotiation::new(),
            known: KnownLists::new(),
            handler: None,
        }
    }

    /// The same conversation under other limits.
    #[must_use]
    pub fn with_limits(&self, limits: Limits) -> Self {
        Self { limits, ..self.clone() }
    }

    /// The same conversation for calls with these options, in place of others given before.
    #[must_use]
    pub fn with(&self, options: Options) -> Self {
        Self { options: Some(Arc::new(options)), ..self.clone() }
    }

    /// Finds out how to speak with the server, unless that is known, and says what it is. A server
    /// up to 2025-11-25 is greeted unless it was.
    ///
    /// # Errors
    /// Any [`Error`] of the exchange; [`Error::Version`] where no revision is shared,
    /// [`Error::NotMcp`] where the server understands none.
    pub async fn connect(&self) -> Result<Arc<ServerProfile>, Error> {
        let method = self.shared.dialects.opening();
        let profile = pin!(self.shared.dialects.profile());
        self.settle(&self.patience(), &method, profile).await
    }

    /// Calls a method and decodes its result.
    ///
    /// The types of the newest revision, those of `mcp_types::v2026_07_28`, are understood by servers of
    /// all revisions.
    ///
    /// # Errors
    /// [`Error::Unsupported`] and [`Error::Capability`] before anything is sent, else any [`Error`]
    /// of the exchange.
    pub async fn call<M: Method>(&self, params: &M::Params) -> Result<M::Result, Error> {
        self.call_any(Name::Borrowed(M::NAME), params).await
    }

    /// Calls a method for which there is no type, such as that of an extension. `params` is
    /// whatever serializes as a JSON object, or nothing (`()`); the result is as it was sent.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn call_raw(
        &self,
        method: impl Into<Cow<'static, str>>,
        params: impl Serialize,
    ) -> Result<Box<RawValue>, Error> {
        self.call_any(method.into(), &params).await
    }

    /// Sends a notification.
    ///
    /// # Errors
    /// Any [`Error`] of the exchange: the server may refuse it.
    pub async fn notify<N: NotificationMethod>(&self, params: &N::Params) -> Result<(), Error> {
        let method = Name::Borrowed(N::NAME);
        let extras = self.options.as_ref().map(|options| &options.extras);
        let sent = pin!(self.shared.dialects.notify(&method, Some(params), extras));
        self.settle(&self.patience(), &method, sent).await
    }

    /// The tools of the server, all pages of the list.
    ///
    /// An entry that cannot be offered is set apart in [`ToolList::refused`].
    ///
    /// # Errors
    /// [`Error::Endless`] past a limit, else any [`Error`] of the exchange.
    pub async fn list_tools(&self) -> Result<ToolList, Error> {
        let method = Name::Borrowed(ListToolsRequest::NAME);
        let known = &self.shared.known;
        let (pages, session) = self.list(method, &|message| known.decode(message)).await?;
        let cache = pages.hint();
        let profile = session.as_deref().map(|session| &**session.profile());
        let (list, mirrors) = ToolList::new(&pages.into_items(), profile);
        *self.shared.mirrors.write().unwrap_or_else(PoisonError::into_inner) = mirrors;
        Ok(ToolList { cache, ..list })
    }

    /// Calls a tool by its server's name for it.
    ///
    /// `arguments` is whatever serializes as a JSON object; nothing (`()` or `None`) is an empty
    /// one. A result with `is_error` is the tool's own failure and comes back as a result.
    ///
    /// A tool may want some arguments to be repeated outside of the body. Which, its schema says;
    /// they are those of the newest [list](Self::list_tools), which is fetched anew where the server
    /// misses some.
    ///
    /// # Errors
    /// [`Error::Params`] where `arguments` is no object, else any [`Error`] of the exchange.
    pub async fn call_tool(
        &self,
        name: &str,
        arguments: impl Serialize,
    ) -> Result<ToolResult, Error> {
        let arguments = object(&arguments).map_err(tool_params)?;
        self.call_tool_raw(name, &arguments).await
    }

    /// Calls a tool with arguments that are JSON already, such as a model's own text; otherwise as
    /// [`call_tool`](Self::call_tool).
    ///
    /// ```no_run
    /// # async fn run(client: mcp_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let arguments = serde_json::from_str(r#"{ "a": 1, "b": 2 }"#)?;
    /// let result = client.call_tool_raw("add", arguments).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`call_tool`](Self::call_tool).
    pub async fn call_tool_raw(
        &self,
        name: &str,
        arguments: &RawValue,
    ) -> Result<ToolResult, Error> {
        let method = Name::Borrowed(CallToolRequest::NAME);
        has_to_be_object(arguments).map_err(tool_params)?;
        let call = ToolCall { name, arguments };
        let patience = self.patience();
        let request = Request {
            target: Some(name),
            options: self.options.as_deref(),
            ..Request::new(method, &call, &patience)
        };
        self.request_tool(request, arguments, &tool::decode_result).await
    }

    /// Ends the conversation on the server. A later call opens a new one.
    ///
    /// # Errors
    /// Any [`Error`] of the exchange; a server that does not let clients end sessions is none.
    pub async fn close(&self) -> Result<(), Error> {
        let method = Name::Borrowed("session end");
        let closed = pin!(self.shared.dialects.close());
        self.settle(&self.patience(), &method, closed).await
    }

    /// How often the server has forgotten the session, so that it had to be greeted anew. What was
    /// learnt from it before that may no longer hold.
    pub fn lost_sessions(&self) -> u64 {
        self.shared.dialects.lost_sessions()
    }

    /// How often the server has said that its list of tools has changed
    /// (`notifications/tools/list_changed`): while it answered a call, or to those who
    /// [watch](Self::watch).
    pub fn tool_changes(&self) -> u64 {
        self.shared.host.tool_changes()
    }

    async fn call_any<R: DeserializeOwned>(
        &self,
        method: Name,
        params: &impl Serialize,
    ) -> Result<R, Error> {
        let (params, meta) = split(params).map_err(|error| Error::params(method.clone(), error))?;
        let options = self.with_meta(meta);
        let target = match method.as_ref() {
            "tools/call" | "prompts/get" => params.get("name"),
            "resources/read" => params.get("uri"),
            _ => None,
        };
        let is_tool = method == CallToolRequest::NAME;
        let patience = self.patience();
        let request = Request {
            target: target.and_then(Value::as_str),
            options: options.as_deref(),
            ..Request::new(method, &params, &patience)
        };
        if is_tool {
            let arguments = object(&params.get("arguments")).map_err(tool_params)?;
            return self.request_tool(request, &arguments, &outcome::decode).await;
        }
        self.request(&request, &outcome::decode).await
    }

    /// Calls a tool, and says outside of the body what its schema wants there; once more by a new
    /// list, where the server misses some of that.
    async fn request_tool<R>(
        &self,
        mut request: Request<'_, impl Serialize>,
        arguments: &RawValue,
        decode: Decode<'_, R>,
    ) -> Result<R, Error> {
        let tool = request.target.unwrap_or_default();
        request.mirrored = self.mirrored(tool, arguments)?;
        let outcome = self.request(&request, decode).await;
        // Without its status the code may be that of another server, which the tool has called.
        let missed = |error: &Error| {
            error.code() == Some(error_code::HEADER_MISMATCH) && error.did_not_run()
        };
        if !outcome.as_ref().is_err_and(missed) {
            return outcome;
        }
        // Rare, and thus kept out of the future of each call.
        let mut listed = Box::pin(self.list_tools());
        self.settle(request.patience, &request.method, listed.as_mut()).await?;
        let mirrored = self.mirrored(tool, arguments)?;
        if mirrored == request.mirrored {
            return outcome;
        }
        request.mirrored = mirrored;
        self.request(&request, decode).await
    }

    async fn request<R>(
        &self,
        request: &Request<'_, impl Serialize>,
        decode: Decode<'_, R>,
    ) -> Result<R, Error> {
        let mut anywhere = None;
        let called = pin!(self.shared.dialects.call(request, &mut anywhere, decode));
        self.settle(request.patience, &request.method, called).await
    }

    /// Calls a method; also whether the server needed input first. `target` is the tool, prompt or
    /// resource that it is about.
    pub(crate) async fn ask<R>(
        &self,
        method: &'static str,
        target: Option<&str>,
        params: &impl Serialize,
        decode: Decode<'_, R>,
    ) -> Result<(R, bool), Error> {
        let patience = self.patience();
        let options = self.options.as_deref();
        let request =
            Request { target, options, ..Request::new(Name::Borrowed(method), params, &patience) };
        let result = self.request(&request, decode).await?;
        Ok((result, request.with_input.load(Ordering::Relaxed)))
    }

    /// Follows a list to its end; also the session that it was in.
    pub(crate) async fn list<T>(
        &self,
        method: Name,
        decode: Decode<'_, Page<T>>,
    ) -> Result<(Pages<T>, Option<Arc<Session>>), Error> {
        let Limits { pages, items, list_bytes: bytes, .. } = self.limits;
        let whole = Patience::new(Duration::MAX, self.total());
        let listed = pin!(async {
            let mut pages = Pages::new(method.clone(), Bounds { pages, items, bytes });
            // The session that the cursors belong to (MCP server/utilities/pagination).
            let mut session = None;
            loop {
                let params = Cursor { cursor: pages.cursor() };
                session = session.filter(|_| params.cursor.is_some());
                let patience = self.patience();
                let options = self.options.as_deref();
                let request =
                    Request { options, ..Request::new(method.clone(), &params, &patience) };
                let page = {
                    let page = pin!(self.shared.dialects.call(&request, &mut session, decode));
                    self.settle(&patience, &method, page).await
                };
                if pages.take(page)?.is_break() {
                    return Ok((pages, session));
                }
            }
        });
        self.settle(&whole, &method, listed).await
    }

    /// The arguments of a tool that are to be said outside of the body.
    fn mirrored(&self, tool: &str, arguments: &RawValue) -> Result<Vec<(String, String)>, Error> {
        let mirrors = self.shared.mirrors.read().unwrap_or_else(PoisonError::into_inner);
        let said = mirrors.get(tool).map(|mirrors| Mirror::said(mirrors, arguments));
        said.unwrap_or_else(|| Ok(Vec::new())).map_err(tool_params)
    }

    /// The options of this caller, with more for `_meta`.
    fn with_meta(&self, meta: JsonObject) -> Option<Arc<Options>> {
        if meta.is_empty() {
            return self.options.clone();
        }
        let mut options = self.options.as_deref().cloned().unwrap_or_default();
        for (name, value) in meta {
            options.meta.entry(name).or_insert(value);
        }
        Some(Arc::new(options))
    }

    /// Follows the changes of what is watched, once.
    pub(crate) async fn follow(&self, inbox: &Arc<Inbox>) -> Result<(), Error> {
        let (options, patience) = (self.options.as_deref(), self.patience());
        self.shared.dialects.follow(inbox, options, &patience).await
    }

    /// Time for one request until its answer.
    pub(crate) fn request_time(&self) -> Duration {
        self.own_limits().request
    }

    fn patience(&self) -> Patience {
        let Limits { request, total, .. } = self.own_limits();
        Patience::new(request, total).with(&self.shared.host.pulse)
    }

    fn total(&self) -> Duration {
        self.own_limits().total
    }

    /// The limits of this caller.
    fn own_limits(&self) -> Limits {
        self.options.as_ref().map_or(self.limits, |options| options.limits(self.limits))
    }

    async fn settle<T>(
        &self,
        patience: &Patience,
        method: &Name,
        work: Pin<&mut impl Future<Output = Result<T, Error>>>,
    ) -> Result<T, Error> {
        let outcome = patience.lasts(work).await;
        outcome.unwrap_or_else(|limit| Err(Error::Timeout { method: method.clone(), limit }))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("client", &self.client).finish_non_exhaustive()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("limits", &self.limits).finish_non_exhaustive()
    }
}
