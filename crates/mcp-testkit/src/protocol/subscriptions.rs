//! Handles `subscriptions/listen`, which starts a subscription (MCP patterns, "Subscriptions").

use mcp_types::ErrorObject;
use serde_json::Value;

use super::{exchange::Exchange, response::ExchangeResponse};
use crate::state::{Call, Subscription};

impl Exchange<'_> {
    pub(crate) fn subscribe(&self, call: &Call) -> Result<ExchangeResponse, ErrorObject> {
        let Some(Value::Object(wanted)) = call.params.get("notifications") else {
            return Err(self.invalid_params("notifications"));
        };
        let capabilities = self.server.capabilities(call.era);
        let offered = |key: &str| match key {
            "toolsListChanged" => true,
            "promptsListChanged" => capabilities.get("prompts").is_some(),
            "resourcesListChanged" | "resourceSubscriptions" => {
                capabilities.get("resources").is_some()
            }
            _ => false,
        };
        let filter = wanted.iter().filter(|(key, _)| offered(key));
        let filter = filter.map(|(key, value)| (key.clone(), value.clone())).collect();
        Ok(ExchangeResponse::Listen(Subscription::new(call.id.clone(), filter)))
    }
}
