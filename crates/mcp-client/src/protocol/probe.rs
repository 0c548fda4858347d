//! Detects which protocol version a server supports.
//!
//! `server/discover` is sent first. `initialize` follows if the response proves that the server does
//! not support the stateless versions (MCP 2026-07-28, basic/versioning, "Backward
//! Compatibility"). By our own rules, it also follows if there is no response within the probe
//! timeout, or if the process has exited.
//!
//! [`decide`] holds all rules. It converts each fact about the server to a verdict.
//! [`Protocol::detect`] takes the steps that the verdicts require.

use std::{
    pin::{Pin, pin},
    sync::atomic::Ordering,
    time::Duration,
};

use futures_util::future::{Either, select};
use mcp_types::{Era, Revision};
use tokio::{
    task::unconstrained,
    time::{sleep, timeout},
};

use super::{
    evidence::Evidence,
    negotiation::Choice,
    probe_rules::{Attempts, Fact, Step, Verdict, decide, is_gone, tolerated},
    protocol::Protocol,
    stateful::Session,
    stateless::Discovery,
    version::{self, choose},
};
use crate::error::Error;

impl Protocol {
    /// Detects which version the server supports, and remembers it.
    pub(super) async fn detect(&self) -> Result<Choice, Error> {
        let mut step = Step::discover(version::NEWEST_STATELESS);
        let can_restart = self.probe_timeout.is_some() && self.shares_connection;
        let mut attempts = Attempts { rejections: 0, can_restart };
        let mut deviation = None;
        let was_unsettled = self.is_unsettled.load(Ordering::Relaxed);
        let mut fact = self.run(step).await?;
        if was_unsettled {
            // An earlier caller gave up after it had sent both requests. The server is ready now, so
            // it is restarted. Otherwise it could have another version than this client.
            step = Step::Discover { version: version::NEWEST_STATELESS, restart: true };
            attempts.can_restart = false;
            fact = self.run(step).await?;
        }
        loop {
            if let Fact::DiscoverFailed { error, .. } = &fact {
                deviation = tolerated(error);
            }
            match decide(fact, attempts) {
                Verdict::Continue(next, counted) => {
                    attempts = counted;
                    fact = self.run(next).await?;
                }
                Verdict::Supports { revision, fallback, discovered } => {
                    match (discovered, deviation) {
                        (Some(result), _) => drop(self.stateless.store(revision, *result)),
                        (None, Some(deviation)) => self.negotiation.counters().record(deviation),
                        (None, None) => {}
                    }
                    let choice = Choice { revision, fallback };
                    self.negotiation.remember(choice);
                    return Ok(choice);
                }
                Verdict::SupportsButFailed { revision, error } => {
                    self.negotiation.remember(Choice { revision, fallback: false });
                    return Err(error);
                }
                Verdict::Unknown(error) => return Err(error),
            }
        }
    }

    /// Takes a step.
    ///
    /// # Errors
    /// Returns an error if the connection cannot be closed for a restart.
    async fn run(&self, step: Step) -> Result<Fact, Error> {
        Ok(match step {
            Step::Discover { version, restart } => {
                if restart {
                    self.close().await?;
                }
                self.first_response(version).await
            }
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

    /// Sends `server/discover`. If there is no response within the probe timeout, also sends
    /// `initialize`, because a stateful server may ignore the unknown method.
    async fn first_response(&self, version: Revision) -> Fact {
        let probe = pin!(self.stateless.discover(version));
        let Some(limit) = self.probe_timeout else { return discovered(version, probe.await) };
        let probe = match select(probe, pin!(unconstrained(sleep(limit)))).await {
            Either::Left((outcome, _)) => return discovered(version, outcome),
            Either::Right(((), probe)) => probe,
        };
        self.is_unsettled.store(self.shares_connection, Ordering::Relaxed);
        let fact = self.both_responses(version, probe, limit).await;
        self.is_unsettled.store(false, Ordering::Relaxed);
        fact
    }

    /// Sends `initialize` while `probe` waits for the response to `server/discover`. Both responses
    /// decide. On a shared connection, a slow server gets both requests and responds to them in order, so it has the version
    /// of the last one that it has accepted:
    ///
    /// | `server/discover` | `initialize` | version |
    /// | --- | --- | --- |
    /// | any response or none | accepted | stateful |
    /// | accepted | rejected | stateless |
    /// | accepted | no response | the server is restarted |
    /// | rejected | rejected | unknown |
    async fn both_responses(
        &self,
        version: Revision,
        probe: Pin<&mut impl Future<Output = Result<Discovery, Error>>>,
        limit: Duration,
    ) -> Fact {
        match select(probe, pin!(self.stateful.open(None))).await {
            Either::Right((Ok(session), _)) => initialized(&session, false),
            Either::Right((Err(error), probe)) => match timeout(limit, probe).await {
                Ok(discovery) => after_both(version, discovery, error),
                Err(_elapsed) => after_both(version, Err(Error::discover_timeout(limit)), error),
            },
            Either::Left((Ok(Discovery::Found(result)), session)) if self.shares_connection => {
                match timeout(limit, session).await {
                    Ok(Ok(session)) => initialized(&session, false),
                    Ok(Err(_)) => Fact::Discovered(result),
                    Err(_elapsed) => Fact::DiscoveredOnly(version, result),
                }
            }
            // Each request has its own connection, so `initialize` changes nothing for others.
            Either::Left((Ok(Discovery::Found(result)), _)) => Fact::Discovered(result),
            Either::Left((discovery, session)) => match session.await {
                Ok(session) => initialized(&session, false),
                Err(error) => after_both(version, discovery, error),
            },
        }
    }

    /// Checks whether a server that has rejected `initialize` supports a stateless version now. If
    /// so, remembers the version.
    pub(super) async fn discover_again(&self) -> Option<Choice> {
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
            self.stateless.store(revision, *result);
        }
        let choice = Choice { revision, fallback: false };
        self.negotiation.remember(choice);
        Some(choice)
    }
}

fn discovered(version: Revision, outcome: Result<Discovery, Error>) -> Fact {
    match outcome {
        Ok(discovery) => discovery.into(),
        Err(error) => Fact::DiscoverFailed { version, error },
    }
}

/// Returns the fact if `initialize`, which was sent after `server/discover`, has failed.
fn after_both(version: Revision, discovery: Result<Discovery, Error>, error: Error) -> Fact {
    match discovery {
        Ok(Discovery::Found(result)) => Fact::Discovered(result),
        Ok(Discovery::Other) => {
            Fact::InitializeFailed { offered: None, discover_error: None, error }
        }
        // The process has exited because of the first request.
        Err(discover_error) if is_gone(&discover_error) && is_gone(&error) => {
            Fact::DiscoverFailed { version, error: discover_error }
        }
        Err(discover_error) => {
            Fact::InitializeFailed { offered: None, discover_error: Some(discover_error), error }
        }
    }
}

fn initialized(session: &Session, fallback: bool) -> Fact {
    Fact::Initialized { revision: session.server_info().revision, fallback }
}
