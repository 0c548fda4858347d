//! Chooses the protocol version handler for each request, and reconsiders the choice after a
//! failure.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use mcp_types::{
    Era, Method, MethodInfo, Revision,
    v2025_11_25::{self, InitializeRequest},
    v2026_07_28::{self, DiscoverRequest},
};
use serde::Serialize;
use tokio::time::Instant;

use super::{
    evidence::{Evidence, contradicts_stateless, lacks_fallback},
    negotiation::{Choice, Negotiation},
    single_flight::SingleFlight,
    stateful::{Session, StatefulProtocol},
    stateless::StatelessProtocol,
    version::{self, choose, no_common_version},
};
use crate::{
    changes::ChangeQueue,
    error::Error,
    exchange::Channel,
    redaction::Redactor,
    request::{CallOptions, Deadline, MethodName, Request},
    result::{Decode, ServerInfo},
    transport::Extensions,
};

/// The maximum number of versions that the server may reject. After that many, the request fails.
pub(super) const MAX_REJECTIONS: usize = 2;

/// The handlers of all protocol versions, and the version that the server supports.
#[derive(Debug)]
pub(crate) struct Protocol {
    /// The only version to use, if the application has set one.
    pinned: Option<Revision>,
    /// The newest stateful version, if the transport supports only stateful ones.
    stateful_only: Option<Revision>,
    pub(super) negotiation: Negotiation,
    /// The time to wait for the first response before `initialize` is sent too. `None` for no
    /// limit.
    pub(super) probe_timeout: Option<Duration>,
    /// True if all requests share one connection.
    pub(super) shares_connection: bool,
    /// True while both first requests are pending on a shared connection. It stays true if the
    /// caller gives up before both responses have arrived.
    pub(super) is_unsettled: AtomicBool,
    detection: SingleFlight,
    pub(super) stateful: StatefulProtocol,
    /// The stateful handler on the fallback transport (HTTP+SSE), if there is one.
    pub(super) fallback: Option<StatefulProtocol>,
    pub(super) stateless: StatelessProtocol,
}

impl Protocol {
    pub(crate) fn new(
        channel: Channel,
        pinned: Option<Revision>,
        negotiation: Negotiation,
        request_timeout: Duration,
    ) -> Self {
        let probe_timeout = channel.transport.probe_timeout();
        let fallback = channel
            .transport
            .fallback()
            .map(|it| Channel::new(it, Arc::clone(&channel.client_state)));
        Self {
            pinned,
            stateful_only: channel.transport.is_stateful_only().then_some(version::NEWEST_STATEFUL),
            negotiation,
            probe_timeout: probe_timeout.map(|limit| limit.min(request_timeout / 2)),
            shares_connection: !channel.transport.cancels_on_drop(),
            is_unsettled: AtomicBool::new(false),
            detection: SingleFlight::default(),
            stateful: StatefulProtocol::new(channel.clone(), pinned),
            fallback: fallback.map(|channel| StatefulProtocol::new(channel, pinned)),
            stateless: StatelessProtocol::new(channel),
        }
    }

    /// Returns the identity and capabilities of the server.
    pub(crate) async fn server_info(&self) -> Result<Arc<ServerInfo>, Error> {
        let since = Instant::now();
        let mut choice = self.choice().await?;
        let mut rejections = 0;
        loop {
            let outcome = self.server_info_at(choice, since).await;
            let Err(error) = outcome else { return outcome };
            rejections += 1;
            if rejections == MAX_REJECTIONS {
                return Err(error);
            }
            choice = Box::pin(self.reconsider(choice, error)).await?;
        }
    }

    async fn server_info_at(
        &self,
        choice: Choice,
        since: Instant,
    ) -> Result<Arc<ServerInfo>, Error> {
        match choice.revision.era() {
            Era::Stateful => Ok(Arc::clone(self.stateful(choice).session().await?.server_info())),
            Era::Stateless => self.stateless.server_info(choice.revision, since).await,
        }
    }

    /// Sends a request. On entry, `session` is the session that the parameters belong to. On return,
    /// it is the session in which the request was last sent. Without sessions, it stays empty.
    pub(crate) async fn call<R>(
        &self,
        request: &Request<'_, impl Serialize>,
        session: &mut Option<Arc<Session>>,
        decode: Decode<'_, R>,
    ) -> Result<R, Error> {
        let mut choice = self.choice().await?;
        let mut rejections = 0;
        loop {
            let outcome = self.call_at(choice, request, session, decode).await;
            let Err(error) = outcome else { return outcome };
            rejections += 1;
            // A request that required input has run in part, so it is not retried.
            if rejections == MAX_REJECTIONS
                || request.input_was_required.load(Ordering::Relaxed)
                || !request.may_repeat()
            {
                return Err(error);
            }
            // Boxed because this is rare, which keeps the future of each call small.
            choice = Box::pin(self.reconsider(choice, error)).await?;
        }
    }

    async fn call_at<R>(
        &self,
        choice: Choice,
        request: &Request<'_, impl Serialize>,
        session: &mut Option<Arc<Session>>,
        decode: Decode<'_, R>,
    ) -> Result<R, Error> {
        supports(choice.revision, &request.method)?;
        match choice.revision.era() {
            Era::Stateful => self.stateful(choice).call(request, session, decode).await,
            Era::Stateless => self.stateless.call(choice.revision, request, decode).await,
        }
    }

    /// Sends a notification.
    pub(crate) async fn notify(
        &self,
        method: &MethodName,
        params: Option<&impl Serialize>,
        extensions: Option<&Extensions>,
    ) -> Result<(), Error> {
        let choice = self.choice().await?;
        let revision = choice.revision;
        supports(revision, method)?;
        match revision.era() {
            Era::Stateful => self.stateful(choice).notify(method, params, extensions).await,
            Era::Stateless => self.stateless.notify(revision, method, params, extensions).await,
        }
    }

    /// Subscribes to the changes of a queue until the subscription ends.
    pub(crate) async fn subscribe(
        &self,
        queue: &Arc<ChangeQueue>,
        options: Option<&CallOptions>,
        deadline: &Deadline,
    ) -> Result<(), Error> {
        let mut choice = self.choice().await?;
        let mut rejections = 0;
        loop {
            let outcome = self.subscribe_at(choice, queue, options, deadline).await;
            let Err(error) = outcome else { return outcome };
            rejections += 1;
            // A subscription that was open is renewed by its owner, which waits for a pause first.
            if rejections == MAX_REJECTIONS || queue.is_open() {
                return Err(error);
            }
            choice = Box::pin(self.reconsider(choice, error)).await?;
        }
    }

    async fn subscribe_at(
        &self,
        choice: Choice,
        queue: &Arc<ChangeQueue>,
        options: Option<&CallOptions>,
        deadline: &Deadline,
    ) -> Result<(), Error> {
        match choice.revision.era() {
            Era::Stateful => self.stateful(choice).subscribe(queue, options, deadline).await,
            Era::Stateless => self.stateless.subscribe(choice.revision, queue, options).await,
        }
    }

    /// Returns the stateful handler on the transport of the choice.
    fn stateful(&self, choice: Choice) -> &StatefulProtocol {
        match &self.fallback {
            Some(fallback) if choice.fallback => fallback,
            _ => &self.stateful,
        }
    }

    /// Returns the secrets that are redacted in errors about results. The fallback transport has the
    /// same ones.
    pub(crate) fn redactor(&self) -> Redactor {
        self.stateless.redactor()
    }

    /// Ends the session, if there is one.
    pub(crate) async fn close(&self) -> Result<(), Error> {
        self.stateless.close();
        let fallback = match &self.fallback {
            Some(fallback) => fallback.close().await,
            None => Ok(()),
        };
        // Both are closed, even if one fails.
        self.stateful.close().await.and(fallback)
    }

    /// Returns the deviations that the transport has accepted.
    pub(crate) fn transport_deviations(&self) -> Vec<(&'static str, u64)> {
        self.stateless.transport().deviations()
    }

    /// Returns the number of sessions that the server has lost.
    pub(crate) fn lost_sessions(&self) -> u64 {
        let fallback = self.fallback.as_ref().map_or(0, StatefulProtocol::lost_sessions);
        self.stateful.lost_sessions() + fallback
    }

    /// Returns the method of the first request to the server, for error messages.
    pub(crate) fn first_method(&self) -> MethodName {
        MethodName::Borrowed(match self.known_choice().map(|choice| choice.revision.era()) {
            Some(Era::Stateful) => InitializeRequest::NAME,
            Some(Era::Stateless) | None => DiscoverRequest::NAME,
        })
    }

    /// Returns the version that the server supports, and the transport. Detects them unless they
    /// are known.
    async fn choice(&self) -> Result<Choice, Error> {
        match self.known_choice() {
            Some(choice) => Ok(choice),
            // Boxed because this is rare, which keeps the future of each call small.
            None => Box::pin(self.detect_once()).await,
        }
    }

    fn known_choice(&self) -> Option<Choice> {
        match self.pinned.or(self.stateful_only) {
            Some(revision) => Some(Choice { revision, fallback: self.negotiation.uses_fallback() }),
            None => self.negotiation.choice(),
        }
    }

    async fn detect_once(&self) -> Result<Choice, Error> {
        let detect = async || {
            let _guard = self.negotiation.lock_detection().await;
            match self.negotiation.choice() {
                Some(choice) => Ok(choice),
                None => self.detect().await,
            }
        };
        self.detection.get(|| self.negotiation.choice(), detect).await
    }

    /// Returns the version to try after a request in another version has failed. Returns the error
    /// if it does not depend on the version.
    async fn reconsider(&self, choice: Choice, error: Error) -> Result<Choice, Error> {
        let revision = choice.revision;
        if self.stateful_only.is_some() {
            return Err(error);
        }
        let evidence = Evidence::of(&error);
        if let Evidence::Versions(versions) = evidence {
            // A tool may have called another server and passed on its error code.
            if !error.did_not_run() {
                if revision.era() == Era::Stateless {
                    self.negotiation.forget(choice);
                }
                return Err(error);
            }
            if let Some(pinned) = self.pinned {
                let named = versions.iter().any(|version| version == pinned.as_str());
                return if named {
                    Ok(choice)
                } else {
                    Err(no_common_version(versions, Some(pinned)))
                };
            }
            let chosen = choose(versions)?;
            // The server has just rejected another stateful version.
            if (chosen.era(), revision.era()) == (Era::Stateful, Era::Stateful) {
                return Err(error);
            }
            let chosen = Choice { revision: chosen, fallback: false };
            self.negotiation.remember(chosen);
            return Ok(chosen);
        }
        if let Some(fallback) = self.pinned_fallback(choice, &error).await? {
            return Ok(fallback);
        }
        let doubtful = match revision.era() {
            Era::Stateless => contradicts_stateless(&error),
            Era::Stateful => error.failed_while_opening() && evidence != Evidence::Inconclusive,
        };
        if self.pinned.is_some() || !doubtful {
            return Err(error);
        }
        self.negotiation.forget(choice);
        let other = match revision.era() {
            Era::Stateless => self.choice().await.ok(),
            // The server has just rejected `initialize`, so it is not sent again.
            Era::Stateful => self.discover_again().await,
        };
        other.filter(|other| other.revision.era() != revision.era()).ok_or(error)
    }
}

impl Protocol {
    /// Tries the fallback transport for a stateful version that the application has set, if the
    /// server rejects `initialize` like a server with HTTP+SSE (MCP 2025-11-25, basic/transports,
    /// "Backwards Compatibility"). Returns `None` if this does not apply.
    ///
    /// # Errors
    /// Returns the error of the fallback transport if the server has it. Otherwise returns `None`,
    /// so that the first error is reported.
    async fn pinned_fallback(
        &self,
        choice: Choice,
        error: &Error,
    ) -> Result<Option<Choice>, Error> {
        let is_rejected = error.failed_while_opening()
            && error.code().is_none()
            && matches!(error.status(), Some(400 | 404 | 405));
        let is_pinned = self.pinned.is_some_and(|pinned| pinned.era() == Era::Stateful);
        let Some(fallback) = self.fallback.as_ref().filter(|_| is_pinned && is_rejected) else {
            return Ok(None);
        };
        if choice.fallback {
            return Ok(None);
        }
        match fallback.open(None).await {
            Ok(_) => {
                let choice = Choice { fallback: true, ..choice };
                self.negotiation.remember(choice);
                Ok(Some(choice))
            }
            Err(error) if lacks_fallback(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Checks that a client may send `method` in this version. Unknown methods belong to extensions and
/// are allowed.
///
/// # Errors
/// Returns [`Error::UnsupportedMethod`] if only the other versions have the method.
fn supports(revision: Revision, method: &MethodName) -> Result<(), Error> {
    let by_client = |methods: &[MethodInfo]| {
        methods.iter().any(|info| info.by_client && info.name == method.as_ref())
    };
    let (stateful, stateless) = (&v2025_11_25::Methods::ALL, &v2026_07_28::Methods::ALL);
    let (supported, other) = match revision.era() {
        Era::Stateful => (by_client(stateful), by_client(stateless)),
        Era::Stateless => (by_client(stateless), by_client(stateful)),
    };
    match other && !supported {
        true => Err(Error::UnsupportedMethod { method: method.clone(), revision }),
        false => Ok(()),
    }
}
