//! What a server asks: measured by what was declared, then put to the handler.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use mcp_types::{
    ErrorObject, JsonObject, Method, OneOrMany, Revision, error_code,
    v2025_11_25::PingRequest,
    v2026_07_28::{
        CreateMessageRequest, CreateMessageRequestParams, CreateMessageResult, ElicitAction,
        ElicitRequest, ElicitRequestFormParams, ElicitRequestParams, ElicitResult, InputRequest,
        InputRequests, InputResponse, InputResponses, ListRootsRequest, ListRootsResult, Role,
        Root, SamplingMessage, SamplingMessageContentBlock as Block,
    },
};
use serde::de::DeserializeOwned;
use serde_json::{Value, value::RawValue};

use super::{channel::Link, client_state::Host};
use crate::{
    error::Error,
    handler::{Form, Handler, Refused, Serves, UrlElicitation},
    request::{Name, Pulse},
    text::{Brief, without_text},
    transport::BoxError,
};

/// Questions of one server that the handler works on at once for one call.
pub(crate) const MOST: usize = 64;

/// The code that the specification shows for a refusal (MCP client/sampling, "Error Handling").
const REFUSED: i64 = -1;

/// A question that the handler serves.
pub(crate) enum Question {
    Form(Form, ElicitRequestFormParams),
    Url(UrlElicitation),
    Sampling(Box<CreateMessageRequestParams>),
    Roots,
}

impl Question {
    /// What a server asks by a request of its own, as in the handshake era.
    fn by_request(
        serves: Serves,
        method: &str,
        params: Option<&RawValue>,
    ) -> Result<Self, ErrorObject> {
        if !serves.has(method) {
            return Err(unserved(method));
        }
        let request = match method {
            ElicitRequest::NAME => InputRequest::Elicit(ElicitRequest::new(read(params)?)),
            CreateMessageRequest::NAME => {
                InputRequest::CreateMessage(CreateMessageRequest::new(read(params)?))
            }
            _ => InputRequest::ListRoots(ListRootsRequest::default()),
        };
        Self::new(serves, request)
    }

    /// What a server asks, whichever way it came.
    fn new(serves: Serves, request: InputRequest) -> Result<Self, ErrorObject> {
        let method = name(&request);
        if !serves.has(method) {
            return Err(unserved(method));
        }
        match request {
            InputRequest::Elicit(request) => Self::elicitation(serves, request.params),
            InputRequest::CreateMessage(request) => {
                check_sampling(serves, &request.params)?;
                Ok(Self::Sampling(Box::new(request.params)))
            }
            _ => Ok(Self::Roots),
        }
    }

    fn elicitation(serves: Serves, params: ElicitRequestParams) -> Result<Self, ErrorObject> {
        let mode = match params {
            ElicitRequestParams::Form(params) if serves.form => {
                return match Form::read(&params.requested_schema) {
                    Ok(form) => Ok(Self::Form(form, params)),
                    Err(error) => Err(invalid(format!("the form: {}", without_text(&error)))),
                };
            }
            ElicitRequestParams::Url(params) if serves.url => return Ok(Self::Url(params.into())),
            ElicitRequestParams::Form(_) => "form".to_owned(),
            ElicitRequestParams::Url(_) => "url".to_owned(),
            ElicitRequestParams::Unknown(params) => {
                params.get("mode").and_then(Value::as_str).unwrap_or_default().to_owned()
            }
            _ => String::new(),
        };
        Err(invalid(format!(
            "this client does not serve elicitation in the mode {:?}",
            Brief(&mode)
        )))
    }

    fn method(&self) -> &'static str {
        match self {
            Self::Form(..) | Self::Url(_) => ElicitRequest::NAME,
            Self::Sampling(_) => CreateMessageRequest::NAME,
            Self::Roots => ListRootsRequest::NAME,
        }
    }

    /// Has the handler answer. A panic is a failure like others: it must take down neither the call
    /// nor whoever else listens to this server.
    async fn put_to(self, handler: &dyn Handler) -> Result<InputResponse, BoxError> {
        let answer = AssertUnwindSafe(self.answer(handler)).catch_unwind().await;
        answer.unwrap_or_else(|_| Err("the handler panicked".into()))
    }

    async fn answer(self, handler: &dyn Handler) -> Result<InputResponse, BoxError> {
        let declined = || ElicitResult::new(ElicitAction::Decline);
        Ok(match self {
            Self::Form(form, params) => {
                let result = unless_refused(handler.elicit_form(params).await, declined)?;
                InputResponse::Elicit(form.complete(result)?)
            }
            Self::Url(elicitation) => {
                let action = handler.elicit_url(elicitation).await.map(ElicitResult::new);
                InputResponse::Elicit(unless_refused(action, declined)?)
            }
            Self::Sampling(params) => {
                InputResponse::CreateMessage(plain(handler.sample(*params).await?))
            }
            Self::Roots => {
                let roots = of_files(handler.roots().await?)?;
                InputResponse::ListRoots(ListRootsResult::new(roots))
            }
        })
    }
}

/// Answers a request of the server's.
pub(crate) async fn respond(
    link: &Link,
    pulse: &Arc<Pulse>,
    method: &str,
    params: Option<&RawValue>,
) -> Result<InputResponse, ErrorObject> {
    if method == PingRequest::NAME {
        return Ok(InputResponse::Unknown(JsonObject::new()));
    }
    let question = Question::by_request(link.host.serves, method, params)?;
    let _at_work = pulse.work();
    let answer = question.put_to(&*link.host.handler).await;
    let answer = answer.and_then(|answer| fitting(answer, link.context.revision));
    answer.map_err(|error| told(method, &error))
}

/// Obtains the input that a call needs first (MCP 2026-07-28, basic/patterns/mrtr). What no one
/// gives ends the call.
pub(crate) async fn obtain(
    host: &Host,
    pulse: &Arc<Pulse>,
    method: &Name,
    requests: InputRequests,
) -> Result<InputResponses, Error> {
    let undeclared = |error: ErrorObject| {
        Error::invalid(
            method.clone(),
            format!("it requires what was not offered: {}", error.message),
        )
    };
    let mut questions = Vec::with_capacity(requests.len());
    for (key, request) in requests {
        questions.push((key, Question::new(host.serves, request).map_err(undeclared)?));
    }
    let _at_work = pulse.work();
    let answers = questions.into_iter().map(async |(key, question)| {
        let asked = question.method();
        let answer = question.put_to(&*host.handler).await;
        answer
            .map(|answer| (key, answer))
            .map_err(|error| Error::input(method.clone(), asked, error))
    });
    stream::iter(answers).buffer_unordered(MOST).try_collect().await
}

fn name(request: &InputRequest) -> &str {
    match request {
        InputRequest::Elicit(_) => ElicitRequest::NAME,
        InputRequest::CreateMessage(_) => CreateMessageRequest::NAME,
        InputRequest::ListRoots(_) => ListRootsRequest::NAME,
        InputRequest::Unknown(request) => {
            request.get("method").and_then(Value::as_str).unwrap_or_default()
        }
        _ => "",
    }
}

fn read<T: DeserializeOwned>(params: Option<&RawValue>) -> Result<T, ErrorObject> {
    let params = params.map_or("{}", RawValue::get);
    serde_json::from_str(params)
        .map_err(|error| invalid(format!("the parameters: {}", without_text(&error))))
}

fn check_sampling(serves: Serves, params: &CreateMessageRequestParams) -> Result<(), ErrorObject> {
    if !serves.tools && (params.tools.is_some() || params.tool_choice.is_some()) {
        return Err(invalid("this client does not serve sampling with tools"));
    }
    let results = |message: &SamplingMessage| {
        message
            .content
            .as_slice()
            .iter()
            .filter(|block| matches!(block, Block::ToolResult(_)))
            .count()
    };
    for (place, message) in params.messages.iter().enumerate() {
        if ![0, message.content.as_slice().len()].contains(&results(message)) {
            return Err(invalid("results of tools are mixed with other content"));
        }
        let next = params.messages.get(place + 1).filter(|next| next.role == Role::User);
        let next = next.map_or(&[][..], |next| next.content.as_slice());
        let lacks = |block: &Block| match block {
            Block::ToolUse(used) => !next.iter().any(
                |block| matches!(block, Block::ToolResult(result) if result.tool_use_id == used.id),
            ),
            _ => false,
        };
        if message.content.as_slice().iter().any(lacks) {
            return Err(invalid("a use of a tool has no result in the next message"));
        }
    }
    Ok(())
}

/// A refusal is an answer to an elicitation, and not a failure.
fn unless_refused<T>(
    answer: Result<T, BoxError>,
    declined: impl FnOnce() -> T,
) -> Result<T, BoxError> {
    match answer {
        Err(error) if error.is::<Refused>() => Ok(declined()),
        answer => answer,
    }
}

/// One block stands by itself: revisions before 2025-11-25 know no arrays of blocks.
fn plain(mut result: CreateMessageResult) -> CreateMessageResult {
    if let OneOrMany::Many(blocks) = &mut result.content
        && blocks.len() == 1
        && let Some(block) = blocks.pop()
    {
        result.content = OneOrMany::One(block);
    }
    result
}

/// The answer, unless it has several blocks and the revision knows of no arrays of them
/// (MCP 2025-11-25, client/sampling).
fn fitting(answer: InputResponse, revision: Option<Revision>) -> Result<InputResponse, BoxError> {
    let has_many = match &answer {
        InputResponse::CreateMessage(result) => matches!(result.content, OneOrMany::Many(_)),
        _ => false,
    };
    match has_many && revision.is_some_and(|revision| revision < Revision::V2025_11_25) {
        true => Err("its revision takes one block of content, and there are several".into()),
        false => Ok(answer),
    }
}

fn of_files(roots: Vec<Root>) -> Result<Vec<Root>, BoxError> {
    match roots.iter().all(|root| root.uri.starts_with("file://")) {
        true => Ok(roots),
        false => Err("a root is no `file://` URI".into()),
    }
}

fn unserved(method: &str) -> ErrorObject {
    let message = format!("this client does not serve {:?}", Brief(method));
    ErrorObject { code: error_code::METHOD_NOT_FOUND, message, data: None }
}

fn invalid(reason: impl Into<String>) -> ErrorObject {
    ErrorObject { code: error_code::INVALID_PARAMS, message: reason.into(), data: None }
}

/// What the server is told of a failure: no more than whose it is.
fn told(method: &str, error: &BoxError) -> ErrorObject {
    if error.is::<Refused>() {
        return ErrorObject { code: REFUSED, message: Refused.to_string(), data: None };
    }
    tracing::warn!(method, %error, "what the server asked could not be answered");
    let message = "this client failed to answer".to_owned();
    ErrorObject { code: error_code::INTERNAL_ERROR, message, data: None }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn several_blocks_are_for_revisions_that_know_of_them() {
        // SAMP-06
        let text = json!({ "type": "text", "text": "hello" });
        for (content, older) in
            [(json!(text), true), (json!([text]), true), (json!([text, text]), false)]
        {
            let result = json!({ "role": "assistant", "model": "m", "content": content });
            let result: CreateMessageResult = serde_json::from_value(result).unwrap();
            let fits = |revision| {
                let answer = InputResponse::CreateMessage(plain(result.clone()));
                fitting(answer, Some(revision)).is_ok()
            };
            assert_eq!(fits(Revision::V2025_06_18), older, "{content}");
            assert!(fits(Revision::V2025_11_25), "{content}");
        }
    }
}
