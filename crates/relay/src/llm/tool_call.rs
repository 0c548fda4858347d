//! A tool call that a model requests.

use serde_json::Value;

/// A tool call that a model requests.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ToolCall {
    /// The id that connects the result to the call. Empty if the provider sends none, which Gemini
    /// may do.
    pub id: String,
    /// The name of the tool that the model sees.
    pub name: String,
    /// The arguments from the model, which follow the [schema](crate::ProviderSchema) for its
    /// provider. If they are not valid JSON, this is a string with their text.
    pub arguments: Value,
}

impl ToolCall {
    /// Creates a call that other code read from a response, such as the library of the provider.
    pub fn new(id: impl Into<String>, name: impl Into<String>, arguments: Value) -> Self {
        Self { id: id.into(), name: name.into(), arguments }
    }
}
