//! A request as it arrived, and the forms in which tests look at it.

use http::HeaderMap;
use mcp_testkit::Recorded;
use serde_json::Value;

use super::masked;

/// A request that a server got.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    method: String,
    target: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl From<&wiremock::Request> for Sent {
    fn from(request: &wiremock::Request) -> Self {
        Self {
            method: request.method.to_string(),
            target: target(request.url.path(), request.url.query()),
            headers: request.headers.clone(),
            body: request.body.clone(),
        }
    }
}

impl From<&Recorded> for Sent {
    fn from(request: &Recorded) -> Self {
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

impl Sent {
    /// The JSON-RPC method, `answer` for an answer of the client, or the HTTP method.
    pub(crate) fn about(&self) -> String {
        match &self.json()["method"] {
            Value::String(method) => method.clone(),
            _ if self.method == "POST" => "answer".to_owned(),
            _ => self.method.clone(),
        }
    }

    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    /// The first value of a header, without tokens.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let value = self.headers.get(name)?;
        Some(masked(&String::from_utf8_lossy(value.as_bytes())))
    }

    /// Request line, headers of MCP and of the configuration, body.
    fn exact(&self) -> String {
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
                let value = masked(&String::from_utf8_lossy(value.as_bytes()));
                lines.push(format!("{name}: {value}"));
            }
        }
        if !self.body.is_empty() {
            lines.push(String::from_utf8_lossy(&self.body).into_owned());
        }
        lines.join("\n")
    }

    /// What it is about, its id, whose token it has, its session and its version; answers whole.
    fn outline(&self) -> String {
        let json = self.json();
        let what = match (self.about(), &json["id"]) {
            (about, _) if about == "answer" => String::from_utf8_lossy(&self.body).into_owned(),
            (about, Value::Null) => about,
            (about, id) => format!("{about} {id}"),
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

/// The requests, whole.
pub(crate) fn exact<'a>(requests: impl IntoIterator<Item = &'a Sent>) -> String {
    requests.into_iter().map(Sent::exact).collect::<Vec<_>>().join("\n\n")
}

/// The requests, one a line.
pub(crate) fn outline<'a>(requests: impl IntoIterator<Item = &'a Sent>) -> String {
    requests.into_iter().map(Sent::outline).collect::<Vec<_>>().join("\n")
}
