//! The capabilities that the server declares.

use mcp_types::Era;
use serde_json::{Value, json};

use super::server_state::ServerState;
use crate::catalog::EntryKind;

impl ServerState {
    /// Returns the capabilities. Prompts and resources are declared if there are, or were, any.
    pub(crate) fn capabilities(&self, era: Era) -> Value {
        // Changes are sent to listening clients.
        let listening = match era {
            Era::Stateful => self.config.allow_get,
            Era::Stateless => true,
        };
        let mut capabilities = json!({ "tools": { "listChanged": listening } });
        if self.catalog.has(EntryKind::Prompt) {
            capabilities["prompts"] = json!({ "listChanged": listening });
        }
        if self.has_resources() {
            capabilities["resources"] = json!({ "subscribe": listening, "listChanged": listening });
        }
        if self.config.completion.is_some() {
            capabilities["completions"] = json!({});
        }
        if self.config.logging {
            capabilities["logging"] = json!({});
        }
        capabilities
    }

    /// Returns `true` if the declared capabilities include this method.
    pub(crate) fn is_capable(&self, era: Era, method: &str) -> bool {
        match method {
            "tools/list" | "tools/call" => true,
            "prompts/list" | "prompts/get" => self.catalog.has(EntryKind::Prompt),
            "resources/list" | "resources/templates/list" | "resources/read" => {
                self.has_resources()
            }
            "completion/complete" => self.config.completion.is_some(),
            "resources/subscribe" | "resources/unsubscribe" => {
                era == Era::Stateful && self.config.allow_get && self.has_resources()
            }
            "logging/setLevel" => era == Era::Stateful && self.config.logging,
            "ping" => era == Era::Stateful,
            "server/discover" | "subscriptions/listen" => era == Era::Stateless,
            _ => false,
        }
    }

    fn has_resources(&self) -> bool {
        self.catalog.has(EntryKind::Resource) || self.catalog.has(EntryKind::Template)
    }
}
