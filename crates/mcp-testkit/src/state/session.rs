//! Sessions of the stateful protocol versions.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Mutex,
};

use mcp_types::{JsonObject, RequestId, Revision, v2025_11_25::LoggingLevel};

use super::call::ClientInfo;
use crate::base::{User, lock, random_id};

#[derive(Debug)]
pub(crate) struct Session {
    user: Option<User>,
    revision: Revision,
    initialized: bool,
    used_ids: HashSet<RequestId>,
    pub(crate) client: ClientInfo,
    /// The URIs of subscribed resources.
    pub(crate) subscribed: HashSet<String>,
    end: Option<EndedBy>,
}

/// The side that ended a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EndedBy {
    Client,
    Server,
}

#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    sessions: HashMap<String, Session>,
    negotiated: BTreeSet<Revision>,
}

/// The reason why a session is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionError {
    /// The server ended it, and the client could not know it.
    EndedByServer,
    /// The client ended it, but still uses it.
    EndedByClient,
    /// The server never assigned such an id.
    Unknown,
    /// It belongs to another user.
    OtherUser,
}

impl Sessions {
    /// Records the version negotiated with a client without a session.
    pub(crate) fn negotiated(&self, revision: Revision) {
        lock(&self.0).negotiated.insert(revision);
    }

    /// Returns all versions negotiated so far.
    pub(crate) fn revisions(&self) -> Vec<Revision> {
        lock(&self.0).negotiated.iter().copied().collect()
    }

    /// Starts a session with the request `id`, and returns the session id.
    pub(crate) fn begin(
        &self,
        user: Option<User>,
        revision: Revision,
        capabilities: JsonObject,
        id: RequestId,
    ) -> String {
        let name = random_id();
        let client = ClientInfo {
            session: Some(name.clone()),
            capabilities: Some(capabilities),
            log_level: Some(LoggingLevel::Debug),
        };
        let used_ids = HashSet::from([id]);
        let session = Session {
            user,
            revision,
            initialized: false,
            used_ids,
            client,
            subscribed: HashSet::new(),
            end: None,
        };
        lock(&self.0).sessions.insert(name.clone(), session);
        name
    }

    /// Runs `work` on an open session of `user`.
    pub(crate) fn with_session<T>(
        &self,
        name: &str,
        user: Option<&User>,
        work: impl FnOnce(&mut Session) -> T,
    ) -> Result<T, SessionError> {
        let mut state = lock(&self.0);
        let session = state.sessions.get_mut(name).ok_or(SessionError::Unknown)?;
        if session.user.as_ref() != user {
            return Err(SessionError::OtherUser);
        }
        match session.end {
            None => Ok(work(session)),
            Some(EndedBy::Server) => Err(SessionError::EndedByServer),
            Some(EndedBy::Client) => Err(SessionError::EndedByClient),
        }
    }

    /// Returns `true` if a session exists and `look` returns `true` for it.
    pub(crate) fn session_matches(&self, name: &str, look: impl FnOnce(&Session) -> bool) -> bool {
        lock(&self.0).sessions.get(name).is_some_and(look)
    }

    /// Ends a session on the side of the server.
    pub(crate) fn end(&self, name: &str) {
        if let Some(session) = lock(&self.0).sessions.get_mut(name) {
            session.end.get_or_insert(EndedBy::Server);
        }
    }

    /// Ends all sessions, like a restarted server.
    pub(crate) fn end_all(&self) {
        for session in lock(&self.0).sessions.values_mut() {
            session.end.get_or_insert(EndedBy::Server);
        }
    }

    /// Returns the ids of the open sessions.
    pub(crate) fn open_ids(&self) -> Vec<String> {
        let state = lock(&self.0);
        let open = state.sessions.iter().filter(|(_, session)| session.end.is_none());
        open.map(|(id, _)| id.clone()).collect()
    }
}

impl Session {
    pub(crate) fn revision(&self) -> Revision {
        self.revision
    }

    pub(crate) fn is_initialized(&self) -> bool {
        self.initialized
    }

    /// Marks the session as initialized. Returns `true` if it was not initialized before.
    pub(crate) fn initialize(&mut self) -> bool {
        !std::mem::replace(&mut self.initialized, true)
    }

    /// Records a request id. Returns `true` if it is new in this session.
    pub(crate) fn use_id(&mut self, id: &RequestId) -> bool {
        self.used_ids.insert(id.clone())
    }

    pub(crate) fn end(&mut self) {
        self.end = Some(EndedBy::Client);
    }
}
