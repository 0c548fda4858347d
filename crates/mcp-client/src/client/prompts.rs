//! Prompts: message templates that a server provides.

use std::collections::BTreeMap;

use mcp_types::{
    JsonObject, JsonRpcMessage, Method, OrInputRequired,
    v2026_07_28::{GetPromptRequest, GetPromptResult, InputRequiredResult, Prompt, PromptMessage},
};
use serde::Serialize;

use super::client::Client;
use crate::{
    error::Error,
    result::{ListResult, Outcome, meta_to_object},
};

/// A prompt with its arguments filled in. All text comes from the server and is untrusted.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct PromptResult {
    /// A description of the prompt, for display.
    pub description: Option<String>,
    /// The messages, in order.
    pub messages: Vec<PromptMessage>,
    /// The `_meta` object, as the server sent it.
    pub meta: Option<JsonObject>,
}

impl From<GetPromptResult> for PromptResult {
    fn from(result: GetPromptResult) -> Self {
        let GetPromptResult { description, messages, meta, .. } = result;
        Self { description, messages, meta: meta.map(meta_to_object) }
    }
}

/// # Prompts
impl Client {
    /// Returns the server's prompts, from all pages of the list. The user should choose which
    /// prompt to use.
    ///
    /// # Errors
    /// Returns [`Error::MissingCapability`] if the server has no prompts, and
    /// [`Error::ListLimitExceeded`] if the list exceeds a limit. Returns any other [`Error`] if a
    /// request fails.
    pub async fn list_prompts(&self) -> Result<ListResult<Prompt>, Error> {
        self.list_all().await
    }

    /// Returns the messages of a prompt.
    ///
    /// `arguments` is a value that serializes as a JSON object of strings. `()` and `None` stand
    /// for an empty object.
    ///
    /// # Errors
    /// Returns [`Error::InvalidParams`] if `arguments` is not an object of strings. Returns any
    /// other [`Error`] if the request fails. Servers respond with code -32602 if the prompt does
    /// not exist or a required argument is missing.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn run(client: mcp_client::Client) -> Result<(), mcp_client::Error> {
    /// use serde_json::json;
    ///
    /// let prompt = client.get_prompt("review", json!({ "language": "Rust" })).await?;
    /// for message in prompt.messages {
    ///     println!("{}: {:?}", message.role, message.content);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get_prompt(
        &self,
        name: &str,
        arguments: impl Serialize,
    ) -> Result<PromptResult, Error> {
        let method = GetPromptRequest::NAME;
        let arguments: Option<BTreeMap<String, String>> = serde_json::to_value(arguments)
            .and_then(serde_json::from_value)
            .map_err(|error| Error::invalid_params(method, error))?;
        let params = GetPrompt { name, arguments: arguments.unwrap_or_default() };
        let (result, _) = self.call_method(method, Some(name), &params, &decode).await?;
        Ok(result)
    }
}

#[derive(Serialize)]
struct GetPrompt<'a> {
    name: &'a str,
    arguments: BTreeMap<String, String>,
}

fn decode(message: &[u8]) -> serde_json::Result<JsonRpcMessage<Outcome<PromptResult>>> {
    type WireResult = OrInputRequired<GetPromptResult, InputRequiredResult>;
    let message = JsonRpcMessage::<WireResult>::from_slice(message)?;
    Ok(message.map(|result| Outcome::from(result).map(PromptResult::from)))
}
