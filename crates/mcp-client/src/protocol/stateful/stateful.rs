//! The handler of the stateful versions: opens sessions, shares them and replaces lost ones.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use mcp_types::Revision;
use serde::Serialize;
use tokio::sync::watch;

use super::session::Session;
use crate::{
    compat::Deviation,
    error::Error,
    exchange::{Channel, ClientState},
    protocol::single_flight::SingleFlight,
    request::Request,
    result::Decode,
    transport::{Extensions, MessageContext, TransportError, TransportErrorKind},
};

/// Opens sessions, shares them among calls, and replaces a session that the server has lost.
#[derive(Debug)]
pub(crate) struct StatefulProtocol {
    channel: Channel,
    pinned: Option<Revision>,
    current: watch::Sender<Option<Arc<Session>>>,
    opening: SingleFlight,
    lost_sessions: AtomicU64,
}

impl StatefulProtocol {
    /// Creates a handler. If a version is `pinned`, it offers no other.
    pub(crate) fn new(channel: Channel, pinned: Option<Revision>) -> Self {
        Self {
            channel,
            pinned,
            current: watch::Sender::default(),
            opening: SingleFlight::default(),
            lost_sessions: AtomicU64::new(0),
        }
    }

    /// Returns the number of sessions that the server has lost.
    pub(crate) fn lost_sessions(&self) -> u64 {
        self.lost_sessions.load(Ordering::Relaxed)
    }

    /// Sends a request. If the server has lost the session, the request is retried once in a new
    /// session, unless it may have run or its [`Attempts`](crate::Attempts) are used up.
    ///
    /// On entry, `bound_session` is the session that the parameters belong to, such as the session
    /// of a cursor. The parameters are invalid in any other session, so such a request is not
    /// retried. On return, it is the session in which the request was last sent.
    pub(crate) async fn call<R>(
        &self,
        request: &Request<'_, impl Serialize>,
        bound_session: &mut Option<Arc<Session>>,
        decode: Decode<'_, R>,
    ) -> Result<R, Error> {
        let mut may_retry = bound_session.is_none();
        loop {
            let session = self.session().await?;
            if bound_session
                .as_ref()
                .is_some_and(|bound_session| !Arc::ptr_eq(bound_session, &session))
            {
                let reason = "the session of these parameters has ended";
                return Err(TransportError::new(TransportErrorKind::SessionEnded, reason).into());
            }
            let outcome = session.call(request, decode).await;
            let is_lost = self.drop_if_lost(&session, &outcome);
            if is_lost && may_retry && request.may_repeat() && !may_have_run(&outcome) {
                may_retry = false;
                request.sent.set(false);
                continue;
            }
            *bound_session = Some(session);
            return outcome;
        }
    }

    /// Sends a notification. If the server has lost the session, retries once in a new one.
    pub(crate) async fn notify(
        &self,
        method: &str,
        params: Option<&impl Serialize>,
        extensions: Option<&Extensions>,
    ) -> Result<(), Error> {
        let session = self.session().await?;
        let outcome = session.notify(method, params, extensions).await;
        match self.drop_if_lost(&session, &outcome) {
            true => self.session().await?.notify(method, params, extensions).await,
            false => outcome,
        }
    }

    /// Ends the session, if there is one. Without a session, closes what the transport keeps open.
    /// Waits for a session that is being opened.
    pub(crate) async fn close(&self) -> Result<(), Error> {
        let _guard = self.opening.wait_until_idle().await;
        match self.current.send_replace(None) {
            Some(session) => session.end().await,
            None => Ok(self.channel.transport.close(MessageContext::default()).await?),
        }
    }

    /// Returns the current session, or opens one.
    pub(crate) async fn session(&self) -> Result<Arc<Session>, Error> {
        match self.current() {
            Some(session) => Ok(session),
            // Boxed because this is rare, which keeps the future of each call small.
            None => Box::pin(self.open(None)).await,
        }
    }

    /// Returns the current session, or opens one that offers this version. `None` offers the newest
    /// stateful version.
    pub(crate) async fn open(&self, offered: Option<Revision>) -> Result<Arc<Session>, Error> {
        let open = async || {
            let session = Session::open(self.channel.clone(), offered, self.pinned).await?;
            let session = Arc::new(session);
            self.current.send_replace(Some(Arc::clone(&session)));
            Ok(session)
        };
        self.opening.get(|| self.current(), open).await
    }

    fn current(&self) -> Option<Arc<Session>> {
        self.current.borrow().clone()
    }

    pub(crate) fn is_current(&self, session: &Arc<Session>) -> bool {
        is_same(self.current.borrow().as_ref(), session)
    }

    /// Waits until this session is no longer the current one.
    pub(crate) async fn wait_until_replaced(&self, session: &Arc<Session>) {
        let mut current = self.current.subscribe();
        // This fails only if the sender is dropped, and `self` owns the sender.
        drop(current.wait_for(|current| !is_same(current.as_ref(), session)).await);
    }

    pub(crate) fn client_state(&self) -> &Arc<ClientState> {
        &self.channel.client_state
    }

    /// Returns `true` if the outcome shows that the server has lost the session. The session is
    /// then dropped, unless another request has replaced it already.
    pub(crate) fn drop_if_lost<R>(
        &self,
        session: &Arc<Session>,
        outcome: &Result<R, Error>,
    ) -> bool {
        let lost = outcome.as_ref().is_err_and(|error| session.is_lost(error));
        if lost {
            if outcome.as_ref().is_err_and(|error| error.status() == Some(400)) {
                self.channel.client_state.deviations.record(Deviation::LostSessionAs400);
            }
            self.current.send_if_modified(|current| {
                let lost = is_same(current.as_ref(), session);
                if lost {
                    session.stop_handlers();
                    *current = None;
                    self.lost_sessions.fetch_add(1, Ordering::Relaxed);
                }
                lost
            });
        }
        lost
    }
}

fn is_same(current: Option<&Arc<Session>>, session: &Arc<Session>) -> bool {
    current.is_some_and(|current| Arc::ptr_eq(current, session))
}

/// Returns `true` if the server had started to process the request, so that it may have run.
fn may_have_run<R>(outcome: &Result<R, Error>) -> bool {
    matches!(outcome, Err(Error::Transport(error)) if error.may_have_run())
}
