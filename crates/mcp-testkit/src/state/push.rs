//! What a server tells those who listen, in either era.

use mcp_types::{ErrorObject, JsonObject, v2025_11_25::LoggingLevel};
use serde_json::{Value, json};

use super::session::Session;
use crate::{
    catalog::{Ask, severity},
    server::{Shared, TestServer},
};

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

impl TestServer {
    /// Tells all clients that listen and want to know; returns their number.
    ///
    /// In the handshake era they listen with GET, which [has to be
    /// allowed](crate::Builder::allow_get); in the other with `subscriptions/listen`.
    pub fn push(&self, push: &Push) -> usize {
        let Shared { sessions, streams, subscriptions, .. } = self.shared();
        let message = json!({ "jsonrpc": "2.0", "method": push.method(), "params": push.params() });
        let wants = |session: Option<&str>| {
            session.is_none_or(|id| sessions.any_state(id, |session| push.is_for(session)))
        };
        streams.send(&message.to_string(), wants) + subscriptions.push(push)
    }

    /// Asks the client that began to listen with GET last, whatever it declared, and waits for its
    /// answer; `None` if nobody listens.
    pub async fn ask(&self, question: Ask) -> Option<Result<Value, ErrorObject>> {
        let server = self.shared();
        let (session, stream) = server.streams.last()?;
        let (id, answer) = server.asks.begin(session.as_deref());
        stream.send(&question.to_request(&id).to_string());
        answer.await.ok()
    }

    /// Answers all who listen with `subscriptions/listen`, which ends their streams as it should.
    pub fn end_subscriptions(&self) {
        self.shared().subscriptions.end(self.shared());
    }
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
    fn is_for(&self, session: &Session) -> bool {
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
