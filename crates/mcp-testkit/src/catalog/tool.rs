//! Tools.

use mcp_types::JsonObject;
use serde_json::Value;

use super::{
    call_result::CallResult,
    entry::{Entry, EntryKind},
    step::{Step, StepContext},
};

/// A tool, with its definition and the function that handles calls.
///
/// ```
/// use mcp_testkit::{CallResult, TestTool};
/// use serde_json::{Value, json};
///
/// let schema = json!({
///     "type": "object",
///     "properties": { "a": { "type": "number" }, "b": { "type": "number" } },
///     "required": ["a", "b"],
/// });
/// let add = TestTool::new("add", schema, |args| {
///     let number = |name| args.get(name).and_then(Value::as_f64);
///     match number("a").zip(number("b")) {
///         Some((a, b)) => CallResult::structured(json!({ "sum": a + b })),
///         None => CallResult::tool_error("a and b must be numbers"),
///     }
/// })
/// .description("Adds two numbers")
/// .member("annotations", json!({ "readOnlyHint": true }));
/// # let _ = add;
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct TestTool(pub(crate) Entry);

impl TestTool {
    /// Returns a tool with this input schema. The server does not validate arguments against it.
    ///
    /// If a call has no arguments, `handler` receives an empty object.
    pub fn new(
        name: impl Into<String>,
        input_schema: Value,
        handler: impl Fn(&JsonObject) -> CallResult + Send + Sync + 'static,
    ) -> Self {
        let handler = move |context: &StepContext| handler(context.arguments()).into();
        Self::with_steps(name, input_schema, handler)
    }

    /// Returns a tool that can send requests and notifications to the client before its result.
    ///
    /// `handler` runs once in each round. It receives the client's responses from all earlier
    /// rounds. It works the same in stateful and stateless protocol versions.
    ///
    /// ```
    /// use mcp_testkit::{ServerRequest, CallResult, TestTool, Step};
    /// use serde_json::json;
    ///
    /// let schema = json!({ "type": "object" });
    /// let greet = TestTool::with_steps("greet", schema, |context| match context.response("name") {
    ///     None => {
    ///         let form = json!({ "type": "object", "properties": { "name": { "type": "string" } } });
    ///         Step::request("name", ServerRequest::form("Who are you?", form)).progress(0.5)
    ///     }
    ///     Some(response) if response["action"] == "accept" => {
    ///         CallResult::text(format!("Hello, {}!", response["content"]["name"])).into()
    ///     }
    ///     Some(_) => CallResult::tool_error("The user declined.").into(),
    /// });
    /// # let _ = greet;
    /// ```
    pub fn with_steps(
        name: impl Into<String>,
        input_schema: Value,
        handler: impl Fn(&StepContext) -> Step + Send + Sync + 'static,
    ) -> Self {
        Self(Entry::new(EntryKind::Tool, name.into(), handler)).member("inputSchema", input_schema)
    }

    /// Sets the title for users.
    pub fn title(self, title: impl Into<String>) -> Self {
        self.member("title", title.into())
    }

    /// Sets the description for models.
    pub fn description(self, description: impl Into<String>) -> Self {
        self.member("description", description.into())
    }

    /// Sets the output schema. The server does not validate results against it.
    pub fn output_schema(self, schema: Value) -> Self {
        self.member("outputSchema", schema)
    }

    /// Sets any other member of the definition, such as `annotations` or `_meta`.
    pub fn member(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self(self.0.member(name, value))
    }

    /// Returns the definition as `tools/list` returns it.
    pub fn definition(&self) -> &JsonObject {
        &self.0.definition
    }
}
