//! Chat Completions.

use async_openai::types::chat::{
    ChatCompletionRequestMessage, ChatCompletionResponseMessage, ChatCompletionTools,
};
use relay::{Called, Error, ModelCall, Provider, Tool};
use serde_json::json;

use crate::typed;

/// The definitions of tools for a request.
///
/// ```no_run
/// # async fn run(toolset: relay::Toolset, message: async_openai::types::chat::ChatCompletionResponseMessage)
/// # -> Result<(), relay::Error> {
/// use relay::Provider::OpenAiChat;
/// use relay_async_openai::chat;
///
/// let tools = chat::tools(toolset.iter());
/// // A request with these tools gives a response with this `message`.
/// let called = toolset.call_all(OpenAiChat, chat::calls(&message)).await;
/// let messages = chat::results(&called)?;
/// // The next request has the message, and then these.
/// # Ok(())
/// # }
/// ```
pub fn tools(tools: impl IntoIterator<Item = Tool>) -> Vec<ChatCompletionTools> {
    typed(Provider::OpenAiChat.definitions(tools))
}

/// The same in strict mode; calls are then made for [`Provider::OpenAiChatStrict`].
pub fn strict_tools(tools: impl IntoIterator<Item = Tool>) -> Vec<ChatCompletionTools> {
    typed(Provider::OpenAiChatStrict.definitions(tools))
}

/// The calls that a model's message asks for. Custom tools are not Relay's.
pub fn calls(message: &ChatCompletionResponseMessage) -> Vec<ModelCall> {
    Provider::OpenAiChat.calls(&json!({ "tool_calls": message.tool_calls }))
}

/// The messages with the results of calls, to follow the model's message. They are texts, which name
/// what else there was.
///
/// # Errors
/// As [`Provider::results`]: what is for the application alone, such as that a user has to sign in.
pub fn results(called: &[Called]) -> Result<Vec<ChatCompletionRequestMessage>, Error> {
    Provider::OpenAiChat.results(called).map(typed)
}
