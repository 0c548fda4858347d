//! Requests of a server: checks them against the declared capabilities and passes them to the
//! handler.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use mcp_types::{
    ErrorObject, Method, OneOrMany, Revision, Truncated, error_code,
    v2026_07_28::{
        CreateMessageRequest, CreateMessageRequestParams, CreateMessageResult, ElicitAction,
        ElicitRequest, ElicitRequestFormParams, ElicitRequestParams, ElicitResult, InputRequest,
        InputRequests, InputResponse, InputResponses, ListRootsRequest, ListRootsResult, Role,
        Root, SamplingMessage, SamplingMessageContentBlock as Block,
    },
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json, value::RawValue};

use super::channel::Channel;
use crate::{
    error::Error,
    handler::{Declined, Form, HandlerCapabilities, UrlElicitation},
    request::{Activity, DeclinedRequests, MethodName, ServerRequests},
    text::without_text,
    transport::BoxError,
};

/// The maximum number of server requests that the handler processes at once for one call.
pub(crate) const MAX_CONCURRENT: usize = 64;

/// The error code for a rejection by the user, from the example in the specification (MCP
/// client/sampling, "Error Handling").
const USER_REJECTED: i64 = -1;

/// A server request that the handler supports.
pub(crate) enum ServerRequest {
    Form(Form, ElicitRequestFormParams),
    Url(UrlElicitation),
    Sampling(Box<CreateMessageRequestParams>),
    Roots,
}

impl ServerRequest {
    /// Reads a JSON-RPC request of the server, as in the stateful versions.
    pub(super) fn from_request(
        channel: &Channel,
        method: &str,
        params: Option<&RawValue>,
    ) -> Result<Self, ErrorObject> {
        if !channel.client_state.handler_capabilities.supports(method) {
            return Err(not_supported(channel, method));
        }
        let request = match method {
            ElicitRequest::NAME => {
                InputRequest::Elicit(ElicitRequest::new(decode_params(channel, params)?))
            }
            CreateMessageRequest::NAME => InputRequest::CreateMessage(CreateMessageRequest::new(
                decode_params(channel, params)?,
            )),
            _ => InputRequest::ListRoots(ListRootsRequest::default()),
        };
        Self::new(channel, request)
    }

    /// Checks a request against the capabilities of the handler.
    fn new(channel: &Channel, request: InputRequest) -> Result<Self, ErrorObject> {
        let capabilities = channel.client_state.handler_capabilities;
        let method = method_of(&request);
        if !capabilities.supports(method) {
            return Err(not_supported(channel, method));
        }
        match request {
            InputRequest::Elicit(request) => {
                Self::elicitation(channel, capabilities, request.params)
            }
            InputRequest::CreateMessage(request) => {
                validate_sampling(capabilities, &request.params)?;
                Ok(Self::Sampling(Box::new(request.params)))
            }
            _ => Ok(Self::Roots),
        }
    }

    fn elicitation(
        channel: &Channel,
        capabilities: HandlerCapabilities,
        params: ElicitRequestParams,
    ) -> Result<Self, ErrorObject> {
        let mode = match params {
            ElicitRequestParams::Form(params) if capabilities.form => {
                return match Form::parse(&params.requested_schema) {
                    Ok(form) => Ok(Self::Form(form, params)),
                    Err(error) => {
                        let error = without_text(&error, &channel.redactor());
                        Err(invalid_params(format!("invalid form: {error}")))
                    }
                };
            }
            ElicitRequestParams::Url(params) if capabilities.url => {
                return Ok(Self::Url(params.into()));
            }
            ElicitRequestParams::Form(_) => "form".to_owned(),
            ElicitRequestParams::Url(_) => "url".to_owned(),
            ElicitRequestParams::Unknown(params) => {
                params.get("mode").and_then(Value::as_str).unwrap_or_default().to_owned()
            }
            _ => String::new(),
        };
        Err(invalid_params(format!(
            "this client does not support elicitation mode {:?}",
            Truncated(&channel.redactor().redact(&mode))
        )))
    }

    pub(super) fn method(&self) -> &'static str {
        match self {
            Self::Form(..) | Self::Url(_) => ElicitRequest::NAME,
            Self::Sampling(_) => CreateMessageRequest::NAME,
            Self::Roots => ListRootsRequest::NAME,
        }
    }

    /// Returns a text that is equal for two requests if a user sees the same request twice. Ids and
    /// metadata are left out.
    fn content(&self) -> String {
        let content = match self {
            Self::Form(_, params) => json!([params.message, params.requested_schema]),
            Self::Url(elicitation) => json!([elicitation.message, elicitation.url]),
            Self::Sampling(params) => json!([params.messages, params.system_prompt, params.tools]),
            Self::Roots => Value::Null,
        };
        format!("{} {content}", self.method())
    }

    /// Returns `true` if the user has declined the same request before.
    pub(super) fn is_declined(&self, declined: &DeclinedRequests) -> bool {
        !declined.is_empty() && declined.contains(&self.content())
    }

    /// Lets the handler process the request. If the user declines or cancels, remembers the request.
    async fn handle(
        self,
        channel: &Channel,
        declined: &DeclinedRequests,
    ) -> Result<InputResponse, BoxError> {
        let content = self.content();
        // A panic is an error like others, because it must not end the call or the listener.
        let response = AssertUnwindSafe(self.call_handler(channel)).catch_unwind().await;
        let response = response.unwrap_or_else(|_| Err("the handler panicked".into()));
        if is_declined(&response) {
            declined.insert(&content);
        }
        response
    }

    async fn call_handler(self, channel: &Channel) -> Result<InputResponse, BoxError> {
        let handler = &*channel.client_state.handler;
        let declined = || ElicitResult::new(ElicitAction::Decline);
        Ok(match self {
            Self::Form(form, params) => {
                let result = declined_to_result(handler.elicit_form(params).await, declined)?;
                // The names of fields come from the server.
                let redacted = |error: BoxError| redact(channel, &error);
                InputResponse::Elicit(form.complete(result).map_err(redacted)?)
            }
            Self::Url(elicitation) => {
                let action = handler.elicit_url(elicitation).await.map(ElicitResult::new);
                InputResponse::Elicit(declined_to_result(action, declined)?)
            }
            Self::Sampling(params) => InputResponse::CreateMessage(unwrap_single_block(
                handler.create_message(*params).await?,
            )),
            Self::Roots => {
                let roots = require_file_uris(handler.list_roots().await?)?;
                InputResponse::ListRoots(ListRootsResult::new(roots))
            }
        })
    }
}

/// Handles a request from the server.
pub(super) async fn respond(
    channel: &Channel,
    activity: &Arc<Activity>,
    declined: &DeclinedRequests,
    request: ServerRequest,
) -> Result<InputResponse, ErrorObject> {
    let _activity = activity.start_work();
    let method = request.method();
    let response = request.handle(channel, declined).await;
    let response = response.and_then(|response| check_revision(response, channel.context.revision));
    response.map_err(|error| to_error_object(method, &error))
}

/// Collects the input that a call requires (MCP 2026-07-28, basic/patterns/mrtr). If any input is
/// not available, the call fails. It also fails if the server requires too much input, or again what
/// the user has declined.
pub(crate) async fn collect_responses(
    channel: &Channel,
    activity: &Arc<Activity>,
    method: &MethodName,
    limits: &ServerRequests,
    requests: InputRequests,
) -> Result<InputResponses, Error> {
    let undeclared = |error: ErrorObject| {
        Error::invalid_response(
            method.clone(),
            format!("the server required undeclared input: {}", error.message),
        )
    };
    let mut server_requests = Vec::with_capacity(requests.len());
    for (key, request) in requests {
        let request = ServerRequest::new(channel, request);
        let request = request.map_err(undeclared)?;
        if !limits.count() {
            return Err(Error::too_many_server_requests(method.clone(), limits.limit()));
        }
        if request.is_declined(limits.declined()) {
            return Err(Error::declined_again(method.clone(), request.method()));
        }
        server_requests.push((key, request));
    }
    let _activity = activity.start_work();
    let responses = server_requests.into_iter().map(async |(key, server_request)| {
        let input_method = server_request.method();
        let response = server_request.handle(channel, limits.declined()).await;
        response
            .map(|response| (key, response))
            .map_err(|error| Error::input_unavailable(method.clone(), input_method, error))
    });
    stream::iter(responses).buffer_unordered(MAX_CONCURRENT).try_collect().await
}

fn method_of(request: &InputRequest) -> &str {
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

fn decode_params<T: DeserializeOwned>(
    channel: &Channel,
    params: Option<&RawValue>,
) -> Result<T, ErrorObject> {
    let params = params.map_or("{}", RawValue::get);
    serde_json::from_str(params).map_err(|error| {
        let error = without_text(&error, &channel.redactor());
        invalid_params(format!("invalid parameters: {error}"))
    })
}

/// Returns an error with the same text, without secrets.
fn redact(channel: &Channel, error: &BoxError) -> BoxError {
    channel.redactor().redact(&error.to_string()).into_owned().into()
}

fn validate_sampling(
    capabilities: HandlerCapabilities,
    params: &CreateMessageRequestParams,
) -> Result<(), ErrorObject> {
    if !capabilities.tools && (params.tools.is_some() || params.tool_choice.is_some()) {
        return Err(invalid_params("this client does not support sampling with tools"));
    }
    let results = |message: &SamplingMessage| {
        message
            .content
            .as_slice()
            .iter()
            .filter(|block| matches!(block, Block::ToolResult(_)))
            .count()
    };
    for (index, message) in params.messages.iter().enumerate() {
        if ![0, message.content.as_slice().len()].contains(&results(message)) {
            return Err(invalid_params("tool results must not be mixed with other content"));
        }
        let next = params.messages.get(index + 1).filter(|next| next.role == Role::User);
        let next = next.map_or(&[][..], |next| next.content.as_slice());
        let lacks_result = |block: &Block| match block {
            Block::ToolUse(used) => !next.iter().any(
                |block| matches!(block, Block::ToolResult(result) if result.tool_use_id == used.id),
            ),
            _ => false,
        };
        if message.content.as_slice().iter().any(lacks_result) {
            return Err(invalid_params("a tool use has no result in the next message"));
        }
    }
    Ok(())
}

/// Returns `true` if the user has declined or cancelled.
fn is_declined(response: &Result<InputResponse, BoxError>) -> bool {
    match response {
        Ok(InputResponse::Elicit(result)) => result.action != ElicitAction::Accept,
        Ok(_) => false,
        Err(error) => error.is::<Declined>(),
    }
}

/// Converts [`Declined`] to a declined elicitation, which is a result and not an error.
fn declined_to_result<T>(
    response: Result<T, BoxError>,
    declined: impl FnOnce() -> T,
) -> Result<T, BoxError> {
    match response {
        Err(error) if error.is::<Declined>() => Ok(declined()),
        response => response,
    }
}

/// Unwraps a list with a single content block, because versions before 2025-11-25 have no lists of
/// blocks.
fn unwrap_single_block(mut result: CreateMessageResult) -> CreateMessageResult {
    if let OneOrMany::Many(blocks) = &mut result.content
        && blocks.len() == 1
        && let Some(block) = blocks.pop()
    {
        result.content = OneOrMany::One(block);
    }
    result
}

/// Returns the response. Returns an error if it has several content blocks and the protocol version
/// allows only one (MCP 2025-11-25, client/sampling).
fn check_revision(
    response: InputResponse,
    revision: Option<Revision>,
) -> Result<InputResponse, BoxError> {
    let has_many = match &response {
        InputResponse::CreateMessage(result) => matches!(result.content, OneOrMany::Many(_)),
        _ => false,
    };
    match has_many && revision.is_some_and(|revision| revision < Revision::V2025_11_25) {
        true => Err("the protocol version allows only one content block".into()),
        false => Ok(response),
    }
}

fn require_file_uris(roots: Vec<Root>) -> Result<Vec<Root>, BoxError> {
    match roots.iter().all(|root| root.uri.starts_with("file://")) {
        true => Ok(roots),
        false => Err("invalid root: expected a \"file://\" URI".into()),
    }
}

fn not_supported(channel: &Channel, method: &str) -> ErrorObject {
    let method = channel.redactor().redact(method).into_owned();
    let message = format!("this client does not support {:?}", Truncated(&method));
    ErrorObject { code: error_code::METHOD_NOT_FOUND, message, data: None }
}

fn invalid_params(reason: impl Into<String>) -> ErrorObject {
    ErrorObject { code: error_code::INVALID_PARAMS, message: reason.into(), data: None }
}

/// Returns the error object for a request that the user has declined.
pub(super) fn declined_object() -> ErrorObject {
    ErrorObject { code: USER_REJECTED, message: Declined.to_string(), data: None }
}

/// Returns the error object for a request that the client does not handle for this reason.
pub(super) fn not_handled(reason: impl Into<String>) -> ErrorObject {
    ErrorObject { code: error_code::INTERNAL_ERROR, message: reason.into(), data: None }
}

/// Returns the error object for the server. It does not reveal why the handler failed.
fn to_error_object(method: &str, error: &BoxError) -> ErrorObject {
    if error.is::<Declined>() {
        return declined_object();
    }
    tracing::warn!(method, %error, "server request failed");
    not_handled("the client failed to handle the request")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn several_content_blocks_need_2025_11_25() {
        // SAMP-06
        let text = json!({ "type": "text", "text": "hello" });
        for (content, older) in
            [(json!(text), true), (json!([text]), true), (json!([text, text]), false)]
        {
            let result = json!({ "role": "assistant", "model": "m", "content": content });
            let result: CreateMessageResult = serde_json::from_value(result).unwrap();
            let is_allowed = |revision| {
                let response = InputResponse::CreateMessage(unwrap_single_block(result.clone()));
                check_revision(response, Some(revision)).is_ok()
            };
            assert_eq!(is_allowed(Revision::V2025_06_18), older, "{content}");
            assert!(is_allowed(Revision::V2025_11_25), "{content}");
        }
    }
}
