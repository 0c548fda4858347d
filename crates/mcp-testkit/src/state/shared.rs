//! The state of a running server, which its handle and all its requests share.

use super::{
    config::Config, log::Log, pending_calls::Rounds, script::Script, server_requests::Asks,
    session::Sessions, subscriptions::Subscriptions,
};
use crate::{
    auth::{Bearer, Guard},
    base::{Counters, METADATA_PATH, PATH, Tasks},
    catalog::{Catalog, Entries},
    http::{Connections, Flights, Streams},
};

/// What the handle and all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) url: String,
    pub(crate) config: Config,
    pub(crate) guard: Guard,
    pub(crate) catalog: Catalog,
    pub(crate) sessions: Sessions,
    pub(crate) streams: Streams,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) asks: Asks,
    pub(crate) rounds: Rounds,
    pub(crate) flights: Flights,
    pub(crate) connections: Connections,
    pub(crate) counters: Counters,
    pub(crate) tasks: Tasks,
    pub(crate) script: Script,
    pub(crate) log: Log,
}

impl Shared {
    /// The state of a server that listens at `origin`.
    pub(crate) fn new(
        origin: &str,
        config: Config,
        bearer: Option<Bearer>,
        entries: Entries,
    ) -> Self {
        Self {
            url: format!("{origin}{PATH}"),
            config,
            guard: Guard::new(
                bearer,
                format!("{origin}{METADATA_PATH}{PATH}"),
                format!("{origin}{PATH}"),
            ),
            catalog: Catalog::new(entries),
            sessions: Sessions::default(),
            streams: Streams::default(),
            subscriptions: Subscriptions::default(),
            asks: Asks::default(),
            rounds: Rounds::default(),
            flights: Flights::default(),
            connections: Connections::default(),
            counters: Counters::default(),
            tasks: Tasks::default(),
            script: Script::default(),
            log: Log::default(),
        }
    }

    /// Ends a session of which the client believes that it goes on.
    pub(crate) fn forget(&self, session: Option<&str>) {
        if let Some(session) = session {
            self.sessions.end(session);
            self.streams.close(session);
        }
    }
}
