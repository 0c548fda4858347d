//! Answers of a scripted server, in which `$id` stands for the id of the request.

use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

/// An HTTP answer, made anew for each request.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
}

/// An answer without a body.
pub(crate) fn status(status: u16) -> Answer {
    Answer { status, headers: Vec::new(), body: Vec::new() }
}

/// A body of JSON, verbatim but for `$id`.
pub(crate) fn json(body: &str) -> Answer {
    status(200).header("content-type", "application/json").body(body)
}

/// An event stream, verbatim but for `$id`.
pub(crate) fn sse(body: &str) -> Answer {
    status(200).header("content-type", "text/event-stream").body(body)
}

/// The result of the request, as JSON.
pub(crate) fn result(result: &Value) -> Answer {
    json(&format!(r#"{{"jsonrpc":"2.0","id":$id,"result":{result}}}"#))
}

/// A JSON-RPC error to the request; `data` may be null.
pub(crate) fn error(code: i64, message: &str, data: &Value) -> Answer {
    let mut error = json!({ "code": code, "message": message });
    if !data.is_null() {
        error["data"] = data.clone();
    }
    json(&format!(r#"{{"jsonrpc":"2.0","id":$id,"error":{error}}}"#))
}

impl Answer {
    /// With one more header.
    pub(crate) fn header(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        let value = HeaderValue::from_bytes(value.as_ref()).expect("a header value");
        self.headers.push((HeaderName::from_static(name), value));
        self
    }

    /// With another body.
    pub(crate) fn body(self, body: impl AsRef<[u8]>) -> Self {
        Self { body: body.as_ref().to_vec(), ..self }
    }

    /// With another status.
    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// With another media type.
    pub(crate) fn typed(mut self, media_type: &str) -> Self {
        self.headers.retain(|(name, _)| name != "content-type");
        self.header("content-type", media_type)
    }

    /// The same answer as an event of a stream.
    pub(crate) fn streamed(self) -> Self {
        let body = [b"event: message\ndata: ", &self.body[..], b"\n\n"].concat();
        self.typed("text/event-stream").body(body)
    }

    /// The same answer with `before` at the beginning of its body.
    pub(crate) fn after(self, before: &str) -> Self {
        let body = [before.as_bytes(), &self.body[..]].concat();
        self.body(body)
    }

    /// The same answer as the only element of an array.
    pub(crate) fn in_array(self) -> Self {
        let body = [b"[", &self.body[..], b"]"].concat();
        self.body(body)
    }

    /// The answer to `request`.
    pub(crate) fn to(&self, request: &Request) -> ResponseTemplate {
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
