//! The Responses API of OpenAI.

use async_openai::types::responses::{self, InputItem, OutputItem};
use relay::{Error, Provider, Tool, ToolCall, ToolCallResult};
use serde_json::json;

use crate::typed;

/// Returns the definitions of tools for a request.
///
/// ```no_run
/// # async fn run(toolset: relay::Toolset, response: async_openai::types::responses::Response)
/// # -> Result<(), relay::Error> {
/// use relay::Provider::OpenAiResponses;
/// use relay_async_openai::responses;
///
/// let tools = responses::tools(toolset.iter());
/// // A request with these tools returns this `response`.
/// let results = toolset.call_all(OpenAiResponses, responses::calls(&response.output)).await;
/// let input = responses::results(&results)?;
/// // The next request has `previous_response_id` and this input.
/// # Ok(())
/// # }
/// ```
pub fn tools(tools: impl IntoIterator<Item = Tool>) -> Vec<responses::Tool> {
    typed(Provider::OpenAiResponses.tool_definitions(tools))
}

/// Returns the definitions in strict mode. Make the calls with [`Provider::OpenAiResponsesStrict`].
pub fn strict_tools(tools: impl IntoIterator<Item = Tool>) -> Vec<responses::Tool> {
    typed(Provider::OpenAiResponsesStrict.tool_definitions(tools))
}

/// Returns the tool calls in a model's output.
pub fn calls(output: &[OutputItem]) -> Vec<ToolCall> {
    Provider::OpenAiResponses.tool_calls(&json!({ "output": output }))
}

/// Returns the results of calls as input of the next request: text, images and PDF files.
///
/// # Errors
///
/// Returns the errors that the application must handle, such as [`Error::Authorization`]. See
/// [`Provider::tool_results`].
pub fn results(results: &[ToolCallResult]) -> Result<Vec<InputItem>, Error> {
    Provider::OpenAiResponses.tool_results(results).map(typed)
}
