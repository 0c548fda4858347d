//! Resumption of calls after the user has signed in.

use serde_json::value::RawValue;

use super::user::User;
use crate::{call::ServerTools, error::Error, pending_call::PendingCall, tool_output::ToolOutput};

impl User {
    /// Sends a pending call, after the user has signed in.
    ///
    /// The call runs at most once in this process, even if it is resumed several times. It can only
    /// be resumed again if it cannot have run.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Configuration`] if the call belongs to another user. Returns
    /// [`Error::ToolCall`] if the call was already resumed. Otherwise, returns the errors of
    /// [`User::tools`] and [`Tool::call`](crate::Tool::call).
    pub async fn resume(&self, pending_call: PendingCall) -> Result<ToolOutput, Error> {
        if pending_call.user.as_deref() != self.id()
            || pending_call.anonymous != self.caller.credentials.are_own()
        {
            return Err(Error::configuration(
                Some(&pending_call.server),
                "the pending call belongs to another user",
            ));
        }
        let tools = self.tools(&pending_call.server).await?;
        let resumed_calls = &self.state.resumed_calls;
        if !resumed_calls.mark_resumed(&pending_call.id) {
            return Err(pending_call.tool_call_error("the pending call was already resumed"));
        }
        let result = pending_call.run(&tools).await;
        if result.as_ref().is_err_and(Error::did_not_run) {
            resumed_calls.unmark(&pending_call.id);
        }
        result
    }
}

impl PendingCall {
    async fn run(&self, tools: &ServerTools) -> Result<ToolOutput, Error> {
        let arguments: &RawValue = match serde_json::from_str(&self.arguments) {
            Ok(arguments) => arguments,
            Err(_) => {
                return Err(
                    self.tool_call_error("the arguments of the pending call are not valid JSON")
                );
            }
        };
        match tools.iter().find(|tool| tool.definition().name == self.tool) {
            Some(tool) => tool.call(arguments).await,
            None => tools.call(&self.tool, arguments).await,
        }
    }

    fn tool_call_error(&self, reason: &'static str) -> Error {
        let (server, tool) = (self.server.clone(), self.tool.clone());
        Error::ToolCall { server, tool, reason: reason.into(), source: None }
    }
}
