//! Prompts: message templates of a server for a model.

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

/// A prompt, ready for the model. All text is the server's own and untrusted.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct PromptResult {
    /// What it is for, in words for people.
    pub description: Option<String>,
    /// Its messages, in order.
    pub messages: Vec<PromptMessage>,
    /// `_meta`, as it was sent.
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
    /// The prompts of the server, all pages of the list. Which to use is the user's choice.
    ///
    /// # Errors
    /// [`Error::MissingCapability`] where the server has none, [`Error::ListLimitExceeded`] past a limit, else any
    /// [`Error`] of the exchange.
    pub async fn list_prompts(&self) -> Result<ListResult<Prompt>, Error> {
        self.list_all().await
    }

    /// The messages of a prompt.
    ///
    /// `arguments` is whatever serializes as a JSON object of texts; nothing (`()` or `None`) is
    /// an empty one.
    ///
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
    ///
    /// # Errors
    /// [`Error::InvalidParams`] where `arguments` is no object of texts, else any [`Error`] of the
    /// exchange. Servers answer with the code -32602 where they have no such prompt, or the
    /// prompt needs an argument that is missing.
    pub async fn get_prompt(
        &self,
        name: &str,
        arguments: impl Serialize,
    ) -> Result<PromptResult, Error> {
        let method = GetPromptRequest::NAME;
        let arguments: Option<BTreeMap<String, String>> = serde_json::to_value(arguments)
            .and_then(serde_json::from_value)
            .map_err(|error| Error::params(method, error))?;
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
    type Answer = OrInputRequired<GetPromptResult, InputRequiredResult>;
    let message = JsonRpcMessage::<Answer>::from_slice(message)?;
    Ok(message.map(|result| Outcome::from(result).map(PromptResult::from)))
}
