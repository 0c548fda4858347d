//! The results of tools, prompts and resources.

use mcp_types::{ErrorObject, JsonObject};
use serde_json::{Value, json};

/// What a tool answers to a call, and a prompt or a resource to a request: a result, or a JSON-RPC
/// error.
#[derive(Debug, Clone)]
#[must_use]
pub struct CallAnswer {
    outcome: Result<JsonObject, ErrorObject>,
}

impl CallAnswer {
    /// A result with one block of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::content([json!({ "type": "text", "text": text.into() })])
    }

    /// A result with these content blocks, which may be none.
    pub fn content(blocks: impl IntoIterator<Item = Value>) -> Self {
        let blocks = blocks.into_iter().collect::<Vec<_>>();
        Self { outcome: Ok(JsonObject::new()) }.member("content", blocks)
    }

    /// The result of a prompt: its messages (MCP prompts, "Getting a Prompt").
    pub fn messages(messages: impl IntoIterator<Item = Value>) -> Self {
        let messages = messages.into_iter().collect::<Vec<_>>();
        Self { outcome: Ok(JsonObject::new()) }.member("messages", messages)
    }

    /// The contents of a resource, each with its URI (MCP resources, "Reading Resources").
    pub fn contents(contents: impl IntoIterator<Item = Value>) -> Self {
        let contents = contents.into_iter().collect::<Vec<_>>();
        Self { outcome: Ok(JsonObject::new()) }.member("contents", contents)
    }

    /// A result with structured content, and the same as text (MCP tools, "Structured Content").
    pub fn structured(content: Value) -> Self {
        Self::text(content.to_string()).member("structuredContent", content)
    }

    /// A failure of the tool itself: a result with `isError` and one block of text.
    pub fn failure(text: impl Into<String>) -> Self {
        Self::text(text).member("isError", true)
    }

    /// A JSON-RPC error in place of a result.
    pub fn error(code: i64, message: impl Into<String>) -> Self {
        Self { outcome: Err(ErrorObject { code, message: message.into(), data: None }) }
    }

    /// Sets a member of the result, such as `isError` or `_meta`, or of the error, if it is `data`.
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

impl CallAnswer {
    pub(crate) fn into_outcome(self) -> Result<Value, ErrorObject> {
        self.outcome.map(Value::Object)
    }
}

impl From<ErrorObject> for CallAnswer {
    fn from(error: ErrorObject) -> Self {
        Self { outcome: Err(error) }
    }
}
