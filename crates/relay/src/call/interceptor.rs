//! Interceptors, which wrap the tool lists and tool calls of all users.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use mcp_client::ToolList;
use serde_json::value::RawValue;

use super::{tool::Tool, user_server::UserServer};
use crate::{error::Error, principal::Principal, tool_output::ToolOutput};

/// Wraps tool lists and tool calls. It may change a request, reject it, or return its own result.
/// Add it with [`RelayBuilder::interceptor`](crate::RelayBuilder::interceptor).
///
/// # Examples
///
/// ```
/// use futures_util::future::BoxFuture;
/// use relay::{CallRequest, Error, Interceptor, NextCall, Relay, ToolOutput};
///
/// /// Rejects calls of tools that delete something.
/// struct RejectDeletion;
///
/// impl Interceptor for RejectDeletion {
///     fn call_tool<'a>(
///         &'a self,
///         call: CallRequest,
///         next: NextCall<'a>,
///     ) -> BoxFuture<'a, Result<ToolOutput, Error>> {
///         Box::pin(async move {
///             if call.tool.definition().name.starts_with("delete") {
///                 return Err(call.reject("deletion is not allowed"));
///             }
///             next.run(call).await
///         })
///     }
/// }
///
/// let relay = Relay::builder().interceptor(RejectDeletion).build();
/// ```
pub trait Interceptor: Send + Sync + 'static {
    /// Handles a tool call. Call `next` to continue it, which is possible once, or return another
    /// result.
    ///
    /// By default, it continues the call. The later steps, such as the validation of the arguments,
    /// use the call that is passed to `next`.
    fn call_tool<'a>(
        &'a self,
        call: CallRequest,
        next: NextCall<'a>,
    ) -> BoxFuture<'a, Result<ToolOutput, Error>> {
        next.run(call)
    }

    /// Handles a request for a tool list. Call `next` to continue it, or return another list.
    ///
    /// By default, it continues the request. The returned list is cached for this user only, or for
    /// all users if the server is [shared](crate::Server::shared). Users share equal tool
    /// definitions in memory, but not definitions that an interceptor changes.
    fn list_tools<'a>(
        &'a self,
        request: ListRequest,
        next: NextList<'a>,
    ) -> BoxFuture<'a, Result<ToolList, Error>> {
        next.run(request)
    }
}

/// A tool call that an [`Interceptor`] handles before it is sent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CallRequest {
    /// The tool, with its server, its names and the principal.
    pub tool: Tool,
    /// The arguments, which are a JSON object.
    pub arguments: Box<RawValue>,
}

/// The interceptors of a relay, the outermost first.
pub(crate) type Interceptors = Arc<[Arc<dyn Interceptor>]>;

/// A request for a tool list that an [`Interceptor`] handles before it is sent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ListRequest {
    /// The server.
    pub server: Arc<str>,
    /// The principal for whom the list is requested. This is the application itself, without a
    /// user, if the server is [shared](crate::Server::shared).
    pub principal: Principal,
}

/// The steps after an interceptor of a call: the other interceptors, then the server.
///
/// It is used up by [`run`](Self::run), so an interceptor cannot make a call twice:
///
/// ```compile_fail,E0382
/// # use relay::{CallRequest, Error, NextCall};
/// async fn call_tool(call: CallRequest, next: NextCall<'_>) -> Result<(), Error> {
///     next.run(call.clone()).await?;
///     next.run(call).await?;
///     Ok(())
/// }
/// ```
pub struct NextCall<'a> {
    pub(crate) remaining: &'a [Arc<dyn Interceptor>],
}

/// The steps after an interceptor of a list: the other interceptors, then the server. It is used up
/// by [`run`](Self::run), like [`NextCall`].
pub struct NextList<'a> {
    pub(crate) remaining: &'a [Arc<dyn Interceptor>],
    pub(crate) user_server: &'a UserServer,
}

impl<'a> NextCall<'a> {
    /// Continues the call.
    pub fn run(self, call: CallRequest) -> BoxFuture<'a, Result<ToolOutput, Error>> {
        match self.remaining {
            [first, remaining @ ..] => first.call_tool(call, Self { remaining }),
            [] => Box::pin(async move { call.tool.send(&call.arguments).await }),
        }
    }
}

impl<'a> NextList<'a> {
    /// Continues the request.
    pub fn run(self, request: ListRequest) -> BoxFuture<'a, Result<ToolList, Error>> {
        match self.remaining {
            [first, remaining @ ..] => first.list_tools(request, Self { remaining, ..self }),
            [] => Box::pin(self.user_server.list_tools()),
        }
    }
}

impl std::fmt::Debug for NextCall<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Next({} more)", self.remaining.len())
    }
}

impl std::fmt::Debug for NextList<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NextList({} more)", self.remaining.len())
    }
}
