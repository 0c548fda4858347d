//! HTTP responses of a scripted server, in which `$id` stands for the id of the request.

use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

/// An HTTP response that is rendered for each request.
#[derive(Debug, Clone)]
pub(crate) struct ScriptedResponse {
    status: u16,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
}

/// A response without a body.
pub(crate) fn status(status: u16) -> ScriptedResponse {
    ScriptedResponse { status, headers: Vec::new(), body: Vec::new() }
}

/// A response with a JSON body. `$id` is replaced, everything else is sent unchanged.
pub(crate) fn json(body: &str) -> ScriptedResponse {
    status(200).header("content-type", "application/json").body(body)
}

/// A response with an event stream. `$id` is replaced, everything else is sent unchanged.
pub(crate) fn sse(body: &str) -> ScriptedResponse {
    status(200).header("content-type", "text/event-stream").body(body)
}

/// A JSON-RPC result for the request, as JSON.
pub(crate) fn result(result: &Value) -> ScriptedResponse {
    json(&format!(r#"{{"jsonrpc":"2.0","id":$id,"result":{result}}}"#))
}

/// A JSON-RPC error for the request. If `data` is null, the error has no `data`.
pub(crate) fn error(code: i64, message: &str, data: &Value) -> ScriptedResponse {
    let mut error = json!({ "code": code, "message": message });
    if !data.is_null() {
        error["data"] = data.clone();
    }
    json(&format!(r#"{{"jsonrpc":"2.0","id":$id,"error":{error}}}"#))
}

impl ScriptedResponse {
    /// Adds a header.
    pub(crate) fn header(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        let value = HeaderValue::from_bytes(value.as_ref()).expect("a header value");
        self.headers.push((HeaderName::from_static(name), value));
        self
    }

    /// Replaces the body.
    pub(crate) fn body(self, body: impl AsRef<[u8]>) -> Self {
        Self { body: body.as_ref().to_vec(), ..self }
    }

    /// Replaces the status.
    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// Replaces the `Content-Type` header.
    pub(crate) fn content_type(mut self, media_type: &str) -> Self {
        self.headers.retain(|(name, _)| name != "content-type");
        self.header("content-type", media_type)
    }

    /// Sends the body as one event of an event stream.
    pub(crate) fn into_event_stream(self) -> Self {
        let body = [b"event: message\ndata: ", &self.body[..], b"\n\n"].concat();
        self.content_type("text/event-stream").body(body)
    }

    /// Inserts `before` at the beginning of the body.
    pub(crate) fn with_prefix(self, before: &str) -> Self {
        let body = [before.as_bytes(), &self.body[..]].concat();
        self.body(body)
    }

    /// Sends the body as the only element of a JSON array.
    pub(crate) fn into_batch(self) -> Self {
        let body = [b"[", &self.body[..], b"]"].concat();
        self.body(body)
    }

    /// The response to `request`.
    pub(crate) fn render(&self, request: &Request) -> ResponseTemplate {
        let sent = request.body_json::<Value>().unwrap_or_default();
        let id = sent.get("id").unwrap_or(&Value::Null).to_string();
        let body = match std::str::from_utf8(&self.body) {
            Ok(text) => text.replace("$id", &id).into_bytes(),
            Err(_) => self.body.clone(),
        };
        let template = ResponseTemplate::new(self.status).set_body_bytes(body);
        let headers = self.headers.iter().cloned();
        headers.fold(template, |template, (name, value)| template.append_header(name, value))
    }
}
