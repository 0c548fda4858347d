//! A tool call that a model asks for.

use serde_json::Value;

/// A call of a tool that a model asks for.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ToolCall {
    /// What ties the result to the call; empty where the provider gives none, as Gemini may.
    pub id: String,
    /// The tool, by the name that the model sees.
    pub name: String,
    /// The arguments as the model gives them, by the [schema](crate::ProviderSchema) for its
    /// provider. Where they are no JSON, they are a text.
    pub arguments: Value,
}

impl ToolCall {
    /// A call that was read elsewhere, as by the library that speaks with the provider.
    pub fn new(id: impl Into<String>, name: impl Into<String>, arguments: Value) -> Self {
        Self { id: id.into(), name: name.into(), arguments }
    }
}
