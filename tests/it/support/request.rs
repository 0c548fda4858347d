//! Requests that a server received, and the forms in which tests show them.

use http::HeaderMap;
use mcp_testkit::RecordedRequest;
use serde_json::Value;

use super::redact_tokens;

/// A request that a server received.
#[derive(Debug, Clone)]
pub(crate) struct ReceivedRequest {
    method: String,
    target: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl From<&wiremock::Request> for ReceivedRequest {
    fn from(request: &wiremock::Request) -> Self {
        Self {
            method: request.method.to_string(),
            target: target(request.url.path(), request.url.query()),
            headers: request.headers.clone(),
            body: request.body.clone(),
        }
    }
}

impl From<&RecordedRequest> for ReceivedRequest {
    fn from(request: &RecordedRequest) -> Self {
        Self {
            method: request.http_method().to_owned(),
            target: target(request.path(), request.query()),
            headers: request.headers().clone(),
            body: request.body().to_vec(),
        }
    }
}

fn target(path: &str, query: Option<&str>) -> String {
    query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))
}

impl ReceivedRequest {
    /// The JSON-RPC method, `response` for a response of the client, or else the HTTP method.
    pub(crate) fn kind(&self) -> String {
        match &self.json()["method"] {
            Value::String(method) => method.clone(),
            _ if self.method == "POST" => "response".to_owned(),
            _ => self.method.clone(),
        }
    }

    /// The body as JSON, or null if it is not JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The HTTP method, and the path with the query.
    pub(crate) fn request_line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    /// The first value of a header, in which tokens are replaced by names.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let value = self.headers.get(name)?;
        Some(redact_tokens(&String::from_utf8_lossy(value.as_bytes())))
    }

    /// The request line, the headers of MCP and of the configuration, and the body.
    fn full_text(&self) -> String {
        let mut lines = vec![format!("{} {}", self.method, self.target)];
        let mut headers: Vec<_> = self
            .headers
            .keys()
            .map(http::HeaderName::as_str)
            .filter(|name| is_shown(name))
            .collect();
        headers.sort_unstable();
        for name in headers {
            for value in self.headers.get_all(name) {
                let value = redact_tokens(&String::from_utf8_lossy(value.as_bytes()));
                lines.push(format!("{name}: {value}"));
            }
        }
        if !self.body.is_empty() {
            lines.push(String::from_utf8_lossy(&self.body).into_owned());
        }
        lines.join("\n")
    }

    /// The request in one line: kind, id, name of the token, session and protocol version. Responses are shown whole.
    fn line(&self) -> String {
        let json = self.json();
        let what = match (self.kind(), &json["id"]) {
            (kind, _) if kind == "response" => String::from_utf8_lossy(&self.body).into_owned(),
            (kind, Value::Null) => kind,
            (kind, id) => format!("{kind} {id}"),
        };
        let token = self.header("authorization").map(|token| token.replace("Bearer ", ""));
        let facts = [token, self.header("mcp-session-id"), self.header("mcp-protocol-version")];
        let facts = facts.into_iter().flatten().map(|fact| format!(", {fact}"));
        what + &facts.collect::<String>()
    }
}

fn is_shown(name: &str) -> bool {
    let own = ["accept", "authorization", "content-type", "last-event-id"].contains(&name);
    own || name.starts_with("mcp-") || name.starts_with("x-")
}

/// The requests with headers and bodies.
pub(crate) fn full_request_log<'a>(
    requests: impl IntoIterator<Item = &'a ReceivedRequest>,
) -> String {
    requests.into_iter().map(ReceivedRequest::full_text).collect::<Vec<_>>().join("\n\n")
}

/// The requests, one line each.
pub(crate) fn request_log<'a>(requests: impl IntoIterator<Item = &'a ReceivedRequest>) -> String {
    requests.into_iter().map(ReceivedRequest::line).collect::<Vec<_>>().join("\n")
}
