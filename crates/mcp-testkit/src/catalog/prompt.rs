//! Prompts.

use mcp_types::JsonObject;
use serde_json::{Value, json};

use super::{
    call_result::CallResult,
    entry::{Entry, EntryKind},
    step::{Step, StepContext},
};

/// A prompt, with its definition and the function that returns its messages.
///
/// ```
/// use mcp_testkit::{CallResult, TestPrompt};
/// use serde_json::json;
///
/// let review = TestPrompt::new("review", |args| {
///     let text = format!("Review this: {}", args["code"]);
///     let content = json!({ "type": "text", "text": text });
///     CallResult::messages([json!({ "role": "user", "content": content })])
/// })
/// .argument("code", true);
/// # let _ = review;
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct TestPrompt(pub(crate) Entry);

impl TestPrompt {
    /// Returns a prompt. The function creates its messages from the arguments, which are all
    /// strings.
    pub fn new(
        name: impl Into<String>,
        messages: impl Fn(&JsonObject) -> CallResult + Send + Sync + 'static,
    ) -> Self {
        Self::with_steps(name, move |context| messages(context.arguments()).into())
    }

    /// Returns a prompt that can send requests to the client before its result, like
    /// [`TestTool::with_steps`](crate::TestTool::with_steps).
    pub fn with_steps(
        name: impl Into<String>,
        handler: impl Fn(&StepContext) -> Step + Send + Sync + 'static,
    ) -> Self {
        Self(Entry::new(EntryKind::Prompt, name.into(), handler))
    }

    /// Adds an argument. If a request lacks a required argument, the server responds with an error.
    pub fn argument(mut self, name: impl Into<String>, required: bool) -> Self {
        let argument = json!({ "name": name.into(), "required": required });
        match self.0.definition.get_mut("arguments") {
            Some(Value::Array(arguments)) => arguments.push(argument),
            _ => return self.member("arguments", vec![argument]),
        }
        self
    }

    /// Sets any other member of the definition, such as `title` or `description`.
    pub fn member(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self(self.0.member(name, value))
    }
}
