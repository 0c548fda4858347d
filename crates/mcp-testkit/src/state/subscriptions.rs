//! Subscriptions of stateless clients (MCP patterns, "Subscriptions").

use std::sync::Mutex;

use hyper::Response;
use mcp_types::{JsonObject, RequestId};
use serde_json::{Value, json};

use super::{
    config::Config, rpc_response::complete_result, server_notification::ServerNotification,
};
use crate::{
    base::{CountGuard, lock},
    http::{InFlightRequests, RequestGuard, ResponseBody, Stream},
};

/// All subscriptions, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions(Mutex<Vec<Subscription>>);

/// A `subscriptions/listen` request, whose response ends the subscription.
#[derive(Debug, Clone)]
pub(crate) struct Subscription {
    id: RequestId,
    /// The acknowledged filter.
    filter: JsonObject,
    stream: Stream,
    guard: u64,
}

const ID: &str = "io.modelcontextprotocol/subscriptionId";

impl Subscriptions {
    /// Starts a subscription. Its first message is the acknowledgement.
    pub(crate) fn begin(
        &self,
        mut subscription: Subscription,
        guard: RequestGuard,
        count_guard: CountGuard,
        limit: Option<usize>,
    ) -> Response<ResponseBody> {
        let response =
            subscription.stream.connect(0, limit).map(|body| body.with_count_guard(count_guard));
        subscription.guard = guard.number();
        subscription.send(
            "notifications/subscriptions/acknowledged",
            json!({ "notifications": subscription.filter }),
        );
        lock(&self.0).push(subscription);
        response.map(|body| body.with_guard(guard))
    }

    /// Sends a notification to all subscriptions whose filter includes it, and returns their
    /// number.
    pub(crate) fn push(&self, notification: &ServerNotification) -> usize {
        let open = self.open();
        let wanting =
            open.iter().filter(|subscription| notification.is_wanted(&subscription.filter));
        wanting
            .filter(|subscription| subscription.send(notification.method(), notification.params()))
            .count()
    }

    /// Sends a message unchanged to all subscriptions, and returns their number.
    pub(crate) fn send(&self, json: &str) -> usize {
        self.open().iter().filter(|subscription| subscription.stream.send(json)).count()
    }

    /// Ends all subscriptions with their response.
    pub(crate) fn end(&self, config: &Config, in_flight: &InFlightRequests) {
        for Subscription { id, stream, guard, .. } in lock(&self.0).drain(..) {
            let result = json!({ "_meta": { ID: id } });
            let result = complete_result(config, "subscriptions/listen", result);
            let response = json!({ "jsonrpc": "2.0", "id": id, "result": result });
            in_flight.finish(guard);
            stream.send(&response.to_string());
            stream.end();
        }
    }

    /// Ends all subscriptions without a response.
    pub(crate) fn drop_all(&self) {
        lock(&self.0).drain(..).for_each(|subscription| subscription.stream.end());
    }

    fn open(&self) -> Vec<Subscription> {
        let mut all = lock(&self.0);
        all.retain(|subscription| subscription.stream.is_open());
        all.clone()
    }
}

impl Subscription {
    pub(crate) fn new(id: RequestId, filter: JsonObject) -> Self {
        Self { id, filter, stream: Stream::plain(), guard: 0 }
    }

    fn send(&self, method: &str, mut params: Value) -> bool {
        params["_meta"] = json!({ ID: self.id });
        let message = json!({ "jsonrpc": "2.0", "method": method, "params": params });
        self.stream.send(&message.to_string())
    }
}
