//! The way a revision wraps a call; all that differs between the eras of the protocol is behind it.

use std::{
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures_util::future::{Either, select};
use mcp_types::{
    Era, Method, MethodInfo, Revision,
    v2025_11_25::{self, InitializeRequest},
    v2026_07_28::{self, DiscoverRequest},
};
use serde::Serialize;
use tokio::{
    task::unconstrained,
    time::{Instant, sleep, timeout},
};

use super::{
    negotiation::{Finding, Negotiation, choose, finding, is_doubtful},
    single_flight::Together,
    stateful::{Handshake, Session},
    stateless::{Discovery, PerRequest},
    version::{self, unshared},
};
use crate::{
    changes::Inbox,
    error::Error,
    exchange::Link,
    request::{Name, Options, Patience, Request},
    result::{Decode, ServerProfile},
    transport::{Extras, TransportErrorKind},
};

/// How often a server may refuse the version that it is spoken to in.
const REFUSALS: usize = 2;

/// Both ways to speak with a server, and which of them it understands.
#[derive(Debug)]
pub(crate) struct Dialects {
    /// The one revision to speak, where the server is not to be asked.
    pinned: Option<Revision>,
    /// What stands for all that the transport can carry, where that is not everything.
    only: Option<Revision>,
    negotiation: Negotiation,
    /// How long the very first request is waited for, where that tells something.
    probe_time: Option<Duration>,
    deciding: Together,
    handshake: Handshake,
    /// The same on the transport that came before, if there is one.
    older: Option<Handshake>,
    per_request: PerRequest,
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
                None => self.ask().await,
            }
        };
        self.deciding.get(|| self.negotiation.revision(), ask).await
    }

    /// Asks the server which era it belongs to: by a request of the newer one, then by
    /// `initialize`, but only where the first answer shows that it does not know that era
    /// (MCP 2026-07-28, basic/versioning, "Backward Compatibility").
    async fn ask(&self) -> Result<Revision, Error> {
        let mut step = Step::Probe(version::NEWEST_PER_REQUEST);
        let mut refusals = 0;
        let mut afresh = self.probe_time.is_some();
        loop {
            step = match step {
                Step::Probe(version) => self.after_probe(version, &mut afresh).await?,
                Step::Greet { offered, probe } => {
                    self.after_greeting(offered, probe, &mut afresh).await?
                }
                Step::Heed(error, versions) => {
                    refusals += 1;
                    if refusals == REFUSALS {
                        return Err(error);
                    }
                    Step::towards(choose(versions)?)
                }
                Step::Speak { revision, older } => {
                    self.negotiation.decide(revision, older);
                    return Ok(revision);
                }
            }
        }
    }

    async fn after_probe(&self, version: Revision, afresh: &mut bool) -> Result<Step, Error> {
        let error = match self.first_answer(version).await {
            Ok(First::Discovered(found)) => return self.found(found),
            Ok(First::Greeted(session)) => return Ok(Step::speak(session.profile().revision)),
            Err(error) => error,
        };
        match finding(&error) {
            Finding::Versions(versions) => Ok(Step::Heed(error, versions)),
            Finding::Handshake => Ok(Step::Greet { offered: None, probe: Some(error) }),
            Finding::PerRequest => {
                self.negotiation.decide(version, false);
                Err(error)
            }
            // It has exited at what it does not know, and is started anew by the next request.
            Finding::Nothing if *afresh && is_gone(&error) => {
                *afresh = false;
                Ok(Step::Greet { offered: None, probe: Some(error) })
            }
            Finding::NoPost => match self.fall_back().await? {
                Ok(step) => Ok(step),
                Err(_) => Err(error),
            },
            Finding::Nothing => Err(error),
        }
    }

    async fn after_greeting(
        &self,
        offered: Option<Revision>,
        probe: Option<Error>,
        afresh: &mut bool,
    ) -> Result<Step, Error> {
        let error = match self.handshake.open(offered).await {
            Ok(session) => return Ok(Step::speak(session.profile().revision)),
            Err(error) => error,
        };
        match finding(&error) {
            Finding::Versions(versions) => Ok(Step::Heed(error, versions)),
            // The refused probe may have confused it.
            _ if *afresh && probe.is_some() && !is_unreachable(&error) => {
                *afresh = false;
                self.close().await?;
                Ok(Step::Greet { offered, probe })
            }
            _ if matches!(error.status(), Some(400 | 404 | 405)) && error.code().is_none() => {
                let stream = match self.fall_back().await? {
                    Ok(step) => return Ok(step),
                    Err(stream) => stream,
                };
                Err(not_mcp(probe, error, stream))
            }
            _ => Err(error),
        }
    }

    /// Tries the transport that came before, which is all that some servers have (MCP
    /// basic/transports, "Backwards Compatibility"); gives the reason where this one has not, either.
    ///
    /// # Errors
    /// What says nothing of that, such as a refusal of the user.
    async fn fall_back(&self) -> Result<Result<Step, Option<Error>>, Error> {
        let Some(older) = &self.older else { return Ok(Err(None)) };
        match older.open(None).await {
            Ok(session) => {
                let revision = session.profile().revision;
                Ok(Ok(Step::Speak { revision, older: true }))
            }
            Err(error) if is_no_stream(&error) => Ok(Err(Some(error))),
            Err(error) => Err(error),
        }
    }

    /// The answer to the probe. A server that leaves it unanswered is greeted in the end, but may be
    /// slow: the answer that comes first then counts.
    async fn first_answer(&self, version: Revision) -> Result<First, Error> {
        let probe = pin!(self.per_request.discover(version));
        let Some(limit) = self.probe_time else { return probe.await.map(First::Discovered) };
        let probe = match select(probe, pin!(unconstrained(sleep(limit)))).await {
            Either::Left((answer, _)) => return answer.map(First::Discovered),
            Either::Right(((), probe)) => probe,
        };
        match select(probe, pin!(self.handshake.open(None))).await {
            Either::Left((Ok(found @ Discovery::Found(_)), _)) => Ok(First::Discovered(found)),
            Either::Left((_, greeting)) => greeting.await.map(First::Greeted),
            Either::Right((Ok(session), _)) => Ok(First::Greeted(session)),
            Either::Right((Err(error), probe)) => match timeout(limit, probe).await {
                Ok(Ok(found @ Discovery::Found(_))) => Ok(First::Discovered(found)),
                _ => Err(error),
            },
        }
    }

    /// What to do with what the server says of itself.
    fn found(&self, discovery: Discovery) -> Result<Step, Error> {
        let Discovery::Found(said) = discovery else {
            return Ok(Step::Greet { offered: None, probe: None });
        };
        let revision = choose(said.supported_versions.clone())?;
        if revision.era() == Era::Handshake {
            return Ok(Step::towards(revision));
        }
        self.per_request.keep(revision, *said);
        Ok(Step::speak(revision))
    }

    /// The revision to try after a call has failed in another; the error itself, where that has
    /// nothing to do with revisions.
    async fn reconsidered(&self, revision: Revision, error: Error) -> Result<Revision, Error> {
        if self.only.is_some() {
            return Err(error);
        }
        let finding = finding(&error);
        if let Finding::Versions(versions) = finding {
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
            Era::PerRequest => is_doubtful(&error),
            Era::Handshake => error.is_of_opening() && finding != Finding::Nothing,
        };
        if self.pinned.is_some() || !doubtful {
            return Err(error);
        }
        self.negotiation.doubt(revision);
        let other = match revision.era() {
            Era::PerRequest => self.revision().await.ok(),
            // It has just refused to be greeted: there is no point in trying that again.
            Era::Handshake => self.probe().await,
        };
        other.filter(|other| other.era() != revision.era()).ok_or(error)
    }

    /// The revision of the per-request era that the server now speaks, if it does.
    async fn probe(&self) -> Option<Revision> {
        let newest = version::NEWEST_PER_REQUEST;
        let step = match self.per_request.discover(newest).await {
            Ok(discovery) => self.found(discovery),
            Err(error) => match finding(&error) {
                Finding::Versions(versions) => choose(versions).map(Step::speak),
                _ => Err(error),
            },
        };
        match step {
            Ok(Step::Speak { revision, .. }) if revision.era() == Era::PerRequest => {
                self.negotiation.decide(revision, false);
                Some(revision)
            }
            _ => None,
        }
    }
}

/// What a server has understood first.
enum First {
    Discovered(Discovery),
    Greeted(Arc<Session>),
}

/// Whether the server went away in place of an answer.
fn is_gone(error: &Error) -> bool {
    use TransportErrorKind as Kind;
    matches!(error.transport_kind(), Some(Kind::Interrupted | Kind::SessionEnded))
}

/// Whether there is no server to begin with.
fn is_unreachable(error: &Error) -> bool {
    use TransportErrorKind as Kind;
    matches!(error.transport_kind(), Some(Kind::Refused | Kind::Unreachable))
}

/// A step on the way to a revision that both sides speak.
enum Step {
    /// Ask in this revision of the per-request era.
    Probe(Revision),
    /// Open a session and offer this revision, or the newest; the probe had failed so.
    Greet { offered: Option<Revision>, probe: Option<Error> },
    /// Try another of the versions that the server names in this refusal.
    Heed(Error, Vec<String>),
    /// Speak this one, on the transport that came before perhaps.
    Speak { revision: Revision, older: bool },
}

impl Step {
    fn speak(revision: Revision) -> Self {
        Self::Speak { revision, older: false }
    }

    /// The step that shows whether a revision that the server names is spoken indeed.
    fn towards(revision: Revision) -> Self {
        match revision.era() {
            Era::PerRequest => Self::Probe(revision),
            Era::Handshake => Self::Greet { offered: Some(revision), probe: None },
        }
    }
}

/// Whether a server has nothing where the transport that came before has its stream.
fn is_no_stream(error: &Error) -> bool {
    match finding(error) {
        Finding::Handshake | Finding::NoPost => true,
        _ => error.transport_kind() == Some(TransportErrorKind::Protocol),
    }
}

/// All failures where neither era has come to an answer.
fn not_mcp(probe: Option<Error>, initialize: Error, stream: Option<Error>) -> Error {
    match probe {
        Some(probe) => Error::NotMcp {
            probe: Arc::new(probe),
            initialize: Arc::new(initialize),
            stream: stream.map(Arc::new),
        },
        None => initialize,
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
