//! The tools of several servers at once.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt, future::BoxFuture, stream};
use serde::Serialize;
use tokio::time;

use super::user::User;
use crate::{
    call::{ServerTools, Tool},
    error::{AuthorizationError, Error, FailureKind},
    settings::Filter,
    suggestion::nearest,
    tool_output::ToolOutput,
};

/// The tools of several servers on behalf of one user; made by [`User::toolset`].
///
/// All three parts are in the order of the servers, whatever order they have answered in.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Toolset {
    /// The tools of those servers that have given them.
    pub ready: Vec<ServerTools>,
    /// Those servers that want the user to sign in, each with its challenge.
    pub needs_authorization: Vec<AuthorizationError>,
    /// What is wrong with the other servers; each error names its server.
    pub failed: Vec<Error>,
}

/// A wish for a [`Toolset`]; made by [`User::toolset`], granted by `await`.
#[derive(Debug, Clone)]
#[must_use = "nothing is asked for until it is awaited"]
pub struct ToolsetRequest {
    user: User,
    servers: Option<Vec<String>>,
    required: Vec<String>,
    filters: BTreeMap<String, Filter>,
    timeout: Duration,
}

impl User {
    /// The tools of all servers, asked at the same time: those that are ready, those for which the
    /// user has to sign in, and those that failed.
    ///
    /// ```no_run
    /// # async fn run(user: relay::User) -> Result<(), relay::Error> {
    /// use serde_json::json;
    ///
    /// let toolset = user.toolset().required(["github"]).deny("github", ["delete_*"]).await?;
    /// for refused in &toolset.needs_authorization {
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
}

impl ToolsetRequest {
    /// The most servers that are asked at the same time.
    const MAX_CONCURRENT: usize = 64;
    /// How long a server has to give its tools unless another [time](Self::timeout) is set.
    pub const TIMEOUT: Duration = Duration::from_secs(30);

    pub(crate) fn new(user: User) -> Self {
        let (servers, required, filters) = (None, Vec::new(), BTreeMap::new());
        Self { user, servers, required, filters, timeout: Self::TIMEOUT }
    }

    /// Asks these servers, in this order, in place of all.
    pub fn servers<S: Into<String>>(self, servers: impl IntoIterator<Item = S>) -> Self {
        Self { servers: Some(servers.into_iter().map(Into::into).collect()), ..self }
    }

    /// Asks for no toolset without these servers, as for those with
    /// [`Server::required`](crate::Server::required): if one of them does not give its tools, that is
    /// the error of the whole. They are asked even where other [servers](Self::servers) are chosen.
    pub fn required<S: Into<String>>(mut self, servers: impl IntoIterator<Item = S>) -> Self {
        self.required.extend(servers.into_iter().map(Into::into));
        self
    }

    /// Takes from a server only tools whose own names match one of these patterns, in which `*`
    /// stands for any run of characters; without any pattern, none. What the server's settings deny
    /// stays denied.
    pub fn allow<P: Into<String>>(
        mut self,
        server: impl Into<String>,
        patterns: impl IntoIterator<Item = P>,
    ) -> Self {
        self.filters.entry(server.into()).or_default().allow(patterns);
        self
    }

    /// Takes from a server no tools whose own names match one of these patterns.
    pub fn deny<P: Into<String>>(
        mut self,
        server: impl Into<String>,
        patterns: impl IntoIterator<Item = P>,
    ) -> Self {
        self.filters.entry(server.into()).or_default().deny(patterns);
        self
    }

    /// How long each server has to give its tools; it fails alone if it does not.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    async fn collect_tools(self) -> Result<Toolset, Error> {
        let mut toolset = Toolset::default();
        let mut answers =
            stream::iter(self.server_names().into_iter().map(|name| self.tools_of(name)))
                .buffered(Self::MAX_CONCURRENT);
        while let Some((name, answer)) = answers.next().await {
            match answer {
                Ok(tools) => toolset.ready.push(tools),
                Err(error) if self.requires(&name) => return Err(error),
                Err(Error::Authorization(refused)) => toolset.needs_authorization.push(*refused),
                Err(error) => toolset.failed.push(error),
            }
        }
        Ok(toolset)
    }

    /// The names of the servers to ask, each once.
    fn server_names(&self) -> Vec<String> {
        let chosen = self.servers.clone();
        let mut server_names = chosen.unwrap_or_else(|| self.user.state.servers.names());
        server_names.extend_from_slice(&self.required);
        let mut seen = HashSet::new();
        server_names.retain(|name| seen.insert(name.clone()));
        server_names
    }

    async fn tools_of(&self, name: String) -> (String, Result<ServerTools, Error>) {
        let answer = time::timeout(self.timeout, self.user.tools(&name)).await;
        let answer = answer.unwrap_or_else(|_| Err(timeout_error(&name, self.timeout)));
        let filter = self.filters.get(&name);
        let answer = answer.map(|tools| match filter {
            Some(filter) => tools.filtered(filter),
            None => tools,
        });
        (name, answer)
    }

    fn requires(&self, name: &str) -> bool {
        self.required.iter().any(|required| required == name)
            || self.user.state.servers.requires(name)
    }
}

fn timeout_error(server: &str, limit: Duration) -> Error {
    Error::Transport {
        server: server.to_owned(),
        tool: None,
        kind: FailureKind::Timeout,
        source: Arc::new(mcp_client::Error::Timeout { method: "tools/list".into(), limit }),
    }
}

impl IntoFuture for ToolsetRequest {
    type Output = Result<Toolset, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.collect_tools())
    }
}

impl Toolset {
    /// The tools that are ready, server by server.
    pub fn iter(&self) -> impl Iterator<Item = Tool> + '_ {
        self.ready.iter().flat_map(ServerTools::iter)
    }

    /// How many tools are ready.
    pub fn len(&self) -> usize {
        self.ready.iter().map(ServerTools::len).sum()
    }

    /// Whether no tool is ready.
    pub fn is_empty(&self) -> bool {
        self.ready.iter().all(ServerTools::is_empty)
    }

    /// Finds a tool by the name that the model sees, which is unique among all servers.
    pub fn get(&self, name: &str) -> Option<Tool> {
        let mut found = self.ready.iter().filter_map(|tools| tools.get(name));
        found.find(|tool| tool.name() == name)
    }

    /// Calls a tool by the name that the model sees; see [`Tool::call`].
    ///
    /// # Errors
    /// [`Error::UnknownTool`] if none of the servers that are ready has such a tool, else what
    /// [`Tool::call`] gives.
    pub async fn call(&self, name: &str, arguments: impl Serialize) -> Result<ToolOutput, Error> {
        self.find(name)?.call(arguments).await
    }

    /// Finds a tool as [`Toolset::get`] does. The error suggests a similar name.
    pub(crate) fn find(&self, name: &str) -> Result<Tool, Error> {
        self.get(name).ok_or_else(|| Error::UnknownTool {
            server: None,
            tool: name.to_owned(),
            suggestion: nearest(name, self.ready.iter().flat_map(ServerTools::names))
                .map(str::to_owned),
        })
    }
}
