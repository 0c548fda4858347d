//! The methods that both eras have.

use mcp_types::{Era, ErrorObject, JsonObject, error_code};
use serde_json::{Value, json};

use super::{answer::Answer, exchange::Exchange, multi_round::Talk};
use crate::{
    base::Recorded,
    catalog::{Kind, Steps, Then},
    http::Reply,
    state::{Call, Resumed},
};

impl Exchange<'_> {
    /// Does what is asked; what only one era has, that era has done before.
    pub(crate) fn perform(&self, call: Call) -> Result<Answer, Reply> {
        if !self.server.is_capable(call.era, &call.method) {
            let error = self.unknown_method(&call.method);
            return match call.era {
                Era::Handshake => Ok(self.answer_with(&call, Err(error))),
                Era::PerRequest => Err(self.refuse(404, &error)),
            };
        }
        let found = match &*call.method {
            "tools/call" => self.find_tool(&call.params),
            "prompts/get" => self.find_prompt(&call.params),
            "resources/read" => self.find_resource(&call),
            "completion/complete" => {
                return Ok(self.answer_with(&call, self.complete(&call.params)));
            }
            _ => return Ok(self.answer_with(&call, self.list(&call))),
        };
        match found {
            Ok((steps, arguments)) => self.begin(call, steps, arguments),
            Err(error) => Ok(self.answer_with(&call, Err(error))),
        }
    }

    pub(crate) fn answer_with(&self, call: &Call, outcome: Result<Value, ErrorObject>) -> Answer {
        Answer::Message(call.answer(&self.server.config, outcome))
    }

    /// Takes the first step of a call, or the next one of a call that goes on.
    fn begin(&self, call: Call, steps: Steps, arguments: JsonObject) -> Result<Answer, Reply> {
        let Resumed { mut round, ids, faults } = match call.era {
            Era::Handshake => Resumed::default(),
            Era::PerRequest => self
                .server
                .rounds
                .resume(&call)
                .map_err(|fault| self.violation(400, error_code::INVALID_PARAMS, fault))?,
        };
        faults.iter().for_each(|fault| self.note(fault));
        round.arguments = arguments;
        let turn = steps.take(&round);
        let talk = Box::new(Talk { call, steps, round, turn, ids });
        if let (Era::PerRequest, Then::Ask(questions)) = (talk.call.era, &talk.turn.then) {
            talk.missing(questions).map_or(Ok(()), |missing| Err(self.lacking(&missing)))?;
        }
        match talk.immediate(self.server) {
            Ok(message) => Ok(Answer::Message(message)),
            Err(talk) => Ok(Answer::Talk(talk)),
        }
    }

    /// Looks at the progress token, which no two requests of a client may have at a time (MCP
    /// utilities, "Progress").
    pub(crate) fn check_progress_token(&self, is_same_client: impl Fn(&Recorded) -> bool) {
        let token = |request: &Recorded| request.meta()?.get("progressToken").cloned();
        let Some(own) = token(self.request) else { return };
        if !own.is_string() && !own.is_i64() {
            self.note("the progress token is neither a string nor an integer");
        }
        let alike = |other: &Recorded| is_same_client(other) && token(other).as_ref() == Some(&own);
        if self.server.flights.count(alike) > 1 {
            self.note(format_args!("the progress token {own} is that of another request"));
        }
    }

    /// Not a violation: the client cannot know what the server will ask.
    fn lacking(&self, capabilities: &Value) -> Reply {
        let error = ErrorObject {
            code: error_code::MISSING_REQUIRED_CLIENT_CAPABILITY,
            message: "The client cannot answer what has to be asked".to_owned(),
            data: Some(json!({ "requiredCapabilities": capabilities })),
        };
        self.refuse(400, &error)
    }

    fn unknown_method(&self, method: &str) -> ErrorObject {
        self.note("the server has no capability for this method");
        let message = format!("Unknown method: {method}");
        ErrorObject { code: error_code::METHOD_NOT_FOUND, message, data: None }
    }

    fn list(&self, call: &Call) -> Result<Value, ErrorObject> {
        let kind =
            Kind::listed_by(&call.method).ok_or_else(|| self.unknown_method(&call.method))?;
        let cursor = match call.params.get("cursor") {
            None => None,
            Some(Value::String(cursor)) => Some(cursor.as_str()),
            Some(_) => return Err(self.invalid_params("cursor")),
        };
        let size = self.server.config.page_size;
        self.server.catalog.page(self.user.as_ref(), kind, cursor, size)
    }
}
