//! A call that takes more than an answer: something to tell, to ask, or to wait for.

use mcp_types::{Era, ErrorObject, RequestId, error_code};
use serde_json::Value;

use crate::{
    catalog::{Ask, CallAnswer, Round, Step, Steps, Then, Turn},
    http::Stream,
    state::{Call, Message, Shared},
};

/// A call in the middle: the turn that was taken, and whose it is next.
#[derive(Debug)]
pub(crate) struct Talk {
    pub(crate) call: Call,
    pub(crate) steps: Steps,
    pub(crate) round: Round,
    pub(crate) turn: Turn,
    /// The ids of the requests before this one, in the per-request era.
    pub(crate) ids: Vec<RequestId>,
}

impl Talk {
    /// The answer, if nothing has to come before it.
    pub(crate) fn immediate(self: Box<Self>, server: &Shared) -> Result<Message, Box<Self>> {
        let silent = self.turn.steps.iter().all(|step| match step {
            Step::Hold(_) | Step::Disconnect => false,
            other => self.message(other).is_none(),
        });
        let asks = matches!(self.turn.then, Then::Ask(_)) && self.call.era == Era::Handshake;
        if !silent || asks {
            return Err(self);
        }
        let Self { call, round, turn, ids, .. } = *self;
        let outcome = match turn.then.clone() {
            Then::Answer(answer) => answer.into_outcome(),
            Then::Ask(questions) => Ok(server.rounds.open(&call, ids, round, &turn, questions)),
        };
        Ok(call.answer(&server.config, outcome))
    }

    /// Goes through all rounds, as many as can be had on this stream.
    pub(crate) async fn run(mut self: Box<Self>, server: &Shared, stream: &Stream) -> Message {
        loop {
            for step in &self.turn.steps {
                match step {
                    Step::Hold(gate) => gate.pass().await,
                    Step::Disconnect => stream.disconnect(),
                    other => {
                        if let Some(message) = self.message(other) {
                            stream.send(&message.to_string());
                        }
                    }
                }
            }
            self.turn.steps.clear();
            self = match self.immediate(server) {
                Ok(answer) => return answer,
                Err(talk) => match talk.ask(server, stream).await {
                    Ok(talk) => talk,
                    Err(answer) => return answer,
                },
            }
        }
    }

    /// Puts the questions of this turn, and takes the next one; or answers the call if the client
    /// cannot be asked.
    async fn ask(
        mut self: Box<Self>,
        server: &Shared,
        stream: &Stream,
    ) -> Result<Box<Self>, Message> {
        let Then::Ask(questions) = &self.turn.then else {
            return Ok(self);
        };
        if let Some(missing) = self.missing(questions) {
            let answer = CallAnswer::failure(format!("the client has not declared {missing}"));
            return Err(self.call.answer(&server.config, answer.into_outcome()));
        }
        let session = self.call.client.session.as_deref();
        let elsewhere = self.turn.elsewhere.then(|| server.streams.of(session)).flatten();
        let stream = elsewhere.as_ref().unwrap_or(stream);
        let mut waiting = Vec::new();
        for (key, question) in questions {
            let (id, answer) = server.asks.begin(session);
            stream.send(&question.to_request(&id).to_string());
            waiting.push((key.clone(), question.clone(), answer));
        }
        for (key, question, answer) in waiting {
            let answer = answer.await.unwrap_or_else(|_| Err(never_answered()));
            if let Some(lack) = answer.as_ref().ok().and_then(|answer| question.lack(answer)) {
                let method = &self.call.method;
                let what = format!("{method}: the answer to {key:?} has no valid {lack}");
                server.log.violation(what);
            }
            self.round.answers.insert(key, answer);
        }
        self.round.number += 1;
        self.turn = self.steps.take(&self.round);
        Ok(self)
    }

    /// The capabilities that the client would need, and has not declared.
    pub(crate) fn missing(&self, questions: &[(String, Ask)]) -> Option<Value> {
        let declared = self.call.client.capabilities.as_ref()?;
        questions.iter().find_map(|(_, question)| question.missing(declared))
    }

    fn message(&self, step: &Step) -> Option<Value> {
        step.message(self.call.progress_token(), self.call.client.log_level.as_ref())
    }
}

/// The server stops.
fn never_answered() -> ErrorObject {
    let message = "there was no answer".to_owned();
    ErrorObject { code: error_code::INTERNAL_ERROR, message, data: None }
}
