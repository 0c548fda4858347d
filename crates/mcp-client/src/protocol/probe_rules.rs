//! The rules that detect which protocol version a server supports. They have no side effects.

use std::{error::Error as _, sync::Arc};

use mcp_types::{Era, Revision, v2026_07_28::DiscoverResult};

use super::{
    evidence::{Evidence, lacks_fallback},
    protocol::MAX_REJECTIONS,
    stateless::Discovery,
    version::choose,
};
use crate::{compat::Deviation, error::Error, transport::TransportErrorKind};

/// The next request to the server, with the data that the rules need if the request fails.
#[derive(Debug)]
pub(super) enum Step {
    /// Send `server/discover` in this stateless version. If `restart` is true, the connection is
    /// closed first, so that the server is started again.
    Discover { version: Revision, restart: bool },
    /// Send `initialize`.
    Initialize {
        /// The version to offer; `None` is the newest stateful one.
        offered: Option<Revision>,
        /// The error of `server/discover`, if it failed.
        discover_error: Option<Error>,
        /// If `true`, the connection is closed first, so that the server is started again.
        restart: bool,
    },
    /// Send `initialize` on the fallback transport.
    FallBack(Failures),
}

/// The failures before the fallback transport was tried.
#[derive(Debug)]
pub(super) struct Failures {
    /// The error of `server/discover`, if it failed.
    discover_error: Option<Error>,
    /// The error of `initialize`.
    error: Error,
}

/// The result of a step.
#[derive(Debug)]
pub(super) enum Fact {
    /// The server responded to `server/discover`.
    Discovered(Box<DiscoverResult>),
    /// The server responded to `server/discover` with a result that is not a `DiscoverResult`.
    OtherResult,
    /// The server responded to `server/discover`, but not to `initialize`, which was sent after it.
    DiscoveredOnly(Revision, Box<DiscoverResult>),
    /// The server opened a session in this version.
    Initialized { revision: Revision, fallback: bool },
    /// `server/discover` failed in this version.
    DiscoverFailed { version: Revision, error: Error },
    /// `initialize` failed.
    InitializeFailed { offered: Option<Revision>, discover_error: Option<Error>, error: Error },
    /// The fallback transport did not help: `initialize` failed on it (`Some`), or there is no
    /// fallback transport (`None`).
    FallbackFailed { before: Failures, error: Option<Error> },
}

/// The attempts of the detection so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempts {
    /// The number of versions that the server has rejected.
    pub(super) rejections: usize,
    /// True until the server has been restarted, which happens at most once. Always false for
    /// transports without a probe timeout, because these do not start their server.
    pub(super) can_restart: bool,
}

/// The consequence of a fact.
#[derive(Debug)]
pub(super) enum Verdict {
    /// The version is not known yet. Another step follows.
    Continue(Step, Attempts),
    /// The server supports this version. The result of `server/discover` is included if there is
    /// one.
    Supports { revision: Revision, fallback: bool, discovered: Option<Box<DiscoverResult>> },
    /// The server supports this version, but the request failed.
    SupportsButFailed { revision: Revision, error: Error },
    /// The version cannot be detected.
    Unknown(Error),
}

impl Step {
    /// Returns the step that checks whether the server supports a version that it has named.
    fn check(revision: Revision) -> Self {
        match revision.era() {
            Era::Stateless => Self::discover(revision),
            Era::Stateful => Self::initialize(Some(revision), None),
        }
    }

    pub(super) fn discover(version: Revision) -> Self {
        Self::Discover { version, restart: false }
    }

    fn initialize(offered: Option<Revision>, discover_error: Option<Error>) -> Self {
        Self::Initialize { offered, discover_error, restart: false }
    }
}

impl Failures {
    /// Returns the error of the detection. [`Error::NotMcp`] includes the failure of the fallback
    /// transport.
    fn into_error(self, fallback_error: Option<Error>) -> Error {
        match self.discover_error {
            Some(discover) => Error::NotMcp {
                discover: Arc::new(discover),
                initialize: Arc::new(self.error),
                fallback: fallback_error.map(Arc::new),
            },
            None => self.error,
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

/// Decides what follows from a fact.
///
/// The comments name the rule in parentheses: "versioning", "HTTP" and "stdio" are the sections
/// "Backward Compatibility" of basic/versioning, basic/transports/streamable-http and
/// basic/transports/stdio in MCP 2026-07-28. "Own rule" marks what the specification leaves open.
pub(super) fn decide(fact: Fact, attempts: Attempts) -> Verdict {
    match fact {
        // Proves a stateless server (versioning). The newest common stateless version is used. A
        // stateful version is used only if all named versions are older than `NEWEST_STATELESS`
        // (own rule).
        Fact::Discovered(result) => match choose(result.supported_versions.clone()) {
            Ok(revision) if revision.era() == Era::Stateless => {
                Verdict::Supports { revision, fallback: false, discovered: Some(result) }
            }
            Ok(revision) => Verdict::Continue(Step::check(revision), attempts),
            Err(error) => Verdict::Unknown(error),
        },
        // The server may still open a session. Only a restart makes sure that both sides have the
        // same version (own rule).
        Fact::DiscoveredOnly(version, _) if attempts.can_restart => Verdict::Continue(
            Step::Discover { version, restart: true },
            Attempts { can_restart: false, ..attempts },
        ),
        Fact::DiscoveredOnly(_, result) => decide(Fact::Discovered(result), attempts),
        // Proves a stateful server. A stateless server must return a `DiscoverResult` (MCP
        // 2026-07-28, server/discover).
        Fact::OtherResult => Verdict::Continue(Step::initialize(None, None), attempts),
        // Proves a stateful server (MCP 2025-11-25, basic/lifecycle, "Initialization").
        Fact::Initialized { revision, fallback } => {
            Verdict::Supports { revision, fallback, discovered: None }
        }
        Fact::DiscoverFailed { version, error } => after_discover(version, error, attempts),
        Fact::InitializeFailed { offered, discover_error, error } => {
            after_initialize(offered, discover_error, error, attempts)
        }
        Fact::FallbackFailed { before, error } => match error {
            // The failure does not show that the server lacks the fallback transport. Only this
            // failure is reported (own rule).
            Some(error) if !lacks_fallback(&error) => Verdict::Unknown(error),
            // Nothing has worked, so the earlier errors are reported too (own rule).
            error => Verdict::Unknown(before.into_error(error)),
        },
    }
}

/// The rules for a failed `server/discover`.
fn after_discover(version: Revision, error: Error, attempts: Attempts) -> Verdict {
    match Evidence::of(&error) {
        // -32022: try a version that the server names (basic/versioning, "Negotiation").
        Evidence::Versions(versions) => after_rejection(error, versions, attempts),
        // -32020 and -32021: stateless, so the error is reported and `initialize` is not sent
        // (versioning, HTTP, stdio).
        Evidence::Stateless => Verdict::SupportsButFailed { revision: version, error },
        // Any other JSON-RPC error (stdio) and any other 4xx (HTTP) prove a stateful server. A gateway
        // may respond with 405 to a method that it does not know, so `initialize` is sent even then.
        Evidence::Stateful | Evidence::NoPost => {
            Verdict::Continue(Step::initialize(None, Some(error)), attempts)
        }
        // The process may have exited because it does not know the method. The next request
        // starts it again, and this counts as the restart (own rule).
        Evidence::Inconclusive if attempts.can_restart && is_gone(&error) => Verdict::Continue(
            Step::initialize(None, Some(error)),
            Attempts { can_restart: false, ..attempts },
        ),
        // Only `initialize` can show whether the server is stateful (own rule).
        Evidence::Inconclusive if tolerated(&error).is_some() => {
            Verdict::Continue(Step::initialize(None, Some(error)), attempts)
        }
        // Rate limits, timeouts and broken connections prove nothing about the version (own rule).
        Evidence::Inconclusive => Verdict::Unknown(error),
    }
}

/// The rules for a failed `initialize`.
fn after_initialize(
    offered: Option<Revision>,
    discover_error: Option<Error>,
    error: Error,
    attempts: Attempts,
) -> Verdict {
    // The user must sign in first. Only a token shows what the server supports (own rule).
    if let Some(unauthorized) = discover_error.as_ref().filter(|error| is_unauthorized(error)) {
        return Verdict::Unknown(unauthorized.clone());
    }
    match Evidence::of(&error) {
        // -32022: the server is stateless, although `server/discover` failed (versioning).
        Evidence::Versions(versions) => after_rejection(error, versions, attempts),
        // The rejected `server/discover` may have left the process in a bad state, so the process
        // is restarted (own rule).
        _ if attempts.can_restart && discover_error.is_some() && !is_unreachable(&error) => {
            Verdict::Continue(
                Step::Initialize { offered, discover_error, restart: true },
                Attempts { can_restart: false, ..attempts },
            )
        }
        // The server may support only HTTP+SSE (MCP 2025-11-25, basic/transports, "Backwards
        // Compatibility").
        _ if matches!(error.status(), Some(400 | 404 | 405)) && error.code().is_none() => {
            let before = Failures { discover_error, error };
            Verdict::Continue(Step::FallBack(before), attempts)
        }
        // The error is reported. Its text may name the versions of a stateless server
        // (versioning).
        _ => Verdict::Unknown(error),
    }
}

/// The rule for a rejected version. Tries the best version that the server names. Returns the error
/// after `MAX_REJECTIONS` rejected versions (own rule).
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

/// Returns the deviation of a server that supports `initialize`, if this error of `server/discover`
/// may come from such a server.
pub(super) fn tolerated(error: &Error) -> Option<Deviation> {
    let is_rejected = match error.status() {
        Some(status) => matches!(status, 401 | 403 | 500..),
        // If no other token can be obtained, `initialize` would fail as well.
        None => is_unauthorized(error) && error.source().is_none(),
    };
    match is_rejected {
        true => Some(Deviation::DiscoverRejected),
        false => is_without_response(error).then_some(Deviation::NoDiscoverResponse),
    }
}

/// Returns `true` if the server has sent no JSON-RPC response, such as an HTML page with a success
/// status.
fn is_without_response(error: &Error) -> bool {
    error.is_no_response() || error.transport_kind() == Some(TransportErrorKind::Protocol)
}

fn is_unauthorized(error: &Error) -> bool {
    error.transport_kind() == Some(TransportErrorKind::Unauthorized)
}

/// Returns `true` if the server closed the connection instead of responding.
pub(super) fn is_gone(error: &Error) -> bool {
    use TransportErrorKind as Kind;
    matches!(error.transport_kind(), Some(Kind::Interrupted | Kind::SessionEnded))
}

/// Returns `true` if the request did not reach a server.
fn is_unreachable(error: &Error) -> bool {
    use TransportErrorKind as Kind;
    matches!(
        error.transport_kind(),
        Some(Kind::Blocked | Kind::CredentialsUnavailable | Kind::Unreachable)
    )
}

#[cfg(test)]
mod tests {
    use mcp_types::{ErrorObject, error_code};
    use serde_json::json;

    use super::*;
    use crate::transport::TransportError;

    const FIRST: Attempts = Attempts { rejections: 0, can_restart: true };
    const EXHAUSTED: Attempts = Attempts { rejections: MAX_REJECTIONS - 1, can_restart: false };

    fn rpc(code: i64, supported: &[&str]) -> Error {
        let data = Some(json!({ "supported": supported }));
        let error = ErrorObject { code, message: String::new(), data };
        Error::Rpc {
            method: "x".into(),
            error: error.into(),
            status: None,
            retry_after: None,
            is_response: true,
        }
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

    /// Formats a verdict briefly.
    fn describe(fact: Fact, attempts: Attempts) -> String {
        match decide(fact, attempts) {
            Verdict::Continue(Step::Discover { version, restart }, _) => {
                format!("discover {version}{}", if restart { ", restarted" } else { "" })
            }
            Verdict::Continue(Step::Initialize { offered, restart, .. }, _) => {
                let offered = offered.map_or("newest".to_owned(), |version| version.to_string());
                format!("initialize {offered}{}", if restart { ", restarted" } else { "" })
            }
            Verdict::Continue(Step::FallBack(_), _) => "fall back".to_owned(),
            Verdict::Supports { revision, fallback, .. } => {
                format!("supports {revision}{}", if fallback { " on the fallback" } else { "" })
            }
            Verdict::SupportsButFailed { revision, .. } => format!("supports {revision}, failed"),
            Verdict::Unknown(Error::NotMcp { fallback, .. }) => {
                format!("not MCP{}", if fallback.is_some() { ", fallback failed" } else { "" })
            }
            Verdict::Unknown(_) => "unknown".to_owned(),
        }
    }

    #[test]
    fn each_discover_outcome_has_its_verdict() {
        // N-VER-01, N-VER-04, N-VER-05, N-STDIO-06
        const REJECTED: i64 = error_code::UNSUPPORTED_PROTOCOL_VERSION;
        for (fact, first, exhausted) in [
            (discovered(&["2026-07-28", "2025-11-25"]), "supports 2026-07-28", None),
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
                "supports 2026-07-28, failed",
                None,
            ),
            (discover_failed(rpc(-32601, &[])), "initialize newest", None),
            (discover_failed(status(400)), "initialize newest", None),
            (discover_failed(status(405)), "initialize newest", None),
            (discover_failed(transport(TransportErrorKind::Protocol)), "initialize newest", None),
            (discover_failed(status(401)), "initialize newest", None),
            (
                discover_failed(transport(TransportErrorKind::Unauthorized)),
                "initialize newest",
                None,
            ),
            (discover_failed(status(503)), "initialize newest", None),
            (discover_failed(status(429)), "unknown", None),
            (
                discover_failed(transport(TransportErrorKind::Interrupted)),
                "initialize newest",
                Some("unknown"),
            ),
            (discover_failed(transport(TransportErrorKind::Unreachable)), "unknown", None),
        ] {
            let (name, again) = (format!("{fact:?}"), exhausted.unwrap_or(first));
            let copy = match &fact {
                Fact::DiscoverFailed { error, .. } => discover_failed(error.clone()),
                Fact::Discovered(result) => Fact::Discovered(result.clone()),
                _ => Fact::OtherResult,
            };
            assert_eq!(describe(fact, FIRST), first, "{name}");
            assert_eq!(describe(copy, EXHAUSTED), again, "{name}, once more");
        }
    }

    #[test]
    fn each_initialize_outcome_has_its_verdict() {
        // LEG-02
        let revision = Revision::V2025_06_18;
        let initialized = |fallback| Fact::Initialized { revision, fallback };
        assert_eq!(describe(initialized(false), FIRST), "supports 2025-06-18");
        assert_eq!(describe(initialized(true), FIRST), "supports 2025-06-18 on the fallback");
        for (probe, error, first, exhausted) in [
            (Some(status(400)), status(400), "initialize newest, restarted", "fall back"),
            (Some(status(400)), rpc(-32601, &[]), "initialize newest, restarted", "unknown"),
            (None, status(404), "fall back", "fall back"),
            (None, status(403), "unknown", "unknown"),
            (Some(status(400)), transport(TransportErrorKind::Unreachable), "unknown", "unknown"),
        ] {
            let name = format!("{probe:?} {error:?}");
            let fact = || initialize_failed(probe.clone(), error.clone());
            assert_eq!(describe(fact(), FIRST), first, "{name}");
            assert_eq!(describe(fact(), EXHAUSTED), exhausted, "{name}, once more");
        }
        let rejected = rpc(error_code::UNSUPPORTED_PROTOCOL_VERSION, &["2026-07-28"]);
        assert_eq!(describe(initialize_failed(None, rejected), FIRST), "discover 2026-07-28");
    }

    #[test]
    fn without_a_fallback_all_failures_are_reported() {
        for (probe, error, expected) in [
            (Some(status(400)), None, "not MCP"),
            (Some(status(400)), Some(status(404)), "not MCP, fallback failed"),
            (Some(status(400)), Some(status(401)), "unknown"),
            (None, Some(status(404)), "unknown"),
        ] {
            let name = format!("{probe:?} {error:?}");
            let before = Failures { discover_error: probe, error: status(404) };
            assert_eq!(describe(Fact::FallbackFailed { before, error }, FIRST), expected, "{name}");
        }
        let before = Failures { discover_error: None, error: status(405) };
        let Verdict::Unknown(error) = decide(Fact::FallbackFailed { before, error: None }, FIRST)
        else {
            panic!("decided");
        };
        assert_eq!(error.status(), Some(405));
    }
}
