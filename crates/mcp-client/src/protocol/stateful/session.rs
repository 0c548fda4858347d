//! A session: what `initialize` brought, and the messages that belong to it.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use mcp_types::{
    Era, JsonObject, Method, NotificationMethod, RequestId, Revision, error_code,
    v2025_11_25::{InitializeRequest, InitializeResult, InitializedNotification},
    v2026_07_28::{ClientCapabilities, Implementation},
};
use serde::Serialize;
use tokio::{
    runtime::Handle,
    sync::{Mutex, watch},
};

use crate::{
    error::Error,
    exchange::{Asks, Ears, Exchange, Hearing, InFlight, Link},
    protocol::version,
    request::{Meta, Name, Own, Params, Request},
    result::{Capabilities, Decode, Outcome, ServerProfile, decode_result},
    transport::{Extras, Held, Outgoing},
};

/// The id of `initialize`; the first one of every session, so that equal answers are equal bytes.
const FIRST_ID: i64 = 1;

const INITIALIZE: Name = Name::Borrowed(InitializeRequest::NAME);

/// An open conversation.
#[derive(Debug)]
pub(crate) struct Session {
    link: Link,
    profile: Arc<ServerProfile>,
    next_id: AtomicI64,
    /// Once somebody wants to hear what the server says unasked.
    ears: Mutex<Option<Ears>>,
}

/// The parameters of `initialize`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Initialize<'a> {
    protocol_version: &'static str,
    capabilities: &'a ClientCapabilities,
    client_info: &'a Implementation,
}

impl Session {
    /// `initialize`, then `notifications/initialized`. Offers the `pinned` revision and takes no
    /// other; without one, it offers the given or else the newest, and takes any.
    ///
    /// `initialize` is never cancelled (MCP basic/utilities/cancellation, "Behavior"). Whatever
    /// fails here, no call of the caller's has run.
    pub(crate) async fn open(
        link: Link,
        offered: Option<Revision>,
        pinned: Option<Revision>,
    ) -> Result<Self, Error> {
        let offered = pinned.or(offered).unwrap_or(version::NEWEST_HANDSHAKE);
        let opened = match Self::greet(link.clone(), offered, pinned).await {
            Err(error) => match Self::offer_instead(&error, offered, pinned)? {
                Some(other) => Self::greet(link, other, pinned).await,
                None => Err(error),
            },
            opened => opened,
        };
        opened.map_err(Error::while_opening)
    }

    /// The revision to offer once more, where the server says which it supports; an error where
    /// that is none of ours. A server of the per-request era says so by a code of its own.
    fn offer_instead(
        error: &Error,
        offered: Revision,
        pinned: Option<Revision>,
    ) -> Result<Option<Revision>, Error> {
        if error.code() == Some(error_code::UNSUPPORTED_PROTOCOL_VERSION) {
            return Ok(None);
        }
        let Some(supported) = version::supported(error) else { return Ok(None) };
        match version::mutual(Era::Handshake, &supported) {
            Some(other) if other != offered && pinned.is_none() => Ok(Some(other)),
            _ => Err(version::unshared(supported, pinned)),
        }
    }

    async fn greet(
        mut link: Link,
        offered: Revision,
        pinned: Option<Revision>,
    ) -> Result<Self, Error> {
        let host = Arc::clone(&link.host);
        link.asks = Asks::default();
        let params = Initialize {
            protocol_version: offered.as_str(),
            capabilities: &host.capabilities,
            client_info: &host.info,
        };
        let message = greeting(&link).message(&params)?;
        let reply = greeting(&link).post(message).await?;
        // What the server asks meanwhile is answered in its session.
        link.context.session = reply.session;
        let mut opening = Opening(Some(link.clone()));
        // On a connection that all share, it asks in no other place.
        let ears = match link.transport.drop_is_noticed() {
            true => None,
            false => Some(Ears::open(link.clone()).await),
        };
        let decode: Decode<'_, InitializeResult> = &decode_result;
        let result = greeting(&link).answer(reply.messages, decode).await?;
        let result = complete(&INITIALIZE, result)?;
        let revision = spoken(&result.protocol_version, pinned);
        link.context.revision = revision.or(Some(offered));
        opening.0 = Some(link.clone());
        let Some(revision) = revision else {
            opening.end().await;
            return Err(version::unshared(vec![result.protocol_version], pinned));
        };
        link.notify(InitializedNotification::NAME, None::<&JsonObject>, None).await?;
        let capabilities = serde_json::to_value(&result.capabilities)
            .and_then(serde_json::from_value)
            .map_err(|error| Error::invalid(INITIALIZE, error))?;
        let profile = ServerProfile {
            revision,
            server: Some(result.server_info),
            capabilities: Capabilities::new(capabilities),
            instructions: result.instructions,
        };
        let (profile, next_id) = (Arc::new(profile), AtomicI64::new(FIRST_ID + 1));
        let session = Self { link, profile, next_id, ears: Mutex::new(ears) };
        if host.listens() {
            session.listen().await;
        }
        opening.keep();
        Ok(session)
    }

    /// Keeps the server from being taken for unused.
    pub(crate) fn hold(&self) -> Option<Held> {
        self.link.transport.hold(&self.link.context)
    }

    /// Listens to what the server says of its own accord, unless that is done already; tells how it
    /// stands with that.
    pub(crate) async fn listen(&self) -> watch::Receiver<Hearing> {
        let mut ears = self.ears.lock().await;
        let hearing = ears.as_ref().map(Ears::hearing);
        match hearing.filter(|hearing| hearing.borrow().failure().is_none()) {
            Some(hearing) => hearing,
            None => ears.insert(Ears::open(self.link.clone()).await).hearing(),
        }
    }

    pub(crate) fn profile(&self) -> &Arc<ServerProfile> {
        &self.profile
    }

    /// Calls a method, once.
    pub(crate) async fn call<R>(
        &self,
        request: &Request<'_, impl Serialize>,
        decode: Decode<'_, R>,
    ) -> Result<R, Error> {
        let method = &request.method;
        if let Some(capability) = self.profile.capabilities.lack(method) {
            return Err(Error::Capability { method: method.clone(), capability });
        }
        let number = self.next_id.fetch_add(1, Ordering::Relaxed);
        let options = request.options;
        let wants_progress = options.is_some_and(|options| options.on_progress.is_some());
        let meta = Meta {
            progress_token: wants_progress.then_some(number),
            own: Own::of(options),
            ..Meta::default()
        };
        let exchange = Exchange {
            link: &self.link,
            method,
            id: RequestId::Number(number),
            options,
            patience: Some(request.patience),
        };
        let message = exchange.message(&Params { params: request.params, again: None, meta })?;
        let message = Outgoing { resumable: true, ..message };
        let under_way = InFlight::new(&self.link, &message, exchange.id.clone());
        let outcome = match exchange.post(message).await {
            Ok(reply) => exchange.answer(reply.messages, decode).await,
            Err(error) => Err(error),
        };
        under_way.settled();
        complete(method, outcome?)
    }

    /// Sends a notification, once.
    pub(crate) async fn notify(
        &self,
        method: &str,
        params: Option<&impl Serialize>,
        extras: Option<&Extras>,
    ) -> Result<(), Error> {
        self.link.notify(method, params, extras).await
    }

    /// Ends the session on the server; one that is gone already needs no end.
    pub(crate) async fn end(&self) -> Result<(), Error> {
        drop(self.ears.lock().await.take());
        match self.link.transport.close(self.link.context.clone()).await.map_err(Error::from) {
            Err(error) if self.is_lost(&error) => Ok(()),
            outcome => outcome,
        }
    }

    /// Whether the error says that the server no longer knows this session.
    pub(crate) fn is_lost(&self, error: &Error) -> bool {
        self.link.context.session.is_some() && error.is_session_ended()
    }
}

/// The exchange that opens the conversation.
fn greeting(link: &Link) -> Exchange<'_> {
    let id = RequestId::Number(FIRST_ID);
    Exchange { link, method: &INITIALIZE, id, options: None, patience: None }
}

/// The server's choice of version is judged against all that are spoken here, not against the one
/// that was offered (MCP basic/lifecycle, "Version Negotiation"); but a pinned one is the only one.
fn spoken(version: &str, pinned: Option<Revision>) -> Option<Revision> {
    let revision: Revision = version.parse().ok()?;
    let agreed = match pinned {
        Some(pinned) => revision == pinned,
        None => revision.era() == Era::Handshake,
    };
    agreed.then_some(revision)
}

/// In this era all results are complete.
fn complete<R>(method: &Name, outcome: Outcome<R>) -> Result<R, Error> {
    match outcome {
        Outcome::Complete(result) => Ok(result),
        _ => Err(Error::invalid(method.clone(), "it is a result of a later revision")),
    }
}

/// A session that is being opened: unless it is kept, it is ended on the server. One that is all
/// that its connection is for may still be opened, by whoever comes next.
struct Opening(Option<Link>);

impl Opening {
    fn keep(mut self) {
        self.0 = None;
    }

    async fn end(mut self) {
        if let Some(link) = self.0.take() {
            end(link).await;
        }
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        let is_open =
            |link: &Link| link.context.session.is_some() && link.transport.drop_is_noticed();
        let link = self.0.take().filter(is_open);
        if let (Some(link), Ok(runtime)) = (link, Handle::try_current()) {
            runtime.spawn(end(link));
        }
    }
}

async fn end(link: Link) {
    if let Err(error) = link.transport.close(link.context).await {
        tracing::debug!(%error, "a session could not be ended");
    }
}
