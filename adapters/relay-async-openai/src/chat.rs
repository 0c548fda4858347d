//! The Chat Completions API of OpenAI.

use async_openai::types::chat::{
    ChatCompletionRequestMessage, ChatCompletionResponseMessage, ChatCompletionTools,
};
use relay::{ToolCallResult, Error, ToolCall, Provider, Tool};
use serde_json::json;

use crate::typed;

/// Returns the definitions of tools for a request.
///
/// ```no_run
/// # async fn run(toolset: relay::Toolset, message:
/// async_openai::types::chat::ChatCompletionResponseMessage)
/// # -> Result<(), relay::Error> {
/// use relay::Provider::OpenAiChat;
/// use relay_async_openai::chat;
///
/// let tools = chat::tools(toolset.iter());
/// // A request with these tools returns a response with this `message`.
/// let called = toolset.call_all(OpenAiChat, chat::calls(&message)).await;
/// let messages = chat::results(&called)?;
/// // The next request contains the message, and then these.
/// # Ok(())
/// # }
/// ```
pub fn tools(tools: impl IntoIterator<Item = Tool>) -> Vec<ChatCompletionTools> {
    typed(Provider::OpenAiChat.definitions(tools))
}

/// Returns the definitions in strict mode. Make the calls with [`Provider::OpenAiChatStrict`].
pub fn strict_tools(tools: impl IntoIterator<Item = Tool>) -> Vec<ChatCompletionTools> {
    typed(Provider::OpenAiChatStrict.definitions(tools))
}

/// Returns the tool calls in a model's message. Calls of custom tools are skipped.
pub fn calls(message: &ChatCompletionResponseMessage) -> Vec<ToolCall> {
    Provider::OpenAiChat.calls(&json!({ "tool_calls": message.tool_calls }))
}

/// Returns the messages with the results of calls. Send them after the model's message. They are
/// text; other content is named in the text.
///
/// # Errors Returns the errors of [`Provider::results`]: those that the application must handle,
/// such as that the user must sign in.
pub fn results(called: &[ToolCallResult]) -> Result<Vec<ChatCompletionRequestMessage>, Error> {
    Provider::OpenAiChat.results(called).map(typed)
}
