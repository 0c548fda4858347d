//! Responses.

use async_openai::types::responses::{self, InputItem, OutputItem};
use relay::{Called, Error, ModelCall, Provider, Tool};
use serde_json::json;

use crate::typed;

/// The definitions of tools for a request.
///
/// ```no_run
/// # async fn run(toolset: relay::Toolset, response: async_openai::types::responses::Response)
/// # -> Result<(), relay::Error> {
/// use relay::Provider::OpenAiResponses;
/// use relay_async_openai::responses;
///
/// let tools = responses::tools(toolset.iter());
/// // A request with these tools gives this `response`.
/// let called = toolset.call_all(OpenAiResponses, responses::calls(&response.output)).await;
/// let input = responses::results(&called)?;
/// // The next request has `previous_response_id`, and this input.
/// # Ok(())
/// # }
/// ```
pub fn tools(tools: impl IntoIterator<Item = Tool>) -> Vec<responses::Tool> {
    typed(Provider::OpenAiResponses.definitions(tools))
}

/// The same in strict mode; calls are then made for [`Provider::OpenAiResponsesStrict`].
pub fn strict_tools(tools: impl IntoIterator<Item = Tool>) -> Vec<responses::Tool> {
    typed(Provider::OpenAiResponsesStrict.definitions(tools))
}

/// The calls that a model's output asks for.
pub fn calls(output: &[OutputItem]) -> Vec<ModelCall> {
    Provider::OpenAiResponses.calls(&json!({ "output": output }))
}

/// The results of calls as input of the next request: texts, images and PDF files.
///
/// # Errors
/// As [`Provider::results`]: what is for the application alone, such as that a user has to sign in.
pub fn results(called: &[Called]) -> Result<Vec<InputItem>, Error> {
    Provider::OpenAiResponses.results(called).map(typed)
}
