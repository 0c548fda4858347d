//! The schema of a tool's arguments as each provider of models takes it, and the way back.
//!
//! What a provider takes as it is, is left alone (`as_is`). Anything else is read into a normal form
//! (`read`, `normal`), in which a schema is a union of alternatives of one type each: there `allOf`,
//! `enum` and all that stands side by side is the intersection of two of them (`both`), and whether a
//! value fits can be told (`judge`). From it a schema is made that the provider's `rules` can say
//! (`write`, `structure`, `listed`), in the normal form as well, and printed (`print`). What that
//! changes goes into the report (`change`); what has to be undone in the arguments that a model then
//! gives is the way back (`back`), made together with the schema, so that the two cannot disagree.
//!
//! Servers write these schemas. Reading and writing take from a budget that counts schemas, values and
//! text; where it is used up, the arguments are one text of JSON.

mod as_is;
mod back;
mod both;
mod change;
mod describe;
mod judge;
mod limits;
mod listed;
mod normal;
mod number;
mod print;
mod read;
mod rules;
mod schema;
mod structure;
mod write;

pub(crate) use self::schema::Schemas;
pub use self::{
    change::{Change, Effect},
    schema::ProviderSchema,
};

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
