//! Tool lists of servers, from the cache, the store or the server.

use std::{pin::pin, sync::Arc};

use mcp_client::{
    InvalidEntry, Truncated,
    mcp_types::{Method, v2026_07_28::ListToolsRequest},
};

use super::{
    interceptor::{ListRequest, NextList},
    resource_tools,
    span::{OperationInfo, in_span},
    tool::ToolServer,
};
use crate::{
    error::Error,
    server::RelayState,
    server_key::ServerKey,
    tool_list::{List, StoredList},
};

impl ToolServer {
    /// Returns the tool list, from the cache, the store or the server.
    pub(crate) async fn list(self: &Arc<Self>) -> Result<Arc<List>, Error> {
        let user_server = &self.user_server;
        let RelayState { cache, connections, .. } = &*user_server.state;
        let outdated = connections
            .existing(user_server.key())
            .is_some_and(|connection| connection.take_tools_changed());
        if outdated {
            user_server.forget_list().await;
        }
        let fetch = || {
            let server = Arc::clone(self);
            async move {
                let operation =
                    OperationInfo { method: ListToolsRequest::NAME, ..OperationInfo::default() };
                let fetched = pin!(server.fetch(!outdated));
                in_span(&server.user_server, operation, |_| false, fetched).await
            }
        };
        cache.get(user_server.cache_keys(), fetch).await
    }

    async fn fetch(&self, from_store: bool) -> Result<List, Error> {
        let user_server = &self.user_server;
        let (cache_keys, stored_lists) = (user_server.cache_keys(), user_server.stored_lists());
        if let Some(stored_lists) = stored_lists.filter(|_| from_store)
            && let Some(stored) = stored_lists.load(&cache_keys).await
        {
            return self.name_tools(stored);
        }
        let connection = user_server.connection()?;
        // If the tools change during the fetch, the list is stale. If the session is lost during
        // the fetch, the list is not stale, because it is then requested in a new session.
        let changes = connection.tool_list_change_count();
        let ServerKey { server, principal } = user_server.key();
        let request = ListRequest { server: Arc::clone(&server.name), principal: *principal };
        let list = NextList { remaining: &self.interceptors, user_server }.run(request).await?;
        connection.mark_changes_seen(changes);
        let handle = user_server.handle()?;
        let lifetime = user_server.state.cache.lifetime();
        let ttl = list.cache.map_or(lifetime, |hint| hint.ttl);
        let declared_public = list.cache.is_some_and(|hint| hint.public);
        let public = handle.server.shared_tool_list.unwrap_or(declared_public);
        let stored = StoredList { list, ttl, public };
        if let Some(stored_lists) = stored_lists.filter(|_| !ttl.is_zero()) {
            stored_lists.save(cache_keys.key_for(public).principal, &stored).await;
        }
        self.name_tools(stored)
    }

    /// Names the tools as models see them, and removes tools that the settings deny.
    fn name_tools(&self, StoredList { mut list, ttl, public }: StoredList) -> Result<List, Error> {
        let (server, handle) = (self.user_server.server(), self.user_server.handle()?);
        resource_tools::add(&mut list.tools, &handle.server);
        list.tools.retain(|tool| handle.server.filter.offers(&tool.name));
        if !list.invalid.is_empty() {
            let (count, first) = (list.invalid.len(), first_invalid(&list.invalid));
            tracing::warn!(server, count, first, "skipping invalid tools");
        }
        Ok(List { named: handle.named_lists.get(server, list), ttl, public })
    }
}

/// Returns the names of the first invalid tools, with the reasons.
fn first_invalid(invalid: &[InvalidEntry]) -> String {
    const MAX_SHOWN: usize = 3;
    let shown = invalid.iter().take(MAX_SHOWN).map(|InvalidEntry { name, reason, .. }| {
        let name = Truncated(name.as_deref().unwrap_or("(unnamed)"));
        format!("{name:?}: {}", Truncated(reason))
    });
    shown.collect::<Vec<_>>().join("; ")
}
