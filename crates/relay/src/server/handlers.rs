//! The handler factory, which creates handlers of server requests.

use std::sync::Arc;

use mcp_client::Handler;

use crate::principal::Principal;

/// Returns the handler for server requests to a user, if there is one.
pub(crate) type Handlers = dyn Fn(&HandlerContext<'_>) -> Option<Arc<dyn Handler>> + Send + Sync;

/// The server and the user for which a handler is created; see
/// [`RelayBuilder::handler_factory`](crate::RelayBuilder::handler_factory).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct HandlerContext<'a> {
    /// The name of the server.
    pub server: &'a str,
    /// The principal for whom the server is used. This is the application itself, without a user,
    /// if the server is [shared](crate::Server::shared).
    pub principal: Principal,
    /// The id of the user, if the user has one; see [`Relay::for_user`](crate::Relay::for_user).
    pub user: Option<&'a str>,
}
