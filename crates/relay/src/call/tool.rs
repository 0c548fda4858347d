//! The tools of a server, with the names that models see.

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

/// The tools of one server for one user, in the order of the server.
///
/// Clones share everything.
#[derive(Clone)]
pub struct ServerTools {
    pub(crate) server: Arc<ToolServer>,
    pub(crate) list: Arc<List>,
}

/// A tool of a server, for one user. It has the definition for a model, and it can be called.
///
/// Clones share everything.
#[derive(Clone)]
pub struct Tool {
    pub(crate) server: Arc<ToolServer>,
    list: Arc<List>,
    index: usize,
    pub(crate) options: Option<Arc<CallOptions>>,
}

/// The server of a user, with the interceptors of its lists and calls.
pub(crate) struct ToolServer {
    pub(crate) user_server: UserServer,
    pub(crate) interceptors: Interceptors,
}

impl ServerTools {
    /// Returns an iterator over the tools.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Tool> + '_ {
        (0..self.list.named.entries.len()).map(|index| self.tool_at(index))
    }

    /// Returns the number of tools.
    pub fn len(&self) -> usize {
        self.list.named.entries.len()
    }

    /// Returns whether there are no tools.
    pub fn is_empty(&self) -> bool {
        self.list.named.entries.is_empty()
    }

    /// Returns the name of the server.
    pub fn server(&self) -> &str {
        self.server.user_server.server()
    }

    /// Returns a tool by the name that the model sees, or by its name on the server.
    pub fn get(&self, name: &str) -> Option<Tool> {
        self.list.named.index(name).map(|index| self.tool_at(index))
    }

    /// Returns the invalid entries of the server's list, each with the reason.
    pub fn invalid(&self) -> &[InvalidEntry] {
        &self.list.named.invalid
    }

    /// Calls a tool by the name that the model sees, or by its name on the server; see
    /// [`Tool::call`].
    ///
    /// # Errors
    ///
    /// Returns [`Error::UnknownTool`] if there is no such tool. Otherwise, returns the errors of
    /// [`Tool::call`].
    pub async fn call(&self, name: &str, arguments: impl Serialize) -> Result<ToolOutput, Error> {
        self.find(name)?.call(arguments).await
    }

    /// Returns a tool like [`ServerTools::get`]. The error suggests a similar name.
    pub(crate) fn find(&self, name: &str) -> Result<Tool, Error> {
        let names_on_server = self.list.named.entries.iter().map(|entry| &*entry.tool.name);
        self.get(name).ok_or_else(|| Error::UnknownTool {
            server: Some(self.server().to_owned()),
            tool: name.to_owned(),
            suggestion: nearest(name, self.names().chain(names_on_server))
                .map(|suggestion| self.server.user_server.redactor().redact(suggestion).into()),
        })
    }

    /// Returns the tools that a filter allows.
    pub(crate) fn filtered(self, filter: &Filter) -> Self {
        let named = Arc::new(self.list.named.filtered(filter));
        Self { list: Arc::new(List { named, ..*self.list }), ..self }
    }

    /// Returns the names that models see.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.list.named.entries.iter().map(|entry| &*entry.name)
    }

    fn tool_at(&self, index: usize) -> Tool {
        let (server, list) = (Arc::clone(&self.server), Arc::clone(&self.list));
        Tool { server, list, index, options: None }
    }
}

impl Tool {
    /// Returns the name that the model sees. Every provider accepts it, and it is unique across all
    /// servers.
    ///
    /// It is `relay__{server}__{tool}` if possible. Otherwise, it ends in 40 bits of a hash of both
    /// names.
    pub fn name(&self) -> &str {
        &self.entry().name
    }

    /// Returns the description of the tool for the model. It is empty if the server sends none.
    ///
    /// The text comes from the server and is untrusted.
    pub fn description(&self) -> &str {
        self.definition().description.as_deref().unwrap_or_default()
    }

    /// Returns the JSON Schema of the arguments, exactly as the server sent it.
    pub fn input_schema(&self) -> &Schema {
        &self.definition().input_schema
    }

    /// Returns the name of the server.
    pub fn server(&self) -> &str {
        self.server.user_server.server()
    }

    /// Returns the annotations of the tool, such as whether it is read-only.
    ///
    /// They come from the server and are untrusted (MCP server/tools, "Tool").
    pub fn untrusted_annotations(&self) -> Option<&ToolAnnotations> {
        self.definition().annotations.as_ref()
    }

    /// Returns the definition from the server. Its `name` is the name of the tool on the server.
    pub fn definition(&self) -> &mcp_client::ToolDefinition {
        &self.entry().tool
    }

    /// Returns the principal who calls the tool. If the server is
    /// [shared](crate::Server::shared), the principal has no session of its own on it.
    pub fn principal(&self) -> Principal {
        self.user_server().caller.principal
    }

    /// Returns the same tool with options for its calls: timeouts, progress, `_meta` and log
    /// messages.
    ///
    /// If the options have a token, calls of a [shared](crate::Server::shared) server return
    /// [`Error::Configuration`], and nothing is sent.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// use relay::CallOptions;
    /// use serde_json::json;
    ///
    /// # async fn run(tool: relay::Tool) -> Result<(), relay::Error> {
    /// let options = CallOptions::new()
    ///     .max_total_timeout(Duration::from_secs(60))
    ///     .on_progress(|progress| println!("{}", progress.progress));
    /// let output = tool.with_options(options).call(json!({ "path": "/" })).await?;
    /// println!("{}", output.text());
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
