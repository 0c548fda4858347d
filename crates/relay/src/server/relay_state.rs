//! What a relay and all its handles share.

use std::sync::Arc;

use futures_util::{StreamExt, stream};

use super::{
    connections::Sessions,
    failure::Attempt,
    handlers::Handlers,
    servers::{Link, Servers},
    token_sources::Sources,
};
use crate::{
    error::Error,
    observer::Observer,
    pending_call::Spent,
    principal::Principal,
    server_key::ServerKey,
    tool_list::{ListStore, ToolCache},
};

/// What all handles share.
pub(crate) struct Registry {
    pub(crate) servers: Servers,
    pub(crate) cache: Arc<ToolCache>,
    pub(crate) sessions: Sessions,
    pub(crate) sources: Sources,
    /// Whether there are interceptors, whose lists may be for one user alone.
    pub(crate) is_intercepted: bool,
    pub(crate) store: Option<Arc<dyn ListStore>>,
    pub(crate) spent: Spent,
    pub(crate) handlers: Option<Arc<Handlers>>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
}

impl Registry {
    /// How many servers are spoken to at the same time.
    const AT_ONCE: usize = 64;

    /// Drops what was learnt of a server that is registered no more. Its sessions end with the calls
    /// that are under way.
    pub(crate) fn forget(&self, link: &Link) {
        self.cache.forget(|key| key.server == link.id);
        drop(self.sessions.take(|key| key.server == link.id));
    }

    /// Forgets the lists of a user that are in the store.
    pub(crate) async fn forget_stored(&self, principal: Principal) {
        let Some(store) = self.store.as_deref() else { return };
        let links = self.servers.all();
        let forgotten =
            links.iter().map(async |link| link.stored_lists(store).forget(principal).await);
        stream::iter(forgotten).buffer_unordered(Self::AT_ONCE).collect::<()>().await;
    }

    /// Ends the sessions and forgets the lists for which `wanted` holds.
    pub(crate) async fn close(&self, wanted: impl Fn(&ServerKey) -> bool) -> Result<(), Error> {
        self.cache.forget(&wanted);
        let closing = self.sessions.take(&wanted).into_iter().map(async |(key, connection)| {
            let attempt = Attempt { server: &key.server, tool: None, principal: key.principal };
            connection.close().await.map_err(|error| attempt.failed(error))
        });
        let closing = stream::iter(closing).buffer_unordered(Self::AT_ONCE);
        closing.fold(Ok(()), async |all, one| all.and(one)).await
    }
}
