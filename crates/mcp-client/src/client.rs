//! The client: typed calls to one server, on behalf of one user.

use std::{fmt, ops::ControlFlow, sync::Arc, time::Duration};

use mcp_types::{
    Incoming, Method, NotificationMethod,
    v2025_11_25::{
        CallToolRequest, CallToolResult, Implementation, ListToolsRequest, PaginatedRequestParams,
    },
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::time;

use crate::{
    dialect::Dialect,
    error::Error,
    exchange::Decode,
    handshake::Handshake,
    list::{Bounds, Pages},
    profile::ServerProfile,
    session::Session,
    tool::{self, ToolList, ToolResult},
    transport::Transport,
};

/// A conversation with one server.
///
/// It opens with the first call, or with [`connect`](Self::connect); a server that forgets it is
/// greeted anew, unseen by the caller. Clones share it and may be used at the same time. Dropping
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
    dialect: Arc<Dialect>,
    limits: Limits,
}

/// How long and how far a [`Client`] goes along with a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Time for one request until its answer, with all that it has to wait for: the token, the
    /// opening of the conversation, a repetition in a new session; 30 seconds.
    pub request: Duration,
    /// Time for a list, however many requests it takes; 10 minutes.
    pub total: Duration,
    /// Pages in a list; 1,000.
    pub pages: usize,
    /// Tools of a server; 10,000.
    pub tools: usize,
    /// Bytes of a list, all pages together; 64 MiB.
    pub list_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(30),
            total: Duration::from_secs(600),
            pages: 1_000,
            tools: 10_000,
            list_bytes: 64 * 1024 * 1024,
        }
    }
}

/// Sets up a [`Client`]; made by [`Client::builder`].
#[derive(Debug)]
#[must_use]
pub struct Builder {
    transport: Arc<dyn Transport>,
    client: Implementation,
    limits: Limits,
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

    /// The client. Nothing is sent yet.
    pub fn build(self) -> Client {
        let handshake = Handshake::new(self.transport, self.client);
        Client { dialect: Arc::new(Dialect::Handshake(handshake)), limits: self.limits }
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
        }
    }

    /// The same conversation under other limits.
    #[must_use]
    pub fn with_limits(&self, limits: Limits) -> Self {
        Self { limits, ..self.clone() }
    }

    /// Opens the conversation unless it is open, and says with whom.
    ///
    /// # Errors
    /// Any [`Error`] of the exchange; [`Error::Version`] where no revision is shared.
    pub async fn connect(&self) -> Result<Arc<ServerProfile>, Error> {
        self.within(self.limits.request, "initialize", self.dialect.profile()).await
    }

    /// Calls a method and decodes its result.
    ///
    /// # Errors
    /// [`Error::Capability`] before anything is sent, else any [`Error`] of the exchange.
    pub async fn call<M: Method>(&self, params: &M::Params) -> Result<M::Result, Error> {
        self.request(M::NAME, params, |message| serde_json::from_slice(message)).await
    }

    /// Sends a notification.
    ///
    /// # Errors
    /// Any [`Error`] of the exchange: the server may refuse it.
    pub async fn notify<N: NotificationMethod>(&self, params: &N::Params) -> Result<(), Error> {
        let sent = self.dialect.notify(N::NAME, Some(params));
        self.within(self.limits.request, N::NAME, sent).await
    }

    /// The tools of the server, all pages of the list.
    ///
    /// An entry that cannot be offered is set apart in [`ToolList::refused`].
    ///
    /// # Errors
    /// [`Error::Endless`] past a limit, else any [`Error`] of the exchange.
    pub async fn list_tools(&self) -> Result<ToolList, Error> {
        let method = ListToolsRequest::NAME;
        let Limits { pages, tools: items, list_bytes: bytes, total, .. } = self.limits;
        let listed = async {
            let profile = self.connect().await?;
            let mut pages = Pages::new(method, Bounds { pages, items, bytes });
            // The session that the cursors belong to (MCP server/utilities/pagination).
            let mut session = None;
            loop {
                let mut params = PaginatedRequestParams::default();
                params.cursor = pages.cursor();
                session = session.filter(|_| params.cursor.is_some());
                let page = self.page(method, &params, &mut session, tool::decode_page).await;
                if let ControlFlow::Break(entries) = pages.take(page)? {
                    return Ok(ToolList::new(entries, &profile));
                }
            }
        };
        self.within(total, method, listed).await
    }

    /// Calls a tool by its server's name for it.
    ///
    /// `arguments` is whatever serializes as a JSON object; nothing (`()` or `None`) is an empty
    /// one. A result with `is_error` is the tool's own failure and comes back as a result.
    ///
    /// # Errors
    /// [`Error::Params`] where `arguments` is no object, else any [`Error`] of the exchange.
    pub async fn call_tool(
        &self,
        name: &str,
        arguments: impl Serialize,
    ) -> Result<ToolResult, Error> {
        let method = CallToolRequest::NAME;
        let arguments =
            object(&arguments).map_err(|source| Error::Params { method, source: source.into() })?;
        let params = ToolCall { name, arguments: &arguments };
        self.request(method, &params, |message| {
            let answer: Incoming<CallToolResult> = serde_json::from_slice(message)?;
            Ok(answer.map(ToolResult::from))
        })
        .await
    }

    /// Ends the conversation on the server. A later call opens a new one.
    ///
    /// # Errors
    /// Any [`Error`] of the exchange; a server that does not let clients end sessions is none.
    pub async fn close(&self) -> Result<(), Error> {
        self.within(self.limits.request, "session end", self.dialect.close()).await
    }

    /// How often the server has forgotten the session, so that it had to be greeted anew. What was
    /// learnt from it before that may no longer hold.
    pub fn lost_sessions(&self) -> u64 {
        self.dialect.lost_sessions()
    }

    /// How often the server has said that its list of tools has changed
    /// (`notifications/tools/list_changed`), while it answered a call.
    pub fn tool_changes(&self) -> u64 {
        self.dialect.tool_changes()
    }

    async fn request<R>(
        &self,
        method: &'static str,
        params: &impl Serialize,
        decode: Decode<R>,
    ) -> Result<R, Error> {
        let called = self.dialect.call(method, params, decode);
        self.within(self.limits.request, method, called).await.map(|(result, _)| result)
    }

    /// Asks for a page in `session`, or for the first one in any, which then is the session.
    async fn page<R>(
        &self,
        method: &'static str,
        params: &PaginatedRequestParams,
        session: &mut Option<Arc<Session>>,
        decode: Decode<R>,
    ) -> Result<R, Error> {
        let page = async {
            if let Some(session) = session {
                return self.dialect.call_in(session, method, params, decode).await;
            }
            let (page, of) = self.dialect.call(method, params, decode).await?;
            *session = Some(of);
            Ok(page)
        };
        self.within(self.limits.request, method, page).await
    }

    async fn within<T>(
        &self,
        limit: Duration,
        method: &'static str,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        time::timeout(limit, work).await.unwrap_or(Err(Error::Timeout { method, limit }))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// The parameters of `tools/call`, borrowed.
#[derive(Serialize)]
struct ToolCall<'a> {
    name: &'a str,
    arguments: &'a RawValue,
}

fn object(arguments: &impl Serialize) -> Result<Box<RawValue>, crate::BoxError> {
    let arguments = to_raw_value(arguments)?;
    match arguments.get().as_bytes().first() {
        Some(b'{') => Ok(arguments),
        Some(b'n') => Ok(to_raw_value(&serde_json::Map::new())?),
        _ => Err("the arguments of a tool have to be a JSON object".into()),
    }
}
