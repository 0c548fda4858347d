//! The per-request era: every request is complete in itself.

use mcp_types::{JsonObject, RequestId, error_code};
use serde_json::{Value, json};

use crate::{
    answer::{Answer, Message},
    exchange::Exchange,
    reply::Reply,
};

impl Exchange<'_> {
    pub(crate) fn answer_complete_request(
        &self,
        id: RequestId,
        method: &str,
        params: &JsonObject,
    ) -> Result<Answer, Reply> {
        self.check_envelope(method, params)?;
        if method == "tools/call" {
            self.check_parameters(params)?;
        }
        let outcome = match method {
            "server/discover" => Ok(self.discover()),
            _ => match self.perform(method, params) {
                Some(outcome) => outcome,
                None => return Err(self.refuse(404, &self.unknown_method(method))),
            },
        };
        let outcome = outcome.map(|result| self.complete(method, result));
        Ok(Answer::Message(Message { id, outcome, session: None }))
    }

    /// Accepts a notification, of which the revision has none over HTTP: a client cancels a request
    /// by closing its stream.
    pub(crate) fn ignore_notification(&self) -> Answer {
        self.note("the revision has no such notification over HTTP");
        Answer::Reply(Reply::status(202))
    }

    /// Refuses an answer of the client, for a server of this era asks nothing that needs one.
    pub(crate) fn refuse_response(&self) -> Reply {
        self.violation(400, error_code::INVALID_REQUEST, "an answer, though nothing was asked")
    }

    fn discover(&self) -> Value {
        let config = &self.server.config;
        let versions = config.revisions.iter().map(|it| it.as_str()).collect::<Vec<_>>();
        let mut result = json!({
            "supportedVersions": versions,
            "capabilities": { "tools": {} },
        });
        if let Some(instructions) = &config.instructions {
            result["instructions"] = json!(instructions);
        }
        result
    }

    /// Adds what every result of this era has; a tool's own members stay as they are.
    fn complete(&self, method: &str, mut result: Value) -> Value {
        let Value::Object(members) = &mut result else {
            return result;
        };
        let config = &self.server.config;
        members.entry("resultType").or_insert_with(|| json!("complete"));
        if is_cacheable(method) {
            members.entry("ttlMs").or_insert_with(|| json!(config.ttl.as_millis()));
            members.entry("cacheScope").or_insert_with(|| json!(config.cache_scope));
        }
        if let Value::Object(meta) = members.entry("_meta").or_insert_with(|| json!({})) {
            meta.entry("io.modelcontextprotocol/serverInfo").or_insert_with(|| self.server_info());
        }
        result
    }
}

/// MCP utilities, "Caching".
fn is_cacheable(method: &str) -> bool {
    method == "server/discover" || method == "resources/read" || method.ends_with("/list")
}
