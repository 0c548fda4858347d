//! How a tool takes part in a call that has several rounds.

use std::{collections::BTreeMap, fmt, sync::Arc};

use mcp_types::{ErrorObject, JsonObject, v2025_11_25::LoggingLevel};
use serde_json::{Value, json};

use super::{call_result::CallAnswer, elicitation::Ask};
use crate::base::{Gate, severity};

/// What a tool knows when its turn comes: its arguments, and what it was answered so far.
#[derive(Debug, Clone, Default)]
pub struct Round {
    pub(crate) arguments: JsonObject,
    pub(crate) number: usize,
    pub(crate) answers: BTreeMap<String, Result<Value, ErrorObject>>,
}

/// What a tool does in its turn: it answers the call, or asks the client first.
///
/// What is told by [`Turn::progress`] and [`Turn::log`] comes before that, on the stream of the
/// call, in the order of the methods.
#[derive(Debug, Clone)]
#[must_use]
pub struct Turn {
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
    Hold(Gate),
    Disconnect,
}

#[derive(Debug, Clone)]
pub(crate) enum StepResult {
    Complete(CallAnswer),
    /// By key; none if the client is only to come again.
    InputRequired(Vec<(String, Ask)>),
}

/// What a tool, a prompt or a resource does in each round.
#[derive(Clone)]
pub(crate) struct StepHandler(Arc<dyn Fn(&Round) -> Turn + Send + Sync>);

impl Round {
    /// The arguments of the call; an empty object if there are none.
    pub fn arguments(&self) -> &JsonObject {
        &self.arguments
    }

    /// How often the tool has asked before; 0 in the first round.
    pub fn number(&self) -> usize {
        self.number
    }

    /// The newest answer to the question that was asked by this key.
    pub fn answer(&self, key: &str) -> Option<&Value> {
        self.answers.get(key)?.as_ref().ok()
    }

    /// The error that this question was answered with, as is possible in the handshake era.
    pub fn error(&self, key: &str) -> Option<&ErrorObject> {
        self.answers.get(key)?.as_ref().err()
    }
}

impl Turn {
    /// Answers the call.
    pub fn answer(answer: CallAnswer) -> Self {
        Self {
            actions: Vec::new(),
            result: StepResult::Complete(answer),
            on_get_stream: false,
            without_state: false,
        }
    }

    /// Asks a question, whose answer the tool finds by `key` when its turn comes again.
    pub fn ask(key: impl Into<String>, question: Ask) -> Self {
        Self::again().and(key, question)
    }

    /// Asks another question in the same round; after an answer, in place of it.
    pub fn and(mut self, key: impl Into<String>, question: Ask) -> Self {
        let question = (key.into(), question);
        match &mut self.result {
            StepResult::InputRequired(questions) => questions.push(question),
            StepResult::Complete(_) => self.result = StepResult::InputRequired(vec![question]),
        }
        self
    }

    /// Asks for nothing but to come again: in the per-request era the client gets only a state to
    /// return; in the other the next round begins at once.
    pub fn again() -> Self {
        let result = StepResult::InputRequired(Vec::new());
        Self { actions: Vec::new(), result, on_get_stream: false, without_state: false }
    }

    /// Tells of progress, if the client wants to know: a number, or an object with the members of
    /// the notification but for the token, such as `{ "progress": 0.5, "total": 1 }`.
    pub fn progress(self, progress: impl Into<Value>) -> Self {
        self.action(Action::Progress(match progress.into() {
            Value::Object(members) => members,
            number => JsonObject::from_iter([("progress".to_owned(), number)]),
        }))
    }

    /// Writes to the log of the client, if it wants messages of this level.
    pub fn log(self, level: LoggingLevel, data: impl Into<Value>) -> Self {
        self.action(Action::Log(level, data.into()))
    }

    /// Sends any message on the stream of the call, verbatim.
    pub fn message(self, message: Value) -> Self {
        self.action(Action::Message(message))
    }

    /// Waits until the gate is open.
    pub fn hold(self, gate: &Gate) -> Self {
        self.action(Action::Hold(gate.clone()))
    }

    /// Closes the connection of the stream, which ends the call in the per-request era. In the
    /// other, if [streams can be resumed](crate::Builder::resumable), the client gets what comes
    /// after by resuming.
    pub fn disconnect(self) -> Self {
        self.action(Action::Disconnect)
    }

    /// Asks on the stream that the client listens on with GET, if it does: in the handshake era,
    /// for in the other there is no way but one.
    pub fn elsewhere(self) -> Self {
        Self { on_get_stream: true, ..self }
    }

    /// Gives the client no state to return, in the per-request era.
    pub fn stateless(self) -> Self {
        Self { without_state: true, ..self }
    }

    fn action(mut self, action: Action) -> Self {
        self.actions.push(action);
        self
    }
}

impl From<CallAnswer> for Turn {
    fn from(answer: CallAnswer) -> Self {
        Self::answer(answer)
    }
}

impl Action {
    /// The message that it sends, if it sends one.
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
    pub(crate) fn new(handler: impl Fn(&Round) -> Turn + Send + Sync + 'static) -> Self {
        Self(Arc::new(handler))
    }

    pub(crate) fn next(&self, round: &Round) -> Turn {
        (self.0)(round)
    }
}

impl fmt::Debug for StepHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepHandler").finish_non_exhaustive()
    }
}
