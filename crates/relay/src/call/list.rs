//! The tool list of a server: from the cache, the store or the server.

use std::{pin::pin, sync::Arc};

use mcp_client::mcp_types::{Method, v2026_07_28::ListToolsRequest};

use super::{
    interceptor::{Listing, NextList},
    resource_tools,
    span::{What, observed},
    tool::ToolServer,
};
use crate::{
    error::Error,
    server::Registry,
    server_key::ServerKey,
    tool_list::{List, Shelved},
};

impl ToolServer {
    /// The list of tools, from the cache, the store or the server.
    pub(crate) async fn list(self: &Arc<Self>) -> Result<Arc<List>, Error> {
        let place = &self.place;
        let Registry { cache, sessions, .. } = &*place.registry;
        let news = sessions.peek(place.key()).is_some_and(|connection| connection.has_news());
        if news {
            place.forget_list().await;
        }
        let fetch = || {
            let server = Arc::clone(self);
            async move {
                let what = What { method: ListToolsRequest::NAME, ..What::default() };
                let fetched = pin!(server.fetch(!news));
                observed(&server.place, what, |_| false, fetched).await
            }
        };
        cache.get(place.places(), fetch).await
    }

    async fn fetch(&self, from_store: bool) -> Result<List, Error> {
        let place = &self.place;
        let (places, shelf) = (place.places(), place.shelf());
        if let Some(shelf) = shelf.filter(|_| from_store)
            && let Some(shelved) = shelf.load(&places).await
        {
            return self.named(shelved);
        }
        let connection = place.connection()?;
        // A change while the list is fetched makes it stale; a session that is lost meanwhile does
        // not, because the list is then fetched in a new one.
        let changes = connection.tool_changes();
        let ServerKey { server, principal } = place.key();
        let listing = Listing { server: Arc::clone(&server.name), principal: *principal };
        let list = NextList { rest: &self.interceptors, place }.run(listing).await?;
        connection.heard(changes);
        let link = place.link()?;
        let lifetime = place.registry.cache.lifetime();
        let ttl = list.cache.map_or(lifetime, |hint| hint.ttl);
        let says = list.cache.is_some_and(|hint| hint.public);
        let public = link.server.share_list.unwrap_or(says);
        let shelved = Shelved { list, ttl, public };
        if let Some(shelf) = shelf.filter(|_| !ttl.is_zero()) {
            shelf.save(places.of(public).principal, &shelved).await;
        }
        self.named(shelved)
    }

    /// The tools under the names that models see, without those that are denied.
    fn named(&self, Shelved { mut list, ttl, public }: Shelved) -> Result<List, Error> {
        let (server, link) = (self.place.server(), self.place.link()?);
        resource_tools::add(&mut list.tools, &link.server);
        list.tools.retain(|tool| link.server.filter.offers(&tool.name));
        for refused in &list.refused {
            let name = refused.name.as_deref().unwrap_or("(without a name)");
            tracing::warn!(server, tool = name, reason = refused.reason, "refused");
        }
        Ok(List { named: link.named_lists.get(server, list), ttl, public })
    }
}
