//! Subscriptions in the stateful versions: notifications in the session.

use std::{collections::BTreeSet, future::pending, mem, pin::pin, sync::Arc, time::Duration};

use futures_util::future::{Either, select};
use mcp_types::{
    JsonObject, Method,
    v2025_11_25::{SubscribeRequest, UnsubscribeRequest},
};
use tokio::{runtime::Handle, time};

use super::{session::Session, stateful::StatefulProtocol};
use crate::{
    changes::{ChangeQueue, ServerChange},
    error::Error,
    request::{CallOptions, Deadline, MethodName, Request, ResourceParams},
    result::{Decode, ServerCapabilities, decode_result},
    transport::{KeepAlive, TransportError, TransportErrorKind},
};

/// The timeout of unsubscribing.
const UNSUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(10);

const DECODE_EMPTY: Decode<'static, JsonObject> = &decode_result;

impl StatefulProtocol {
    /// Subscribes to the changes of a queue until the session ends (MCP server/resources,
    /// "Subscriptions").
    pub(crate) async fn subscribe(
        &self,
        queue: &Arc<ChangeQueue>,
        options: Option<&CallOptions>,
        deadline: &Deadline,
    ) -> Result<(), Error> {
        let lost_before = self.lost_sessions();
        let session = self.session().await?;
        let mut supported = supported(&session.server_info().capabilities, queue.requested())?;
        let mut guard = SubscriptionGuard::new(self, &session, queue, options);
        let mut listen_state = session.listen().await;
        let failure = listen_state.borrow().failure();
        if let Some(error) = failure {
            return self.fail(&session, error);
        }
        let mut rejection = None;
        for change in supported.clone() {
            let ServerChange::Resource(uri) = &change else { continue };
            let params = ResourceParams { uri };
            let method = MethodName::Borrowed(SubscribeRequest::NAME);
            let request = Request { options, ..Request::new(method, &params, deadline) };
            match self.call(&request, &mut Some(Arc::clone(&session)), DECODE_EMPTY).await {
                Ok(_) => guard.subscribed.push(uri.clone()),
                // One rejected resource does not end the subscription to the others.
                Err(error @ Error::Rpc { status: None | Some(400 | 404), .. }) => {
                    tracing::debug!(%error, "the server rejected the subscription to a resource");
                    supported.remove(&change);
                    rejection = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        if let Some(error) = rejection.filter(|_| supported.is_empty()) {
            return Err(error);
        }
        queue.mark_open(&supported);
        let stream_ended = pin!(async {
            let stream_ended =
                listen_state.wait_for(|listen_state| listen_state.failure().is_some()).await;
            match stream_ended.ok().and_then(|listen_state| listen_state.failure()) {
                Some(error) => error,
                // Not listening: the server has no such stream, or the session is over.
                None => pending().await,
            }
        });
        let replaced = pin!(self.wait_until_replaced(&session));
        let end = select(stream_ended, replaced).await;
        // There is nothing to unsubscribe: the session is over, or the subscription is renewed in
        // it.
        guard.subscribed.clear();
        match end {
            Either::Left((error, _)) => self.fail(&session, error),
            Either::Right(_) if self.lost_sessions() == lost_before => Ok(()),
            Either::Right(_) => {
                let reason = "the server no longer knows the session";
                Err(TransportError::new(TransportErrorKind::SessionEnded, reason).into())
            }
        }
    }

    fn fail(&self, session: &Arc<Session>, error: Error) -> Result<(), Error> {
        let outcome = Err(error);
        self.drop_if_lost(session, &outcome);
        outcome
    }
}

/// Returns the requested changes that the server reports.
///
/// # Errors
/// Returns [`Error::MissingCapability`] if the server reports none of them.
fn supported(
    capabilities: &ServerCapabilities,
    requested: &BTreeSet<ServerChange>,
) -> Result<BTreeSet<ServerChange>, Error> {
    let is_supported = |change: &&ServerChange| {
        let (capability, flag) = change.capability();
        capabilities.has_flag(capability, flag)
    };
    let supported: BTreeSet<_> = requested.iter().filter(is_supported).cloned().collect();
    match requested.first() {
        Some(first) if supported.is_empty() => Err(first.not_supported(first.notification())),
        _ => Ok(supported),
    }
}

/// A guard for a subscription. When dropped, it unsubscribes from the resources that no other queue
/// of this client requests.
struct SubscriptionGuard<'a> {
    stateful: &'a StatefulProtocol,
    session: &'a Arc<Session>,
    queue: &'a Arc<ChangeQueue>,
    options: Option<&'a CallOptions>,
    subscribed: Vec<String>,
    /// Keeps the connection from being closed as idle.
    _keep_alive: Option<KeepAlive>,
}

impl<'a> SubscriptionGuard<'a> {
    fn new(
        stateful: &'a StatefulProtocol,
        session: &'a Arc<Session>,
        queue: &'a Arc<ChangeQueue>,
        options: Option<&'a CallOptions>,
    ) -> Self {
        stateful.client_state().change_queues.add(queue);
        let keep_alive = session.keep_alive();
        Self { stateful, session, queue, options, subscribed: Vec::new(), _keep_alive: keep_alive }
    }
}

impl Drop for SubscriptionGuard<'_> {
    fn drop(&mut self) {
        let change_queues = &self.stateful.client_state().change_queues;
        change_queues.remove(self.queue);
        let mut uris = mem::take(&mut self.subscribed);
        uris.retain(|uri| !change_queues.is_requested(&ServerChange::Resource(uri.clone())));
        let Ok(runtime) = Handle::try_current() else { return };
        if uris.is_empty() || !self.stateful.is_current(self.session) {
            return;
        }
        let client_state = Arc::clone(self.stateful.client_state());
        let (session, options) = (Arc::clone(self.session), self.options.cloned());
        runtime.spawn(time::timeout(UNSUBSCRIBE_TIMEOUT, async move {
            for uri in uris {
                let is_requested = || {
                    client_state.change_queues.is_requested(&ServerChange::Resource(uri.clone()))
                };
                if is_requested() {
                    continue;
                }
                let (uri, options) = (&uri, options.as_ref());
                let mut outcome = send(&session, UnsubscribeRequest::NAME, uri, options).await;
                // A subscription that began in between may have reached the server first.
                if is_requested() {
                    outcome = send(&session, SubscribeRequest::NAME, uri, options).await;
                }
                if let Err(error) = outcome {
                    tracing::debug!(%error, "cannot update the resource subscription");
                }
            }
        }));
    }
}

async fn send(
    session: &Session,
    method: &'static str,
    uri: &str,
    options: Option<&CallOptions>,
) -> Result<(), Error> {
    let (params, deadline) =
        (ResourceParams { uri }, Deadline::new(UNSUBSCRIBE_TIMEOUT, UNSUBSCRIBE_TIMEOUT));
    let request =
        Request { options, ..Request::new(MethodName::Borrowed(method), &params, &deadline) };
    session.call(&request, DECODE_EMPTY).await.map(drop)
}
