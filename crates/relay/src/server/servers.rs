//! The registered servers, which may change while calls are under way.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use mcp_client::{KnownLists, Negotiation};
use mcp_http::HttpClient;
use tokio::sync::Semaphore;

use super::transport::ServerTransport;
use crate::{
    error::{Error, describe},
    server_key::ServerId,
    settings::{Server, SettingsError},
    suggestion::nearest,
    tool_list::{ListStore, NamedToolLists, StoredLists},
};

/// The registered servers, by name.
#[derive(Debug)]
pub(crate) struct ServerTable {
    client: HttpClient,
    /// How long a process is kept that nobody calls.
    idle: Duration,
    handles: RwLock<BTreeMap<Arc<str>, Arc<ServerHandle>>>,
    /// The number of the next registration.
    next: AtomicU64,
}

/// The way to a server, the same for all users.
#[derive(Debug)]
pub(crate) struct ServerHandle {
    pub(crate) id: ServerId,
    pub(crate) server: Server,
    /// Of what makes it this server and no other; see [`Server::fingerprint`].
    pub(crate) fingerprint: String,
    pub(crate) transport: ServerTransport,
    /// Room for calls at the same time.
    pub(crate) call_permits: Semaphore,
    /// How to speak with the server, as the first of its users has found out.
    pub(crate) negotiation: Negotiation,
    /// The lists that its users have got, so that those who get the same share it.
    pub(crate) known_lists: KnownLists,
    pub(crate) named_lists: NamedToolLists,
    /// Whether it was removed or replaced: calls that are under way go on, and none is begun.
    retired: AtomicBool,
}

impl ServerTable {
    pub(crate) fn new(client: HttpClient, idle: Duration) -> Self {
        Self { client, idle, handles: RwLock::default(), next: AtomicU64::new(0) }
    }

    /// Registers a server; gives back the one that was registered under its name.
    pub(crate) fn insert(
        &self,
        name: &str,
        server: Server,
    ) -> Result<Option<Arc<ServerHandle>>, Error> {
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(Error::configuration(Some(name), "a server's name has to be readable"));
        }
        let invalid = |error: mcp_http::Error| Error::configuration(Some(name), describe(&error));
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let id = ServerId::new(name, number);
        let handle = Arc::new(ServerHandle {
            transport: ServerTransport::new(&server, &self.client, self.idle).map_err(invalid)?,
            call_permits: Semaphore::new(server.concurrency),
            negotiation: Negotiation::new(),
            known_lists: KnownLists::new(),
            named_lists: NamedToolLists::default(),
            retired: AtomicBool::new(false),
            fingerprint: server.fingerprint(),
            server,
            id: id.clone(),
        });
        let mut handles = self.handles.write().unwrap_or_else(PoisonError::into_inner);
        Ok(handles.insert(id.name, handle).inspect(|old| old.retire()))
    }

    /// Takes a server out.
    pub(crate) fn remove(&self, name: &str) -> Option<Arc<ServerHandle>> {
        let mut handles = self.handles.write().unwrap_or_else(PoisonError::into_inner);
        handles.remove(name).inspect(|old| old.retire())
    }

    /// The way to a server, with or without a user's token.
    pub(crate) fn get(&self, name: &str, token: bool) -> Result<Arc<ServerHandle>, Error> {
        let handles = self.read();
        let unknown = || Error::configuration(Some(name), not_registered(name, &handles));
        let handle = handles.get(name).ok_or_else(unknown)?;
        if let Some(SettingsError { position, reason }) = &handle.server.fault {
            let (server, position, reason) = (Some(name.to_owned()), *position, reason.clone());
            return Err(Error::Configuration { server, position, reason });
        }
        if token && handle.transport.is_shared() {
            let reason = "access tokens are for servers on HTTP; one on stdio gets its credentials \
                          from its environment (`env`)";
            return Err(Error::configuration(Some(name), reason));
        }
        Ok(Arc::clone(handle))
    }

    /// Their names, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        self.read().keys().map(|name| (**name).to_owned()).collect()
    }

    /// All of them, in the order of their names.
    pub(crate) fn all(&self) -> Vec<Arc<ServerHandle>> {
        self.read().values().cloned().collect()
    }

    /// Whether the settings of a server say that nothing goes without it.
    pub(crate) fn requires(&self, name: &str) -> bool {
        self.read().get(name).is_some_and(|handle| handle.server.required)
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<Arc<str>, Arc<ServerHandle>>> {
        self.handles.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServerHandle {
    /// Refuses what is begun with a registration that is no more.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match self.is_retired() {
            false => Ok(()),
            true => Err(Error::configuration(
                Some(&self.id),
                "it was removed or replaced since its tools were asked for: ask for them anew",
            )),
        }
    }

    /// Whether it was removed or replaced.
    pub(crate) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }

    /// The lists of this server in a store.
    pub(crate) fn stored_lists<'a>(&'a self, store: &'a dyn ListStore) -> StoredLists<'a> {
        StoredLists { store, server: &self.id, fingerprint: &self.fingerprint }
    }

    fn retire(&self) {
        self.retired.store(true, Ordering::Release);
    }
}

fn not_registered(name: &str, handles: &BTreeMap<Arc<str>, Arc<ServerHandle>>) -> String {
    let names: Vec<_> = handles.keys().map(|name| format!("`{name}`")).collect();
    let known = match &names[..] {
        [] => return "it is not registered, nor is any other".to_owned(),
        names => format!("it is not registered; registered are {}", names.join(", ")),
    };
    match nearest(name, handles.keys().map(|name| &**name)).filter(|_| handles.len() > 5) {
        Some(nearest) => format!("{known}; the nearest is `{nearest}`"),
        None => known,
    }
}
