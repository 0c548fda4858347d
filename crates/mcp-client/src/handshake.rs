//! The dialect of the revisions up to 2025-11-25: `initialize` first, then perhaps a session.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

use mcp_types::v2025_11_25::Implementation;
use serde::Serialize;
use tokio::sync::Mutex;

use crate::{
    error::Error,
    exchange::Decode,
    profile::ServerProfile,
    session::{Link, Session},
    transport::{Context, Transport, TransportError, TransportErrorKind},
};

/// Opens sessions, shares them among calls, and replaces one that the server has forgotten.
#[derive(Debug)]
pub(crate) struct Handshake {
    transport: Arc<dyn Transport>,
    client: Implementation,
    current: RwLock<Option<Arc<Session>>>,
    /// Held while a session is opened, so that all who need one wait for the same. It keeps why the
    /// last attempt failed, for those who have waited for it.
    opening: Mutex<Option<Error>>,
    attempts: AtomicU64,
    lost: AtomicU64,
    tool_changes: Arc<AtomicU64>,
}

impl Handshake {
    pub(crate) fn new(transport: Arc<dyn Transport>, client: Implementation) -> Self {
        Self {
            transport,
            client,
            current: RwLock::default(),
            opening: Mutex::default(),
            attempts: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            tool_changes: Arc::default(),
        }
    }

    /// Opens a session unless there is one.
    pub(crate) async fn profile(&self) -> Result<Arc<ServerProfile>, Error> {
        Ok(Arc::clone(self.session().await?.profile()))
    }

    /// How often the server has forgotten the session.
    pub(crate) fn lost_sessions(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// How often the server has said that its list of tools has changed.
    pub(crate) fn tool_changes(&self) -> u64 {
        self.tool_changes.load(Ordering::Relaxed)
    }

    /// Calls `method`; when the server has forgotten the session, once more in a new one, because
    /// then it surely did not run. Tells in which session it ran.
    pub(crate) async fn call<R>(
        &self,
        method: &'static str,
        params: &impl Serialize,
        decode: Decode<R>,
    ) -> Result<(R, Arc<Session>), Error> {
        let mut session = self.session().await?;
        let mut outcome = session.call(method, params, decode).await;
        if self.is_forgotten(&session, &outcome) {
            session = self.session().await?;
            outcome = session.call(method, params, decode).await;
        }
        Ok((outcome?, session))
    }

    /// Calls `method` with parameters that belong to `session`: once that is over, they are of no
    /// use in another.
    pub(crate) async fn call_in<R>(
        &self,
        session: &Arc<Session>,
        method: &'static str,
        params: &impl Serialize,
        decode: Decode<R>,
    ) -> Result<R, Error> {
        if !self.current().is_some_and(|current| Arc::ptr_eq(&current, session)) {
            let reason = "the session that the parameters belong to is over";
            return Err(TransportError::new(TransportErrorKind::SessionEnded, reason).into());
        }
        let outcome = session.call(method, params, decode).await;
        self.is_forgotten(session, &outcome);
        outcome
    }

    /// Sends a notification; when the server has forgotten the session, once more in a new one.
    pub(crate) async fn notify(
        &self,
        method: &'static str,
        params: Option<&impl Serialize>,
    ) -> Result<(), Error> {
        let session = self.session().await?;
        let outcome = session.notify(method, params).await;
        match self.is_forgotten(&session, &outcome) {
            true => self.session().await?.notify(method, params).await,
            false => outcome,
        }
    }

    /// Ends the session, if there is one; one that is being opened is waited for.
    pub(crate) async fn close(&self) -> Result<(), Error> {
        let _alone = self.opening.lock().await;
        let session = self.current.write().unwrap_or_else(PoisonError::into_inner).take();
        match session {
            Some(session) => session.end().await,
            None => Ok(()),
        }
    }

    async fn session(&self) -> Result<Arc<Session>, Error> {
        if let Some(session) = self.current() {
            return Ok(session);
        }
        let before = self.attempts.load(Ordering::Acquire);
        let mut failure = self.opening.lock().await;
        if let Some(session) = self.current() {
            return Ok(session);
        }
        if let Some(error) = &*failure
            && self.attempts.load(Ordering::Acquire) > before
        {
            return Err(error.clone());
        }
        let opened = Session::open(self.link(), self.client.clone()).await;
        self.attempts.fetch_add(1, Ordering::Release);
        *failure = opened.as_ref().err().cloned();
        let session = Arc::new(opened?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&session));
        Ok(session)
    }

    fn link(&self) -> Link {
        Link {
            transport: Arc::clone(&self.transport),
            context: Context::default(),
            tool_changes: Arc::clone(&self.tool_changes),
        }
    }

    fn current(&self) -> Option<Arc<Session>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the server has forgotten `session`, which is then given up; but not one that another
    /// call has opened since.
    fn is_forgotten<R>(&self, session: &Arc<Session>, outcome: &Result<R, Error>) -> bool {
        let lost = outcome.as_ref().is_err_and(|error| session.is_lost(error));
        if lost {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, session)) {
                *current = None;
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
        lost
    }
}
