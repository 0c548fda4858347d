//! A plain reqwest client. It posts prepared bodies and parses responses into a `Value`.

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use reqwest::{Request, Response, Url};
use serde_json::{Value, json};

use super::{Client, TOOL, User, arguments, http};
use crate::prepared::REVISION;

const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

pub(crate) struct Bare {
    connection: Connection,
    initialize: Bytes,
    initialized: Bytes,
    list: Bytes,
    call: Bytes,
}

#[derive(Clone)]
struct Connection {
    http: reqwest::Client,
    url: Url,
    headers: HeaderMap,
}

pub(crate) struct Session {
    connection: Connection,
    list: Bytes,
    call: Bytes,
}

impl Client for Bare {
    type User = Session;

    fn new(url: &str) -> Result<Self> {
        let mut headers = HeaderMap::new();
        let accepted = HeaderValue::from_static("application/json, text/event-stream");
        headers.insert(header::ACCEPT, accepted);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let version = HeaderValue::from_static(REVISION);
        headers.insert(PROTOCOL_VERSION, version);
        let client = json!({ "name": "bare", "version": "1.0.0" });
        let opening =
            json!({ "protocolVersion": REVISION, "capabilities": {}, "clientInfo": client });
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        Ok(Self {
            connection: Connection { http: http()?, url: url.parse()?, headers },
            initialize: request("initialize", &opening),
            initialized: initialized.to_string().into(),
            list: request("tools/list", &json!({})),
            call: request("tools/call", &json!({ "name": TOOL, "arguments": arguments() })),
        })
    }

    async fn connect(&self, token: &str) -> Result<Session> {
        let mut connection = self.connection.clone();
        let authorization = HeaderValue::from_str(&format!("Bearer {token}"))?;
        connection.headers.insert(header::AUTHORIZATION, authorization);
        let response = connection.post(&self.initialize).await?;
        // A copy, because the header value would keep the whole read buffer alive.
        let session = response.headers().get(SESSION_ID).map(HeaderValue::as_bytes);
        if let Some(session) = session.map(HeaderValue::from_bytes).transpose()? {
            connection.headers.insert(SESSION_ID, session);
        }
        message(response).await?;
        connection.post(&self.initialized).await?.bytes().await?;
        Ok(Session { connection, list: self.list.clone(), call: self.call.clone() })
    }
}

impl User for Session {
    type Tools = Value;

    async fn list(&self) -> Result<Value> {
        message(self.connection.post(&self.list).await?).await
    }

    async fn call(&self, _: &Value) -> Result<()> {
        let response = message(self.connection.post(&self.call).await?).await?;
        ensure!(response["result"]["content"].is_array(), "no content");
        Ok(())
    }

    fn count(tools: &Value) -> usize {
        tools["result"]["tools"].as_array().map_or(0, Vec::len)
    }
}

impl Connection {
    async fn post(&self, body: &Bytes) -> Result<Response> {
        let mut request = Request::new(Method::POST, self.url.clone());
        *request.headers_mut() = self.headers.clone();
        *request.body_mut() = Some(body.clone().into());
        Ok(self.http.execute(request).await?.error_for_status()?)
    }
}

fn request(method: &str, params: &Value) -> Bytes {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string().into()
}

/// Returns the message of a response, which is JSON or a stream with one event.
async fn message(response: Response) -> Result<Value> {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let is_json = content_type.is_some_and(|value| value == "application/json");
    let body = response.bytes().await?;
    if is_json {
        return Ok(serde_json::from_slice(&body)?);
    }
    let mut lines = body.split(|byte| *byte == b'\n');
    let data = lines.find_map(|line| line.strip_prefix(b"data: ")).context("no event")?;
    Ok(serde_json::from_slice(data)?)
}
