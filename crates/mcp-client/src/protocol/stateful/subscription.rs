//! Watching in the handshake era: what the server says of its own accord in a session.

use std::{collections::BTreeSet, future::pending, mem, pin::pin, sync::Arc, time::Duration};

use futures_util::future::{Either, select};
use mcp_types::{
    JsonObject, Method,
    v2025_11_25::{SubscribeRequest, UnsubscribeRequest},
};
use tokio::{runtime::Handle, time};

use super::{session::Session, stateful::Handshake};
use crate::{
    changes::{Change, Inbox},
    error::Error,
    request::{Name, Options, Patience, Request, Uri},
    result::{Capabilities, Decode, decode_result},
    transport::{Held, TransportError, TransportErrorKind},
};

/// How long it may take to tell the server that nobody watches any more.
const LIMIT: Duration = Duration::from_secs(10);

const DONE: Decode<'static, JsonObject> = &decode_result;

impl Handshake {
    /// Follows the changes of what is watched until the session ends (MCP server/resources,
    /// "Subscriptions").
    pub(crate) async fn follow(
        &self,
        inbox: &Arc<Inbox>,
        options: Option<&Options>,
        patience: &Patience,
    ) -> Result<(), Error> {
        let lost = self.lost_sessions();
        let session = self.session().await?;
        let granted = offered(&session.profile().capabilities, inbox.watched())?;
        let mut attention = Attention::new(self, &session, inbox, options);
        let mut hearing = session.listen().await;
        let refused = hearing.borrow().failure();
        if let Some(error) = refused {
            return self.given_up(&session, error);
        }
        for change in &granted {
            if let Change::Resource(uri) = change {
                let params = Uri { uri };
                let method = Name::Borrowed(SubscribeRequest::NAME);
                let request = Request { options, ..Request::new(method, &params, patience) };
                self.call(&request, &mut Some(Arc::clone(&session)), DONE).await?;
                attention.subscribed.push(uri.clone());
            }
        }
        inbox.open(&granted);
        let over = pin!(async {
            let over = hearing.wait_for(|hearing| hearing.failure().is_some()).await;
            match over.ok().and_then(|hearing| hearing.failure()) {
                Some(error) => error,
                // It does not listen, for there is no such stream or the session is over.
                None => pending().await,
            }
        });
        let replaced = pin!(self.replaced(&session));
        let end = select(over, replaced).await;
        // In this session the resources will be subscribed to again, or never.
        attention.subscribed.clear();
        match end {
            Either::Left((error, _)) => self.given_up(&session, error),
            Either::Right(_) if self.lost_sessions() == lost => Ok(()),
            Either::Right(_) => {
                let reason = "the server has forgotten the session";
                Err(TransportError::new(TransportErrorKind::SessionEnded, reason).into())
            }
        }
    }

    fn given_up(&self, session: &Arc<Session>, error: Error) -> Result<(), Error> {
        let outcome = Err(error);
        self.is_forgotten(session, &outcome);
        outcome
    }
}

/// What the server tells of, of all that is watched.
fn offered(
    capabilities: &Capabilities,
    watched: &BTreeSet<Change>,
) -> Result<BTreeSet<Change>, Error> {
    let is_offered = |change: &&Change| {
        let (capability, flag) = change.offered_as();
        capabilities.has_flag(capability, flag)
    };
    let offered: BTreeSet<_> = watched.iter().filter(is_offered).cloned().collect();
    match watched.first() {
        Some(first) if offered.is_empty() => Err(first.not_offered(first.told_by())),
        _ => Ok(offered),
    }
}

/// The attention that is paid to a session: once it is dropped, the server is asked to tell no more
/// of resources that nobody else watches.
struct Attention<'a> {
    handshake: &'a Handshake,
    session: &'a Arc<Session>,
    inbox: &'a Arc<Inbox>,
    options: Option<&'a Options>,
    subscribed: Vec<String>,
    /// Who watches uses the server, though nobody may call it.
    _held: Option<Held>,
}

impl<'a> Attention<'a> {
    fn new(
        handshake: &'a Handshake,
        session: &'a Arc<Session>,
        inbox: &'a Arc<Inbox>,
        options: Option<&'a Options>,
    ) -> Self {
        handshake.host().inboxes.add(inbox);
        let held = session.hold();
        Self { handshake, session, inbox, options, subscribed: Vec::new(), _held: held }
    }
}

impl Drop for Attention<'_> {
    fn drop(&mut self) {
        let inboxes = &self.handshake.host().inboxes;
        inboxes.remove(self.inbox);
        let mut uris = mem::take(&mut self.subscribed);
        uris.retain(|uri| !inboxes.watch(&Change::Resource(uri.clone())));
        let Ok(runtime) = Handle::try_current() else { return };
        if uris.is_empty() || !self.handshake.is_current(self.session) {
            return;
        }
        let host = Arc::clone(self.handshake.host());
        let (session, options) = (Arc::clone(self.session), self.options.cloned());
        runtime.spawn(time::timeout(LIMIT, async move {
            for uri in uris {
                let is_watched = || host.inboxes.watch(&Change::Resource(uri.clone()));
                if is_watched() {
                    continue;
                }
                let (uri, options) = (&uri, options.as_ref());
                let mut outcome = tell(&session, UnsubscribeRequest::NAME, uri, options).await;
                // Whoever has begun to watch meanwhile may have been heard first.
                if is_watched() {
                    outcome = tell(&session, SubscribeRequest::NAME, uri, options).await;
                }
                if let Err(error) = outcome {
                    tracing::debug!(%error, "the server could not be told who watches");
                }
            }
        }));
    }
}

async fn tell(
    session: &Session,
    method: &'static str,
    uri: &str,
    options: Option<&Options>,
) -> Result<(), Error> {
    let (params, patience) = (Uri { uri }, Patience::new(LIMIT, LIMIT));
    let request = Request { options, ..Request::new(Name::Borrowed(method), &params, &patience) };
    session.call(&request, DONE).await.map(drop)
}
