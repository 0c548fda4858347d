//! The Chat Completions API of OpenAI.

use async_openai::types::chat::{
    ChatCompletionRequestMessage, ChatCompletionResponseMessage, ChatCompletionTools,
};
use relay::{Error, Provider, Tool, ToolCall, ToolCallResult};
use serde_json::json;

use crate::typed;

/// Returns the definitions of tools for a request.
///
/// ```no_run
/// # use async_openai::types::chat::ChatCompletionResponseMessage;
/// # async fn run(toolset: relay::Toolset, message: ChatCompletionResponseMessage)
/// # -> Result<(), relay::Error> {
/// use relay::Provider::OpenAiChat;
/// use relay_async_openai::chat;
///
/// let tools = chat::tools(toolset.iter());
/// // A request with these tools returns a response with this `message`.
/// let results = toolset.call_all(OpenAiChat, chat::calls(&message)).await;
/// let messages = chat::results(&results)?;
/// // The next request contains the message, and then these.
/// # Ok(())
/// # }
/// ```
pub fn tools(tools: impl IntoIterator<Item = Tool>) -> Vec<ChatCompletionTools> {
    typed(Provider::OpenAiChat.tool_definitions(tools))
}

/// Returns the definitions in strict mode. Make the calls with [`Provider::OpenAiChatStrict`].
pub fn strict_tools(tools: impl IntoIterator<Item = Tool>) -> Vec<ChatCompletionTools> {
    typed(Provider::OpenAiChatStrict.tool_definitions(tools))
}

/// Returns the tool calls in a model's message. Calls of custom tools are skipped.
pub fn calls(message: &ChatCompletionResponseMessage) -> Vec<ToolCall> {
    Provider::OpenAiChat.tool_calls(&json!({ "tool_calls": message.tool_calls }))
}

/// Returns the messages with the results of calls. Send them after the model's message. They are
/// text. The text names other content, such as images.
///
/// # Errors
///
/// Returns the errors that the application must handle, such as [`Error::Authorization`]. See
/// [`Provider::tool_results`].
pub fn results(results: &[ToolCallResult]) -> Result<Vec<ChatCompletionRequestMessage>, Error> {
    Provider::OpenAiChat.tool_results(results).map(typed)
}
