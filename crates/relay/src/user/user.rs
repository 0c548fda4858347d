//! A user of the relay.

use std::{fmt, sync::Arc};

use crate::{
    call::{Caller, Interceptors, ServerTools, ToolServer, UserServer},
    error::Error,
    principal::Principal,
    server::{Connection, RelayState},
};

/// A handle to the servers of a relay for one user.
///
/// The method that creates it decides which token goes where:
///
/// - [`Relay::with_token`](crate::Relay::with_token): one token, for one server.
/// - [`Relay::with_tokens`](crate::Relay::with_tokens): a token for each server.
/// - [`Relay::for_user`](crate::Relay::for_user): a [`TokenSource`](crate::TokenSource), which is
///   asked for each server.
/// - [`Relay::without_token`](crate::Relay::without_token): no user. Each server gets its own
///   credentials.
///
/// A [shared](crate::Server::shared) server never gets a token of a user.
///
/// Clones share everything. Handles with the same tokens, or with the same id, share sessions and
/// tool lists. Other handles share only network connections, public tool lists, and what belongs to
/// shared servers.
#[derive(Clone)]
pub struct User {
    pub(crate) state: Arc<RelayState>,
    pub(crate) interceptors: Interceptors,
    pub(crate) caller: Caller,
}

impl User {
    /// Returns the tools of a server, from the cache or from the server.
    ///
    /// # Errors
    ///
    /// - Returns [`Error::Configuration`] if the server is not registered, if the user's token is
    ///   for another server, or if it is a stdio server that is not
    ///   [shared](crate::Server::shared). Nothing is sent.
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
    /// Returns [`Error::Configuration`] like [`tools`](Self::tools).
    pub fn connection(&self, server: &str) -> Result<Connection, Error> {
        self.user_server(server)?.connection()
    }

    /// Closes the user's sessions on all servers, and drops the user's tool lists. The sessions of
    /// [shared](crate::Server::shared) servers belong to no user. They stay open, unless the handle
    /// has no user.
    ///
    /// Tool lists in a [store](crate::RelayBuilder::tool_list_store) are removed too.
    ///
    /// # Errors
    ///
    /// If servers return errors, returns the first one. The sessions on all other servers are closed
    /// nevertheless.
    pub async fn close(&self) -> Result<(), Error> {
        let principal = self.principal();
        self.state.forget_stored(principal).await;
        self.state.close(|key| key.principal == principal).await
    }

    /// Returns the principal of the user.
    pub fn principal(&self) -> Principal {
        self.caller.principal
    }

    /// Returns the id of the user, if the handle was created by
    /// [`Relay::for_user`](crate::Relay::for_user).
    pub fn id(&self) -> Option<&str> {
        self.caller.id.as_deref()
    }

    #[inline]
    pub(crate) fn user_server(&self, server: &str) -> Result<UserServer, Error> {
        UserServer::new(Arc::clone(&self.state), server, self.caller.clone())
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("principal", &self.principal()).finish_non_exhaustive()
    }
}
