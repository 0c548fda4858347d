//! Completion: suggestions for an argument that a user is typing.

use std::collections::BTreeMap;

use mcp_types::{
    Method,
    v2026_07_28::{
        CompleteRequest, CompleteResult, Completion, CompletionArgument, CompletionContext,
        CompletionReference, PromptReference, ResourceTemplateReference,
    },
};
use serde::Serialize;

use super::client::Client;
use crate::{error::Error, result::decode_result};

/// How many suggestions come at once (MCP server/utilities/completion, "Completion Results").
const MAX_VALUES: usize = 100;

/// An argument that is being typed; see [`Client::complete`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct CompletionRequest {
    #[serde(rename = "ref")]
    reference: CompletionReference,
    argument: CompletionArgument,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<CompletionContext>,
}

impl CompletionRequest {
    /// An argument of a prompt, and what is typed of it so far.
    pub fn for_prompt(
        prompt: impl Into<String>,
        argument: impl Into<String>,
        typed: impl Into<String>,
    ) -> Self {
        Self::new(CompletionReference::Prompt(PromptReference::new(prompt)), argument, typed)
    }

    /// A variable of a template of resources, named by its `uriTemplate`, and what is typed of it
    /// so far.
    pub fn for_resource_template(
        template: impl Into<String>,
        variable: impl Into<String>,
        typed: impl Into<String>,
    ) -> Self {
        let reference = ResourceTemplateReference::new(template);
        Self::new(CompletionReference::Resource(reference), variable, typed)
    }

    fn new(
        reference: CompletionReference,
        argument: impl Into<String>,
        typed: impl Into<String>,
    ) -> Self {
        Self { reference, argument: CompletionArgument::new(argument, typed), context: None }
    }

    /// Adds an argument or variable that is settled and may narrow the suggestions.
    pub fn with_argument(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let context = self.context.get_or_insert_default();
        let settled = context.arguments.get_or_insert_with(BTreeMap::new);
        settled.insert(name.into(), value.into());
        self
    }
}

/// # Completion
impl Client {
    /// What the server suggests for an argument; 100 values at most.
    ///
    /// It is meant to be asked while someone types, though not at every stroke.
    ///
    /// ```no_run
    /// # async fn run(client: mcp_client::Client) -> Result<(), mcp_client::Error> {
    /// use mcp_client::CompletionRequest;
    ///
    /// let framework = CompletionRequest::for_prompt("review", "framework", "to").with_argument("language", "Rust");
    /// println!("{:?}", client.complete(&framework).await?.values);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::MissingCapability`] where the server does not suggest anything, else any [`Error`] of the
    /// exchange.
    pub async fn complete(&self, argument: &CompletionRequest) -> Result<Completion, Error> {
        let decode = decode_result::<CompleteResult>;
        let (result, _) = self.call_method(CompleteRequest::NAME, None, argument, &decode).await?;
        let mut completion = result.completion;
        if completion.values.len() > MAX_VALUES {
            completion.values.truncate(MAX_VALUES);
            completion.has_more = Some(true);
        }
        Ok(completion)
    }
}
