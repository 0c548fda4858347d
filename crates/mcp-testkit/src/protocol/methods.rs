//! The methods that stateful and stateless protocol versions have in common.

use mcp_types::{Era, ErrorObject, JsonObject, error_code};
use serde_json::{Value, json};

use super::{exchange::Exchange, multi_round::MultiRoundCall, response::ExchangeResponse};
use crate::{
    base::RecordedRequest,
    catalog::{EntryKind, StepHandler, StepResult},
    http::Reply,
    state::{Call, ResumedCall},
};

impl Exchange<'_> {
    /// Runs a method that both eras have. Other methods are handled before.
    pub(crate) fn call_method(&self, call: Call) -> Result<ExchangeResponse, Reply> {
        if !self.server.is_capable(call.era, &call.method) {
            let error = self.unknown_method(&call.method);
            return match call.era {
                Era::Stateful => Ok(self.respond(&call, Err(error))),
                Era::Stateless => Err(self.error_object_reply(404, &error)),
            };
        }
        let found = match &*call.method {
            "tools/call" => self.find_tool(&call.params),
            "prompts/get" => self.find_prompt(&call.params),
            "resources/read" => self.find_resource(&call),
            "completion/complete" => {
                return Ok(self.respond(&call, self.complete(&call.params)));
            }
            _ => return Ok(self.respond(&call, self.list(&call))),
        };
        match found {
            Ok((handler, arguments)) => self.begin_call(call, handler, arguments),
            Err(error) => Ok(self.respond(&call, Err(error))),
        }
    }

    pub(crate) fn respond(
        &self,
        call: &Call,
        outcome: Result<Value, ErrorObject>,
    ) -> ExchangeResponse {
        ExchangeResponse::Response(call.response(&self.server.config, outcome))
    }

    /// Runs the first round of a call, or the next round of a retried one.
    fn begin_call(
        &self,
        call: Call,
        handler: StepHandler,
        arguments: JsonObject,
    ) -> Result<ExchangeResponse, Reply> {
        let ResumedCall { mut context, request_ids, faults } = match call.era {
            Era::Stateful => ResumedCall::default(),
            Era::Stateless => self
                .server
                .pending_calls
                .resume(&call)
                .map_err(|fault| self.reject(400, error_code::INVALID_PARAMS, fault))?,
        };
        faults.iter().for_each(|fault| self.record_violation(fault));
        context.arguments = arguments;
        let step = handler.next(&context);
        let multi_round =
            Box::new(MultiRoundCall { call, handler, context, step, earlier_ids: request_ids });
        if let (Era::Stateless, StepResult::InputRequired(input_requests)) =
            (multi_round.call.era, &multi_round.step.result)
        {
            multi_round
                .missing_capabilities(input_requests)
                .map_or(Ok(()), |missing| Err(self.missing_capability_reply(&missing)))?;
        }
        match multi_round.try_finish(self.server) {
            Ok(response) => Ok(ExchangeResponse::Response(response)),
            Err(multi_round) => Ok(ExchangeResponse::Call(multi_round)),
        }
    }

    /// Checks that no other request of the client uses the same progress token (MCP utilities,
    /// "Progress").
    pub(crate) fn check_progress_token(&self, is_same_client: impl Fn(&RecordedRequest) -> bool) {
        let progress_token =
            |request: &RecordedRequest| request.meta()?.get("progressToken").cloned();
        let Some(token) = progress_token(self.request) else { return };
        if !token.is_string() && !token.is_i64() {
            self.record_violation("progress token: expected a string or an integer");
        }
        // A client may send the same request again, such as with another access token.
        let has_same_token = |other: &RecordedRequest| {
            is_same_client(other)
                && progress_token(other).as_ref() == Some(&token)
                && other.body() != self.request.body()
        };
        if self.server.in_flight.count(has_same_token) > 0 {
            self.record_violation(format_args!(
                "progress token {token} already in use by another request"
            ));
        }
    }

    /// Returns the error for a missing client capability. This is not a violation, because the
    /// client cannot know which capabilities the call requires.
    fn missing_capability_reply(&self, capabilities: &Value) -> Reply {
        let error = ErrorObject {
            code: error_code::MISSING_REQUIRED_CLIENT_CAPABILITY,
            message: "Missing required client capability".to_owned(),
            data: Some(json!({ "requiredCapabilities": capabilities })),
        };
        self.error_object_reply(400, &error)
    }

    fn unknown_method(&self, method: &str) -> ErrorObject {
        self.record_violation("method not supported by the server's capabilities");
        let message = format!("Unknown method: {method}");
        ErrorObject { code: error_code::METHOD_NOT_FOUND, message, data: None }
    }

    fn list(&self, call: &Call) -> Result<Value, ErrorObject> {
        let kind =
            EntryKind::listed_by(&call.method).ok_or_else(|| self.unknown_method(&call.method))?;
        let cursor = match call.params.get("cursor") {
            None => None,
            Some(Value::String(cursor)) => Some(cursor.as_str()),
            Some(_) => return Err(self.invalid_params("cursor")),
        };
        let size = self.server.config.page_size;
        self.server.catalog.page(self.user.as_ref(), kind, cursor, size)
    }
}
