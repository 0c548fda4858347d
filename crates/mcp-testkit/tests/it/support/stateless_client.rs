//! A client of the stateless protocol versions, which sends valid requests by default.

use mcp_testkit::TestServer;
use reqwest::{
    RequestBuilder, Response,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::{Value, json};

use super::stateful_client::{StatefulClient, read};

pub(crate) const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
pub(crate) const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

/// A client of the stateless protocol versions.
pub(crate) struct StatelessClient {
    pub(crate) inner: StatefulClient,
    pub(crate) capabilities: Value,
}

impl StatelessClient {
    pub(crate) fn new(server: &TestServer) -> Self {
        Self { inner: StatefulClient::new(server), capabilities: json!({}) }
    }

    pub(crate) fn with_token(server: &TestServer, token: &str) -> Self {
        let mut client = Self::new(server);
        client.inner.token = Some(token.to_owned());
        client
    }

    /// Returns a request message with the next id and the metadata.
    pub(crate) fn message(&mut self, method: &str, mut params: Value) -> Value {
        params["_meta"][VERSION] = json!("2026-07-28");
        params["_meta"]["io.modelcontextprotocol/clientInfo"] =
            json!({ "name": "c", "version": "1" });
        params["_meta"][CAPABILITIES] = self.capabilities.clone();
        self.inner.message(method, params)
    }

    /// Returns a POST request with the headers that repeat the body.
    pub(crate) fn post(&self, message: &Value) -> RequestBuilder {
        self.inner.post(message).headers(headers(message))
    }

    /// Returns a POST request with other headers.
    pub(crate) fn post_with(&self, message: &Value, headers: HeaderMap) -> RequestBuilder {
        self.inner.post(message).headers(headers)
    }

    pub(crate) async fn request(&mut self, method: &str, params: Value) -> Response {
        let message = self.message(method, params);
        self.post(&message).send().await.expect("a response")
    }

    /// Sends a request and returns the response message.
    pub(crate) async fn request_json(&mut self, method: &str, params: Value) -> Value {
        read(self.request(method, params).await).await
    }
}

pub(crate) fn headers(message: &Value) -> HeaderMap {
    let params = &message["params"];
    let name = params["name"].as_str().or(params["uri"].as_str());
    let all = [
        ("mcp-protocol-version", params["_meta"][VERSION].as_str()),
        ("mcp-method", message["method"].as_str()),
        ("mcp-name", name),
    ];
    let all = all.into_iter().filter_map(|(name, value)| Some((name, value?)));
    all.map(|(name, value)| (HeaderName::from_static(name), header_value(value))).collect()
}

pub(crate) fn header_value(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).expect("text that a header can have")
}
