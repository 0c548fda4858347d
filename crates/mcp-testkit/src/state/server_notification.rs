//! Notifications for listening clients.

use mcp_types::{JsonObject, v2025_11_25::LoggingLevel};
use serde_json::{Value, json};

use super::session::Session;
use crate::base::severity;

/// A notification for listening clients, sent by [`TestServer::push`](crate::TestServer::push).
///
/// ```
/// use mcp_testkit::{CallResult, ServerNotification, TestServer, TestTool};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = TestServer::builder().allow_get(true).start().await?;
/// // The application under test listens with GET or `subscriptions/listen`.
/// server.add_tool(TestTool::new("new", json!({ "type": "object" }), |_| CallResult::text("")));
/// let count = server.push(&ServerNotification::ToolsChanged);
/// assert_eq!(count, 0, "no client listens");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ServerNotification {
    /// The list of tools has changed.
    ToolsChanged,
    /// The list of prompts has changed.
    PromptsChanged,
    /// The list of resources has changed.
    ResourcesChanged,
    /// The resource with this URI has changed. Only clients that subscribed to it are notified.
    ResourceUpdated(String),
    /// A log message. It is sent only in stateful protocol versions, to clients that requested its
    /// level.
    Log(LoggingLevel, Value),
}

impl ServerNotification {
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

    /// Returns `true` if a session should receive this notification.
    pub(crate) fn is_for(&self, session: &Session) -> bool {
        match self {
            Self::ResourceUpdated(uri) => session.subscribed.contains(uri),
            Self::Log(level, _) => {
                session.client.log_level.as_ref().is_some_and(|it| severity(level) >= severity(it))
            }
            Self::ToolsChanged | Self::PromptsChanged | Self::ResourcesChanged => true,
        }
    }

    /// Returns `true` if a filter of `subscriptions/listen` includes this notification.
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
