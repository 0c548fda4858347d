//! The registered servers, which may change while calls are in progress.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use mcp_client::{Negotiation, SharedToolLists};
use mcp_http::{Endpoint, HttpClient};
use tokio::sync::Semaphore;

use super::transport::ServerTransport;
use crate::{
    error::{Error, error_chain},
    server_key::ServerId,
    settings::{Server, SettingsError, check_server_name},
    suggestion::nearest,
    tool_list::{NamedToolLists, StoredLists, ToolListStore},
};

/// The registered servers, by name.
#[derive(Debug)]
pub(crate) struct ServerTable {
    client: HttpClient,
    /// The time after which an idle process of a stdio server is stopped.
    idle: Duration,
    handles: RwLock<BTreeMap<Arc<str>, Arc<ServerHandle>>>,
    /// The number of the next registration.
    next: AtomicU64,
}

/// A registered server, shared by all users.
#[derive(Debug)]
pub(crate) struct ServerHandle {
    pub(crate) id: ServerId,
    pub(crate) server: Server,
    /// A hash of the settings that identify the server; see [`Server::fingerprint`].
    pub(crate) fingerprint: String,
    pub(crate) transport: ServerTransport,
    /// The permits for concurrent calls.
    pub(crate) call_permits: Semaphore,
    /// The protocol version that the server and its first user agreed on.
    pub(crate) negotiation: Negotiation,
    /// The decoded tool lists of its users. Equal lists are shared.
    pub(crate) shared_tool_lists: SharedToolLists,
    pub(crate) named_lists: NamedToolLists,
    /// True if the server was removed or replaced. Calls in progress continue, and no new call
    /// starts.
    retired: AtomicBool,
}

impl ServerTable {
    pub(crate) fn new(client: HttpClient, idle: Duration) -> Self {
        Self { client, idle, handles: RwLock::default(), next: AtomicU64::new(0) }
    }

    /// Registers a server. Returns the server that was registered under its name.
    pub(crate) fn insert(
        &self,
        name: &str,
        server: Server,
    ) -> Result<Option<Arc<ServerHandle>>, Error> {
        // A server with an error is registered under any name, so that its error is found.
        if server.fault.is_none() {
            check_server_name(name).map_err(|reason| Error::configuration(Some(name), reason))?;
        }
        let invalid =
            |error: mcp_http::Error| Error::configuration(Some(name), error_chain(&error));
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let id = ServerId::new(name, number);
        let handle = Arc::new(ServerHandle {
            transport: ServerTransport::new(&server, &self.client, self.idle).map_err(invalid)?,
            call_permits: Semaphore::new(server.max_concurrent_calls),
            negotiation: Negotiation::new(),
            shared_tool_lists: SharedToolLists::new(),
            named_lists: NamedToolLists::default(),
            retired: AtomicBool::new(false),
            fingerprint: server.fingerprint(),
            server,
            id: id.clone(),
        });
        let mut handles = self.handles.write().unwrap_or_else(PoisonError::into_inner);
        Ok(handles.insert(id.name, handle).inspect(|old| old.retire()))
    }

    /// Removes a server.
    pub(crate) fn remove(&self, name: &str) -> Option<Arc<ServerHandle>> {
        let mut handles = self.handles.write().unwrap_or_else(PoisonError::into_inner);
        handles.remove(name).inspect(|old| old.retire())
    }

    /// Returns a server that can be used.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such server, or if its settings are invalid.
    pub(crate) fn get(&self, name: &str) -> Result<Arc<ServerHandle>, Error> {
        let handles = self.read();
        let unknown = || Error::configuration(Some(name), not_registered(name, &handles));
        let handle = handles.get(name).ok_or_else(unknown)?;
        if let Some(SettingsError { position, reason }) = &handle.server.fault {
            let (server, position, reason) = (Some(name.to_owned()), *position, reason.clone());
            return Err(Error::Configuration { server, position, reason });
        }
        Ok(Arc::clone(handle))
    }

    /// Returns a server, if it is registered.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<ServerHandle>> {
        self.read().get(name).cloned()
    }

    /// Returns the names of all servers, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        self.read().keys().map(|name| (**name).to_owned()).collect()
    }

    /// Returns all servers, ordered by name.
    pub(crate) fn all(&self) -> Vec<Arc<ServerHandle>> {
        self.read().values().cloned().collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<Arc<str>, Arc<ServerHandle>>> {
        self.handles.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServerHandle {
    /// Returns an error if the server was removed or replaced.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match self.is_retired() {
            false => Ok(()),
            true => Err(Error::configuration(
                Some(&self.id),
                "removed or replaced after its tools were listed; list its tools again",
            )),
        }
    }

    /// Returns whether the server was removed or replaced.
    pub(crate) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }

    /// Returns the URL to which the tokens of users are sent. `None` if the server gets none,
    /// because it is shared or a stdio server.
    pub(crate) fn token_endpoint(&self) -> Option<&Endpoint> {
        self.transport.endpoint().filter(|_| !self.server.shared)
    }

    /// Returns the lists of this server in a store.
    pub(crate) fn stored_lists<'a>(&'a self, store: &'a dyn ToolListStore) -> StoredLists<'a> {
        StoredLists { store, server: &self.id, fingerprint: &self.fingerprint }
    }

    fn retire(&self) {
        self.retired.store(true, Ordering::Release);
    }
}

fn not_registered(name: &str, handles: &BTreeMap<Arc<str>, Arc<ServerHandle>>) -> String {
    let names: Vec<_> = handles.keys().map(|name| format!("\"{name}\"")).collect();
    let known = match &names[..] {
        [] => return "not registered; no servers are registered".to_owned(),
        names => format!("not registered; registered servers: {}", names.join(", ")),
    };
    match nearest(name, handles.keys().map(|name| &**name)).filter(|_| handles.len() > 5) {
        Some(suggestion) => format!("{known}; did you mean \"{suggestion}\"?"),
        None => known,
    }
}
