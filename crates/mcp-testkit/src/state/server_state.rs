//! The state that the handle of a server and all its requests share.

use super::{
    config::Config, log::Log, pending_calls::PendingCalls, script::Script,
    server_requests::ServerRequests, session::Sessions, subscriptions::Subscriptions,
};
use crate::{
    auth::{Bearer, TokenVerifier},
    base::{Counters, METADATA_PATH, PATH, Tasks},
    catalog::{Catalog, Entries},
    http::{Connections, InFlightRequests, Streams},
};

/// The state that the handle and all connections share.
#[derive(Debug)]
pub(crate) struct ServerState {
    pub(crate) url: String,
    pub(crate) config: Config,
    pub(crate) token_verifier: TokenVerifier,
    pub(crate) catalog: Catalog,
    pub(crate) sessions: Sessions,
    pub(crate) streams: Streams,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) server_requests: ServerRequests,
    pub(crate) pending_calls: PendingCalls,
    pub(crate) in_flight: InFlightRequests,
    pub(crate) connections: Connections,
    pub(crate) counters: Counters,
    pub(crate) tasks: Tasks,
    pub(crate) script: Script,
    pub(crate) log: Log,
}

impl ServerState {
    /// Returns the state of a server that listens at `origin`.
    pub(crate) fn new(
        origin: &str,
        config: Config,
        bearer: Option<Bearer>,
        entries: Entries,
    ) -> Self {
        Self {
            url: format!("{origin}{PATH}"),
            config,
            token_verifier: TokenVerifier::new(
                bearer,
                format!("{origin}{METADATA_PATH}{PATH}"),
                format!("{origin}{PATH}"),
            ),
            catalog: Catalog::new(entries),
            sessions: Sessions::default(),
            streams: Streams::default(),
            subscriptions: Subscriptions::default(),
            server_requests: ServerRequests::default(),
            pending_calls: PendingCalls::default(),
            in_flight: InFlightRequests::default(),
            connections: Connections::default(),
            counters: Counters::default(),
            tasks: Tasks::default(),
            script: Script::default(),
            log: Log::default(),
        }
    }

    /// Ends a session without telling the client.
    pub(crate) fn forget(&self, session: Option<&str>) {
        if let Some(session) = session {
            self.sessions.end(session);
            self.streams.close(session);
        }
    }
}
