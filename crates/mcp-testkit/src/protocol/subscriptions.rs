//! What clients of the per-request era listen to (MCP patterns, "Subscriptions").

use std::sync::{Arc, Mutex};

use hyper::Response;
use mcp_types::{ErrorObject, JsonObject, RequestId};
use serde_json::{Value, json};

use super::{answer::Answer, exchange::Exchange, stateless};
use crate::{
    http::{Outgoing, Stream, Ticket},
    server::{Shared, lock},
    state::{Call, Push},
};

/// All subscriptions, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions(Mutex<Vec<Subscription>>);

/// A request to listen, which is answered when the server has nothing more to say.
#[derive(Debug, Clone)]
pub(crate) struct Subscription {
    id: RequestId,
    /// What is sent, as it was acknowledged.
    filter: JsonObject,
    stream: Stream,
    ticket: u64,
}

const ID: &str = "io.modelcontextprotocol/subscriptionId";

impl Exchange<'_> {
    pub(crate) fn subscribe(&self, call: &Call) -> Result<Answer, ErrorObject> {
        let Some(Value::Object(wanted)) = call.params.get("notifications") else {
            return Err(self.invalid_params("notifications"));
        };
        let capabilities = self.server.capabilities(call.era);
        let offered = |key: &str| match key {
            "toolsListChanged" => true,
            "promptsListChanged" => capabilities.get("prompts").is_some(),
            "resourcesListChanged" | "resourceSubscriptions" => {
                capabilities.get("resources").is_some()
            }
            _ => false,
        };
        let filter = wanted.iter().filter(|(key, _)| offered(key));
        let filter = filter.map(|(key, value)| (key.clone(), value.clone())).collect();
        let (id, stream) = (call.id.clone(), Stream::plain());
        Ok(Answer::Listen(Subscription { id, filter, stream, ticket: 0 }))
    }
}

impl Subscriptions {
    /// Begins to serve a subscription, with the acknowledgement as the first message.
    pub(crate) fn begin(
        server: &Arc<Shared>,
        mut subscription: Subscription,
        ticket: Ticket,
        limit: Option<usize>,
    ) -> Response<Outgoing> {
        let counted = server.counters.stream();
        let response = subscription.stream.connect(0, limit).map(|body| body.counted(counted));
        subscription.ticket = ticket.number();
        subscription.send(
            "notifications/subscriptions/acknowledged",
            json!({ "notifications": subscription.filter }),
        );
        lock(&server.subscriptions.0).push(subscription);
        response.map(|body| body.with_ticket(ticket))
    }

    /// Tells all who want to know; returns their number.
    pub(crate) fn push(&self, push: &Push) -> usize {
        let due = self.open();
        let due = due.iter().filter(|subscription| push.is_wanted(&subscription.filter));
        due.filter(|subscription| subscription.send(push.method(), push.params())).count()
    }

    /// Sends a message as it is.
    pub(crate) fn send(&self, json: &str) -> usize {
        self.open().iter().filter(|subscription| subscription.stream.send(json)).count()
    }

    /// Answers all requests to listen, which ends them.
    pub(crate) fn end(&self, server: &Shared) {
        for Subscription { id, stream, ticket, .. } in lock(&self.0).drain(..) {
            let result = json!({ "_meta": { ID: id } });
            let result = stateless::complete(&server.config, "subscriptions/listen", result);
            let answer = json!({ "jsonrpc": "2.0", "id": id, "result": result });
            server.flights.finish(ticket);
            stream.send(&answer.to_string());
            stream.end();
        }
    }

    /// Closes the connections without an answer.
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
    fn send(&self, method: &str, mut params: Value) -> bool {
        params["_meta"] = json!({ ID: self.id });
        let message = json!({ "jsonrpc": "2.0", "method": method, "params": params });
        self.stream.send(&message.to_string())
    }
}
