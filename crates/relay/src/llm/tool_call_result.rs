//! Running tool calls that a model requests, and their results.

use futures_util::{StreamExt, stream};

use super::tool_call::ToolCall;
use crate::{
    call::{ServerTools, Tool},
    conversion::Provider,
    error::Error,
    tool_output::ToolOutput,
    user::Toolset,
    validation::Violation,
};

/// The maximum number of calls of one response that run concurrently.
const MAX_CONCURRENT: usize = 16;

/// A tool call that a model requested, with its result.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ToolCallResult {
    /// The call.
    pub call: ToolCall,
    /// The result. The application may replace it, for example after it has
    /// [resumed](crate::User::resume) the call.
    pub result: Result<ToolOutput, Error>,
}

impl ToolCallResult {
    /// Creates the result of a call that the application ran itself.
    pub fn new(call: ToolCall, result: Result<ToolOutput, Error>) -> Self {
        Self { call, result }
    }
}

impl Tool {
    /// Runs a call that a model requests.
    ///
    /// The arguments follow the schema that the provider got. They are first [converted to the
    /// schema of the tool](crate::ProviderSchema::decode_arguments).
    ///
    /// # Errors
    ///
    /// Returns [`Error::InvalidArguments`] if the arguments are not a JSON object. Otherwise,
    /// returns the errors of [`Tool::call`].
    pub async fn call_from_provider(
        &self,
        provider: Provider,
        call: &ToolCall,
    ) -> Result<ToolOutput, Error> {
        let arguments = self.schema_for(provider).decode_arguments(call.arguments.clone());
        if !arguments.is_object() {
            let (server, tool) = (self.server().to_owned(), self.definition().name.clone());
            let (path, message) = (String::new(), "expected a JSON object".to_owned());
            let violations = vec![Violation { path, message }];
            return Err(Error::InvalidArguments { server, tool, violations });
        }
        self.call(arguments).await
    }
}

/// Implements the calls for the tools of one server and of several servers.
macro_rules! calls {
    ($($tools:ty),+) => {$(
        impl $tools {
            /// Runs a call that a model requests; see [`Tool::call_from_provider`].
            ///
            /// # Errors
            ///
            /// Returns [`Error::UnknownTool`] if there is no such tool. Otherwise, returns the
            /// errors of [`Tool::call_from_provider`].
            pub async fn call_from_provider(
                &self,
                provider: Provider,
                call: &ToolCall,
            ) -> Result<ToolOutput, Error> {
                self.find(&call.name)?.call_from_provider(provider, call).await
            }

            /// Runs calls that a model requests, at most 16 concurrently. Returns their results in
            /// the order of the calls. The failure of one call does not affect the others.
            ///
            /// `provider` must be the provider of the definitions that the model got.
            /// [`Provider::tool_calls`] reads the calls from the response of a model.
            /// [`Provider::tool_results`] converts the results to messages.
            ///
            /// # Examples
            ///
            /// ```no_run
            /// use relay::Provider;
            /// use serde_json::json;
            ///
            /// # async fn send_to_anthropic(request: serde_json::Value) -> serde_json::Value { request }
            #[doc = concat!("# async fn run(tools: relay::", stringify!($tools), ") -> Result<(), relay::Error> {")]
            /// let provider = Provider::Anthropic;
            /// let mut messages = vec![json!({ "role": "user", "content": "What is new?" })];
            /// loop {
            ///     let request = json!({ "tools": tools.to_anthropic(), "messages": messages });
            ///     let response = send_to_anthropic(request).await;
            ///     messages.push(json!({ "role": "assistant", "content": response["content"] }));
            ///
            ///     let calls = provider.tool_calls(&response);
            ///     if calls.is_empty() {
            ///         break;
            ///     }
            ///     let results = tools.call_all(provider, calls).await;
            ///     messages.extend(provider.tool_results(&results)?);
            /// }
            /// # Ok(())
            /// # }
            /// ```
            pub async fn call_all(&self, provider: Provider, calls: Vec<ToolCall>) -> Vec<ToolCallResult> {
                let calls = calls.into_iter().map(async |call| {
                    let result = self.call_from_provider(provider, &call).await;
                    ToolCallResult { call, result }
                });
                stream::iter(calls).buffered(MAX_CONCURRENT).collect().await
            }
        }
    )+};
}

calls!(ServerTools, Toolset);

impl Error {
    /// Returns the error as the output of a failed tool, for the model.
    ///
    /// Returns `None` if only the application may see the error. This applies to
    /// [`Error::Authorization`], because the user can sign in, and to errors that are not about a
    /// call.
    ///
    /// The text is the message of the error, without its sources. It names the server and the tool,
    /// and helps the model to correct the call.
    pub fn to_tool_output(&self) -> Option<ToolOutput> {
        match self {
            Self::UnknownTool { .. }
            | Self::InvalidArguments { .. }
            | Self::InvalidOutput(_)
            | Self::ToolCall { .. }
            | Self::OutcomeUnknown { .. }
            | Self::Transport { .. } => {
                Some(ToolOutput { is_error: true, ..ToolOutput::from(self.to_string()) })
            }
            Self::Authorization(_) | Self::Configuration { .. } | Self::ToolDefinition { .. } => {
                None
            }
        }
    }
}
