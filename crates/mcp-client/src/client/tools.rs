//! Tools: listing and calling them.

use std::sync::PoisonError;

use mcp_types::{
    Method, error_code,
    v2026_07_28::{CallToolRequest, ListToolsRequest},
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::client::Client;
use crate::{
    error::Error,
    request::{
        CallOptions, CallToolParams, MethodName, Request, require_object, to_object,
        tool_params_error,
    },
    result::{Decode, ParamHeader, ToolList, ToolResult, decode_tool_result},
    transport::BoxError,
};

/// # Tools
impl Client {
    /// Returns the server's tools, from all pages of the list.
    ///
    /// Entries that cannot be used are in [`ToolList::invalid`].
    ///
    /// # Errors
    /// Returns [`Error::ListLimitExceeded`] if the list exceeds a limit. Returns any other
    /// [`Error`] if a request fails.
    pub async fn list_tools(&self) -> Result<ToolList, Error> {
        let method = MethodName::Borrowed(ListToolsRequest::NAME);
        let shared_lists = &self.shared.shared_tool_lists;
        let (pages, session) =
            self.list_pages(method, &|message| shared_lists.decode(message)).await?;
        let cache = pages.hint();
        let server_info = session.as_deref().map(|session| &**session.server_info());
        let (list, param_headers) = ToolList::new(&pages.into_items(), server_info);
        *self.shared.param_headers.write().unwrap_or_else(PoisonError::into_inner) = param_headers;
        Ok(ToolList { cache, invalid: self.redacted(list.invalid), ..list })
    }

    /// Calls a tool by its name on the server.
    ///
    /// `arguments` is a value that serializes as a JSON object. `()` and `None` stand for an empty
    /// object. If the tool itself fails, the call returns a result with `is_error` set.
    ///
    /// The input schema of a tool may require some arguments to be repeated as parameter headers.
    /// The client uses the schemas of the latest [list](Self::list_tools). If the server reports
    /// missing headers, the client lists the tools again.
    ///
    /// # Errors
    /// Returns [`Error::InvalidParams`] if `arguments` is not an object. Returns any other
    /// [`Error`] if the request fails.
    pub async fn call_tool(
        &self,
        name: &str,
        arguments: impl Serialize,
    ) -> Result<ToolResult, Error> {
        let arguments = to_object(&arguments).map_err(tool_params_error)?;
        self.call_tool_raw(name, &arguments).await
    }

    /// Calls a tool with arguments that are JSON already, such as the text from a model. Otherwise
    /// works like [`call_tool`](Self::call_tool).
    ///
    /// # Errors
    /// Returns the same errors as [`call_tool`](Self::call_tool).
    ///
    /// # Examples
    /// ```no_run
    /// # async fn run(client: mcp_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let arguments = serde_json::from_str(r#"{ "a": 1, "b": 2 }"#)?;
    /// let result = client.call_tool_raw("add", arguments).await?;
    /// println!("{:?}", result.content);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn call_tool_raw(
        &self,
        name: &str,
        arguments: &RawValue,
    ) -> Result<ToolResult, Error> {
        let method = MethodName::Borrowed(CallToolRequest::NAME);
        require_object(arguments).map_err(tool_params_error)?;
        let call = CallToolParams { name, arguments };
        let deadline = self.new_deadline();
        let request = Request { target: Some(name), ..self.new_request(method, &call, &deadline) };
        self.request_tool(request, arguments, &decode_tool_result).await
    }

    /// Calls a tool with the parameter headers that its schema requires. If the server reports
    /// missing headers, lists the tools again and retries once.
    pub(super) async fn request_tool<R>(
        &self,
        mut request: Request<'_, impl Serialize>,
        arguments: &RawValue,
        decode: Decode<'_, R>,
    ) -> Result<R, Error> {
        let tool = request.target.unwrap_or_default();
        request.param_headers = self.param_headers(tool, arguments)?;
        let outcome = self.request(&request, decode).await;
        // Only an error with the HTTP status of a rejection comes from this server. The code alone
        // may come from another server that the tool has called.
        let is_header_mismatch = |error: &Error| {
            error.code() == Some(error_code::HEADER_MISMATCH) && error.did_not_run()
        };
        if !outcome.as_ref().is_err_and(is_header_mismatch) || !request.may_repeat() {
            return outcome;
        }
        // Boxed because this is rare, which keeps the future of each call small.
        let lister = self.without_attempts();
        let mut list = Box::pin(lister.list_tools());
        self.with_deadline(request.deadline, &request.method, list.as_mut()).await?;
        let param_headers = self.param_headers(tool, arguments)?;
        if param_headers == request.param_headers {
            return outcome;
        }
        request.param_headers = param_headers;
        self.request(&request, decode).await
    }

    /// Returns a client whose requests do not count as attempts of a call.
    fn without_attempts(&self) -> Self {
        let options = self.options.as_deref().cloned().unwrap_or_default();
        self.with_options(CallOptions { attempts: None, ..options })
    }

    /// Returns the parameter headers of a tool call.
    fn param_headers(
        &self,
        tool: &str,
        arguments: &RawValue,
    ) -> Result<Vec<(String, String)>, Error> {
        let param_headers =
            self.shared.param_headers.read().unwrap_or_else(PoisonError::into_inner);
        let values = param_headers
            .get(tool)
            .map(|param_headers| ParamHeader::values(param_headers, arguments));
        // The names of parameters come from the server.
        let redacted = |error: BoxError| {
            tool_params_error(self.redactor().redact(&error.to_string()).into_owned().into())
        };
        values.unwrap_or_else(|| Ok(Vec::new())).map_err(redacted)
    }
}
