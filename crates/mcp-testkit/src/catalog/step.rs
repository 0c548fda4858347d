//! The steps of a call with several rounds, and the handler that returns them.

use std::{collections::BTreeMap, fmt, sync::Arc};

use mcp_types::{ErrorObject, JsonObject, v2025_11_25::LoggingLevel};
use serde_json::{Value, json};

use super::{call_result::CallResult, server_request::ServerRequest};
use crate::base::{Barrier, severity};

/// The input of a step: the arguments of the call, and the client's responses so far.
///
/// A call has one or more rounds. In each round, the handler of the tool returns a [`Step`].
#[derive(Debug, Clone, Default)]
pub struct StepContext {
    pub(crate) arguments: JsonObject,
    pub(crate) number: usize,
    pub(crate) responses: BTreeMap<String, Result<Value, ErrorObject>>,
}

/// A step of a call: either its result, or requests to the client.
///
/// A step can also send messages, such as [`Step::progress`] and [`Step::log`]. They are sent
/// first, on the stream of the call and in the order of the method calls.
#[derive(Debug, Clone)]
#[must_use]
pub struct Step {
    pub(crate) actions: Vec<Action>,
    pub(crate) result: StepResult,
    pub(crate) on_get_stream: bool,
    pub(crate) without_state: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Action {
    Progress(JsonObject),
    Log(LoggingLevel, Value),
    Message(Value),
    Hold(Barrier),
    Disconnect,
}

#[derive(Debug, Clone)]
pub(crate) enum StepResult {
    Complete(CallResult),
    /// Requests to the client by key. Empty if the client only has to retry.
    InputRequired(Vec<(String, ServerRequest)>),
}

/// The function that a tool, a prompt or a resource runs in each round.
#[derive(Clone)]
pub(crate) struct StepHandler(Arc<dyn Fn(&StepContext) -> Step + Send + Sync>);

impl StepContext {
    /// Returns the arguments of the call. Returns an empty object if there are none.
    pub fn arguments(&self) -> &JsonObject {
        &self.arguments
    }

    /// Returns the number of earlier rounds. Returns 0 in the first round.
    pub fn round(&self) -> usize {
        self.number
    }

    /// Returns the latest response to the request with this key.
    pub fn response(&self, key: &str) -> Option<&Value> {
        self.responses.get(key)?.as_ref().ok()
    }

    /// Returns the error that the client sent for the request with this key. Only clients of
    /// stateful protocol versions can send errors.
    pub fn error(&self, key: &str) -> Option<&ErrorObject> {
        self.responses.get(key)?.as_ref().err()
    }
}

impl Step {
    /// Returns a step that ends the call with this result.
    pub fn finish(result: CallResult) -> Self {
        Self {
            actions: Vec::new(),
            result: StepResult::Complete(result),
            on_get_stream: false,
            without_state: false,
        }
    }

    /// Returns a step that sends a request to the client. In the next round,
    /// [`StepContext::response`] returns the response to this `key`.
    pub fn request(key: impl Into<String>, request: ServerRequest) -> Self {
        Self::retry().and_request(key, request)
    }

    /// Adds a request to the same step. If the step has a result from [`Step::finish`], the request
    /// replaces it.
    pub fn and_request(mut self, key: impl Into<String>, request: ServerRequest) -> Self {
        let request = (key.into(), request);
        match &mut self.result {
            StepResult::InputRequired(requests) => requests.push(request),
            StepResult::Complete(_) => self.result = StepResult::InputRequired(vec![request]),
        }
        self
    }

    /// Returns a step that starts another round without a request. In stateless protocol versions,
    /// the client receives only a state, with which it must retry. In stateful ones, the next round
    /// starts immediately.
    pub fn retry() -> Self {
        let result = StepResult::InputRequired(Vec::new());
        Self { actions: Vec::new(), result, on_get_stream: false, without_state: false }
    }

    /// Sends a progress notification, if the client has requested progress.
    ///
    /// `progress` is a number, or an object with the members of the notification except the token,
    /// such as `{ "progress": 0.5, "total": 1 }`.
    pub fn progress(self, progress: impl Into<Value>) -> Self {
        self.action(Action::Progress(match progress.into() {
            Value::Object(members) => members,
            number => JsonObject::from_iter([("progress".to_owned(), number)]),
        }))
    }

    /// Sends a log message, if the client has requested this level.
    pub fn log(self, level: LoggingLevel, data: impl Into<Value>) -> Self {
        self.action(Action::Log(level, data.into()))
    }

    /// Sends any message on the stream of the call, unchanged.
    pub fn message(self, message: Value) -> Self {
        self.action(Action::Message(message))
    }

    /// Waits until the barrier is open.
    pub fn hold(self, barrier: &Barrier) -> Self {
        self.action(Action::Hold(barrier.clone()))
    }

    /// Closes the connection of the stream.
    ///
    /// In stateless protocol versions, this ends the call. In stateful ones, the client can resume
    /// the stream to receive the rest, if [streams are
    /// resumable](crate::TestServerBuilder::resumable).
    pub fn disconnect(self) -> Self {
        self.action(Action::Disconnect)
    }

    /// Sends the requests on the client's GET stream, if there is one. Has no effect in stateless
    /// protocol versions.
    pub fn on_get_stream(self) -> Self {
        Self { on_get_stream: true, ..self }
    }

    /// Sends no `requestState`. Has no effect in stateful protocol versions.
    pub fn without_state(self) -> Self {
        Self { without_state: true, ..self }
    }

    fn action(mut self, action: Action) -> Self {
        self.actions.push(action);
        self
    }
}

impl From<CallResult> for Step {
    fn from(result: CallResult) -> Self {
        Self::finish(result)
    }
}

impl Action {
    /// Returns the message that this action sends, if any.
    pub(crate) fn message(
        &self,
        token: Option<&Value>,
        level: Option<&LoggingLevel>,
    ) -> Option<Value> {
        let (method, params) = match self {
            Self::Progress(progress) => {
                let mut params = progress.clone();
                params.insert("progressToken".to_owned(), token?.clone());
                ("notifications/progress", Value::Object(params))
            }
            Self::Log(at, data) if severity(at) >= severity(level?) => {
                ("notifications/message", json!({ "level": at, "data": data }))
            }
            Self::Message(message) => return Some(message.clone()),
            Self::Log(..) | Self::Hold(_) | Self::Disconnect => return None,
        };
        Some(json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }
}

impl StepHandler {
    pub(crate) fn new(handler: impl Fn(&StepContext) -> Step + Send + Sync + 'static) -> Self {
        Self(Arc::new(handler))
    }

    pub(crate) fn next(&self, context: &StepContext) -> Step {
        (self.0)(context)
    }
}

impl fmt::Debug for StepHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepHandler").finish_non_exhaustive()
    }
}
