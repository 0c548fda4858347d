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
    server::ServerHandle,
    settings::Filter,
    suggestion::nearest,
    tool_output::ToolOutput,
};

/// The tools of several servers for one user. Returned by [`User::toolset`].
///
/// All three lists are in the order of the servers, and not in the order of their responses.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Toolset {
    /// The tools of the servers that returned a tool list.
    pub ready: Vec<ServerTools>,
    /// The servers to which the user must sign in, each with its challenge. No
    /// [shared](crate::Server::shared) server is among them, because no user can sign in to it.
    pub needs_authorization: Vec<AuthorizationError>,
    /// The errors of the other servers. Each error names its server.
    pub failed: Vec<Error>,
}

/// A request for the tools of several servers. Created by [`User::toolset`]; await it to run it.
#[derive(Debug, Clone)]
#[must_use = "requests do nothing unless awaited"]
pub struct ToolsetRequest {
    user: User,
    servers: Option<Vec<String>>,
    required: Vec<String>,
    filters: BTreeMap<String, Filter>,
    timeout: Duration,
}

impl User {
    /// Returns a request for the tools of all servers. The servers are queried concurrently.
    ///
    /// The result separates servers that are ready, servers to which the user must sign in, and
    /// servers that failed.
    ///
    /// # Errors
    ///
    /// - The request returns [`Error::Configuration`], and sends nothing, if the user has one token
    ///   without the name of its server, and several servers could get it; see
    ///   [`Relay::with_token`](crate::Relay::with_token). A server that is not registered or whose
    ///   settings are invalid counts too, because the token may be for this server.
    /// - The request returns the error of a [required](ToolsetRequest::required) server. Errors of
    ///   other servers are part of the result.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use serde_json::json;
    ///
    /// # async fn run(user: relay::User) -> Result<(), relay::Error> {
    /// let toolset = user.toolset().required(["github"]).deny("github", ["delete_*"]).await?;
    /// for error in &toolset.needs_authorization {
    ///     println!("sign in to {}: {:?}", error.server, error.challenge());
    /// }
    /// for error in &toolset.failed {
    ///     println!("not available: {error}");
    /// }
    ///
    /// let output = toolset.call("relay__github__search", json!({ "query": "rust" })).await?;
    /// println!("{}", output.text());
    /// # Ok(())
    /// # }
    /// ```
    pub fn toolset(&self) -> ToolsetRequest {
        ToolsetRequest::new(self.clone())
    }
}

impl ToolsetRequest {
    /// The maximum number of servers that are queried concurrently.
    const MAX_CONCURRENT: usize = 64;
    /// The default [timeout](Self::timeout) of each server: 30 seconds.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

    pub(crate) fn new(user: User) -> Self {
        let (servers, required, filters) = (None, Vec::new(), BTreeMap::new());
        Self { user, servers, required, filters, timeout: Self::DEFAULT_TIMEOUT }
    }

    /// Queries only these servers, in this order. Defaults to all registered servers, and those
    /// that [`Relay::with_tokens`](crate::Relay::with_tokens) names.
    pub fn servers<S: Into<String>>(self, servers: impl IntoIterator<Item = S>) -> Self {
        Self { servers: Some(servers.into_iter().map(Into::into).collect()), ..self }
    }

    /// Requires these servers, in addition to those with
    /// [`Server::required`](crate::Server::required). If one of them fails, the whole request
    /// returns its error.
    ///
    /// They are queried even if [`servers`](Self::servers) does not include them.
    pub fn required<S: Into<String>>(mut self, servers: impl IntoIterator<Item = S>) -> Self {
        self.required.extend(servers.into_iter().map(Into::into));
        self
    }

    /// Includes only those tools of a server whose names on the server match one of these patterns.
    ///
    /// In a pattern, `*` matches any number of characters. Without patterns, no tool is included.
    /// Tools that the settings of the server deny are never included.
    pub fn allow<P: Into<String>>(
        mut self,
        server: impl Into<String>,
        patterns: impl IntoIterator<Item = P>,
    ) -> Self {
        self.filters.entry(server.into()).or_default().allow(patterns);
        self
    }

    /// Excludes those tools of a server whose names on the server match one of these patterns.
    pub fn deny<P: Into<String>>(
        mut self,
        server: impl Into<String>,
        patterns: impl IntoIterator<Item = P>,
    ) -> Self {
        self.filters.entry(server.into()).or_default().deny(patterns);
        self
    }

    /// Sets how long to wait for the tools of each server. If a server takes longer, it is reported
    /// in [`Toolset::failed`]. Defaults to 30 seconds.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    async fn collect_tools(self) -> Result<Toolset, Error> {
        let server_names = self.server_names();
        self.check_token(&server_names)?;
        let mut toolset = Toolset::default();
        let mut results = stream::iter(server_names.into_iter().map(|name| self.tools_of(name)))
            .buffered(Self::MAX_CONCURRENT);
        while let Some((name, result)) = results.next().await {
            match result {
                Ok(tools) => toolset.ready.push(tools),
                Err(error) if self.requires(&name) => return Err(error),
                Err(Error::Authorization(error)) if !self.is_shared(&name) => {
                    toolset.needs_authorization.push(*error);
                }
                Err(error) => toolset.failed.push(error),
            }
        }
        Ok(toolset)
    }

    /// Returns the names of the servers to query, each once.
    fn server_names(&self) -> Vec<String> {
        let chosen = self.servers.clone();
        let mut server_names = chosen.unwrap_or_else(|| {
            let mut names = self.user.state.servers.names();
            names.extend(self.user.caller.credentials.server_names().cloned());
            names
        });
        server_names.extend_from_slice(&self.required);
        let mut seen = HashSet::new();
        server_names.retain(|name| seen.insert(name.clone()));
        server_names
    }

    /// Returns an error if the user has one token for one server, and several servers could get it.
    ///
    /// A server that is not registered or whose settings are invalid counts too: the token may be
    /// for this server, and then it must not go to the other one.
    fn check_token(&self, server_names: &[String]) -> Result<(), Error> {
        /// The maximum number of servers that the error names.
        const MAX_NAMED: usize = 5;
        if !self.user.caller.credentials.are_for_one_server() {
            return Ok(());
        }
        let (mut endpoints, mut names) = (Vec::new(), Vec::new());
        for name in server_names {
            match self.find(name) {
                None => names.push(format!("\"{name}\" (not registered)")),
                Some(handle) if handle.server.shared => {}
                Some(handle) if handle.server.fault.is_some() => {
                    names.push(format!("\"{name}\" (its settings are invalid)"));
                }
                Some(handle) => {
                    if let Some(endpoint) = handle.token_endpoint()
                        && !endpoints.contains(endpoint)
                    {
                        endpoints.push(endpoint.clone());
                        names.push(format!("\"{name}\""));
                    }
                }
            }
        }
        if names.len() < 2 {
            return Ok(());
        }
        let others = names.len().saturating_sub(MAX_NAMED);
        names.truncate(MAX_NAMED);
        let others = if others > 0 { format!(" and {others} more") } else { String::new() };
        Err(Error::configuration(
            None,
            format!(
                "the access token is for one server, but several servers could get it: {}{others}; \
                 pass the token of each server with \"Relay::with_tokens\", use a \"TokenSource\", \
                 or choose one server with \"ToolsetRequest::servers\"",
                names.join(", ")
            ),
        ))
    }

    async fn tools_of(&self, name: String) -> (String, Result<ServerTools, Error>) {
        if let Some(error) = self.unshared_error(&name) {
            return (name, Err(error));
        }
        let result = time::timeout(self.timeout, self.user.tools(&name)).await;
        let result = result.unwrap_or_else(|_| Err(timeout_error(&name, self.timeout)));
        let filter = self.filters.get(&name);
        let result = result.map(|tools| match filter {
            Some(filter) => tools.filtered(filter),
            None => tools,
        });
        (name, result)
    }

    fn requires(&self, name: &str) -> bool {
        self.required.iter().any(|required| required == name)
            || self.find(name).is_some_and(|handle| handle.server.required)
    }

    fn is_shared(&self, name: &str) -> bool {
        self.find(name).is_some_and(|handle| handle.server.shared)
    }

    /// Returns the error of a stdio server that users cannot use, because it is not shared.
    fn unshared_error(&self, name: &str) -> Option<Error> {
        let is_unshared = |handle: &ServerHandle| {
            handle.transport.is_stdio() && !handle.server.shared && handle.server.fault.is_none()
        };
        let handle = self.find(name).filter(|_| !self.user.caller.credentials.are_own())?;
        let reason = "a stdio server gets no access token; to use it for all users, with the \
                      credentials in its \"env\", set \"shared\"";
        is_unshared(&handle).then(|| Error::configuration(Some(name), reason))
    }

    fn find(&self, name: &str) -> Option<Arc<ServerHandle>> {
        self.user.state.servers.find(name)
    }
}

fn timeout_error(server: &str, limit: Duration) -> Error {
    Error::Transport {
        server: server.to_owned(),
        tool: None,
        kind: FailureKind::Timeout,
        source: Arc::new(mcp_client::Error::Timeout {
            method: "tools/list".into(),
            limit,
            sent: true,
        }),
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
    /// Returns an iterator over the ready tools, server by server.
    pub fn iter(&self) -> impl Iterator<Item = Tool> + '_ {
        self.ready.iter().flat_map(ServerTools::iter)
    }

    /// Returns the number of ready tools.
    pub fn len(&self) -> usize {
        self.ready.iter().map(ServerTools::len).sum()
    }

    /// Returns whether no tool is ready.
    pub fn is_empty(&self) -> bool {
        self.ready.iter().all(ServerTools::is_empty)
    }

    /// Returns a tool by the name that the model sees. The name is unique across all servers.
    pub fn get(&self, name: &str) -> Option<Tool> {
        let mut found = self.ready.iter().filter_map(|tools| tools.get(name));
        found.find(|tool| tool.name() == name)
    }

    /// Calls a tool by the name that the model sees; see [`Tool::call`].
    ///
    /// # Errors
    ///
    /// Returns [`Error::UnknownTool`] if no ready server has the tool. Otherwise, returns the
    /// errors of [`Tool::call`].
    pub async fn call(&self, name: &str, arguments: impl Serialize) -> Result<ToolOutput, Error> {
        self.find(name)?.call(arguments).await
    }

    /// Redacts the secrets of the server whose tool has this name.
    fn redacted(&self, name: &str) -> String {
        let tool = self.get(name);
        let redactor = tool.map(|tool| tool.user_server().redactor()).unwrap_or_default();
        redactor.redact(name).into_owned()
    }

    /// Returns a tool like [`Toolset::get`]. The error suggests a similar name.
    pub(crate) fn find(&self, name: &str) -> Result<Tool, Error> {
        self.get(name).ok_or_else(|| Error::UnknownTool {
            server: None,
            tool: name.to_owned(),
            suggestion: nearest(name, self.ready.iter().flat_map(ServerTools::names))
                .map(|suggestion| self.redacted(suggestion)),
        })
    }
}
