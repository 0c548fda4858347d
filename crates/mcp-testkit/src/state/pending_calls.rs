//! Stateless calls that wait for the client's retry with input responses (MCP patterns, "Multi
//! Round-Trip Requests").

use std::{collections::BTreeSet, sync::Mutex};

use mcp_types::{Era, JsonObject, RequestId};
use serde_json::{Map, Value, json};

use super::call::Call;
use crate::{
    base::{User, lock, random_id},
    catalog::{ServerRequest, Step, StepContext},
};

#[derive(Debug, Default)]
pub(crate) struct PendingCalls(Mutex<Vec<PendingCall>>);

/// A call whose last result was `input_required`.
#[derive(Debug)]
struct PendingCall {
    state: Option<String>,
    user: Option<User>,
    method: String,
    /// The parameters that the retry must repeat.
    params: JsonObject,
    /// The ids of the requests of this call so far.
    request_ids: Vec<RequestId>,
    context: StepContext,
    input_requests: Vec<(String, ServerRequest)>,
}

/// A call that continues with a retry, with the violations in its input responses.
#[derive(Debug, Default)]
pub(crate) struct ResumedCall {
    pub(crate) context: StepContext,
    /// The ids of the earlier requests.
    pub(crate) request_ids: Vec<RequestId>,
    pub(crate) faults: Vec<String>,
}

const REQUEST_STATE: &str = "requestState";
const INPUT_RESPONSES: &str = "inputResponses";

/// The parameters that only a retry has.
pub(crate) const RETRY_MEMBERS: [&str; 2] = [REQUEST_STATE, INPUT_RESPONSES];

impl PendingCalls {
    /// Stores a call and returns its `input_required` result.
    pub(crate) fn suspend(
        &self,
        call: &Call,
        request_ids: Vec<RequestId>,
        context: StepContext,
        step: &Step,
        input_requests: Vec<(String, ServerRequest)>,
    ) -> Value {
        let mut result = json!({ "resultType": "input_required" });
        if !input_requests.is_empty() {
            let requests = input_requests
                .iter()
                .map(|(key, request)| (key.clone(), request.to_json(Era::Stateless)));
            result["inputRequests"] = Value::Object(requests.collect());
        }
        let state = (!step.without_state).then(random_state);
        if let Some(state) = &state {
            result[REQUEST_STATE] = json!(state);
        }
        lock(&self.0).push(PendingCall {
            state,
            user: call.user.clone(),
            method: call.method.clone(),
            params: unchanged_params(&call.params),
            request_ids: request_ids.into_iter().chain([call.id.clone()]).collect(),
            context,
            input_requests,
        });
        result
    }

    /// Returns the call that a retry continues, or a new call if the request is not a retry.
    /// Returns an error if its retry parameters are invalid.
    pub(crate) fn resume(&self, call: &Call) -> Result<ResumedCall, &'static str> {
        let state = match call.params.get(REQUEST_STATE) {
            None => None,
            Some(Value::String(state)) => Some(state),
            Some(_) => return Err(r#""requestState": expected a string"#),
        };
        let responses = match call.params.get(INPUT_RESPONSES) {
            None if state.is_none() => return Ok(ResumedCall::default()),
            None => &Map::new(),
            Some(Value::Object(responses)) => responses,
            Some(_) => return Err(r#""inputResponses": expected an object"#),
        };
        let mut open = lock(&self.0);
        let is_same = |open: &PendingCall| {
            open.user == call.user
                && open.method == call.method
                && open.params == unchanged_params(&call.params)
        };
        let position = match state {
            Some(state) => {
                let known = open.iter().position(|it| it.state.as_ref() == Some(state));
                let position = known.ok_or(r#"unknown "requestState""#)?;
                if !is_same(&open[position]) {
                    return Err(r#""requestState" of another request"#);
                }
                let begun = &open[position].request_ids;
                if open.iter().any(|it| it.state.is_none() && it.request_ids.starts_with(begun)) {
                    return Err(r#"unexpected "requestState": the last result had none"#);
                }
                position
            }
            None => open.iter().rposition(|it| it.state.is_none() && is_same(it)).ok_or(
                r#"unexpected "inputResponses": no pending request without "requestState""#,
            )?,
        };
        if open[position].request_ids.contains(&call.id) {
            return Err("retry with the id of an earlier request");
        }
        open[position].request_ids.push(call.id.clone());
        let resumed = open[position].resume_with(responses);
        if state.is_none() {
            open.remove(position);
        }
        Ok(resumed)
    }
}

impl PendingCall {
    fn resume_with(&self, responses: &JsonObject) -> ResumedCall {
        let requested = self.input_requests.iter().map(|(key, _)| key).collect::<BTreeSet<_>>();
        let received = responses.keys().collect::<BTreeSet<_>>();
        let missing =
            requested.difference(&received).map(|key| format!("missing response to {key:?}"));
        let extra = received.difference(&requested);
        let extra = extra.map(|key| format!("unexpected response to {key:?}"));
        let lacking = self.input_requests.iter().filter_map(|(key, request)| {
            let invalid_member =
                responses.get(key).and_then(|response| request.invalid_member(response))?;
            Some(format!("response to {key:?}: {invalid_member:?} missing or invalid"))
        });
        let faults = missing.chain(extra).chain(lacking).collect();
        let mut context = self.context.clone();
        context.number += 1;
        context.responses.extend(responses.iter().map(|(key, it)| (key.clone(), Ok(it.clone()))));
        ResumedCall { context, request_ids: self.request_ids.clone(), faults }
    }
}

/// Returns the parameters that all requests of a call must have in common.
fn unchanged_params(params: &JsonObject) -> JsonObject {
    let is_excluded = |name: &str| name == "_meta" || RETRY_MEMBERS.contains(&name);
    params
        .iter()
        .filter(|(name, _)| !is_excluded(name))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}

/// Returns a state with characters that change if a client escapes, pads or trims them.
fn random_state() -> String {
    format!(" {}/+=\"\\\u{e9}\u{1f511}\t", random_id())
}
