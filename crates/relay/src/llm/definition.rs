//! Tool definitions in the format of each provider.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::api::Api;
use crate::{
    call::{ServerTools, Tool},
    conversion::{Provider, ProviderSchema},
    user::Toolset,
};

impl Provider {
    /// Returns the tool definitions for a request to this provider.
    ///
    /// The list is `tools` for OpenAI and Anthropic, and `toolConfig.tools` for Bedrock. For
    /// Gemini, it is also `tools`, with one entry that contains all `functionDeclarations`. If the
    /// list is empty, leave it out, because most providers reject an empty list.
    ///
    /// Use the same `Provider` to [read the calls](Self::tool_calls) of the model.
    pub fn tool_definitions(self, tools: impl IntoIterator<Item = Tool>) -> Vec<Value> {
        let definitions: Vec<_> = tools.into_iter().map(|tool| tool.definition_for(self)).collect();
        match self.api() {
            Api::GenerateContent if !definitions.is_empty() => {
                vec![json!({ "functionDeclarations": definitions })]
            }
            _ => definitions,
        }
    }
}

impl Tool {
    /// Returns the schema of the arguments, converted to a schema that the provider accepts.
    ///
    /// The schema is cached. All users who share the tool definition share it.
    pub fn schema_for(&self, provider: Provider) -> Arc<ProviderSchema> {
        self.entry().schemas.get(provider, self.input_schema())
    }

    /// Returns the tool definition in the format of the provider, with the converted
    /// [schema](Self::schema_for).
    ///
    /// - OpenAI's Chat Completions: an entry of `tools` (API reference, "Create chat completion").
    /// - OpenAI's Responses: the same, without `function` (API reference, "Create a model
    ///   response").
    /// - Anthropic: an entry of `tools`, with `input_schema` (Claude docs, "Define tools").
    /// - Gemini: an entry of `functionDeclarations` (Gemini API reference, "FunctionDeclaration").
    /// - Bedrock: an entry of `toolConfig.tools` (API reference, "ToolSpecification").
    pub fn definition_for(&self, provider: Provider) -> Value {
        let schema = self.schema_for(provider);
        // The schema is valid JSON, so this cannot fail.
        let schema = schema.schema().parse().unwrap_or_else(|_| json!({ "type": "object" }));
        definition(provider, self.name(), self.description(), schema)
    }
}

/// Implements the definitions for the tools of one server and of several servers.
macro_rules! definitions {
    ($($tools:ty),+) => {$(
        impl $tools {
            /// Returns the tool definitions for a request to a provider; see
            /// [`Provider::tool_definitions`].
            ///
            /// Use it to choose a strict mode, such as [`Provider::OpenAiChatStrict`]. In a strict
            /// mode, the model always follows the schema, but the schema can express less.
            pub fn definitions_for(&self, provider: Provider) -> Vec<Value> {
                provider.tool_definitions(self.iter())
            }

            /// Returns the `tools` of a request to OpenAI's Chat Completions or a compatible API,
            /// for [`Provider::OpenAiChat`].
            pub fn to_openai(&self) -> Vec<Value> {
                self.definitions_for(Provider::OpenAiChat)
            }

            /// Returns the `tools` of a request to OpenAI's Responses, for
            /// [`Provider::OpenAiResponses`].
            pub fn to_openai_responses(&self) -> Vec<Value> {
                self.definitions_for(Provider::OpenAiResponses)
            }

            /// Returns the `tools` of a request to Anthropic's Messages, for
            /// [`Provider::Anthropic`].
            pub fn to_anthropic(&self) -> Vec<Value> {
                self.definitions_for(Provider::Anthropic)
            }

            /// Returns the `tools` of a request to Gemini's `generateContent`, for
            /// [`Provider::Gemini`].
            pub fn to_gemini(&self) -> Vec<Value> {
                self.definitions_for(Provider::Gemini)
            }

            /// Returns the `toolConfig.tools` of a request to Bedrock's Converse, for
            /// [`Provider::Bedrock`].
            pub fn to_bedrock(&self) -> Vec<Value> {
                self.definitions_for(Provider::Bedrock)
            }
        }
    )+};
}

definitions!(ServerTools, Toolset);

fn definition(provider: Provider, name: &str, description: &str, schema: Value) -> Value {
    let mut tool = json!({ "name": name });
    // Bedrock rejects an empty description.
    if !description.is_empty() {
        tool["description"] = json!(description);
    }
    let api = provider.api();
    // Responses is strict by default. APIs that are compatible with the others may not know the
    // member.
    if provider.is_strict() || api == Api::Responses {
        tool["strict"] = json!(provider.is_strict());
    }
    match api {
        Api::Chat => {
            tool["parameters"] = schema;
            return json!({ "type": "function", "function": tool });
        }
        Api::Responses => {
            tool["type"] = json!("function");
            tool["parameters"] = schema;
        }
        Api::Messages => tool["input_schema"] = schema,
        // Gemini rejects an object schema without properties. A function without parameters has no
        // schema.
        Api::GenerateContent if schema["properties"].as_object().is_none_or(Map::is_empty) => {}
        Api::GenerateContent if provider == Provider::GeminiJsonSchema => {
            tool["parametersJsonSchema"] = schema;
        }
        Api::GenerateContent => tool["parameters"] = schema,
        Api::Converse => {
            tool["inputSchema"] = json!({ "json": schema });
            return json!({ "toolSpec": tool });
        }
    }
    tool
}
