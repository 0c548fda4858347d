//! The server of a user, with its cache keys, its connection and its trace context.

use std::sync::Arc;

use mcp_client::{CallOptions, Client, Redactor, ToolList};
use mcp_http::TokenSource;

use super::retry::Retries;
use crate::{
    error::Error,
    observer::Observer,
    principal::Principal,
    server::{Connection, Credentials, ErrorContext, HandlerContext, RelayState, ServerHandle},
    server_key::ServerKey,
    settings::TransportConfig,
    tool_list::{CacheKeys, StoredLists},
};

/// The user who uses a server.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) principal: Principal,
    /// The id of the user, as the application set it.
    pub(crate) id: Option<Arc<str>>,
    pub(crate) credentials: Credentials,
}

/// The server of a user.
pub(crate) struct UserServer {
    pub(crate) state: Arc<RelayState>,
    handle: Arc<ServerHandle>,
    /// The server, and the owner of its session and its list: the caller, or the application if the
    /// server is shared.
    key: ServerKey,
    pub(crate) caller: Caller,
    /// The source of the user's tokens. Without one, the `api_key` of the server is used.
    source: Option<Arc<dyn TokenSource>>,
}

impl UserServer {
    /// Returns the server for a caller who names it.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such server, or if it would get a token that is not for it.
    #[inline]
    pub(crate) fn new(state: Arc<RelayState>, server: &str, caller: Caller) -> Result<Self, Error> {
        let handle = state.servers.get(server)?;
        let source = caller.credentials.source_for(&handle)?;
        let principal = match handle.server.shared {
            true => Principal::ANONYMOUS,
            false => caller.principal,
        };
        let key = ServerKey { server: handle.id.clone(), principal };
        Ok(Self { state, handle, key, caller, source })
    }

    /// Returns the owner of the session: the caller, or the application if the server is shared.
    pub(crate) fn principal(&self) -> Principal {
        self.key.principal
    }

    pub(crate) fn key(&self) -> &ServerKey {
        &self.key
    }

    pub(crate) fn observer(&self) -> Option<&Arc<dyn Observer>> {
        self.state.observer.as_ref()
    }

    /// Returns whether the server was removed or replaced.
    pub(crate) fn is_retired(&self) -> bool {
        self.handle.is_retired()
    }

    pub(crate) fn server(&self) -> &str {
        &self.key.server
    }

    /// Returns the keys of the list in the cache. If there are interceptors, no list is shared,
    /// because an interceptor may return a list for one user only.
    pub(crate) fn cache_keys(&self) -> CacheKeys {
        let may_share =
            self.handle.server.shared_tool_list != Some(false) && !self.state.is_intercepted;
        let public = may_share.then(|| ServerKey {
            server: self.key.server.clone(),
            principal: Principal::ALL_USERS,
        });
        CacheKeys { own: self.key.clone(), public }
    }

    /// Requests the tool list from the server.
    pub(crate) async fn list_tools(&self) -> Result<ToolList, Error> {
        let mut retries = self.read_retries()?;
        loop {
            let connection = self.connection()?;
            let client = self.traced_client(&connection, None);
            let listed = client.as_ref().unwrap_or(&connection).list_tools().await;
            match listed.map_err(|error| self.error_context(None).convert(error)) {
                Err(error) if retries.wait(&error).await => {}
                outcome => return outcome,
            }
        }
    }

    /// Returns the retries of a request that only reads.
    pub(crate) fn read_retries(&self) -> Result<Retries, Error> {
        Ok(Retries::of_read(self.handle()?.server.max_retries))
    }

    /// Removes the list from the cache and the store, so that it is requested again.
    pub(crate) async fn forget_list(&self) {
        let (cache, cache_keys) = (&self.state.cache, self.cache_keys());
        cache.forget(|key| cache_keys.contains(key));
        if let Some(stored_lists) = self.stored_lists() {
            for key in cache_keys.iter() {
                stored_lists.forget(key.principal).await;
            }
            // In the meantime, another caller may have read the old list from the store.
            cache.forget(|key| cache_keys.contains(key));
        }
    }

    /// Returns the stored lists of the server. `None` if there is no store, or if the cache is off.
    pub(crate) fn stored_lists(&self) -> Option<StoredLists<'_>> {
        let RelayState { cache, store, .. } = &*self.state;
        let store = store.as_deref().filter(|_| !cache.lifetime().is_zero())?;
        Some(self.handle.stored_lists(store))
    }

    /// Returns the handle of the server.
    ///
    /// # Errors
    ///
    /// Returns an error if the server was removed or replaced.
    pub(crate) fn handle(&self) -> Result<&ServerHandle, Error> {
        self.handle.check().map(|()| &*self.handle)
    }

    pub(crate) fn connection(&self) -> Result<Connection, Error> {
        let Self { state, source, .. } = self;
        let ServerHandle { server, transport, negotiation, shared_tool_lists, .. } =
            self.handle()?;
        Ok(state.connections.get(&self.key, || {
            let api_key = || Some(Arc::new(server.api_key.clone()?) as Arc<dyn TokenSource>);
            let client = transport
                .client(source.clone().or_else(api_key))
                .client_info(&state.client_info.name, &state.client_info.version)
                .limits(server.limits)
                .negotiation(negotiation.clone())
                .shared_tool_lists(shared_tool_lists.clone());
            let handler = state.handlers.as_ref().and_then(|handlers| {
                let user = self.caller.id.as_deref().filter(|_| !server.shared);
                let server = self.server();
                handlers(&HandlerContext { server, principal: self.principal(), user })
            });
            let client = match handler {
                Some(handler) => client.handler(handler),
                None => client,
            };
            let client = match server.protocol {
                Some(revision) => client.protocol_version(revision).build(),
                None => client.build(),
            };
            (client, !transport.is_stdio())
        }))
    }

    /// Returns the secrets that are redacted in errors about results. There are none if the server
    /// was removed or replaced, because it has no connection then.
    pub(crate) fn redactor(&self) -> Redactor {
        self.connection().map(|connection| connection.redactor()).unwrap_or_default()
    }

    /// Returns the transport from the settings of the server.
    pub(crate) fn transport(&self) -> &TransportConfig {
        &self.handle.server.transport
    }

    /// Returns a client with these options and with the trace context of the application. `None` if
    /// there are no options and no trace context.
    pub(crate) fn traced_client(
        &self,
        connection: &Client,
        options: Option<CallOptions>,
    ) -> Option<Client> {
        let context = self.observer().map(|observer| observer.trace_context()).unwrap_or_default();
        if context.is_empty() {
            return options.map(|options| connection.with_options(options));
        }
        let options = options.unwrap_or_default();
        let with_meta = |options: CallOptions, (name, value)| options.meta(name, value);
        Some(connection.with_options(context.into_iter().fold(options, with_meta)))
    }

    pub(crate) fn error_context<'a>(&'a self, tool: Option<&'a str>) -> ErrorContext<'a> {
        ErrorContext { server: self.server(), tool, principal: self.principal() }
    }
}
