//! The methods that both eras have.

use mcp_types::{Era, ErrorObject, JsonObject, error_code};
use serde_json::{Value, json};

use crate::{
    answer::Answer,
    call::Call,
    catalog::invalid,
    exchange::Exchange,
    reply::Reply,
    rounds::Resumed,
    talk::Talk,
    turn::{Steps, Then},
};

impl Exchange<'_> {
    /// Does what is asked.
    pub(crate) fn perform(&self, call: Call) -> Result<Answer, Reply> {
        let outcome = match &*call.method {
            "tools/list" => self.list_tools(&call.params),
            "tools/call" => match self.find_tool(&call.params) {
                Ok((steps, arguments)) => return self.begin(call, steps, arguments),
                Err(error) => Err(error),
            },
            method => {
                let error = self.unknown_method(method);
                if call.era == Era::PerRequest {
                    return Err(self.refuse(404, &error));
                }
                Err(error)
            }
        };
        Ok(Answer::Message(call.answer(&self.server.config, outcome)))
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

    /// Not a violation: the client cannot know what the server will ask.
    fn lacking(&self, capabilities: &Value) -> Reply {
        let error = ErrorObject {
            code: error_code::MISSING_REQUIRED_CLIENT_CAPABILITY,
            message: "The client cannot answer what has to be asked".to_owned(),
            data: Some(json!({ "requiredCapabilities": capabilities })),
        };
        self.refuse(400, &error)
    }

    /// The server as it introduces itself.
    pub(crate) fn server_info(&self) -> Value {
        self.server.config.server_info()
    }

    pub(crate) fn unknown_method(&self, method: &str) -> ErrorObject {
        self.note("the server has no capability for this method");
        let message = format!("Unknown method: {method}");
        ErrorObject { code: error_code::METHOD_NOT_FOUND, message, data: None }
    }

    fn list_tools(&self, params: &JsonObject) -> Result<Value, ErrorObject> {
        let cursor = match params.get("cursor") {
            None => None,
            Some(Value::String(cursor)) => Some(cursor.as_str()),
            Some(_) => return Err(self.invalid_params("cursor")),
        };
        self.server.tools.page(self.user.as_ref(), cursor, self.server.config.page_size)
    }

    fn find_tool(&self, params: &JsonObject) -> Result<(Steps, JsonObject), ErrorObject> {
        let Some(Value::String(name)) = params.get("name") else {
            return Err(self.invalid_params("name"));
        };
        let arguments = match params.get("arguments") {
            None => JsonObject::new(),
            Some(Value::Object(arguments)) => arguments.clone(),
            Some(_) => return Err(self.invalid_params("arguments")),
        };
        let tool = self.server.tools.find(self.user.as_ref(), name);
        let tool = tool.ok_or_else(|| invalid(format!("Unknown tool: {name}")))?;
        Ok((tool.steps().clone(), arguments))
    }

    pub(crate) fn invalid_params(&self, member: &str) -> ErrorObject {
        self.note(format_args!("{member} is missing or of the wrong type"));
        invalid(format!("Invalid {member}"))
    }
}
