//! What a server tells those who listen, in either era.

use mcp_types::{JsonObject, v2025_11_25::LoggingLevel};
use serde_json::{Value, json};

use super::session::Session;
use crate::base::severity;

/// News for those who listen, given to [`TestServer::push`].
///
/// ```
/// use mcp_testkit::{CallAnswer, Push, TestServer, Tool};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = TestServer::builder().allow_get(true).start().await?;
/// // The application under test begins to listen, with GET or `subscriptions/listen`.
/// server.add_tool(Tool::new("new", json!({ "type": "object" }), |_| CallAnswer::text("")));
/// let told = server.push(&Push::ToolsChanged);
/// assert_eq!(told, 0, "here nobody listens");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Push {
    /// The list of tools has changed.
    ToolsChanged,
    /// The list of prompts has changed.
    PromptsChanged,
    /// The list of resources has changed.
    ResourcesChanged,
    /// The resource of this URI has changed; only those hear of it who have subscribed to it.
    ResourceUpdated(String),
    /// A log message, which is sent in the handshake era only, and to those who want its level.
    Log(LoggingLevel, Value),
}

impl Push {
    pub(crate) fn method(&self) -> &'static str {
        match self {
            Self::ToolsChanged => "notifications/tools/list_changed",
            Self::PromptsChanged => "notifications/prompts/list_changed",
            Self::ResourcesChanged => "notifications/resources/list_changed",
            Self::ResourceUpdated(_) => "notifications/resources/updated",
            Self::Log(..) => "notifications/message",
        }
    }

    pub(crate) fn params(&self) -> Value {
        match self {
            Self::ToolsChanged | Self::PromptsChanged | Self::ResourcesChanged => json!({}),
            Self::ResourceUpdated(uri) => json!({ "uri": uri }),
            Self::Log(level, data) => json!({ "level": level, "data": data }),
        }
    }

    /// Whether a session is told.
    pub(crate) fn is_for(&self, session: &Session) -> bool {
        match self {
            Self::ResourceUpdated(uri) => session.subscribed.contains(uri),
            Self::Log(level, _) => {
                session.client.log_level.as_ref().is_some_and(|it| severity(level) >= severity(it))
            }
            Self::ToolsChanged | Self::PromptsChanged | Self::ResourcesChanged => true,
        }
    }

    /// Whether a filter of `subscriptions/listen` lets it through.
    pub(crate) fn is_wanted(&self, filter: &JsonObject) -> bool {
        let on = |key: &str| filter.get(key) == Some(&json!(true));
        match self {
            Self::ToolsChanged => on("toolsListChanged"),
            Self::PromptsChanged => on("promptsListChanged"),
            Self::ResourcesChanged => on("resourcesListChanged"),
            Self::ResourceUpdated(uri) => {
                let uris = filter.get("resourceSubscriptions").and_then(Value::as_array);
                uris.is_some_and(|uris| uris.iter().any(|it| it == uri))
            }
            Self::Log(..) => false,
        }
    }
}
