//! Interceptors: what an application does around the lists and calls of all users.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use mcp_client::ToolList;
use serde_json::value::RawValue;

use super::{tool::Tool, user_server::UserServer};
use crate::{error::Error, principal::Principal, tool_output::ToolOutput};

/// Stands around lists and calls, and may change, refuse or answer them; given to
/// [`RelayBuilder::interceptor`](crate::RelayBuilder::interceptor).
///
/// ```
/// use futures_util::future::BoxFuture;
/// use relay::{CallRequest, Error, Interceptor, Next, ToolOutput};
///
/// /// Lets nobody delete anything.
/// struct KeepAll;
///
/// impl Interceptor for KeepAll {
///     fn call_tool<'a>(
///         &'a self,
///         call: CallRequest,
///         next: Next<'a>,
///     ) -> BoxFuture<'a, Result<ToolOutput, Error>> {
///         Box::pin(async move {
///             match call.tool.definition().name.starts_with("delete") {
///                 true => Err(call.reject("nothing is deleted here")),
///                 false => next.run(call).await,
///             }
///         })
///     }
/// }
///
/// let relay = relay::Relay::builder().interceptor(KeepAll).build();
/// ```
pub trait Interceptor: Send + Sync + 'static {
    /// Makes a call by `next`, or does something else in its place. What comes after, such as the
    /// check of the arguments, sees what this makes of the call.
    fn call_tool<'a>(
        &'a self,
        call: CallRequest,
        next: Next<'a>,
    ) -> BoxFuture<'a, Result<ToolOutput, Error>> {
        next.run(call)
    }

    /// Asks a server for its tools by `next`, or gives others. What comes out is kept for this user;
    /// tools that are changed are no longer shared by users who were sent the same.
    fn list_tools<'a>(
        &'a self,
        listing: ListRequest,
        next: NextList<'a>,
    ) -> BoxFuture<'a, Result<ToolList, Error>> {
        next.run(listing)
    }
}

/// A call on its way to its server, as an [`Interceptor`] gets it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CallRequest {
    /// What is called; it tells its server, its names and on whose behalf it is.
    pub tool: Tool,
    /// The arguments, a JSON object.
    pub arguments: Box<RawValue>,
}

/// The interceptors of a relay, the outermost first.
pub(crate) type Interceptors = Arc<[Arc<dyn Interceptor>]>;

/// A list of tools that is about to be asked for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ListRequest {
    /// The server.
    pub server: Arc<str>,
    /// On whose behalf.
    pub principal: Principal,
}

/// What comes after an interceptor of a call: others, and at last the server.
#[derive(Clone, Copy)]
pub struct Next<'a> {
    pub(crate) rest: &'a [Arc<dyn Interceptor>],
}

/// What comes after an interceptor of a list: others, and at last the server.
#[derive(Clone, Copy)]
pub struct NextList<'a> {
    pub(crate) rest: &'a [Arc<dyn Interceptor>],
    pub(crate) user_server: &'a UserServer,
}

impl<'a> Next<'a> {
    /// Makes the call.
    pub fn run(self, call: CallRequest) -> BoxFuture<'a, Result<ToolOutput, Error>> {
        match self.rest {
            [first, rest @ ..] => first.call_tool(call, Self { rest }),
            [] => Box::pin(async move { call.tool.send(&call.arguments).await }),
        }
    }
}

impl<'a> NextList<'a> {
    /// Asks for the list.
    pub fn run(self, listing: ListRequest) -> BoxFuture<'a, Result<ToolList, Error>> {
        match self.rest {
            [first, rest @ ..] => first.list_tools(listing, Self { rest, ..self }),
            [] => Box::pin(self.user_server.list_tools()),
        }
    }
}

impl std::fmt::Debug for Next<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Next({} more)", self.rest.len())
    }
}

impl std::fmt::Debug for NextList<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NextList({} more)", self.rest.len())
    }
}
