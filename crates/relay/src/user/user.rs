//! A user of the relay.

use std::{fmt, sync::Arc};

use mcp_http::TokenSource;

use crate::{
    call::{Interceptors, ServerTools, ToolServer, UserServer},
    error::Error,
    principal::Principal,
    server::{Connection, RelayState},
};

/// A handle to the servers of a relay for one user.
///
/// It is created by [`Relay::with_token`](crate::Relay::with_token) or
/// [`Relay::for_user`](crate::Relay::for_user). The handle of
/// [`Relay::without_token`](crate::Relay::without_token) has no user.
///
/// Clones share everything. Handles with the same token, or with the same id, share sessions and
/// tool lists. Other handles share only network connections and public tool lists.
#[derive(Clone)]
pub struct User {
    pub(crate) state: Arc<RelayState>,
    pub(crate) interceptors: Interceptors,
    pub(crate) principal: Principal,
    /// The id of the user, as the application set it.
    pub(crate) id: Option<Arc<str>>,
    /// The source of the user's tokens. Without one, the `api_key` of the server is used.
    pub(crate) source: Option<Arc<dyn TokenSource>>,
}

impl User {
    /// Returns the tools of a server, from the cache or from the server.
    ///
    /// # Errors
    ///
    /// - Returns [`Error::Configuration`] if the server is not registered or cannot receive the
    ///   user's token.
    /// - Returns [`Error::Authorization`] if the user must sign in.
    /// - Returns [`Error::ToolDefinition`] if the server does not return a valid tool list.
    /// - Returns [`Error::Transport`] if the request fails otherwise.
    pub async fn tools(&self, server: &str) -> Result<ServerTools, Error> {
        loop {
            let user_server = self.user_server(server)?;
            let server =
                Arc::new(ToolServer { user_server, interceptors: self.interceptors.clone() });
            match server.list().await {
                // The server was replaced or removed in the meantime.
                Err(_) if server.user_server.is_retired() => {}
                list => return Ok(ServerTools { list: list?, server }),
            }
        }
    }

    /// Returns the connection to a server, for requests other than tool calls. It dereferences to
    /// the typed client.
    ///
    /// The connection is the one that the user's tool calls use.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Configuration`] if the server is not registered or cannot receive the
    /// user's token.
    pub fn connection(&self, server: &str) -> Result<Connection, Error> {
        self.user_server(server)?.connection()
    }

    /// Closes the user's sessions on all servers, and drops the user's tool lists.
    ///
    /// Tool lists in a [store](crate::RelayBuilder::tool_list_store) are removed too.
    ///
    /// # Errors
    ///
    /// If servers return errors, returns the first one. The sessions on all other servers are closed
    /// nevertheless.
    pub async fn close(&self) -> Result<(), Error> {
        self.state.forget_stored(self.principal).await;
        self.state.close(|key| key.principal == self.principal).await
    }

    /// Returns the principal of the user.
    pub fn principal(&self) -> Principal {
        self.principal
    }

    /// Returns the id of the user, if the handle was created by
    /// [`Relay::for_user`](crate::Relay::for_user).
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    #[inline]
    pub(crate) fn user_server(&self, server: &str) -> Result<UserServer, Error> {
        let (state, id, source) = (Arc::clone(&self.state), self.id.clone(), self.source.clone());
        UserServer::new(state, server, self.principal, id, source)
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("principal", &self.principal).finish_non_exhaustive()
    }
}
