//! Completion: suggestions for an argument that a user is entering.

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

/// The maximum number of suggestions (MCP server/utilities/completion, "Completion Results").
const MAX_VALUES: usize = 100;

/// A request for completion of an argument. Send it with [`Client::complete`].
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
    /// Creates a request for an argument of a prompt. `typed` is its value so far.
    pub fn for_prompt(
        prompt: impl Into<String>,
        argument: impl Into<String>,
        typed: impl Into<String>,
    ) -> Self {
        Self::new(CompletionReference::Prompt(PromptReference::new(prompt)), argument, typed)
    }

    /// Creates a request for a variable of a resource template, which is named by its
    /// `uriTemplate`. `typed` is the value so far.
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

    /// Adds an argument or variable that already has its final value. The server may use it to
    /// narrow the suggestions.
    pub fn with_argument(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let context = self.context.get_or_insert_default();
        let arguments = context.arguments.get_or_insert_with(BTreeMap::new);
        arguments.insert(name.into(), value.into());
        self
    }
}

/// # Completion
impl Client {
    /// Returns the server's suggestions for an argument. At most 100 values.
    ///
    /// Call this while a user enters a value, but not for every keystroke.
    ///
    /// # Errors
    /// Returns [`Error::MissingCapability`] if the server does not support completion. Returns any
    /// other [`Error`] if the request fails.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn run(client: mcp_client::Client) -> Result<(), mcp_client::Error> {
    /// use mcp_client::CompletionRequest;
    ///
    /// let request = CompletionRequest::for_prompt("review", "framework", "to")
    ///     .with_argument("language", "Rust");
    /// let completion = client.complete(&request).await?;
    /// println!("{:?}", completion.values);
    /// # Ok(())
    /// # }
    /// ```
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
