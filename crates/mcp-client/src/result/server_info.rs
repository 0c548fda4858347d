//! The version, identity and capabilities of a server.

use mcp_types::{JsonObject, Revision, v2025_11_25::Implementation};
use serde_json::Value;

/// The version, identity and capabilities that a server reports when the client connects.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ServerInfo {
    /// The protocol version that is used with the server.
    pub revision: Revision,
    /// The name and version of the server, if it sent them. For display only, because the server
    /// may send any value.
    pub implementation: Option<Implementation>,
    /// The capabilities that the server declares.
    pub capabilities: ServerCapabilities,
    /// Instructions for the model on how to use the server. Untrusted text.
    pub instructions: Option<String>,
}

/// The capabilities that a server declares. Unknown members are kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServerCapabilities(JsonObject);

impl ServerCapabilities {
    /// Creates capabilities from the object that the server sent.
    pub fn new(declared: JsonObject) -> Self {
        Self(declared)
    }

    /// Returns `true` if the capability is declared. Its value must be an object, which may be
    /// empty.
    pub fn has(&self, capability: &str) -> bool {
        matches!(self.0.get(capability), Some(Value::Object(_)))
    }

    /// Returns `true` if the capability is declared with `flag` set, such as `tools` with
    /// `listChanged`.
    pub fn has_flag(&self, capability: &str, flag: &str) -> bool {
        let value = self.0.get(capability).and_then(|value| value.get(flag));
        matches!(value, Some(Value::Bool(true) | Value::Object(_)))
    }

    /// Returns the object that the server sent.
    pub fn as_object(&self) -> &JsonObject {
        &self.0
    }

    /// Returns the capability that `method` requires, if the server does not declare it.
    pub(crate) fn missing_for(&self, method: &str) -> Option<&'static str> {
        let (capability, flag) = required_capability(method)?;
        let declared = match flag {
            None => self.has(capability),
            Some(flag) => self.has_flag(capability, flag),
        };
        (!declared).then_some(flag.map_or(capability, |_| "resources.subscribe"))
    }
}

impl ServerInfo {
    /// Returns `true` if the server can run tool calls as tasks.
    pub(crate) fn runs_tools_as_tasks(&self) -> bool {
        let tasks = self.capabilities.as_object().get("tasks");
        tasks.is_some_and(|tasks| {
            tasks.pointer("/requests/tools/call").is_some_and(Value::is_object)
        })
    }
}

/// Returns the capability and flag that `method` requires (MCP basic/lifecycle, "Operation").
fn required_capability(method: &str) -> Option<(&'static str, Option<&'static str>)> {
    match method {
        "resources/subscribe" | "resources/unsubscribe" => Some(("resources", Some("subscribe"))),
        "logging/setLevel" => Some(("logging", None)),
        "completion/complete" => Some(("completions", None)),
        _ => ["tools", "resources", "prompts", "tasks"]
            .into_iter()
            .find(|name| method.strip_prefix(name).is_some_and(|rest| rest.starts_with('/')))
            .map(|name| (name, None)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn capabilities(declared: Value) -> ServerCapabilities {
        let Value::Object(declared) = declared else { panic!("not an object") };
        ServerCapabilities::new(declared)
    }

    #[test]
    fn a_capability_is_declared_if_its_value_is_an_object() {
        // LIFE-11
        let some = capabilities(json!({ "tools": {}, "logging": null, "x-own": { "a": 1 } }));
        assert!(some.has("tools") && some.has("x-own"));
        assert!(!some.has("logging") && !some.has("prompts"));
        assert!(!some.has_flag("tools", "listChanged"));
        assert!(
            capabilities(json!({ "tools": { "listChanged": true } }))
                .has_flag("tools", "listChanged")
        );
    }

    #[test]
    fn methods_require_the_capabilities_of_the_specification() {
        // LIFE-09
        let none = capabilities(json!({}));
        for (method, missing) in [
            ("tools/list", Some("tools")),
            ("tools/call", Some("tools")),
            ("resources/templates/list", Some("resources")),
            ("resources/subscribe", Some("resources.subscribe")),
            ("prompts/get", Some("prompts")),
            ("logging/setLevel", Some("logging")),
            ("completion/complete", Some("completions")),
            ("ping", None),
            ("toolshed/open", None),
        ] {
            assert_eq!(none.missing_for(method), missing, "{method}");
        }
        let some = capabilities(json!({ "resources": { "subscribe": true }, "tools": {} }));
        assert_eq!(some.missing_for("resources/subscribe"), None);
        assert_eq!(some.missing_for("tools/list"), None);
    }
}
