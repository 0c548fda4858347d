//! The results of tools, prompts and resources.

use mcp_types::{ErrorObject, JsonObject};
use serde_json::{Value, json};

/// The result of a tool, a prompt or a resource. It can be a JSON-RPC error.
#[derive(Debug, Clone)]
#[must_use]
pub struct CallResult {
    outcome: Result<JsonObject, ErrorObject>,
}

impl CallResult {
    /// Returns a result with one text block.
    pub fn text(text: impl Into<String>) -> Self {
        Self::content([json!({ "type": "text", "text": text.into() })])
    }

    /// Returns a result with these content blocks. The list may be empty.
    pub fn content(blocks: impl IntoIterator<Item = Value>) -> Self {
        let blocks = blocks.into_iter().collect::<Vec<_>>();
        Self { outcome: Ok(JsonObject::new()) }.member("content", blocks)
    }

    /// Returns the result of a prompt: its messages (MCP prompts, "Getting a Prompt").
    pub fn messages(messages: impl IntoIterator<Item = Value>) -> Self {
        let messages = messages.into_iter().collect::<Vec<_>>();
        Self { outcome: Ok(JsonObject::new()) }.member("messages", messages)
    }

    /// Returns the contents of a resource, each with its URI (MCP resources, "Reading Resources").
    pub fn contents(contents: impl IntoIterator<Item = Value>) -> Self {
        let contents = contents.into_iter().collect::<Vec<_>>();
        Self { outcome: Ok(JsonObject::new()) }.member("contents", contents)
    }

    /// Returns a result with structured content, and the same JSON as a text block (MCP tools,
    /// "Structured Content").
    pub fn structured(content: Value) -> Self {
        Self::text(content.to_string()).member("structuredContent", content)
    }

    /// Returns the result of a tool that reports an error. It has `isError` and one text block.
    pub fn tool_error(text: impl Into<String>) -> Self {
        Self::text(text).member("isError", true)
    }

    /// Returns a JSON-RPC error instead of a result.
    pub fn rpc_error(code: i64, message: impl Into<String>) -> Self {
        Self { outcome: Err(ErrorObject { code, message: message.into(), data: None }) }
    }

    /// Sets a member of the result, such as `isError` or `_meta`. For a JSON-RPC error, only `data`
    /// can be set.
    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let (name, value) = (name.into(), value.into());
        match &mut self.outcome {
            Ok(result) => drop(result.insert(name, value)),
            Err(error) if name == "data" => error.data = Some(value),
            Err(_) => {}
        }
        self
    }
}

impl CallResult {
    pub(crate) fn into_outcome(self) -> Result<Value, ErrorObject> {
        self.outcome.map(Value::Object)
    }
}

impl From<ErrorObject> for CallResult {
    fn from(error: ErrorObject) -> Self {
        Self { outcome: Err(error) }
    }
}
