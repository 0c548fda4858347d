//! Requests from the server to the client: elicitation, sampling and roots.

use mcp_types::{Era, JsonObject};
use serde_json::{Value, json};

use crate::base::random_id;

/// A request from the server to the client: elicitation, sampling, roots or another method. A
/// [`Step`](crate::Step) sends it.
///
/// If the client has not declared the required capability, the request is not sent and the call
/// fails. Requests from [`ServerRequest::other`] are always sent.
///
/// ```
/// use mcp_testkit::ServerRequest;
/// use serde_json::json;
///
/// let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
/// let requests = [
///     ServerRequest::form("Which city?", schema),
///     ServerRequest::url("Sign in, please", "https://example.com/sign-in"),
///     ServerRequest::sampling(json!({ "messages": [], "maxTokens": 100 })),
///     ServerRequest::roots(),
///     ServerRequest::other("ping", json!({})),
/// ];
/// # let _ = requests;
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct ServerRequest {
    method: String,
    params: Value,
    kind: RequestKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RequestKind {
    Form,
    Url,
    Sampling,
    Roots,
    Other,
}

impl ServerRequest {
    /// Requests input from the user with a form. `schema` is a JSON Schema of an object with
    /// primitive values (MCP elicitation).
    pub fn form(message: impl Into<String>, schema: impl Into<Value>) -> Self {
        let params = json!({ "message": message.into(), "requestedSchema": schema.into() });
        Self { params, ..Self::new("elicitation/create", RequestKind::Form) }
    }

    /// Requests that the user visits a URL (MCP elicitation, "URL Mode").
    pub fn url(message: impl Into<String>, url: impl Into<String>) -> Self {
        let params = json!({ "mode": "url", "message": message.into(), "url": url.into() });
        Self { params, ..Self::new("elicitation/create", RequestKind::Url) }
    }

    /// Requests a message from the client's model. `params` are those of `sampling/createMessage`.
    pub fn sampling(params: Value) -> Self {
        Self { params, ..Self::new("sampling/createMessage", RequestKind::Sampling) }
    }

    /// Requests the list of the client's roots.
    pub fn roots() -> Self {
        Self::new("roots/list", RequestKind::Roots)
    }

    /// Requests any method. The capabilities of the client are not checked.
    pub fn other(method: impl Into<String>, params: Value) -> Self {
        Self { params, ..Self::new(method, RequestKind::Other) }
    }

    fn new(method: impl Into<String>, kind: RequestKind) -> Self {
        Self { method: method.into(), params: json!({}), kind }
    }

    /// Returns the method and the parameters in the format of the protocol version.
    pub(crate) fn to_json(&self, era: Era) -> Value {
        let mut params = self.params.clone();
        if self.kind == RequestKind::Url && era == Era::Stateful {
            params["elicitationId"] = json!(random_id());
        }
        json!({ "method": self.method, "params": params })
    }

    /// Returns the JSON-RPC request that stateful protocol versions send.
    pub(crate) fn to_request(&self, id: &str) -> Value {
        let mut request = self.to_json(Era::Stateful);
        request["jsonrpc"] = json!("2.0");
        request["id"] = json!(id);
        request
    }

    /// Returns the required capabilities that `capabilities` does not contain.
    pub(crate) fn missing_capabilities(&self, capabilities: &JsonObject) -> Option<Value> {
        let elicitation = capabilities.get("elicitation");
        let has =
            |value: Option<&Value>, name: &str| value.is_some_and(|it| it.get(name).is_some());
        match self.kind {
            // An empty capability means form mode.
            RequestKind::Form if elicitation.is_some() && !is_url_only(elicitation) => None,
            RequestKind::Form => Some(json!({ "elicitation": { "form": {} } })),
            RequestKind::Url if has(elicitation, "url") => None,
            RequestKind::Url => Some(json!({ "elicitation": { "url": {} } })),
            RequestKind::Sampling if self.params.get("tools").is_some() => {
                let declared = has(capabilities.get("sampling"), "tools");
                (!declared).then(|| json!({ "sampling": { "tools": {} } }))
            }
            RequestKind::Sampling if capabilities.contains_key("sampling") => None,
            RequestKind::Sampling => Some(json!({ "sampling": {} })),
            RequestKind::Roots if capabilities.contains_key("roots") => None,
            RequestKind::Roots => Some(json!({ "roots": {} })),
            RequestKind::Other => None,
        }
    }

    /// Returns the first member of a response that is missing or invalid.
    pub(crate) fn invalid_member(&self, response: &Value) -> Option<&'static str> {
        let action = || response.get("action").and_then(Value::as_str);
        let has = |name: &str| response.get(name).is_some();
        match self.kind {
            RequestKind::Form | RequestKind::Url => match action() {
                Some("accept") if self.kind == RequestKind::Form && !has("content") => {
                    Some("content")
                }
                Some("accept" | "decline" | "cancel") => None,
                _ => Some("action"),
            },
            RequestKind::Sampling => {
                ["role", "content", "model"].into_iter().find(|name| !has(name))
            }
            RequestKind::Roots => (!has("roots")).then_some("roots"),
            RequestKind::Other => None,
        }
    }
}

fn is_url_only(elicitation: Option<&Value>) -> bool {
    elicitation.is_some_and(|it| it.get("url").is_some() && it.get("form").is_none())
}
