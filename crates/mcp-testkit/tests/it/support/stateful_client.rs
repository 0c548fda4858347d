//! A client of the stateful protocol versions, which sends valid requests by default.

use mcp_testkit::TestServer;
use reqwest::{Method, RequestBuilder, Response, redirect::Policy};
use serde_json::{Value, json};

/// A client of the stateful protocol versions: token, session, version and last request id.
pub(crate) struct StatefulClient {
    http: reqwest::Client,
    url: String,
    pub(crate) token: Option<String>,
    pub(crate) session: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) capabilities: Value,
    last_id: i64,
}

impl StatefulClient {
    /// Returns a client before `initialize`.
    pub(crate) fn new(server: &TestServer) -> Self {
        // Without root certificates, so that the tests do not depend on the machine.
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none());
        let http = http.tls_certs_only([]).build().expect("a client");
        let url = server.url().to_owned();
        let capabilities = json!({});
        Self { http, url, token: None, session: None, version: None, capabilities, last_id: 0 }
    }

    /// Returns a client after `initialize`.
    pub(crate) async fn connect(server: &TestServer) -> Self {
        let mut client = Self::new(server);
        client.initialize_session().await;
        client
    }

    /// Returns a client with a token, after `initialize`.
    pub(crate) async fn connect_with_token(server: &TestServer, token: &str) -> Self {
        let mut client = Self { token: Some(token.to_owned()), ..Self::new(server) };
        client.initialize_session().await;
        client
    }

    /// Returns a client that declared these capabilities in `initialize`.
    pub(crate) async fn connect_with_capabilities(
        server: &TestServer,
        capabilities: Value,
    ) -> Self {
        let mut client = Self { capabilities, ..Self::new(server) };
        client.initialize_session().await;
        client
    }

    pub(crate) async fn initialize_session(&mut self) {
        self.session = None;
        self.version = None;
        let response = self.initialize("2025-11-25").await;
        assert_eq!(response.status(), 200);
        self.use_session_of(&response);
        self.version = Some("2025-11-25".to_owned());
        let response = self.notify("notifications/initialized").await;
        assert_eq!(response.status(), 202);
    }

    /// Returns the same client without token, session and version.
    pub(crate) fn clone_without_headers(&self) -> Self {
        self.at_url(&self.url)
    }

    /// Returns the same client for another URL, without token, session and version.
    pub(crate) fn at_url(&self, url: &str) -> Self {
        let (http, url) = (self.http.clone(), url.to_owned());
        let (capabilities, last_id) = (json!({}), self.last_id);
        Self { http, url, token: None, session: None, version: None, capabilities, last_id }
    }

    /// Uses the session id of a response from now on.
    pub(crate) fn use_session_of(&mut self, response: &Response) {
        let session = response.headers().get("mcp-session-id");
        self.session = session.map(|id| id.to_str().expect("visible ASCII").to_owned());
    }

    pub(crate) async fn initialize(&mut self, version: &str) -> Response {
        let info = json!({ "name": "peer", "version": "1" });
        let mut params = json!({ "protocolVersion": version, "clientInfo": info });
        params["capabilities"] = self.capabilities.clone();
        self.request("initialize", params).await
    }

    /// Returns a request message with the next id.
    pub(crate) fn message(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let mut message = json!({ "jsonrpc": "2.0", "id": self.last_id, "method": method });
        message["params"] = params;
        message
    }

    pub(crate) async fn request(&mut self, method: &str, params: Value) -> Response {
        let message = self.message(method, params);
        self.post(&message).send().await.expect("a response")
    }

    /// Sends a request and returns the response message.
    pub(crate) async fn request_json(&mut self, method: &str, params: Value) -> Value {
        read(self.request(method, params).await).await
    }

    /// Sends a response to a request of the server.
    pub(crate) async fn respond(&self, id: &Value, result: Value) -> Response {
        let response = json!({ "jsonrpc": "2.0", "id": id, "result": result });
        self.post(&response).send().await.expect("a response")
    }

    /// Opens a GET stream, or resumes a stream after an event.
    pub(crate) async fn listen(&self, after: Option<&str>) -> Response {
        let get = self.http_request(Method::GET).header("accept", "text/event-stream");
        let get = after.iter().fold(get, |get, id| get.header("last-event-id", *id));
        get.send().await.expect("a response")
    }

    pub(crate) async fn call_tool(&mut self, tool: &str) -> Value {
        self.request_json("tools/call", json!({ "name": tool, "arguments": {} })).await
    }

    pub(crate) async fn notify(&self, method: &str) -> Response {
        let message = json!({ "jsonrpc": "2.0", "method": method });
        self.post(&message).send().await.expect("a response")
    }

    pub(crate) fn post(&self, message: &Value) -> RequestBuilder {
        self.http_request(Method::POST)
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json")
            .body(message.to_string())
    }

    /// Returns a request to the endpoint with token, session and version.
    pub(crate) fn http_request(&self, method: Method) -> RequestBuilder {
        let mut request = self.http.request(method, &self.url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in
            [("mcp-session-id", &self.session), ("mcp-protocol-version", &self.version)]
        {
            request = value.iter().fold(request, |request, value| request.header(name, value));
        }
        request
    }
}

/// Returns the message of a response: its JSON body, or the last event of its stream.
pub(crate) async fn read(response: Response) -> Value {
    let text = response.text().await.expect("a whole body");
    let data = text.lines().filter_map(|line| line.strip_prefix("data: ")).next_back();
    serde_json::from_str(data.unwrap_or(&text)).unwrap_or_else(|_| panic!("no JSON: {text}"))
}

/// Returns a header of a response; empty if it is missing.
pub(crate) fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().expect("text"))
}

pub(crate) fn names(list: &Value) -> Vec<&str> {
    let tools = list["result"]["tools"].as_array().expect("a list of tools");
    tools.iter().filter_map(|tool| tool["name"].as_str()).collect()
}
