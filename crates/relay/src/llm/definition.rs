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
    /// The definitions of tools, as the list of tools of a request. OpenAI and Anthropic call it
    /// `tools`, Bedrock `toolConfig.tools`; Gemini's `tools` has one entry, with all
    /// `functionDeclarations`. Most refuse an empty list: then leave it out.
    ///
    /// The same provider has to [read the calls](Self::tool_calls) of the model.
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
    /// The schema of the arguments as a provider takes it; kept for all who share the definition.
    pub fn schema_for(&self, provider: Provider) -> Arc<ProviderSchema> {
        self.entry().schemas.get(provider, self.input_schema())
    }

    /// The definition as the provider takes it, with the [schema](Self::schema_for) for it.
    ///
    /// - OpenAI's Chat Completions: an entry of `tools` (API reference, "Create chat completion").
    /// - Responses: the same, without `function` (API reference, "Create a model response").
    /// - Anthropic: an entry of `tools`, with `input_schema` (Claude docs, "Define tools").
    /// - Gemini: an entry of `functionDeclarations` (Gemini API reference, "FunctionDeclaration").
    /// - Bedrock: an entry of `toolConfig.tools` (API reference, "ToolSpecification").
    pub fn definition_for(&self, provider: Provider) -> Value {
        let schema = self.schema_for(provider);
        // A schema is JSON already, so that this does not fail.
        let schema = schema.schema().parse().unwrap_or_else(|_| json!({ "type": "object" }));
        definition(provider, self.name(), self.description(), schema)
    }
}

/// Implements the definitions for the tools of one server and of several servers.
macro_rules! definitions {
    ($($tools:ty),+) => {$(
        impl $tools {
            /// The list of tools for a request to a provider; see [`Provider::tool_definitions`].
            ///
            /// This is how to choose a strict mode, as [`Provider::OpenAiChatStrict`]: the model then
            /// keeps to the schema, which says less.
            pub fn definitions_for(&self, provider: Provider) -> Vec<Value> {
                provider.tool_definitions(self.iter())
            }

            /// `tools` of a request to OpenAI's Chat Completions, and to what speaks like it; for
            /// [`Provider::OpenAiChat`].
            pub fn to_openai(&self) -> Vec<Value> {
                self.definitions_for(Provider::OpenAiChat)
            }

            /// `tools` of a request to OpenAI's Responses; for [`Provider::OpenAiResponses`].
            pub fn to_openai_responses(&self) -> Vec<Value> {
                self.definitions_for(Provider::OpenAiResponses)
            }

            /// `tools` of a request to Anthropic's Messages; for [`Provider::Anthropic`].
            pub fn to_anthropic(&self) -> Vec<Value> {
                self.definitions_for(Provider::Anthropic)
            }

            /// `tools` of a request to Gemini's `generateContent`; for [`Provider::Gemini`].
            pub fn to_gemini(&self) -> Vec<Value> {
                self.definitions_for(Provider::Gemini)
            }

            /// `toolConfig.tools` of a request to Bedrock's Converse; for [`Provider::Bedrock`].
            pub fn to_bedrock(&self) -> Vec<Value> {
                self.definitions_for(Provider::Bedrock)
            }
        }
    )+};
}

definitions!(ServerTools, Toolset);

fn definition(provider: Provider, name: &str, description: &str, schema: Value) -> Value {
    let mut tool = json!({ "name": name });
    // Bedrock refuses an empty description.
    if !description.is_empty() {
        tool["description"] = json!(description);
    }
    let api = provider.api();
    // Responses is strict unless it is told not to be. What speaks like the others may not know the
    // word.
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
        // An object without members is refused: a function without parameters has none.
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
