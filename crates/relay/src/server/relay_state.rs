//! The state that all users of a relay share.

use std::sync::Arc;

use futures_util::{StreamExt, stream};

use super::{
    connections::ConnectionPool,
    failure::ErrorContext,
    handlers::Handlers,
    server_token::TokenServers,
    servers::{ServerHandle, ServerTable},
    token_sources::TokenSources,
};
use crate::{
    error::Error,
    observer::Observer,
    pending_call::ResumedCalls,
    principal::Principal,
    server_key::ServerKey,
    tool_list::{ToolCache, ToolListStore},
};

/// The state that all handles of a relay share.
pub(crate) struct RelayState {
    pub(crate) servers: ServerTable,
    pub(crate) cache: Arc<ToolCache>,
    pub(crate) connections: ConnectionPool,
    pub(crate) token_sources: TokenSources,
    pub(crate) token_servers: TokenServers,
    /// True if the relay has interceptors. They may return a list for one user only.
    pub(crate) is_intercepted: bool,
    pub(crate) store: Option<Arc<dyn ToolListStore>>,
    pub(crate) resumed_calls: ResumedCalls,
    pub(crate) handlers: Option<Arc<Handlers>>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) client_info: ClientInfo,
}

/// The name and the version of the application, as servers see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClientInfo {
    pub(crate) name: String,
    pub(crate) version: String,
}

impl Default for ClientInfo {
    fn default() -> Self {
        Self { name: "relay".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

impl RelayState {
    /// The maximum number of servers that are used concurrently.
    const MAX_CONCURRENT: usize = 64;

    /// Drops the lists and connections of a server that is no longer registered. Its sessions are
    /// closed when their calls are completed.
    pub(crate) fn forget(&self, handle: &ServerHandle) {
        self.cache.forget(|key| key.server == handle.id);
        drop(self.connections.remove_if(|key| key.server == handle.id));
    }

    /// Removes the lists of a user from the store.
    pub(crate) async fn forget_stored(&self, principal: Principal) {
        let Some(store) = self.store.as_deref() else { return };
        // The closure takes no reference. With one, the future of `User::close` would not be `Send`.
        let handles = self.servers.all().into_iter();
        let forgotten =
            handles.map(async |handle| handle.stored_lists(store).forget(principal).await);
        stream::iter(forgotten).buffer_unordered(Self::MAX_CONCURRENT).collect::<()>().await;
    }

    /// Closes the connections and drops the lists whose keys match.
    pub(crate) async fn close(&self, matches: impl Fn(&ServerKey) -> bool) -> Result<(), Error> {
        self.cache.forget(&matches);
        let closing =
            self.connections.remove_if(&matches).into_iter().map(async |(key, connection)| {
                let context =
                    ErrorContext { server: &key.server, tool: None, principal: key.principal };
                connection.close().await.map_err(|error| context.convert(error))
            });
        let closing = stream::iter(closing).buffer_unordered(Self::MAX_CONCURRENT);
        closing.fold(Ok(()), async |all, one| all.and(one)).await
    }
}
