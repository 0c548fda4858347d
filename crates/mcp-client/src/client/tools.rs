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
    request::{Name, Request, ToolCall, require_object, to_object, tool_params_error},
    result::{Decode, ParamHeader, ToolList, ToolResult, decode_tool_result},
};

/// # Tools
impl Client {
    /// The tools of the server, all pages of the list.
    ///
    /// An entry that cannot be offered is set apart in [`ToolList::invalid`].
    ///
    /// # Errors
    /// [`Error::ListLimitExceeded`] past a limit, else any [`Error`] of the exchange.
    pub async fn list_tools(&self) -> Result<ToolList, Error> {
        let method = Name::Borrowed(ListToolsRequest::NAME);
        let known = &self.shared.shared_lists;
        let (pages, session) = self.list_pages(method, &|message| known.decode(message)).await?;
        let cache = pages.hint();
        let profile = session.as_deref().map(|session| &**session.profile());
        let (list, param_headers) = ToolList::new(&pages.into_items(), profile);
        *self.shared.param_headers.write().unwrap_or_else(PoisonError::into_inner) = param_headers;
        Ok(ToolList { cache, ..list })
    }

    /// Calls a tool by its server's name for it.
    ///
    /// `arguments` is whatever serializes as a JSON object; nothing (`()` or `None`) is an empty
    /// one. A result with `is_error` is the tool's own failure and comes back as a result.
    ///
    /// A tool may want some arguments to be repeated outside of the body. Which, its schema says;
    /// they are those of the newest [list](Self::list_tools), which is fetched anew where the server
    /// misses some.
    ///
    /// # Errors
    /// [`Error::InvalidParams`] where `arguments` is no object, else any [`Error`] of the exchange.
    pub async fn call_tool(
        &self,
        name: &str,
        arguments: impl Serialize,
    ) -> Result<ToolResult, Error> {
        let arguments = to_object(&arguments).map_err(tool_params_error)?;
        self.call_tool_raw(name, &arguments).await
    }

    /// Calls a tool with arguments that are JSON already, such as a model's own text; otherwise as
    /// [`call_tool`](Self::call_tool).
    ///
    /// ```no_run
    /// # async fn run(client: mcp_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let arguments = serde_json::from_str(r#"{ "a": 1, "b": 2 }"#)?;
    /// let result = client.call_tool_raw("add", arguments).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`call_tool`](Self::call_tool).
    pub async fn call_tool_raw(
        &self,
        name: &str,
        arguments: &RawValue,
    ) -> Result<ToolResult, Error> {
        let method = Name::Borrowed(CallToolRequest::NAME);
        require_object(arguments).map_err(tool_params_error)?;
        let call = ToolCall { name, arguments };
        let deadline = self.new_deadline();
        let request = Request {
            target: Some(name),
            options: self.options.as_deref(),
            ..Request::new(method, &call, &deadline)
        };
        self.request_tool(request, arguments, &decode_tool_result).await
    }

    /// Calls a tool with the parameter headers that its schema asks for. If the server reports
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
        // Without its status the code may be that of another server, which the tool has called.
        let missed = |error: &Error| {
            error.code() == Some(error_code::HEADER_MISMATCH) && error.did_not_run()
        };
        if !outcome.as_ref().is_err_and(missed) {
            return outcome;
        }
        // Rare, and thus kept out of the future of each call.
        let mut listed = Box::pin(self.list_tools());
        self.with_deadline(request.deadline, &request.method, listed.as_mut()).await?;
        let param_headers = self.param_headers(tool, arguments)?;
        if param_headers == request.param_headers {
            return outcome;
        }
        request.param_headers = param_headers;
        self.request(&request, decode).await
    }

    /// The parameter headers of a tool call.
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
        values.unwrap_or_else(|| Ok(Vec::new())).map_err(tool_params_error)
    }
}
