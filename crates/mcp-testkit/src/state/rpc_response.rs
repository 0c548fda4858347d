//! JSON-RPC responses before they are serialized.

use mcp_types::{ErrorObject, JsonRpcResponse, RequestId};
use serde_json::{Value, json};

use super::config::Config;
use crate::{
    base::RecordedRequest,
    catalog::{EntryKind, page_cursor},
};

/// The response to a JSON-RPC request. `session` is the id of a session that it starts.
#[derive(Debug)]
pub(crate) struct RpcResponse {
    pub(crate) id: RequestId,
    pub(crate) outcome: Result<Value, ErrorObject>,
    pub(crate) session: Option<String>,
}

impl RpcResponse {
    pub(crate) fn into_json(self) -> String {
        let response = JsonRpcResponse::new(self.id, self.outcome);
        serde_json::to_string(&response).expect("a JSON value serializes")
    }

    /// Sets the next cursor to the requested one, or to the first page.
    pub(crate) fn repeat_cursor(&mut self, request: &RecordedRequest) {
        let requested = request.params().and_then(|params| params.get("cursor")).cloned();
        if let Ok(Value::Object(page)) = &mut self.outcome {
            let original = page.remove("nextCursor");
            let kind = EntryKind::listed_by(request.method()).unwrap_or(EntryKind::Tool);
            let next = requested.or(original).unwrap_or_else(|| json!(page_cursor(kind, 0)));
            page.insert("nextCursor".to_owned(), next);
        }
    }
}

/// Adds the members that all stateless results have. Members that are already set are kept.
pub(crate) fn complete_result(config: &Config, method: &str, mut result: Value) -> Value {
    let Value::Object(members) = &mut result else {
        return result;
    };
    let kind = members.entry("resultType").or_insert_with(|| json!("complete"));
    if kind == "complete" && is_cacheable(method) {
        members.entry("ttlMs").or_insert_with(|| json!(config.ttl.as_millis()));
        members.entry("cacheScope").or_insert_with(|| json!(config.cache_scope));
    }
    if let Value::Object(meta) = members.entry("_meta").or_insert_with(|| json!({})) {
        meta.entry("io.modelcontextprotocol/serverInfo").or_insert_with(|| config.server_info());
    }
    result
}

/// Returns `true` if results of a method have cache hints (MCP utilities, "Caching").
fn is_cacheable(method: &str) -> bool {
    method == "server/discover" || method == "resources/read" || method.ends_with("/list")
}
