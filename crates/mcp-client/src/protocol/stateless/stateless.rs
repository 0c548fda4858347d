//! The dialect of the revisions from 2026-07-28 on: every request is complete in itself.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use mcp_types::{
    Incoming, Method, RequestId, Revision,
    v2026_07_28::{DiscoverRequest, DiscoverResult, InputRequiredResult},
};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::{Instant, sleep};

use crate::{
    error::Error,
    exchange::{Exchange, InFlight, Link, obtain},
    request::{Again, Envelope, Meta, Name, Own, Params, Patience, Request},
    result::{CacheHint, Capabilities, Decode, Outcome, ServerProfile},
    transport::{Context, Extras, Outgoing, Routing},
};

/// How often a request is repeated with what the server has asked for.
const ROUNDS: usize = 10;

/// How long a server is left alone that asks for nothing but to be called again.
const PAUSE: Duration = Duration::from_millis(250);

const DISCOVER: Name = Name::Borrowed(DiscoverRequest::NAME);

/// Writes requests that need no conversation around them.
#[derive(Debug)]
pub(crate) struct PerRequest {
    link: Link,
    next_id: AtomicI64,
    next_probe: AtomicU64,
    discovered: RwLock<Option<Discovered>>,
}

/// What the server has said of itself, when, and how long that holds.
#[derive(Debug, Clone)]
struct Discovered {
    profile: Arc<ServerProfile>,
    received: Instant,
    fresh: Duration,
}

/// The answer to `server/discover`.
pub(crate) enum Discovery {
    Found(Box<DiscoverResult>),
    /// A result, but not of this method: the server answers whatever it is asked.
    Other,
}

impl PerRequest {
    pub(crate) fn new(link: Link) -> Self {
        Self {
            link,
            next_id: AtomicI64::new(1),
            next_probe: AtomicU64::new(1),
            discovered: RwLock::default(),
        }
    }

    /// What the server says of itself; it is asked unless what it has said still holds, or was said
    /// since the caller `asked`.
    pub(crate) async fn discovered(
        &self,
        revision: Revision,
        asked: Instant,
    ) -> Result<Arc<ServerProfile>, Error> {
        if let Some(profile) = self.profile(asked) {
            return Ok(profile);
        }
        match Box::pin(self.discover(revision)).await? {
            Discovery::Found(said) => Ok(self.keep(revision, *said)),
            Discovery::Other => Err(Error::invalid(DISCOVER, "it is no answer to this method")),
        }
    }

    /// What the server has said of itself, if it held at that moment or was said since.
    fn profile(&self, then: Instant) -> Option<Arc<ServerProfile>> {
        let discovered = self.discovered.read().unwrap_or_else(PoisonError::into_inner);
        let Discovered { profile, received, fresh } = discovered.as_ref()?;
        let holds = *received >= then || then < *received + *fresh;
        holds.then(|| Arc::clone(profile))
    }

    /// Asks the server what it speaks and can do. The id is told from those of other requests, so
    /// that these stay the same whatever went before.
    pub(crate) async fn discover(&self, revision: Revision) -> Result<Discovery, Error> {
        let link = self.link_at(revision);
        let number = self.next_probe.fetch_add(1, Ordering::Relaxed);
        let id = RequestId::String(format!("probe-{number}"));
        let exchange =
            Exchange { link: &link, method: &DISCOVER, id, options: None, patience: None };
        let meta = Meta { envelope: Some(self.envelope(revision)), ..Meta::default() };
        let message = exchange.message(&Params { params: &(), again: None, meta })?;
        let message = Outgoing { routing: Some(Routing::new(DISCOVER)), ..message };
        let reply = exchange.post(message).await.map_err(Error::while_opening)?;
        let answer = exchange.answer(reply.messages, &discovery).await;
        match answer.map_err(Error::while_opening)? {
            Outcome::Complete(discovery) => Ok(discovery),
            _ => Ok(Discovery::Other),
        }
    }

    /// Keeps what the server has said of itself, for as long as it says.
    pub(crate) fn keep(&self, revision: Revision, said: DiscoverResult) -> Arc<ServerProfile> {
        let hint = CacheHint::new(said.ttl_ms, said.cache_scope.as_ref());
        let fresh = hint.map(|hint| hint.ttl).unwrap_or_default();
        // What came from JSON can be written as such.
        let capabilities = serde_json::to_value(&said.capabilities);
        let capabilities = capabilities.and_then(serde_json::from_value).unwrap_or_default();
        let profile = Arc::new(ServerProfile {
            revision,
            server: said.meta.and_then(|meta| meta.server_info),
            capabilities: Capabilities::new(capabilities),
            instructions: said.instructions,
        });
        let received = Instant::now();
        let discovered = Discovered { profile: Arc::clone(&profile), received, fresh };
        *self.discovered.write().unwrap_or_else(PoisonError::into_inner) = Some(discovered);
        profile
    }

    /// Calls a method, as often as the server first needs input
    /// (MCP 2026-07-28, basic/patterns/mrtr).
    pub(crate) async fn call<R>(
        &self,
        revision: Revision,
        request: &Request<'_, impl Serialize>,
        decode: Decode<'_, R>,
    ) -> Result<R, Error> {
        let method = &request.method;
        let lack =
            self.profile(Instant::now()).and_then(|profile| profile.capabilities.lack(method));
        if let Some(capability) = lack {
            return Err(Error::Capability { method: method.clone(), capability });
        }
        let invalid = |reason: String| Err(Error::invalid(method.clone(), reason));
        let mut again = None;
        for _ in 0..=ROUNDS {
            let outcome = self.once(revision, request, again.as_ref(), decode).await;
            // What has asked for input has run, if not to its end.
            match outcome
                .map_err(|error| if again.is_some() { error.once_taken() } else { error })?
            {
                Outcome::Complete(result) => return Ok(result),
                Outcome::InputRequired(asked) if takes_input(method) => {
                    request.with_input.store(true, Ordering::Relaxed);
                    // Rare, and thus kept out of the future of each call.
                    again = Some(Box::pin(self.input(method, request.patience, *asked)).await?);
                }
                Outcome::InputRequired(_) => {
                    return invalid("no input can be required for it".to_owned());
                }
                Outcome::Other(kind) => {
                    return invalid(format!("it is a result of the unknown type {kind:?}"));
                }
            }
        }
        Err(Error::Rounds { method: method.clone(), limit: ROUNDS })
    }

    /// Sends a notification.
    pub(crate) async fn notify(
        &self,
        revision: Revision,
        method: &Name,
        params: Option<&impl Serialize>,
        extras: Option<&Extras>,
    ) -> Result<(), Error> {
        self.link_at(revision).notify(method, params, extras).await
    }

    /// Obtains what the server needs; where that is nothing, it is short of time.
    async fn input(
        &self,
        method: &Name,
        patience: &Patience,
        asked: InputRequiredResult,
    ) -> Result<Again, Error> {
        let InputRequiredResult { input_requests, request_state, .. } = asked;
        if input_requests.is_none() && request_state.is_none() {
            return Err(Error::invalid(method.clone(), "it requires input and does not say which"));
        }
        let input_responses = match input_requests.filter(|requests| !requests.is_empty()) {
            Some(requests) => {
                let pulse = patience.pulse();
                Some(obtain(&self.link.host, pulse, method, requests).await?)
            }
            None => {
                sleep(PAUSE).await;
                None
            }
        };
        patience.renew();
        Ok(Again { input_responses, request_state })
    }

    async fn once<R>(
        &self,
        revision: Revision,
        request: &Request<'_, impl Serialize>,
        again: Option<&Again>,
        decode: Decode<'_, R>,
    ) -> Result<Outcome<R>, Error> {
        let Request { method, params, options, patience, .. } = request;
        let number = self.next_id();
        let wants_progress = options.is_some_and(|options| options.on_progress.is_some());
        let logs = options.and_then(|options| options.logs.as_ref());
        let meta = Meta {
            progress_token: wants_progress.then_some(number),
            envelope: Some(self.envelope(revision)),
            log_level: logs.map(|logs| &logs.level),
            own: Own::of(*options),
        };
        let link = self.link_at(revision);
        let exchange = Exchange {
            link: &link,
            method,
            id: RequestId::Number(number),
            options: *options,
            patience: Some(patience),
        };
        let message = exchange.message(&Params { params, again, meta })?;
        let routing = Routing {
            method: method.clone(),
            name: request.target.map(str::to_owned),
            arguments: request.mirrored.clone(),
        };
        let message = Outgoing { routing: Some(routing), ..message };
        let under_way = InFlight::new(&link, &message, exchange.id.clone());
        let outcome = match exchange.post(message).await {
            Ok(reply) => exchange.answer(reply.messages, decode).await,
            Err(error) => Err(error),
        };
        under_way.settled();
        outcome
    }

    pub(crate) fn next_id(&self) -> i64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn envelope(&self, revision: Revision) -> Envelope<'_> {
        let host = &self.link.host;
        let (capabilities, client) = (&host.capabilities, &host.info);
        Envelope { version: revision.as_str(), capabilities, client }
    }

    pub(crate) fn link_at(&self, revision: Revision) -> Link {
        let context = Context { revision: Some(revision), ..Context::default() };
        Link { context, ..self.link.clone() }
    }
}

/// The methods whose results may require input first.
fn takes_input(method: &str) -> bool {
    matches!(method, "tools/call" | "prompts/get" | "resources/read")
}

fn discovery(message: &[u8]) -> serde_json::Result<Incoming<Outcome<Discovery>>> {
    let message = Incoming::<Box<RawValue>>::from_slice(message)?;
    Ok(message.map(|result| {
        Outcome::Complete(match serde_json::from_str(result.get()) {
            Ok(found) => Discovery::Found(Box::new(found)),
            Err(_) => Discovery::Other,
        })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_methods_may_require_input() {
        // N-MRTR-01
        for method in ["tools/call", "prompts/get", "resources/read"] {
            assert!(takes_input(method));
        }
        for method in ["tools/list", "server/discover", "completion/complete"] {
            assert!(!takes_input(method));
        }
    }
}
