//! The handlers of server requests that an application may set.

use std::sync::Arc;

use mcp_client::Handler;

use crate::principal::Principal;

/// Returns the handler for the requests of a server to a user.
pub(crate) type Handlers = dyn Fn(&HandlerContext<'_>) -> Option<Arc<dyn Handler>> + Send + Sync;

/// A server that may ask something, and on whose behalf it is spoken to; see
/// [`RelayBuilder::handler_factory`](crate::RelayBuilder::handler_factory).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct HandlerContext<'a> {
    /// The server.
    pub server: &'a str,
    /// The user.
    pub principal: Principal,
    /// The id of the user, where the application knows the user by one.
    pub user: Option<&'a str>,
}
