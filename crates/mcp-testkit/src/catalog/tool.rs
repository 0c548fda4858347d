//! Tools: what they are called, and what they answer.

use mcp_types::{ErrorObject, JsonObject};
use serde_json::{Value, json};

use super::{
    entry::{Entry, Kind},
    step::{Round, Turn},
};

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
#[derive(Debug, Clone)]
#[must_use]
pub struct Tool(pub(crate) Entry);

/// What a tool answers to a call, and a prompt or a resource to a request: a result, or a JSON-RPC
/// error.
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
        let steps = move |round: &Round| handler(round.arguments()).into();
        Self::asking(name, input_schema, steps)
    }

    /// A tool that may ask its client, and tell it things, before it answers.
    ///
    /// `steps` is called once for each round, with the answers of all earlier ones: it is the same
    /// in both eras of the protocol.
    ///
    /// ```
    /// use mcp_testkit::{Ask, CallAnswer, Tool, Turn};
    /// use serde_json::json;
    ///
    /// let schema = json!({ "type": "object" });
    /// let greet = Tool::asking("greet", schema, |round| match round.answer("name") {
    ///     None => {
    ///         let form = json!({ "type": "object", "properties": { "name": { "type": "string" } } });
    ///         Turn::ask("name", Ask::form("Who are you?", form)).progress(0.5)
    ///     }
    ///     Some(answer) if answer["action"] == "accept" => {
    ///         CallAnswer::text(format!("Hello, {}!", answer["content"]["name"])).into()
    ///     }
    ///     Some(_) => CallAnswer::failure("Then not.").into(),
    /// });
    /// # let _ = greet;
    /// ```
    pub fn asking(
        name: impl Into<String>,
        input_schema: Value,
        steps: impl Fn(&Round) -> Turn + Send + Sync + 'static,
    ) -> Self {
        Self(Entry::new(Kind::Tool, name.into(), steps)).member("inputSchema", input_schema)
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
    pub fn member(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self(self.0.member(name, value))
    }

    /// The definition as `tools/list` gives it.
    pub fn definition(&self) -> &JsonObject {
        &self.0.definition
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
