//! The APIs of LLM providers, which have different message formats.

use crate::conversion::Provider;

/// The message format of a provider, independent of the schemas that it accepts.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Api {
    /// OpenAI's Chat Completions.
    Chat,
    /// OpenAI's Responses.
    Responses,
    /// Anthropic's Messages.
    Messages,
    /// Gemini's `generateContent`.
    GenerateContent,
    /// Bedrock's Converse.
    Converse,
}

impl Provider {
    pub(super) fn api(self) -> Api {
        match self {
            Self::OpenAiChat | Self::OpenAiChatStrict => Api::Chat,
            Self::OpenAiResponses | Self::OpenAiResponsesStrict => Api::Responses,
            Self::Anthropic | Self::AnthropicStrict => Api::Messages,
            Self::Gemini | Self::GeminiJsonSchema => Api::GenerateContent,
            Self::Bedrock | Self::BedrockStrict => Api::Converse,
        }
    }

    /// Returns whether the provider forces the model to follow the schema.
    pub(super) fn is_strict(self) -> bool {
        matches!(
            self,
            Self::OpenAiChatStrict
                | Self::OpenAiResponsesStrict
                | Self::AnthropicStrict
                | Self::BedrockStrict
        )
    }
}
