//! A call that sends messages, requests input or waits before its response.

use mcp_types::{Era, ErrorObject, RequestId, error_code};
use serde_json::Value;

use crate::{
    catalog::{Action, CallResult, ServerRequest, Step, StepContext, StepHandler, StepResult},
    http::Stream,
    state::{Call, RpcResponse, ServerState},
};

/// A call between two rounds, with the last step and the handler of the next one.
#[derive(Debug)]
pub(crate) struct MultiRoundCall {
    pub(crate) call: Call,
    pub(crate) handler: StepHandler,
    pub(crate) context: StepContext,
    pub(crate) step: Step,
    /// The ids of the earlier requests of this call, in stateless protocol versions.
    pub(crate) earlier_ids: Vec<RequestId>,
}

impl MultiRoundCall {
    /// Returns the response, if no messages come before it.
    pub(crate) fn try_finish(
        self: Box<Self>,
        server: &ServerState,
    ) -> Result<RpcResponse, Box<Self>> {
        let sends_nothing = self.step.actions.iter().all(|action| match action {
            Action::Hold(_) | Action::Disconnect => false,
            other => self.action_message(other).is_none(),
        });
        let sends_requests = matches!(self.step.result, StepResult::InputRequired(_))
            && self.call.era == Era::Stateful;
        if !sends_nothing || sends_requests {
            return Err(self);
        }
        let Self { call, context, step, earlier_ids, .. } = *self;
        let outcome = match step.result.clone() {
            StepResult::Complete(result) => result.into_outcome(),
            StepResult::InputRequired(input_requests) => {
                Ok(server.pending_calls.suspend(&call, earlier_ids, context, &step, input_requests))
            }
        };
        Ok(call.response(&server.config, outcome))
    }

    /// Runs all rounds that are possible on this stream.
    pub(crate) async fn run(
        mut self: Box<Self>,
        server: &ServerState,
        stream: &Stream,
    ) -> RpcResponse {
        loop {
            for action in &self.step.actions {
                match action {
                    Action::Hold(barrier) => barrier.wait().await,
                    Action::Disconnect => stream.disconnect(),
                    other => {
                        if let Some(message) = self.action_message(other) {
                            stream.send(&message.to_string());
                        }
                    }
                }
            }
            self.step.actions.clear();
            self = match self.try_finish(server) {
                Ok(response) => return response,
                Err(call) => match call.next_round(server, stream).await {
                    Ok(call) => call,
                    Err(response) => return response,
                },
            }
        }
    }

    /// Sends the requests of this round, waits for the responses and runs the next round. Returns
    /// an error response if the client lacks a capability.
    async fn next_round(
        mut self: Box<Self>,
        server: &ServerState,
        stream: &Stream,
    ) -> Result<Box<Self>, RpcResponse> {
        let StepResult::InputRequired(input_requests) = &self.step.result else {
            return Ok(self);
        };
        if let Some(missing) = self.missing_capabilities(input_requests) {
            let result = CallResult::tool_error(format!("missing client capability: {missing}"));
            return Err(self.call.response(&server.config, result.into_outcome()));
        }
        let session = self.call.client.session.as_deref();
        let get_stream =
            self.step.on_get_stream.then(|| server.streams.listening_stream(session)).flatten();
        let stream = get_stream.as_ref().unwrap_or(stream);
        let mut pending = Vec::new();
        for (key, request) in input_requests {
            let (id, response) = server.server_requests.begin(session);
            stream.send(&request.to_request(&id).to_string());
            pending.push((key.clone(), request.clone(), response));
        }
        for (key, request, response) in pending {
            let response = response.await.unwrap_or_else(|_| Err(no_response_error()));
            if let Some(invalid_member) =
                response.as_ref().ok().and_then(|result| request.invalid_member(result))
            {
                let method = &self.call.method;
                let what =
                    format!("{method}: response to {key:?}: {invalid_member:?} missing or invalid");
                server.log.record_violation(what);
            }
            self.context.responses.insert(key, response);
        }
        self.context.number += 1;
        self.step = self.handler.next(&self.context);
        Ok(self)
    }

    /// Returns the capabilities that the requests need and the client has not declared.
    pub(crate) fn missing_capabilities(
        &self,
        input_requests: &[(String, ServerRequest)],
    ) -> Option<Value> {
        let declared = self.call.client.capabilities.as_ref()?;
        input_requests.iter().find_map(|(_, request)| request.missing_capabilities(declared))
    }

    fn action_message(&self, action: &Action) -> Option<Value> {
        action.message(self.call.progress_token(), self.call.client.log_level.as_ref())
    }
}

/// Returns the error for a request that has no response when the server stops.
fn no_response_error() -> ErrorObject {
    let message = "no response".to_owned();
    ErrorObject { code: error_code::INTERNAL_ERROR, message, data: None }
}
