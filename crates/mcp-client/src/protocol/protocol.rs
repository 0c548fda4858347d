//! The way a revision wraps a call; all that differs between the eras of the protocol is behind it.

use std::{
    sync::{Arc, atomic::Ordering},
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
    evidence::{Evidence, contradicts_stateless},
    negotiation::Negotiation,
    single_flight::Together,
    stateful::{Handshake, Session},
    stateless::PerRequest,
    version::{self, choose, unshared},
};
use crate::{
    changes::Inbox,
    error::Error,
    exchange::Link,
    request::{Name, Options, Patience, Request},
    result::{Decode, ServerProfile},
    transport::Extras,
};

/// How often a server may refuse the version that it is spoken to in.
pub(super) const REFUSALS: usize = 2;

/// Both ways to speak with a server, and which of them it understands.
#[derive(Debug)]
pub(crate) struct Dialects {
    /// The one revision to speak, where the server is not to be asked.
    pinned: Option<Revision>,
    /// What stands for all that the transport can carry, where that is not everything.
    only: Option<Revision>,
    pub(super) negotiation: Negotiation,
    /// How long the very first request is waited for, where that tells something.
    pub(super) probe_time: Option<Duration>,
    deciding: Together,
    pub(super) handshake: Handshake,
    /// The same on the transport that came before, if there is one.
    pub(super) older: Option<Handshake>,
    pub(super) per_request: PerRequest,
}

impl Dialects {
    pub(crate) fn new(link: Link, pinned: Option<Revision>, negotiation: Negotiation) -> Self {
        let older = link.transport.older().map(|transport| Link { transport, ..link.clone() });
        Self {
            pinned,
            only: link.transport.is_of_handshake().then_some(version::NEWEST_HANDSHAKE),
            negotiation,
            probe_time: link.transport.probe_time(),
            deciding: Together::default(),
            handshake: Handshake::new(link.clone(), pinned),
            older: older.map(|link| Handshake::new(link, pinned)),
            per_request: PerRequest::new(link),
        }
    }

    /// What the server says of itself.
    pub(crate) async fn profile(&self) -> Result<Arc<ServerProfile>, Error> {
        let asked = Instant::now();
        let mut revision = self.revision().await?;
        let mut refusals = 0;
        loop {
            let outcome = self.profile_at(revision, asked).await;
            let Err(error) = outcome else { return outcome };
            refusals += 1;
            if refusals == REFUSALS {
                return Err(error);
            }
            revision = Box::pin(self.reconsidered(revision, error)).await?;
        }
    }

    async fn profile_at(
        &self,
        revision: Revision,
        asked: Instant,
    ) -> Result<Arc<ServerProfile>, Error> {
        match revision.era() {
            Era::Handshake => Ok(Arc::clone(self.handshake().session().await?.profile())),
            Era::PerRequest => self.per_request.discovered(revision, asked).await,
        }
    }

    /// Calls a method. `place` is the session that the parameters belong to, and is where they ran;
    /// without sessions, it stays empty.
    pub(crate) async fn call<R>(
        &self,
        request: &Request<'_, impl Serialize>,
        place: &mut Option<Arc<Session>>,
        decode: Decode<'_, R>,
    ) -> Result<R, Error> {
        let mut revision = self.revision().await?;
        let mut refusals = 0;
        loop {
            let outcome = self.call_at(revision, request, place, decode).await;
            let Err(error) = outcome else { return outcome };
            refusals += 1;
            // Nor is a call repeated that has asked for input: so far, it has run.
            if refusals == REFUSALS || request.with_input.load(Ordering::Relaxed) {
                return Err(error);
            }
            // Rare, and thus kept out of the future of each call.
            revision = Box::pin(self.reconsidered(revision, error)).await?;
        }
    }

    async fn call_at<R>(
        &self,
        revision: Revision,
        request: &Request<'_, impl Serialize>,
        place: &mut Option<Arc<Session>>,
        decode: Decode<'_, R>,
    ) -> Result<R, Error> {
        supports(revision, &request.method)?;
        match revision.era() {
            Era::Handshake => self.handshake().call(request, place, decode).await,
            Era::PerRequest => self.per_request.call(revision, request, decode).await,
        }
    }

    /// Sends a notification.
    pub(crate) async fn notify(
        &self,
        method: &Name,
        params: Option<&impl Serialize>,
        extras: Option<&Extras>,
    ) -> Result<(), Error> {
        let revision = self.revision().await?;
        supports(revision, method)?;
        match revision.era() {
            Era::Handshake => self.handshake().notify(method, params, extras).await,
            Era::PerRequest => self.per_request.notify(revision, method, params, extras).await,
        }
    }

    /// Follows the changes of what is watched, once.
    pub(crate) async fn follow(
        &self,
        inbox: &Arc<Inbox>,
        options: Option<&Options>,
        patience: &Patience,
    ) -> Result<(), Error> {
        let revision = self.revision().await?;
        match self.follow_at(revision, inbox, options, patience).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let revision = Box::pin(self.reconsidered(revision, error)).await?;
                self.follow_at(revision, inbox, options, patience).await
            }
        }
    }

    async fn follow_at(
        &self,
        revision: Revision,
        inbox: &Arc<Inbox>,
        options: Option<&Options>,
        patience: &Patience,
    ) -> Result<(), Error> {
        match revision.era() {
            Era::Handshake => self.handshake().follow(inbox, options, patience).await,
            Era::PerRequest => self.per_request.follow(revision, inbox, options).await,
        }
    }

    /// The handshake era, on the transport that the server has.
    fn handshake(&self) -> &Handshake {
        match &self.older {
            Some(older) if self.negotiation.is_older() => older,
            _ => &self.handshake,
        }
    }

    /// Ends the session, if there is one.
    pub(crate) async fn close(&self) -> Result<(), Error> {
        if let Some(older) = &self.older {
            older.close().await?;
        }
        self.handshake.close().await
    }

    /// How often the server has forgotten the session.
    pub(crate) fn lost_sessions(&self) -> u64 {
        let older = self.older.as_ref().map_or(0, Handshake::lost_sessions);
        self.handshake.lost_sessions() + older
    }

    /// The method that a conversation opens with, as far as is known.
    pub(crate) fn opening(&self) -> Name {
        Name::Borrowed(match self.known().map(Revision::era) {
            Some(Era::Handshake) => InitializeRequest::NAME,
            Some(Era::PerRequest) | None => DiscoverRequest::NAME,
        })
    }

    /// The revision that the server understands; it is asked unless that is known.
    pub(crate) async fn revision(&self) -> Result<Revision, Error> {
        match self.known() {
            Some(revision) => Ok(revision),
            // Rare, and thus kept out of the future of each call.
            None => Box::pin(self.decided()).await,
        }
    }

    fn known(&self) -> Option<Revision> {
        self.pinned.or(self.only).or_else(|| self.negotiation.revision())
    }

    async fn decided(&self) -> Result<Revision, Error> {
        let ask = async || {
            let _alone = self.negotiation.turn().await;
            match self.negotiation.revision() {
                Some(revision) => Ok(revision),
                None => self.detect().await,
            }
        };
        self.deciding.get(|| self.negotiation.revision(), ask).await
    }

    /// The revision to try after a call has failed in another; the error itself, where that has
    /// nothing to do with revisions.
    async fn reconsidered(&self, revision: Revision, error: Error) -> Result<Revision, Error> {
        if self.only.is_some() {
            return Err(error);
        }
        let evidence = Evidence::of(&error);
        if let Evidence::Versions(versions) = evidence {
            // The code alone may be that of another server, which a tool has called.
            if !error.did_not_run() {
                if revision.era() == Era::PerRequest {
                    self.negotiation.doubt(revision);
                }
                return Err(error);
            }
            if let Some(pinned) = self.pinned {
                let named = versions.iter().any(|version| version == pinned.as_str());
                return if named { Ok(pinned) } else { Err(unshared(versions, Some(pinned))) };
            }
            let chosen = choose(versions)?;
            // It speaks no other revision of the era that it has just refused.
            if (chosen.era(), revision.era()) == (Era::Handshake, Era::Handshake) {
                return Err(error);
            }
            self.negotiation.decide(chosen, false);
            return Ok(chosen);
        }
        let doubtful = match revision.era() {
            Era::PerRequest => contradicts_stateless(&error),
            Era::Handshake => error.is_of_opening() && evidence != Evidence::None,
        };
        if self.pinned.is_some() || !doubtful {
            return Err(error);
        }
        self.negotiation.doubt(revision);
        let other = match revision.era() {
            Era::PerRequest => self.revision().await.ok(),
            // It has just refused to be greeted: there is no point in trying that again.
            Era::Handshake => self.discover_again().await,
        };
        other.filter(|other| other.era() != revision.era()).ok_or(error)
    }
}

/// Whether a client may send `method` in this revision; one that no revision knows is an extension's.
fn supports(revision: Revision, method: &Name) -> Result<(), Error> {
    let by_client = |methods: &[MethodInfo]| {
        methods.iter().any(|info| info.by_client && info.name == method.as_ref())
    };
    let (old, new) = (&v2025_11_25::Methods::ALL, &v2026_07_28::Methods::ALL);
    let (spoken, other) = match revision.era() {
        Era::Handshake => (by_client(old), by_client(new)),
        Era::PerRequest => (by_client(new), by_client(old)),
    };
    match other && !spoken {
        true => Err(Error::Unsupported { method: method.clone(), revision }),
        false => Ok(()),
    }
}
