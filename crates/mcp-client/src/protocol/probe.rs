//! Finds out which protocol version a server speaks.
//!
//! `server/discover` comes first. `initialize` follows only if the answer proves that the server does
//! not know the stateless versions (MCP 2026-07-28, basic/versioning, "Backward Compatibility").
//!
//! [`decide`] holds all rules: it turns what the server did into a verdict, and does nothing else.
//! [`Protocol::detect`] takes the steps that the verdicts ask for.

use std::{pin::pin, sync::Arc};

use futures_util::future::{Either, select};
use mcp_types::{Era, Revision, v2026_07_28::DiscoverResult};
use tokio::{
    task::unconstrained,
    time::{sleep, timeout},
};

use super::{
    evidence::Evidence,
    protocol::{MAX_REJECTIONS, Protocol},
    stateful::Session,
    stateless::Discovery,
    version::{self, choose},
};
use crate::{error::Error, transport::TransportErrorKind};

/// A request to the server, and what the rules need to know once it has failed.
#[derive(Debug)]
enum Step {
    /// Send `server/discover` in this stateless version.
    Discover(Revision),
    /// Send `initialize`.
    Initialize {
        /// The version to offer; `None` is the newest stateful one.
        offered: Option<Revision>,
        /// Why `server/discover` failed, if it did.
        discover_error: Option<Error>,
        /// Whether to close the connection first, so that the server is started again.
        restart: bool,
    },
    /// Send `initialize` on the fallback transport.
    FallBack(Failures),
}

/// The failures before the fallback transport was tried.
#[derive(Debug)]
enum Failures {
    Discover(Error),
    Initialize { discover_error: Option<Error>, error: Error },
}

/// The behaviour of the server in a step.
#[derive(Debug)]
enum Fact {
    /// It answered `server/discover`.
    Discovered(Box<DiscoverResult>),
    /// It answered `server/discover` with the result of something else.
    OtherResult,
    /// It opened a session in this version.
    Initialized { revision: Revision, fallback: bool },
    /// It did not answer `server/discover` in this version.
    DiscoverFailed { version: Revision, error: Error },
    /// It did not answer `initialize`.
    InitializeFailed { offered: Option<Revision>, discover_error: Option<Error>, error: Error },
    /// It did not answer `initialize` on the fallback transport; `None` if there is no such
    /// transport.
    FallbackFailed { before: Failures, error: Option<Error> },
}

/// The attempts of the detection so far.
#[derive(Debug, Clone, Copy)]
struct Attempts {
    /// The number of versions that the server has rejected.
    rejections: usize,
    /// Whether the server may be started again, which happens once. Only transports with a probe
    /// timeout start their server.
    can_restart: bool,
}

/// The consequence of a fact.
#[derive(Debug)]
enum Verdict {
    /// The version is not known yet: take another step.
    Continue(Step, Attempts),
    /// The server speaks this version, and said this about itself.
    Speaks { revision: Revision, fallback: bool, discovered: Option<Box<DiscoverResult>> },
    /// The server speaks this version, but the request failed.
    SpeaksButFailed { revision: Revision, error: Error },
    /// The version stays unknown.
    Unknown(Error),
}

impl Step {
    /// The step that shows whether the server speaks a version that it has named.
    fn check(revision: Revision) -> Self {
        match revision.era() {
            Era::Stateless => Self::Discover(revision),
            Era::Stateful => Self::initialize(Some(revision), None),
        }
    }

    fn initialize(offered: Option<Revision>, discover_error: Option<Error>) -> Self {
        Self::Initialize { offered, discover_error, restart: false }
    }
}

impl Failures {
    /// The error of the detection, with the failure of the fallback transport.
    fn into_error(self, stream: Option<Error>) -> Error {
        match self {
            Self::Initialize { discover_error: Some(probe), error } => Error::NotMcp {
                probe: Arc::new(probe),
                initialize: Arc::new(error),
                stream: stream.map(Arc::new),
            },
            Self::Initialize { discover_error: None, error } | Self::Discover(error) => error,
        }
    }
}

impl From<Discovery> for Fact {
    fn from(discovery: Discovery) -> Self {
        match discovery {
            Discovery::Found(result) => Self::Discovered(result),
            Discovery::Other => Self::OtherResult,
        }
    }
}

/// Decides what follows from a fact. "V", "H" and "S" in the comments are the sections "Backward
/// Compatibility" of basic/versioning, basic/transports/streamable-http and basic/transports/stdio
/// in MCP 2026-07-28. Where these say nothing, the comment says "ours".
fn decide(fact: Fact, attempts: Attempts) -> Verdict {
    match fact {
        // Proof of a stateless server (V). The newest common version is spoken, and a stateful one
        // only if no stateless one is common (ours).
        Fact::Discovered(result) => match choose(result.supported_versions.clone()) {
            Ok(revision) if revision.era() == Era::Stateless => {
                Verdict::Speaks { revision, fallback: false, discovered: Some(result) }
            }
            Ok(revision) => Verdict::Continue(Step::check(revision), attempts),
            Err(error) => Verdict::Unknown(error),
        },
        // No stateless server: those have to implement `server/discover` (server/discover).
        Fact::OtherResult => Verdict::Continue(Step::initialize(None, None), attempts),
        // Proof of a stateful server (MCP 2025-11-25, basic/lifecycle, "Initialization").
        Fact::Initialized { revision, fallback } => {
            Verdict::Speaks { revision, fallback, discovered: None }
        }
        Fact::DiscoverFailed { version, error } => after_discover(version, error, attempts),
        Fact::InitializeFailed { offered, discover_error, error } => {
            after_initialize(offered, discover_error, error, attempts)
        }
        Fact::FallbackFailed { before, error } => match error {
            // The server has the stream, or may have it (ours).
            Some(error) if !is_no_stream(&error) => Verdict::Unknown(error),
            // Nothing has worked, so all failures are reported (ours).
            stream => Verdict::Unknown(before.into_error(stream)),
        },
    }
}

/// The rules for a failed `server/discover`.
fn after_discover(version: Revision, error: Error, attempts: Attempts) -> Verdict {
    match Evidence::of(&error) {
        // -32022: try a version that the server names (basic/versioning, "Negotiation").
        Evidence::Versions(versions) => after_rejection(error, versions, attempts),
        // -32020 and -32021: stateless, so the error is reported and `initialize` is not sent (V, H,
        // S).
        Evidence::Stateless => Verdict::SpeaksButFailed { revision: version, error },
        // Any other JSON-RPC error (S), any other 4xx (H).
        Evidence::Stateful => Verdict::Continue(Step::initialize(None, Some(error)), attempts),
        // 405: a server of Streamable HTTP has to accept POST, so HTTP+SSE is tried (ours).
        Evidence::NoPost => Verdict::Continue(Step::FallBack(Failures::Discover(error)), attempts),
        // The process exited because of an unknown method. The next request starts it again (ours).
        Evidence::None if attempts.can_restart && is_gone(&error) => Verdict::Continue(
            Step::initialize(None, Some(error)),
            Attempts { can_restart: false, ..attempts },
        ),
        // Authorization, rate limits, server faults, timeouts, broken connections (ours).
        Evidence::None => Verdict::Unknown(error),
    }
}

/// The rules for a failed `initialize`.
fn after_initialize(
    offered: Option<Revision>,
    discover_error: Option<Error>,
    error: Error,
    attempts: Attempts,
) -> Verdict {
    match Evidence::of(&error) {
        // -32022: a stateless server after all (V).
        Evidence::Versions(versions) => after_rejection(error, versions, attempts),
        // The rejected `server/discover` may have confused the process: try a new one (ours).
        _ if attempts.can_restart && discover_error.is_some() && !is_unreachable(&error) => {
            Verdict::Continue(
                Step::Initialize { offered, discover_error, restart: true },
                Attempts { can_restart: false, ..attempts },
            )
        }
        // The server may have only HTTP+SSE (MCP 2025-11-25, basic/transports, "Backwards
        // Compatibility").
        _ if matches!(error.status(), Some(400 | 404 | 405)) && error.code().is_none() => {
            let before = Failures::Initialize { discover_error, error };
            Verdict::Continue(Step::FallBack(before), attempts)
        }
        // Stateless servers name their versions in the text of other errors (V).
        _ => Verdict::Unknown(error),
    }
}

/// The rule for a rejected version: try the one to choose among those that the server names, but
/// report the error if the server has rejected too many (ours).
fn after_rejection(error: Error, versions: Vec<String>, attempts: Attempts) -> Verdict {
    let rejections = attempts.rejections + 1;
    if rejections == MAX_REJECTIONS {
        return Verdict::Unknown(error);
    }
    match choose(versions) {
        Ok(revision) => {
            Verdict::Continue(Step::check(revision), Attempts { rejections, ..attempts })
        }
        Err(error) => Verdict::Unknown(error),
    }
}

/// Returns whether the server went away instead of answering.
fn is_gone(error: &Error) -> bool {
    use TransportErrorKind as Kind;
    matches!(error.transport_kind(), Some(Kind::Interrupted | Kind::SessionEnded))
}

/// Returns whether there is no server at all.
fn is_unreachable(error: &Error) -> bool {
    use TransportErrorKind as Kind;
    matches!(error.transport_kind(), Some(Kind::Blocked | Kind::Unreachable))
}

/// Returns whether the server has no stream where the fallback transport expects it.
fn is_no_stream(error: &Error) -> bool {
    match Evidence::of(error) {
        Evidence::Stateful | Evidence::NoPost => true,
        _ => error.transport_kind() == Some(TransportErrorKind::Protocol),
    }
}

impl Protocol {
    /// Finds out which version the server speaks, and remembers it.
    pub(super) async fn detect(&self) -> Result<Revision, Error> {
        let mut step = Step::Discover(version::NEWEST_STATELESS);
        let mut attempts = Attempts { rejections: 0, can_restart: self.probe_timeout.is_some() };
        loop {
            match decide(self.take(step).await?, attempts) {
                Verdict::Continue(next, counted) => (step, attempts) = (next, counted),
                Verdict::Speaks { revision, fallback, discovered } => {
                    if let Some(result) = discovered {
                        self.stateless.keep(revision, *result);
                    }
                    self.negotiation.decide(revision, fallback);
                    return Ok(revision);
                }
                Verdict::SpeaksButFailed { revision, error } => {
                    self.negotiation.decide(revision, false);
                    return Err(error);
                }
                Verdict::Unknown(error) => return Err(error),
            }
        }
    }

    /// Takes a step.
    ///
    /// # Errors
    /// The connection could not be closed for a restart.
    async fn take(&self, step: Step) -> Result<Fact, Error> {
        Ok(match step {
            Step::Discover(version) => match self.first_answer(version).await {
                Ok(fact) => fact,
                Err(error) => Fact::DiscoverFailed { version, error },
            },
            Step::Initialize { offered, discover_error, restart } => {
                if restart {
                    self.close().await?;
                }
                match self.stateful.open(offered).await {
                    Ok(session) => initialized(&session, false),
                    Err(error) => Fact::InitializeFailed { offered, discover_error, error },
                }
            }
            Step::FallBack(before) => match &self.fallback {
                Some(fallback) => match fallback.open(None).await {
                    Ok(session) => initialized(&session, true),
                    Err(error) => Fact::FallbackFailed { before, error: Some(error) },
                },
                None => Fact::FallbackFailed { before, error: None },
            },
        })
    }

    /// Sends `server/discover`. If the transport has a probe timeout and it passes, `initialize` is
    /// sent too, and the first answer counts: the server may be a silent stateful one, or slow.
    async fn first_answer(&self, version: Revision) -> Result<Fact, Error> {
        let probe = pin!(self.stateless.discover(version));
        let Some(limit) = self.probe_timeout else { return probe.await.map(Fact::from) };
        let probe = match select(probe, pin!(unconstrained(sleep(limit)))).await {
            Either::Left((answer, _)) => return answer.map(Fact::from),
            Either::Right(((), probe)) => probe,
        };
        match select(probe, pin!(self.stateful.open(None))).await {
            Either::Left((Ok(Discovery::Found(result)), _)) => Ok(Fact::Discovered(result)),
            Either::Left((_, session)) => Ok(initialized(&*session.await?, false)),
            Either::Right((Ok(session), _)) => Ok(initialized(&session, false)),
            Either::Right((Err(error), probe)) => match timeout(limit, probe).await {
                Ok(Ok(Discovery::Found(result))) => Ok(Fact::Discovered(result)),
                _ => Err(error),
            },
        }
    }

    /// Asks a server that has refused `initialize` whether it speaks a stateless version now, and
    /// remembers that.
    pub(super) async fn discover_again(&self) -> Option<Revision> {
        let (versions, result) = match self.stateless.discover(version::NEWEST_STATELESS).await {
            Ok(Discovery::Found(result)) => (result.supported_versions.clone(), Some(result)),
            Ok(Discovery::Other) => return None,
            Err(error) => match Evidence::of(&error) {
                Evidence::Versions(versions) => (versions, None),
                _ => return None,
            },
        };
        let revision = choose(versions).ok().filter(|chosen| chosen.era() == Era::Stateless)?;
        if let Some(result) = result {
            self.stateless.keep(revision, *result);
        }
        self.negotiation.decide(revision, false);
        Some(revision)
    }
}

fn initialized(session: &Session, fallback: bool) -> Fact {
    Fact::Initialized { revision: session.profile().revision, fallback }
}

#[cfg(test)]
mod tests {
    use mcp_types::{ErrorObject, error_code};
    use serde_json::json;

    use super::*;
    use crate::transport::TransportError;

    const FIRST: Attempts = Attempts { rejections: 0, can_restart: true };
    const SPENT: Attempts = Attempts { rejections: MAX_REJECTIONS - 1, can_restart: false };

    fn rpc(code: i64, supported: &[&str]) -> Error {
        let data = Some(json!({ "supported": supported }));
        let error = ErrorObject { code, message: String::new(), data };
        Error::Rpc { method: "x".into(), error, status: None, retry_after: None }
    }

    fn transport(kind: TransportErrorKind) -> Error {
        TransportError::new(kind, "failed").into()
    }

    fn status(status: u16) -> Error {
        transport(TransportErrorKind::Status(status))
    }

    fn discovered(versions: &[&str]) -> Fact {
        let result = json!({
            "resultType": "complete", "supportedVersions": versions, "capabilities": {},
        });
        Fact::Discovered(Box::new(serde_json::from_value(result).unwrap()))
    }

    fn discover_failed(error: Error) -> Fact {
        Fact::DiscoverFailed { version: Revision::V2026_07_28, error }
    }

    fn initialize_failed(discover_error: Option<Error>, error: Error) -> Fact {
        Fact::InitializeFailed { offered: None, discover_error, error }
    }

    /// Shows a verdict in short.
    fn shown(fact: Fact, attempts: Attempts) -> String {
        match decide(fact, attempts) {
            Verdict::Continue(Step::Discover(version), _) => format!("discover {version}"),
            Verdict::Continue(Step::Initialize { offered, restart, .. }, _) => {
                let offered = offered.map_or("newest".to_owned(), |version| version.to_string());
                format!("initialize {offered}{}", if restart { ", restarted" } else { "" })
            }
            Verdict::Continue(Step::FallBack(_), _) => "fall back".to_owned(),
            Verdict::Speaks { revision, fallback, .. } => {
                format!("speaks {revision}{}", if fallback { " on the fallback" } else { "" })
            }
            Verdict::SpeaksButFailed { revision, .. } => format!("speaks {revision}, failed"),
            Verdict::Unknown(Error::NotMcp { stream, .. }) => {
                format!("no MCP{}", if stream.is_some() { ", no stream" } else { "" })
            }
            Verdict::Unknown(_) => "unknown".to_owned(),
        }
    }

    #[test]
    fn each_answer_to_discover_has_its_verdict() {
        // N-VER-01, N-VER-04, N-VER-05, N-STDIO-06
        const REJECTED: i64 = error_code::UNSUPPORTED_PROTOCOL_VERSION;
        for (fact, first, spent) in [
            (discovered(&["2026-07-28", "2025-11-25"]), "speaks 2026-07-28", None),
            (discovered(&["2025-06-18"]), "initialize 2025-06-18", None),
            (discovered(&["2027-01-01"]), "unknown", None),
            (Fact::OtherResult, "initialize newest", None),
            (
                discover_failed(rpc(REJECTED, &["2026-07-28"])),
                "discover 2026-07-28",
                Some("unknown"),
            ),
            (
                discover_failed(rpc(REJECTED, &["2025-03-26"])),
                "initialize 2025-03-26",
                Some("unknown"),
            ),
            (discover_failed(rpc(REJECTED, &[])), "unknown", None),
            (
                discover_failed(rpc(error_code::HEADER_MISMATCH, &[])),
                "speaks 2026-07-28, failed",
                None,
            ),
            (discover_failed(rpc(-32601, &[])), "initialize newest", None),
            (discover_failed(status(400)), "initialize newest", None),
            (discover_failed(status(405)), "fall back", None),
            (discover_failed(status(401)), "unknown", None),
            (discover_failed(status(503)), "unknown", None),
            (
                discover_failed(transport(TransportErrorKind::Interrupted)),
                "initialize newest",
                Some("unknown"),
            ),
            (discover_failed(transport(TransportErrorKind::Unreachable)), "unknown", None),
        ] {
            let (name, again) = (format!("{fact:?}"), spent.unwrap_or(first));
            let copy = match &fact {
                Fact::DiscoverFailed { error, .. } => discover_failed(error.clone()),
                Fact::Discovered(result) => Fact::Discovered(result.clone()),
                _ => Fact::OtherResult,
            };
            assert_eq!(shown(fact, FIRST), first, "{name}");
            assert_eq!(shown(copy, SPENT), again, "{name}, once more");
        }
    }

    #[test]
    fn each_answer_to_initialize_has_its_verdict() {
        // LEG-02
        let revision = Revision::V2025_06_18;
        let initialized = |fallback| Fact::Initialized { revision, fallback };
        assert_eq!(shown(initialized(false), FIRST), "speaks 2025-06-18");
        assert_eq!(shown(initialized(true), FIRST), "speaks 2025-06-18 on the fallback");
        for (probe, error, first, spent) in [
            (Some(status(400)), status(400), "initialize newest, restarted", "fall back"),
            (Some(status(400)), rpc(-32601, &[]), "initialize newest, restarted", "unknown"),
            (None, status(404), "fall back", "fall back"),
            (None, status(403), "unknown", "unknown"),
            (Some(status(400)), transport(TransportErrorKind::Unreachable), "unknown", "unknown"),
        ] {
            let name = format!("{probe:?} {error:?}");
            let fact = || initialize_failed(probe.clone(), error.clone());
            assert_eq!(shown(fact(), FIRST), first, "{name}");
            assert_eq!(shown(fact(), SPENT), spent, "{name}, once more");
        }
        let rejected = rpc(error_code::UNSUPPORTED_PROTOCOL_VERSION, &["2026-07-28"]);
        assert_eq!(shown(initialize_failed(None, rejected), FIRST), "discover 2026-07-28");
    }

    #[test]
    fn without_a_fallback_all_failures_are_reported() {
        for (probe, error, expected) in [
            (Some(status(400)), None, "no MCP"),
            (Some(status(400)), Some(status(404)), "no MCP, no stream"),
            (Some(status(400)), Some(status(401)), "unknown"),
            (None, Some(status(404)), "unknown"),
        ] {
            let name = format!("{probe:?} {error:?}");
            let before = Failures::Initialize { discover_error: probe, error: status(404) };
            assert_eq!(shown(Fact::FallbackFailed { before, error }, FIRST), expected, "{name}");
        }
        let before = Failures::Discover(status(405));
        let Verdict::Unknown(error) = decide(Fact::FallbackFailed { before, error: None }, FIRST)
        else {
            panic!("decided");
        };
        assert_eq!(error.status(), Some(405));
    }
}
