//! Watching in the per-request era: a request whose answer is a stream of changes.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use mcp_types::{
    Incoming, Method, NotificationMethod, RequestId, Revision,
    v2026_07_28::{
        SubscriptionFilter, SubscriptionsAcknowledgedNotification, SubscriptionsListenRequest,
    },
};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::value::RawValue;
use tokio::task::consume_budget;

use super::stateless::PerRequest;
use crate::{
    changes::{Change, Inbox},
    error::Error,
    exchange::{Exchange, InFlight},
    request::{Meta, Name, Options, Own, Params},
    result::params_of,
    text::without_text,
    transport::{Messages, Outgoing, Routing, TransportError, TransportErrorKind},
};

const LISTEN: Name = Name::Borrowed(SubscriptionsListenRequest::NAME);

#[derive(Serialize)]
struct Listen {
    notifications: SubscriptionFilter,
}

/// What a message means to the subscription.
enum Event {
    Acknowledged(BTreeSet<Change>),
    Changed(Change),
    /// The server has no more to tell.
    Ended,
    Stray,
}

impl PerRequest {
    /// Follows the changes of what is watched until the server ends that in good order
    /// (MCP 2026-07-28, basic/patterns/subscriptions).
    pub(crate) async fn follow(
        &self,
        revision: Revision,
        inbox: &Inbox,
        options: Option<&Options>,
    ) -> Result<(), Error> {
        let link = self.link_at(revision);
        let id = RequestId::Number(self.next_id());
        let exchange = Exchange { link: &link, method: &LISTEN, id, options, patience: None };
        let envelope = Some(self.envelope(revision));
        let meta = Meta { envelope, own: Own::of(options), ..Meta::default() };
        let params = Listen { notifications: Change::filter(inbox.watched()) };
        let message = exchange.message(&Params { params: &params, again: None, meta })?;
        let message = Outgoing { routing: Some(Routing::new(LISTEN)), ..message };
        let under_way = InFlight::new(&link, &message, exchange.id.clone());
        let outcome = Subscription { exchange: &exchange, inbox }.listen(message).await;
        under_way.settled();
        outcome
    }
}

/// A `subscriptions/listen` request, and where the changes go that it reports.
struct Subscription<'a> {
    exchange: &'a Exchange<'a>,
    inbox: &'a Inbox,
}

impl Subscription<'_> {
    async fn listen(&self, message: Outgoing) -> Result<(), Error> {
        let Self { exchange, inbox } = self;
        let mut messages = match exchange.post(message).await?.messages {
            Messages::Stream(messages) => messages,
            Messages::One(message) => stream::once(async { Ok(message) }).boxed(),
            Messages::None => stream::empty().boxed(),
        };
        while let Some(message) = messages.next().await {
            let message = message?;
            if message.is_empty() {
                inbox.missed();
                continue;
            }
            match self.heard(&message)? {
                Event::Acknowledged(granted) => {
                    if inbox.watched().is_disjoint(&granted) {
                        let first = inbox.watched().first();
                        return Err(first.map_or_else(
                            || Error::invalid(LISTEN, "nothing was asked for"),
                            |change| change.not_offered(SubscriptionsListenRequest::NAME),
                        ));
                    }
                    inbox.open(&granted);
                }
                Event::Changed(change) => inbox.put(change),
                Event::Ended if inbox.is_open() => return Ok(()),
                Event::Ended => {
                    return Err(Error::invalid(LISTEN, "it ends before it is acknowledged"));
                }
                Event::Stray => {}
            }
            // Messages may come faster than they are read.
            consume_budget().await;
        }
        let reason = "the stream of changes broke off";
        Err(TransportError::new(TransportErrorKind::Interrupted, reason).into())
    }

    fn heard(&self, message: &Bytes) -> Result<Event, Error> {
        let message = Incoming::<IgnoredAny>::from_slice(message)
            .map_err(|error| Error::invalid(LISTEN, without_text(&error)))?;
        Ok(match message {
            Incoming::Result { id, .. } if id == self.exchange.id => Event::Ended,
            Incoming::Error { id, error }
                if id.as_ref().is_none_or(|id| *id == self.exchange.id) =>
            {
                return Err(Error::Rpc { method: LISTEN, error, status: None, retry_after: None });
            }
            Incoming::Notification { method, params } => self.told(&method, params.as_deref()),
            _ => Event::Stray,
        })
    }

    fn told(&self, method: &str, params: Option<&RawValue>) -> Event {
        if subscription_of(params).is_some_and(|id| id != self.exchange.id) {
            return Event::Stray;
        }
        if method == SubscriptionsAcknowledgedNotification::NAME {
            let acknowledged = params_of::<SubscriptionsAcknowledgedNotification>(params);
            return acknowledged.map_or(Event::Stray, |acknowledged| {
                Event::Acknowledged(Change::granted(acknowledged.notifications))
            });
        }
        self.exchange.link.notice(method, params);
        Change::told(method, params).map_or(Event::Stray, Event::Changed)
    }
}

/// The subscription that a notification says it belongs to: the id of the request.
fn subscription_of(params: Option<&RawValue>) -> Option<RequestId> {
    #[derive(Deserialize)]
    struct Tagged {
        #[serde(rename = "_meta")]
        meta: Tag,
    }
    #[derive(Deserialize)]
    struct Tag {
        #[serde(rename = "io.modelcontextprotocol/subscriptionId")]
        subscription: RequestId,
    }
    let tagged: Tagged = serde_json::from_str(params?.get()).ok()?;
    Some(tagged.meta.subscription)
}
