//! A tool call, with its validation, concurrency limit, deadline, retries and pending call.

use std::{borrow::Cow, pin::pin, time::Duration};

use aws_lc_rs::rand;
use mcp_client::{
    Attempts, BoxError, CallOptions, Limits,
    mcp_types::{Method, error_code, v2026_07_28::CallToolRequest},
};
use mcp_http::AccessToken;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::{sync::SemaphorePermit, time};

use super::{
    interceptor::{CallRequest, NextCall},
    resource_tools,
    retry::{Deadline, Retries, Safety},
    span::{OperationInfo, in_span},
    tool::Tool,
};
use crate::{
    error::{AuthorizationError, Error, FailureKind},
    pending_call::PendingCall,
    server::ServerHandle,
    tool_output::ToolOutput,
};

impl CallRequest {
    /// Creates the error with which an interceptor rejects the call without sending it. The
    /// interceptor must return it.
    pub fn reject(&self, reason: impl Into<String>) -> Error {
        self.tool.tool_call_error(reason.into())
    }
}

impl Tool {
    /// Calls the tool.
    ///
    /// `arguments` is any value that serializes as a JSON object: a `serde_json::Value`, a struct,
    /// a map, or a `RawValue` that a model wrote. If the tool reports an error, the output has
    /// [`is_error`](ToolOutput::is_error) set, so that the model can see the error. Dropping the future
    /// cancels the call.
    ///
    /// If a failure is temporary and the call did not run, the call is
    /// [retried](crate::Server::max_retries). A call that may have run is retried only if the tool is annotated as read-only or idempotent, and the settings
    /// [trust the annotations](crate::Server::trust_annotations).
    ///
    /// # Errors
    ///
    /// - Returns [`Error::Authorization`] if the user must sign in.
    /// - Returns [`Error::InvalidArguments`] if the arguments do not match the input schema.
    /// - Returns [`Error::ToolCall`] if the arguments are not a JSON object, if an interceptor rejects
    ///   the call, if the limit of concurrent calls leaves no time for it, or if the server does not
    ///   return a valid result.
    /// - Returns [`Error::InvalidOutput`] if the structured content does not match the output schema.
    /// - Returns [`Error::OutcomeUnknown`] if the call failed and may have run.
    /// - Returns [`Error::Transport`] if the call did not run, or if the server answered with an
    ///   error.
    pub async fn call(&self, arguments: impl Serialize) -> Result<ToolOutput, Error> {
        let tool = Some(&*self.definition().name);
        let operation = OperationInfo { method: CallToolRequest::NAME, tool, prompt: None };
        let failed = |output: &ToolOutput| output.is_error;
        let future = pin!(async {
            let arguments =
                to_json_object(&arguments).map_err(|error| self.invalid_params(error))?;
            let result = match &self.server.interceptors[..] {
                [] => self.send(&arguments).await,
                interceptors => {
                    let call = CallRequest { tool: self.clone(), arguments: arguments.clone() };
                    NextCall { remaining: interceptors }.run(call).await
                }
            };
            result.map_err(|error| self.with_pending_call(error, &arguments))
        });
        in_span(self.user_server(), operation, failed, future).await
    }

    /// Validates the arguments, waits for a permit, sends the call, and validates the output.
    pub(crate) async fn send(&self, arguments: &RawValue) -> Result<ToolOutput, Error> {
        let handle = self.user_server().handle()?;
        self.check_token(handle)?;
        if handle.server.validate_schemas {
            let redactor = || self.user_server().redactor();
            let (checks, tool) = (&self.entry().checks, self.definition());
            checks.check_arguments(self.server(), tool, arguments, redactor)?;
        }
        let deadline = Deadline::new(self.limits(handle).max_total_timeout);
        let (_permit, had_to_wait) = self.permit(handle, deadline).await?;
        // If there was no wait, the full time remains, and the client's own limit applies.
        let mut limit = had_to_wait.then(|| deadline.remaining());
        let max_retries = handle.server.max_retries;
        let mut retries = Retries::of_call(self.safety(handle), max_retries, deadline);
        let output = loop {
            match self.call_once(handle, arguments, limit, retries.attempts()).await {
                Ok(output) => break output,
                // Boxed because this is rare, which keeps the future of each call small.
                Err(error) if Box::pin(retries.wait(&error)).await => {
                    limit = Some(deadline.remaining());
                }
                Err(error) => return Err(retries.finish(error)),
            }
        };
        if handle.server.validate_schemas {
            let redactor = || self.user_server().redactor();
            let (checks, tool) = (&self.entry().checks, self.definition());
            checks.check_output(self.server(), tool, output, redactor)
        } else {
            Ok(output)
        }
    }

    /// Sends the call. `limit` is the remaining time; `None` uses the limit of the client.
    async fn call_once(
        &self,
        handle: &ServerHandle,
        arguments: &RawValue,
        limit: Option<Duration>,
        attempts: &Attempts,
    ) -> Result<ToolOutput, Error> {
        let name = &*self.definition().name;
        let connection = self.user_server().connection()?;
        let is_resource_tool = resource_tools::is_resource_tool(&self.entry().tool);
        let mut options = self.options.as_deref().cloned().unwrap_or_default();
        if let Some(limit) = limit {
            options = options.max_total_timeout(limit);
        }
        // A resource tool may send several requests.
        if !is_resource_tool {
            options = options.attempts(attempts.clone());
        }
        let traced_client = self.user_server().traced_client(&connection, Some(options));
        let client = traced_client.as_ref().unwrap_or(&connection);
        let result = match is_resource_tool {
            false => {
                let result = client.call_tool_raw(name, arguments).await.map(ToolOutput::from);
                result.map_err(|error| self.user_server().error_context(Some(name)).convert(error))
            }
            true => {
                let limit = limit.unwrap_or_else(|| self.limits(handle).max_total_timeout);
                let result = Box::pin(resource_tools::call(client, name, arguments, limit)).await;
                result.map_err(|error| {
                    self.user_server().error_context(None).convert_without_tool(error)
                })
            }
        };
        connection.touch();
        if result.as_ref().is_err_and(may_have_changed_tools) {
            Box::pin(self.user_server().forget_list()).await;
        }
        result
    }

    /// Returns what may happen if the tool runs twice.
    fn safety(&self, handle: &ServerHandle) -> Safety {
        let annotations = self.untrusted_annotations().filter(|_| handle.server.trust_annotations);
        let is_trusted = annotations.is_some_and(|annotations| {
            annotations.read_only_hint == Some(true) || annotations.idempotent_hint == Some(true)
        });
        if is_trusted { Safety::Trusted } else { Safety::MayChange }
    }

    /// Adds the pending call to an authorization error of this tool, so that the call can be
    /// resumed. On resume, interceptors handle the call again.
    ///
    /// An interceptor may also return the error of another call. This call may then have run, so no
    /// pending call is added.
    fn with_pending_call(&self, mut error: Error, arguments: &RawValue) -> Error {
        let name = &*self.definition().name;
        if let Error::Authorization(authorization) = &mut error
            && authorization.server == self.server()
            && authorization.tool.as_deref().is_none_or(|tool| tool == name)
        {
            authorization.pending_call = self.pending_call(authorization, arguments);
        }
        error
    }

    /// Returns the pending call of an authorization error. `None` if the call may have run, or if
    /// there are no random bytes for its id.
    fn pending_call(
        &self,
        authorization: &AuthorizationError,
        arguments: &RawValue,
    ) -> Option<PendingCall> {
        let caller = &self.user_server().caller;
        let mut id = [0; 16];
        rand::fill(&mut id).ok().filter(|()| authorization.did_not_run)?;
        let scopes =
            authorization.challenge().and_then(|challenge| challenge.scope()).unwrap_or_default();
        Some(PendingCall {
            id: id.iter().map(|byte| format!("{byte:02x}")).collect(),
            server: self.server().to_owned(),
            tool: self.definition().name.clone(),
            arguments: arguments.get().to_owned(),
            user: caller.id.as_deref().map(str::to_owned),
            anonymous: caller.credentials.are_own(),
            scopes: scopes.split_whitespace().map(str::to_owned).collect(),
        })
    }

    /// Returns an error if the options have a token, but the server is shared.
    fn check_token(&self, handle: &ServerHandle) -> Result<(), Error> {
        let options = self.options.as_deref().filter(|_| handle.server.shared);
        match options.and_then(CallOptions::get_extension::<AccessToken>) {
            None => Ok(()),
            Some(_) => Err(Error::configuration(
                Some(self.server()),
                format!(
                    "tool \"{}\": the server is shared, so it is used with its own credentials; \
                     remove the token from the options of the call",
                    self.definition().name
                ),
            )),
        }
    }

    /// Waits for a permit of the server. Also returns whether it had to wait.
    async fn permit<'a>(
        &self,
        handle: &'a ServerHandle,
        deadline: Deadline,
    ) -> Result<(Option<SemaphorePermit<'a>>, bool), Error> {
        if let Ok(permit) = handle.call_permits.try_acquire() {
            return Ok((Some(permit), false));
        }
        match time::timeout(deadline.remaining(), handle.call_permits.acquire()).await {
            Ok(permit) => Ok((permit.ok(), true)),
            Err(_) => Err(self.tool_call_error(
                "timed out while waiting for other calls: the limit of concurrent calls is reached",
            )),
        }
    }

    /// Returns the limits of this call.
    fn limits(&self, handle: &ServerHandle) -> Limits {
        let limits = handle.server.limits;
        self.options.as_ref().map_or(limits, |options| options.limits(limits))
    }

    /// Returns the error of a call that was not sent.
    pub(crate) fn tool_call_error(&self, reason: impl Into<Cow<'static, str>>) -> Error {
        Error::ToolCall {
            server: self.server().to_owned(),
            tool: self.definition().name.clone(),
            reason: reason.into(),
            source: None,
        }
    }

    fn invalid_params(&self, error: BoxError) -> Error {
        let error =
            mcp_client::Error::InvalidParams { method: "tools/call".into(), source: error.into() };
        self.user_server().error_context(Some(&self.definition().name)).convert(error)
    }
}

/// Returns whether the tool list may be out of date. Servers reject an unknown tool with -32602, but
/// also invalid arguments.
fn may_have_changed_tools(error: &Error) -> bool {
    matches!(error, Error::Transport { kind: FailureKind::Rpc(error_code::INVALID_PARAMS), .. })
}

/// Serializes arguments as a JSON object. `null` becomes an empty object, as in
/// `mcp_client::Client::call_tool`.
fn to_json_object(arguments: &impl Serialize) -> Result<Box<RawValue>, BoxError> {
    let arguments = to_raw_value(arguments)?;
    match arguments.get().as_bytes().first() {
        Some(b'{') => Ok(arguments),
        Some(b'n') => Ok(RawValue::from_string("{}".to_owned())?),
        _ => Err("expected a JSON object".into()),
    }
}
