//! The tools of a server, ready for a model.

use std::{fmt, sync::Arc};

use mcp_client::{CallOptions, InvalidEntry};
use mcp_types::{Schema, v2026_07_28::ToolAnnotations};
use serde::Serialize;

use super::{interceptor::Interceptors, user_server::UserServer};
use crate::{
    error::Error,
    principal::Principal,
    settings::Filter,
    suggestion::nearest,
    tool_list::{List, NamedTool},
    tool_output::ToolOutput,
};

/// The tools of one server on behalf of one user, in the server's order.
///
/// Clones share everything.
#[derive(Clone)]
pub struct ServerTools {
    pub(crate) server: Arc<ToolServer>,
    pub(crate) list: Arc<List>,
}

/// One tool: what a model has to know about it, and the way to call it.
///
/// Clones share everything.
#[derive(Clone)]
pub struct Tool {
    pub(crate) server: Arc<ToolServer>,
    list: Arc<List>,
    index: usize,
    pub(crate) options: Option<Arc<CallOptions>>,
}

/// A server as one user uses it, with the interceptors of its lists and calls.
pub(crate) struct ToolServer {
    pub(crate) user_server: UserServer,
    pub(crate) interceptors: Interceptors,
}

impl ServerTools {
    /// The tools, one by one.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Tool> + '_ {
        (0..self.list.named.entries.len()).map(|index| self.at(index))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.named.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.named.entries.is_empty()
    }

    /// The server that has them.
    pub fn server(&self) -> &str {
        self.server.user_server.server()
    }

    /// Finds a tool by the name that the model sees, or by its server's own.
    pub fn get(&self, name: &str) -> Option<Tool> {
        self.list.named.index(name).map(|index| self.at(index))
    }

    /// Entries of the server's list that cannot be offered, each with the reason.
    pub fn invalid(&self) -> &[InvalidEntry] {
        &self.list.named.refused
    }

    /// Calls a tool by the name that the model sees, or by its server's own; see [`Tool::call`].
    ///
    /// # Errors
    /// [`Error::UnknownTool`] if there is no such tool, else what [`Tool::call`] gives.
    pub async fn call(&self, name: &str, arguments: impl Serialize) -> Result<ToolOutput, Error> {
        self.find(name)?.call(arguments).await
    }

    /// Finds a tool as [`ServerTools::get`] does. The error suggests a similar name.
    pub(crate) fn find(&self, name: &str) -> Result<Tool, Error> {
        let own = self.list.named.entries.iter().map(|entry| &*entry.tool.name);
        self.get(name).ok_or_else(|| Error::UnknownTool {
            server: Some(self.server().to_owned()),
            tool: name.to_owned(),
            suggestion: nearest(name, self.names().chain(own)).map(str::to_owned),
        })
    }

    /// The tools that a filter offers.
    pub(crate) fn filtered(self, filter: &Filter) -> Self {
        let named = Arc::new(self.list.named.filtered(filter));
        Self { list: Arc::new(List { named, ..*self.list }), ..self }
    }

    /// The names that models see.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.list.named.entries.iter().map(|entry| &*entry.name)
    }

    fn at(&self, index: usize) -> Tool {
        let (server, list) = (Arc::clone(&self.server), Arc::clone(&self.list));
        Tool { server, list, index, options: None }
    }
}

impl Tool {
    /// The name that the model sees: every provider takes it, and it tells the tools of all servers
    /// apart. Where it is not `relay__{server}__{tool}`, it ends in 40 bits of a hash of both.
    pub fn name(&self) -> &str {
        &self.entry().name
    }

    /// What the tool does, for the model; empty if the server does not say. Untrusted text.
    pub fn description(&self) -> &str {
        self.definition().description.as_deref().unwrap_or_default()
    }

    /// The JSON Schema of the arguments, exactly as the server sent it.
    pub fn input_schema(&self) -> &Schema {
        &self.definition().input_schema
    }

    /// The server that has the tool.
    pub fn server(&self) -> &str {
        self.server.user_server.server()
    }

    /// What the server says of the tool's behaviour, such as that it only reads. Nothing vouches for
    /// it: a server can say what it likes (MCP server/tools, "Tool").
    pub fn untrusted_annotations(&self) -> Option<&ToolAnnotations> {
        self.definition().annotations.as_ref()
    }

    /// All that the server says of the tool; its `name` is the server's own.
    pub fn definition(&self) -> &mcp_client::ToolDefinition {
        &self.entry().tool
    }

    /// On whose behalf it is called.
    pub fn principal(&self) -> Principal {
        self.user_server().principal()
    }

    /// The same tool for calls with these options: time, progress, `_meta`, log messages.
    ///
    /// ```no_run
    /// # async fn run(tool: relay::Tool) -> Result<(), relay::Error> {
    /// use std::time::Duration;
    ///
    /// let options = relay::CallOptions::new().max_total_timeout(Duration::from_secs(60));
    /// let options = options.on_progress(|progress| println!("{}", progress.progress));
    /// let output = tool.with_options(options).call(serde_json::json!({ "path": "/" })).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_options(&self, options: CallOptions) -> Self {
        Self { options: Some(Arc::new(options)), ..self.clone() }
    }

    pub(crate) fn user_server(&self) -> &UserServer {
        &self.server.user_server
    }

    pub(crate) fn entry(&self) -> &NamedTool {
        &self.list.named.entries[self.index]
    }
}

impl fmt::Debug for ServerTools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.names().collect();
        f.debug_struct("ServerTools").field("names", &names).finish_non_exhaustive()
    }
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tool").field("name", &self.name()).finish_non_exhaustive()
    }
}
