//! A user of the relay.

use std::{fmt, sync::Arc};

use mcp_http::TokenSource;

use crate::{
    call::{Interceptors, ServerTools, ToolServer, UserServer},
    error::Error,
    principal::Principal,
    server::{Connection, RelayState},
};

/// The registry on behalf of one user, made by [`Relay::with_token`](crate::Relay::with_token) or
/// [`Relay::for_user`](crate::Relay::for_user).
///
/// Clones share everything. Two values made with the same token, or with the same id, share sessions
/// and lists of tools; two made with different ones share nothing but connections.
#[derive(Clone)]
pub struct User {
    pub(crate) state: Arc<RelayState>,
    pub(crate) interceptors: Interceptors,
    pub(crate) principal: Principal,
    /// The id that the application knows the user by.
    pub(crate) id: Option<Arc<str>>,
    /// The source of the user's tokens. Without one, the `api_key` of the server is used.
    pub(crate) source: Option<Arc<dyn TokenSource>>,
}

impl User {
    /// The tools of a server, from the cache or from the server.
    ///
    /// # Errors
    /// [`Error::Configuration`] for a server that is not registered or cannot take the user's token,
    /// [`Error::Authorization`] when the user has to sign in, [`Error::ToolDefinition`] when the
    /// server gives no usable list, else [`Error::Transport`].
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

    /// The conversation with a server, for what is beyond tools: it derefs to the typed client. It is
    /// shared with the user's other calls.
    ///
    /// # Errors
    /// [`Error::Configuration`] for a server that is not registered or cannot take the user's token.
    pub fn connection(&self, server: &str) -> Result<Connection, Error> {
        self.user_server(server)?.connection()
    }

    /// Ends the user's sessions on all servers and forgets the user's lists of tools.
    ///
    /// # Errors
    /// The first error of a server; the others are tried all the same.
    pub async fn close(&self) -> Result<(), Error> {
        self.state.forget_stored(self.principal).await;
        self.state.close(|key| key.principal == self.principal).await
    }

    /// On whose behalf this is.
    pub fn principal(&self) -> Principal {
        self.principal
    }

    /// The id that the application knows the user by, if it is one of
    /// [`Relay::for_user`](crate::Relay::for_user).
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

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
