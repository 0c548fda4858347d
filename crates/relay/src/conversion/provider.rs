//! The LLM providers and their APIs.

/// An LLM provider API that takes tool definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Provider {
    /// The OpenAI Chat Completions API, and compatible APIs of other providers.
    OpenAiChat,
    /// The OpenAI Chat Completions API with `strict`. The model always follows the schema, but the
    /// schema supports fewer keywords.
    OpenAiChatStrict,
    /// The OpenAI Responses API.
    OpenAiResponses,
    /// The OpenAI Responses API with `strict`. See [`Provider::OpenAiChatStrict`].
    OpenAiResponsesStrict,
    /// The Anthropic Messages API.
    Anthropic,
    /// The Anthropic Messages API with `strict`. The model always follows the schema, but the schema
    /// supports fewer keywords.
    AnthropicStrict,
    /// Gemini's `generateContent` with schemas as `parameters`. Every version of the API takes them.
    Gemini,
    /// Gemini's `generateContent` with schemas as `parametersJsonSchema`, which supports more
    /// keywords.
    GeminiJsonSchema,
    /// The Converse API of Amazon Bedrock.
    Bedrock,
    /// The Converse API of Amazon Bedrock with `strict`. See [`Provider::AnthropicStrict`].
    BedrockStrict,
}

impl Provider {
    /// A list of all providers.
    pub const ALL: [Self; 10] = [
        Self::OpenAiChat,
        Self::OpenAiChatStrict,
        Self::OpenAiResponses,
        Self::OpenAiResponsesStrict,
        Self::Anthropic,
        Self::AnthropicStrict,
        Self::Gemini,
        Self::GeminiJsonSchema,
        Self::Bedrock,
        Self::BedrockStrict,
    ];
}
