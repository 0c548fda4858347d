//! Tool calls that a model asks for, and their results.

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

/// The most calls of one answer that run at the same time.
const MAX_CONCURRENT: usize = 16;

/// A call that a model asked for, and what became of it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ToolCallResult {
    /// What the model asked for.
    pub call: ToolCall,
    /// What came of it. The application may put another outcome here, as of a call that it has
    /// [resumed](crate::User::resume).
    pub result: Result<ToolOutput, Error>,
}

impl ToolCallResult {
    /// A call that was made otherwise, as of a tool of the application's own.
    pub fn new(call: ToolCall, outcome: Result<ToolOutput, Error>) -> Self {
        Self { call, result: outcome }
    }
}

impl Tool {
    /// Calls the tool as a model asks for it: its arguments are
    /// [restored](crate::ProviderSchema::decode_arguments) by the schema that the provider was given.
    ///
    /// # Errors
    /// As [`Tool::call`]; [`Error::InvalidArguments`] also where the arguments are no JSON.
    pub async fn call_from_provider(
        &self,
        provider: Provider,
        call: &ToolCall,
    ) -> Result<ToolOutput, Error> {
        let arguments = self.schema_for(provider).decode_arguments(call.arguments.clone());
        if !arguments.is_object() {
            let (server, tool) = (self.server().to_owned(), self.definition().name.clone());
            let (path, message) = (String::new(), "a JSON object is wanted".to_owned());
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
            /// Calls the tool that a model asks for; see [`Tool::call_from_provider`].
            ///
            /// # Errors
            /// [`Error::UnknownTool`] if there is no such tool, else as [`Tool::call_from_provider`].
            pub async fn call_from_provider(
                &self,
                provider: Provider,
                call: &ToolCall,
            ) -> Result<ToolOutput, Error> {
                self.find(&call.name)?.call_from_provider(provider, call).await
            }

            /// Makes calls that a model asks for, up to 16 at the same time, and gives what became of
            /// each, in their order. None fails for another.
            ///
            /// `provider` is that of the definitions which the model was given.
            /// [`Provider::tool_calls`] reads the calls from a model's answer, and [`Provider::tool_results`]
            /// turns what became of them into messages.
            ///
            /// ```no_run
            #[doc = concat!("# async fn run(tools: relay::", stringify!($tools), ") -> Result<(), relay::Error> {")]
            /// # async fn ask(request: serde_json::Value) -> serde_json::Value { request }
            /// use relay::Provider;
            /// use serde_json::json;
            ///
            /// let provider = Provider::Anthropic;
            /// let mut messages = vec![json!({ "role": "user", "content": "What is new?" })];
            /// loop {
            ///     // `ask` sends a request to Anthropic and gives the response back.
            ///     let answer = ask(json!({ "tools": tools.to_anthropic(), "messages": messages })).await;
            ///     messages.push(json!({ "role": "assistant", "content": answer["content"] }));
            ///     let called = tools.call_all(provider, provider.tool_calls(&answer)).await;
            ///     if called.is_empty() {
            ///         break;
            ///     }
            ///     messages.extend(provider.tool_results(&called)?);
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
    /// What a model may be told of the failure of a call, as the output of a tool that failed; nothing
    /// where it is for the application alone: [`Error::Authorization`], which the user can cure, and
    /// errors that are not about a call.
    ///
    /// The text is that of the error, without its sources: names of the server and the tool, and what
    /// the model may do better.
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
