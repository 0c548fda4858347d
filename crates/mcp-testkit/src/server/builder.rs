//! The builder of a test server.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use mcp_types::{JsonObject, Revision, v2026_07_28::CacheScope};

use super::test_server::TestServer;
use crate::{
    auth::Bearer,
    base::{Error, User},
    catalog::{
        CompletionHandler, Entries, TestPrompt, TestResource, TestResourceTemplate, TestTool,
    },
    state::{Config, ProbeResponse, ResponseMode},
};

/// A builder of a [`TestServer`], from [`TestServer::builder`].
///
/// ```
/// use mcp_testkit::{ResponseMode, Bearer, CallResult, TestServer, TestTool};
/// use mcp_types::Revision;
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let secret = TestTool::new("secret", json!({ "type": "object" }), |_| CallResult::text("42"));
/// let server = TestServer::builder()
///     .name("vault")
///     .revisions([Revision::V2025_06_18, Revision::V2025_11_25])
///     .bearer(Bearer::tokens(["alice-token", "bob-token"]))
///     .tools_for("alice-token", [secret])
///     .page_size(50)
///     .response_mode(ResponseMode::Sse)
///     .start()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct TestServerBuilder {
    port: u16,
    config: Config,
    bearer: Option<Bearer>,
    entries: Entries,
}

impl TestServer {
    /// Returns a builder with default settings.
    pub fn builder() -> TestServerBuilder {
        TestServerBuilder::new()
    }
}

impl TestServerBuilder {
    pub(crate) fn new() -> Self {
        Self { port: 0, config: Config::default(), bearer: None, entries: Entries::default() }
    }

    /// Sets the name of the server. Defaults to `mcp-testkit`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.config.name = name.into();
        self
    }

    /// Sets the version of the server. Defaults to that of this crate.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.config.version = version.into();
        self
    }

    /// Sets the instructions for models in the results of `initialize` and `server/discover`.
    pub fn instructions(mut self, instructions: impl Into<String>) -> Self {
        self.config.instructions = Some(instructions.into());
        self
    }

    /// Sets the supported protocol versions. Defaults to all stateful ones (up to 2025-11-25).
    ///
    /// In response to `initialize`, the server accepts the requested version if it supports it.
    /// Otherwise, it returns its newest stateful version. If it supports stateful and stateless
    /// versions, each request determines which of them applies.
    pub fn revisions(mut self, revisions: impl IntoIterator<Item = Revision>) -> Self {
        self.config.revisions = revisions.into_iter().collect();
        self
    }

    /// Sets the response to stateless requests, such as `server/discover`, if the server supports
    /// only stateful protocol versions. Defaults to [`ProbeResponse::default`].
    pub fn probe_response(mut self, response: ProbeResponse) -> Self {
        self.config.probe_response = response;
        self
    }

    /// Sets the cache lifetime and the cache scope in results of stateless versions (MCP utilities,
    /// "Caching"). Defaults to zero and [`CacheScope::Private`].
    pub fn caching(mut self, ttl: Duration, scope: CacheScope) -> Self {
        self.config.ttl = ttl;
        self.config.cache_scope = scope;
        self
    }

    /// Treats all stateless requests as those of a single client. The server then rejects a request
    /// whose id equals that of a pending request. Without sessions, it cannot tell clients apart.
    pub fn assume_single_client(mut self) -> Self {
        self.config.assume_single_client = true;
        self
    }

    /// Adds a tool for all users, or replaces the one with the same name.
    pub fn tool(mut self, tool: TestTool) -> Self {
        self.entries.add(tool.0);
        self
    }

    /// Adds tools that only the user of `token` can list and call.
    ///
    /// For that user, they replace tools for all users with the same name.
    pub fn tools_for(mut self, token: &str, tools: impl IntoIterator<Item = TestTool>) -> Self {
        for tool in tools {
            self.entries.add_for(User::of(token), tool.0);
        }
        self
    }

    /// Adds a prompt, or replaces the one with the same name.
    pub fn prompt(mut self, prompt: TestPrompt) -> Self {
        self.entries.add(prompt.0);
        self
    }

    /// Adds a resource, or replaces the one with the same URI.
    pub fn resource(mut self, resource: TestResource) -> Self {
        self.entries.add(resource.0);
        self
    }

    /// Adds a resource template, or replaces the one with the same URI template.
    pub fn resource_template(mut self, template: TestResourceTemplate) -> Self {
        self.entries.add(template.0);
        self
    }

    /// Sets the handler of `completion/complete`. Without it, the server does not support the
    /// method. `values` receives the parameters of the request. Clients receive at most 100 values.
    pub fn completion(
        mut self,
        values: impl Fn(&JsonObject) -> Vec<String> + Send + Sync + 'static,
    ) -> Self {
        self.config.completion = Some(CompletionHandler::new(values));
        self
    }

    /// Declares the logging capability. Stateful clients can set the level with `logging/setLevel`.
    /// Before that, they receive all levels.
    pub fn logging(mut self) -> Self {
        self.config.logging = true;
        self
    }

    /// Sets the page size of lists. At least 1. By default, all items are on one page.
    pub fn page_size(mut self, items: usize) -> Self {
        self.config.page_size = Some(items);
        self
    }

    /// Requires a valid bearer token. By default, no token is required.
    pub fn bearer(mut self, bearer: Bearer) -> Self {
        self.bearer = Some(bearer);
        self
    }

    /// Sets the format of responses. Defaults to [`ResponseMode::Json`].
    pub fn response_mode(mut self, mode: ResponseMode) -> Self {
        self.config.response_mode = mode;
        self
    }

    /// Makes the streams of stateful protocol versions resumable. By default, they are not.
    ///
    /// Each stream starts with an event without data. Its `retry` field contains the time that
    /// clients wait before they resume. All events have ids, unique across streams. A client
    /// resumes with a GET and `Last-Event-ID` (MCP transports, "Resumability and Redelivery"). Use
    /// [`Step::disconnect`](crate::Step::disconnect) or
    /// [`Fault::CutStream`](crate::Fault::CutStream) to break a stream.
    pub fn resumable(mut self, retry: Duration) -> Self {
        self.config.retry = Some(retry);
        self
    }

    /// Enables or disables session ids. If enabled, clients receive a session id and must send it.
    /// Defaults to `true`.
    pub fn sessions(mut self, assigned: bool) -> Self {
        self.config.sessions = assigned;
        self
    }

    /// Allows or rejects GET streams. Defaults to `false`, so that the server responds to GET with
    /// 405.
    ///
    /// Clients receive the messages of [`TestServer::send`] and [`TestServer::push`] on the stream.
    pub fn allow_get(mut self, allowed: bool) -> Self {
        self.config.allow_get = allowed;
        self
    }

    /// Allows or rejects the end of a session with DELETE. Defaults to `true`. If rejected, the
    /// server responds with 405.
    pub fn allow_delete(mut self, allowed: bool) -> Self {
        self.config.allow_delete = allowed;
        self
    }

    /// Sets the port on the loopback interface. Defaults to any free port.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Starts the server on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Listen`] if the server cannot listen on the port. Returns
    /// [`Error::NoRevision`] if the list of protocol versions is empty.
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
