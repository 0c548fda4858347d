//! Tools: what they are called, and what they answer.

use std::{fmt, sync::Arc};

use mcp_types::{ErrorObject, JsonObject};
use serde_json::{Value, json};

/// A tool: its definition, and the closure that answers calls.
///
/// ```
/// use mcp_testkit::{CallAnswer, Tool};
/// use serde_json::{Value, json};
///
/// let schema = json!({
///     "type": "object",
///     "properties": { "a": { "type": "number" }, "b": { "type": "number" } },
///     "required": ["a", "b"],
/// });
/// let add = Tool::new("add", schema, |args| {
///     let number = |name| args.get(name).and_then(Value::as_f64);
///     match number("a").zip(number("b")) {
///         Some((a, b)) => CallAnswer::structured(json!({ "sum": a + b })),
///         None => CallAnswer::failure("a and b have to be numbers"),
///     }
/// })
/// .description("Adds two numbers")
/// .member("annotations", json!({ "readOnlyHint": true }));
/// # let _ = add;
/// ```
#[derive(Clone)]
#[must_use]
pub struct Tool {
    definition: JsonObject,
    handler: Arc<dyn Fn(&JsonObject) -> CallAnswer + Send + Sync>,
}

/// What a tool answers to a call: a result, or a JSON-RPC error.
#[derive(Debug, Clone)]
#[must_use]
pub struct CallAnswer {
    outcome: Result<JsonObject, ErrorObject>,
}

impl Tool {
    /// A tool that takes arguments as `input_schema` says; they are not validated against it.
    ///
    /// A call without arguments gives an empty object to `handler`.
    pub fn new(
        name: impl Into<String>,
        input_schema: Value,
        handler: impl Fn(&JsonObject) -> CallAnswer + Send + Sync + 'static,
    ) -> Self {
        Self { definition: JsonObject::new(), handler: Arc::new(handler) }
            .member("name", name.into())
            .member("inputSchema", input_schema)
    }

    /// Sets the title that people read.
    pub fn title(self, title: impl Into<String>) -> Self {
        self.member("title", title.into())
    }

    /// Sets the description that models read.
    pub fn description(self, description: impl Into<String>) -> Self {
        self.member("description", description.into())
    }

    /// Sets the schema of the structured content; answers are not validated against it.
    pub fn output_schema(self, schema: Value) -> Self {
        self.member("outputSchema", schema)
    }

    /// Sets any other member of the definition, such as `annotations` or `_meta`.
    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.definition.insert(name.into(), value.into());
        self
    }

    /// The definition as `tools/list` gives it.
    pub fn definition(&self) -> &JsonObject {
        &self.definition
    }

    pub(crate) fn call(&self, arguments: &JsonObject) -> Result<Value, ErrorObject> {
        (self.handler)(arguments).outcome.map(Value::Object)
    }

    pub(crate) fn name(&self) -> Option<&Value> {
        self.definition.get("name")
    }
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

impl From<ErrorObject> for CallAnswer {
    fn from(error: ErrorObject) -> Self {
        Self { outcome: Err(error) }
    }
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tool").field("definition", &self.definition).finish_non_exhaustive()
    }
}
