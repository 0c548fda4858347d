//! Subscriptions in the stateless versions: the response stream of `subscriptions/listen`.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use mcp_types::{
    JsonRpcMessage, Method, NotificationMethod, RequestId, Revision, error_code,
    v2026_07_28::{
        SubscriptionFilter, SubscriptionsAcknowledgedNotification, SubscriptionsListenRequest,
    },
};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::value::RawValue;
use tokio::task::consume_budget;

use super::stateless::StatelessProtocol;
use crate::{
    changes::{ChangeQueue, ServerChange},
    compat::{self, Deviation},
    error::Error,
    exchange::{CancelOnDrop, PendingRequest},
    request::{CallOptions, CallerMeta, Meta, MethodName, Params},
    result::notification_params,
    text::without_text,
    transport::{
        OutgoingMessage, RequestHeaders, ResponseMessages, TransportError, TransportErrorKind,
        is_other_text,
    },
};

const LISTEN: MethodName = MethodName::Borrowed(SubscriptionsListenRequest::NAME);

#[derive(Serialize)]
struct Listen {
    notifications: SubscriptionFilter,
}

/// A received message, as seen by the subscription.
enum Event {
    Acknowledged(BTreeSet<ServerChange>),
    Changed(ServerChange),
    /// The server ended the subscription.
    Ended,
    Unrelated,
}

impl StatelessProtocol {
    /// Subscribes to the changes of a queue until the server ends the subscription
    /// (MCP 2026-07-28, basic/patterns/subscriptions).
    pub(crate) async fn subscribe(
        &self,
        revision: Revision,
        queue: &ChangeQueue,
        options: Option<&CallOptions>,
    ) -> Result<(), Error> {
        let channel = self.channel_at(revision);
        let id = RequestId::Number(self.next_id());
        let request = PendingRequest {
            channel: &channel,
            method: &LISTEN,
            id,
            options,
            deadline: None,
            server_requests: None,
        };
        let envelope = Some(self.envelope(revision));
        let meta = Meta { envelope, caller: CallerMeta::of(options), ..Meta::default() };
        let params = Listen { notifications: ServerChange::to_filter(queue.requested()) };
        let message = request.encode(&Params { params: &params, input: None, meta })?;
        let message =
            OutgoingMessage { request_headers: Some(RequestHeaders::new(LISTEN)), ..message };
        let cancel_on_drop = CancelOnDrop::new(&channel, &message, request.id.clone());
        let outcome = Subscription { request: &request, queue }.listen(message).await;
        cancel_on_drop.completed();
        outcome
    }
}

/// A `subscriptions/listen` request, and the queue for the changes that it reports.
struct Subscription<'a> {
    request: &'a PendingRequest<'a>,
    queue: &'a ChangeQueue,
}

impl Subscription<'_> {
    async fn listen(&self, message: OutgoingMessage) -> Result<(), Error> {
        let Self { request, queue } = self;
        let response = request.send(message).await.map_err(|error| self.without_listen(error))?;
        let mut messages = match response.messages {
            ResponseMessages::Stream(messages) => messages,
            ResponseMessages::One(message) => stream::once(async { Ok(message) }).boxed(),
            ResponseMessages::None => stream::empty().boxed(),
        };
        while let Some(message) = messages.next().await {
            let message = message?;
            if message.is_empty() {
                queue.mark_all_changed();
                continue;
            }
            match self.read(&message)? {
                Event::Acknowledged(granted) => {
                    if queue.requested().is_disjoint(&granted) {
                        let first = queue.requested().first();
                        return Err(first.map_or_else(
                            || Error::invalid_response(LISTEN, "no changes were requested"),
                            |change| change.not_supported(SubscriptionsListenRequest::NAME),
                        ));
                    }
                    queue.mark_open(&granted);
                }
                Event::Changed(change) => queue.push(change),
                Event::Ended if queue.is_open() => return Ok(()),
                Event::Ended => {
                    return Err(Error::invalid_response(
                        LISTEN,
                        "the subscription ended before it was acknowledged",
                    ));
                }
                Event::Unrelated => {}
            }
            // Messages may arrive faster than they are read. Other tasks must still run.
            consume_budget().await;
        }
        let reason = "the subscription stream ended unexpectedly";
        Err(TransportError::new(TransportErrorKind::Interrupted, reason).into())
    }

    /// Converts the error of a server that has no subscriptions.
    fn without_listen(&self, error: Error) -> Error {
        match self.queue.requested().first() {
            Some(first) if error.code() == Some(error_code::METHOD_NOT_FOUND) => {
                first.not_supported(SubscriptionsListenRequest::NAME)
            }
            _ => error,
        }
    }

    fn read(&self, message: &Bytes) -> Result<Event, Error> {
        let message = match JsonRpcMessage::<IgnoredAny>::from_slice(compat::without_bom(message)) {
            Ok(message) => message,
            Err(_) if is_other_text(message) => {
                self.request.channel.client_state.deviations.record(Deviation::TextInStream);
                return Ok(Event::Unrelated);
            }
            Err(error) => {
                let error = without_text(&error, &self.request.channel.redactor());
                return Err(Error::invalid_response(LISTEN, error));
            }
        };
        Ok(match message {
            JsonRpcMessage::Result { id, .. } if id == self.request.id => Event::Ended,
            JsonRpcMessage::Error { id, error }
                if id.as_ref().is_none_or(|id| *id == self.request.id) =>
            {
                return Err(self.without_listen(Error::Rpc {
                    method: LISTEN,
                    error: error.into(),
                    status: None,
                    retry_after: None,
                    is_response: true,
                }));
            }
            JsonRpcMessage::Notification { method, params } => {
                self.read_notification(&method, params.as_deref())
            }
            _ => Event::Unrelated,
        })
    }

    fn read_notification(&self, method: &str, params: Option<&RawValue>) -> Event {
        if subscription_id(params).is_some_and(|id| id != self.request.id) {
            return Event::Unrelated;
        }
        if method == SubscriptionsAcknowledgedNotification::NAME {
            let acknowledged = notification_params::<SubscriptionsAcknowledgedNotification>(params);
            return acknowledged.map_or(Event::Unrelated, |acknowledged| {
                Event::Acknowledged(ServerChange::from_filter(acknowledged.notifications))
            });
        }
        self.request.channel.handle_notification(method, params);
        ServerChange::from_notification(method, params).map_or(Event::Unrelated, Event::Changed)
    }
}

/// Returns the subscription id of a notification, which is the id of the request.
fn subscription_id(params: Option<&RawValue>) -> Option<RequestId> {
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
