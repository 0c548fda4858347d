//! The providers of models.

/// A provider of models, by the interface that takes the tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Provider {
    /// OpenAI's Chat Completions, and what speaks like it.
    OpenAiChat,
    /// The same with `strict`: the model keeps to the schema, which says less.
    OpenAiChatStrict,
    /// OpenAI's Responses.
    OpenAiResponses,
    /// The same with `strict`.
    OpenAiResponsesStrict,
    /// Anthropic's Messages.
    Anthropic,
    /// The same with `strict`: the model keeps to the schema, which says less.
    AnthropicStrict,
    /// Gemini's `generateContent`, with schemas as `parameters`, which every version takes.
    Gemini,
    /// The same with `parametersJsonSchema`, which says more.
    GeminiJsonSchema,
    /// Bedrock's Converse.
    Bedrock,
}

impl Provider {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::OpenAiChat,
        Self::OpenAiChatStrict,
        Self::OpenAiResponses,
        Self::OpenAiResponsesStrict,
        Self::Anthropic,
        Self::AnthropicStrict,
        Self::Gemini,
        Self::GeminiJsonSchema,
        Self::Bedrock,
    ];
}
