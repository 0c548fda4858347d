//! How a server is set up.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use mcp_types::{JsonObject, Revision, v2026_07_28::CacheScope};

use super::test_server::TestServer;
use crate::{
    auth::Bearer,
    base::{Error, User},
    catalog::{CompletionHandler, Entries, Prompt, Resource, ResourceTemplate, Tool},
    state::{AnswerMode, Config, ProbeAnswer},
};

/// Sets up a [`TestServer`]; made by [`TestServer::builder`].
///
/// ```
/// use mcp_testkit::{AnswerMode, Bearer, CallAnswer, TestServer, Tool};
/// use mcp_types::Revision;
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let secret = Tool::new("secret", json!({ "type": "object" }), |_| CallAnswer::text("42"));
/// let server = TestServer::builder()
///     .name("vault")
///     .revisions([Revision::V2025_06_18, Revision::V2025_11_25])
///     .bearer(Bearer::tokens(["alice-token", "bob-token"]))
///     .tools_for("alice-token", [secret])
///     .page_size(50)
///     .answers(AnswerMode::Sse)
///     .start()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder {
    port: u16,
    config: Config,
    bearer: Option<Bearer>,
    entries: Entries,
}

impl TestServer {
    /// Begins to set up a server.
    pub fn builder() -> Builder {
        Builder::new()
    }
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self { port: 0, config: Config::default(), bearer: None, entries: Entries::default() }
    }

    /// Sets the name that the server gives itself; `mcp-testkit` unless set.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.config.name = name.into();
        self
    }

    /// Sets the version that the server gives itself; that of this crate unless set.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.config.version = version.into();
        self
    }

    /// Sets the hint for models that comes with the answer to `initialize` or `server/discover`.
    pub fn instructions(mut self, instructions: impl Into<String>) -> Self {
        self.config.instructions = Some(instructions.into());
        self
    }

    /// Sets the revisions that the server speaks; all of the handshake era unless set.
    ///
    /// In the handshake era it agrees to the revision that the client offers, or else answers with
    /// its newest. With revisions of both eras it tells by each request which era the client means.
    pub fn revisions(mut self, revisions: impl IntoIterator<Item = Revision>) -> Self {
        self.config.revisions = revisions.into_iter().collect();
        self
    }

    /// Sets what a server that speaks only revisions of the handshake era answers to requests of
    /// the other one, such as `server/discover`; the default is [`ProbeAnswer::default`].
    pub fn probe_answer(mut self, answer: ProbeAnswer) -> Self {
        self.config.probe_answer = answer;
        self
    }

    /// Sets how long, and for whom, results of the per-request era may be cached (MCP utilities,
    /// "Caching"); for no time and for the same user only, unless set.
    pub fn caching(mut self, ttl: Duration, scope: CacheScope) -> Self {
        self.config.ttl = ttl;
        self.config.cache_scope = scope;
        self
    }

    /// Says that all requests of the per-request era come from one client, so that their ids have to
    /// differ while they wait for an answer; nothing else could tell the server.
    pub fn one_client(mut self) -> Self {
        self.config.one_client = true;
        self
    }

    /// Adds a tool for everyone; it takes the place of an earlier one of the same name.
    pub fn tool(mut self, tool: Tool) -> Self {
        self.entries.add(tool.0);
        self
    }

    /// Adds tools that only the user of `token` sees and can call.
    ///
    /// For that user they take the place of common ones of the same name.
    pub fn tools_for(mut self, token: &str, tools: impl IntoIterator<Item = Tool>) -> Self {
        for tool in tools {
            self.entries.add_for(User::of(token), tool.0);
        }
        self
    }

    /// Adds a prompt; it takes the place of an earlier one of the same name.
    pub fn prompt(mut self, prompt: Prompt) -> Self {
        self.entries.add(prompt.0);
        self
    }

    /// Adds a resource; it takes the place of an earlier one of the same URI.
    pub fn resource(mut self, resource: Resource) -> Self {
        self.entries.add(resource.0);
        self
    }

    /// Adds a template of resources; it takes the place of an earlier one of the same form.
    pub fn resource_template(mut self, template: ResourceTemplate) -> Self {
        self.entries.add(template.0);
        self
    }

    /// Suggests values for arguments of prompts and templates; `completion/complete` is unknown
    /// unless set. `values` gets the parameters of the request, of whose results clients are sent
    /// the first hundred.
    pub fn completion(
        mut self,
        values: impl Fn(&JsonObject) -> Vec<String> + Send + Sync + 'static,
    ) -> Self {
        self.config.completion = Some(CompletionHandler::new(values));
        self
    }

    /// Declares that the server writes to the logs of clients, which in the handshake era may set
    /// the level with `logging/setLevel`. Until they do, they are sent everything.
    pub fn logging(mut self) -> Self {
        self.config.logging = true;
        self
    }

    /// Splits lists into pages of so many items, at least one; one page holds all unless set.
    pub fn page_size(mut self, items: usize) -> Self {
        self.config.page_size = Some(items);
        self
    }

    /// Refuses requests without a valid token; none is needed unless set.
    pub fn bearer(mut self, bearer: Bearer) -> Self {
        self.bearer = Some(bearer);
        self
    }

    /// Sets how requests are answered; with JSON unless set.
    pub fn answers(mut self, mode: AnswerMode) -> Self {
        self.config.answers = mode;
        self
    }

    /// Lets clients resume streams of the handshake era; they cannot unless set.
    ///
    /// Each stream then begins with an event without data, which tells clients to wait for the time
    /// `retry` before they come back; all events have ids, which no two streams share. What a client
    /// has not seen of a stream it gets by a GET with `Last-Event-ID` (MCP transports,
    /// "Resumability and Redelivery"). What breaks streams is a [`Turn`](crate::Turn::disconnect) or
    /// a [`Fault`](crate::Fault::CutStream).
    pub fn resumable(mut self, retry: Duration) -> Self {
        self.config.retry = Some(retry);
        self
    }

    /// Says whether clients get a session, which they then have to use; they do unless set.
    pub fn sessions(mut self, assigned: bool) -> Self {
        self.config.sessions = assigned;
        self
    }

    /// Says whether clients may listen with GET; 405 is the answer unless set.
    ///
    /// They are sent what is given to [`TestServer::send`].
    pub fn allow_get(mut self, allowed: bool) -> Self {
        self.config.allow_get = allowed;
        self
    }

    /// Says whether clients may end their session with DELETE, or get 405; they may unless set.
    pub fn allow_delete(mut self, allowed: bool) -> Self {
        self.config.allow_delete = allowed;
        self
    }

    /// Sets the port on loopback; any free one unless set.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Starts the server on the current tokio runtime.
    ///
    /// # Errors
    /// The port cannot be had, or there is no revision to speak.
    pub async fn start(mut self) -> Result<TestServer, Error> {
        let revisions = &mut self.config.revisions;
        revisions.sort_by(|one, other| other.cmp(one));
        if revisions.is_empty() {
            return Err(Error::NoRevision);
        }
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        TestServer::start(address, self.config, self.bearer, self.entries)
            .await
            .map_err(|source| Error::Listen { address, source })
    }
}
