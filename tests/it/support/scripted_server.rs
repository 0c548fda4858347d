//! A server on loopback that responds by JSON-RPC method and records its requests.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use mcp_client::{Client, Negotiation, Transport, mcp_types::Revision};
use mcp_http::{HttpClient, HttpTransport};
use serde_json::json;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

use super::{
    ALICE, ReceivedRequest, ScriptedResponse, full_request_log, request_log, result, status,
    with_timeout,
};

/// The method with which a client finds out which protocol versions a server supports.
pub(crate) const PROBE: &str = "server/discover";

/// The responses of a server by method. Methods without a scripted response succeed.
///
/// Several responses to one method are returned in turn. The last one is repeated.
#[derive(Debug, Default)]
pub(crate) struct Script {
    responses: HashMap<&'static str, Vec<ScriptedResponse>>,
    counts: Mutex<HashMap<String, usize>>,
}

/// A running scripted server.
pub(crate) struct ScriptedServer(MockServer);

impl Script {
    /// A script in which every method succeeds.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds the next response to `method`.
    ///
    /// `DELETE` is the HTTP method, and `response` a response of the client to a server request.
    pub(crate) fn on(mut self, method: &'static str, response: ScriptedResponse) -> Self {
        self.responses.entry(method).or_default().push(response);
        self
    }

    /// Starts the server.
    pub(crate) async fn start(self) -> ScriptedServer {
        // Not a server of the pool, which late requests of an earlier test may still reach.
        let server = MockServer::builder().start().await;
        Mock::given(any()).respond_with(self).mount(&server).await;
        ScriptedServer(server)
    }
}

impl Respond for Script {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let method = ReceivedRequest::from(request).kind();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = counts.entry(method.clone()).or_default();
        *turn += 1;
        let scripted = self.responses.get(method.as_str());
        let scripted = scripted.and_then(|responses| responses.get(*turn - 1).or(responses.last()));
        let response = scripted.cloned().unwrap_or_else(|| success(&method, *turn));
        response.render(request)
    }
}

/// The successful response to the `turn`th request with this method.
fn success(method: &str, turn: usize) -> ScriptedResponse {
    match method {
        "initialize" => {
            initialize_response("2025-11-25").header("mcp-session-id", format!("session-{turn}"))
        }
        "tools/list" => result(&json!({ "tools": [
            { "name": "add", "description": "Adds", "inputSchema": { "type": "object" } },
        ] })),
        "tools/call" => result(&json!({ "content": [{ "type": "text", "text": "3" }] })),
        "ping" => result(&json!({})),
        "DELETE" => status(200),
        // As a stateful server responds outside of a session.
        PROBE => status(400),
        _ => status(202),
    }
}

/// The response to `initialize`, without a session.
pub(crate) fn initialize_response(version: &str) -> ScriptedResponse {
    result(&json!({
        "protocolVersion": version,
        "capabilities": { "tools": {} },
        "serverInfo": { "name": "peer", "version": "1" },
    }))
}

impl ScriptedServer {
    /// Starts a server on which every method succeeds.
    pub(crate) async fn start() -> Self {
        Script::new().start().await
    }

    /// The URL of the MCP endpoint.
    pub(crate) fn url(&self) -> String {
        format!("{}/mcp", self.0.uri())
    }

    /// A transport with the token of Alice.
    pub(crate) fn transport(&self) -> HttpTransport {
        let builder = HttpTransport::builder(self.url()).bearer_token(ALICE);
        builder.build().expect("a usable URL")
    }

    /// A client with the token of Alice, which knows that the server is stateful.
    pub(crate) fn client(&self) -> Client {
        stateful_client(self.transport())
    }

    /// A client without a token that shares the negotiated version.
    pub(crate) fn client_with_negotiation(&self, known: &Negotiation) -> Client {
        let transport = HttpTransport::builder(self.url()).build().expect("a usable URL");
        Client::builder(transport).client_info("tests", "1").negotiation(known.clone()).build()
    }

    /// The requests so far without the [`PROBE`], in order.
    pub(crate) async fn requests(&self) -> Vec<ReceivedRequest> {
        self.all_requests().await.into_iter().filter(|sent| sent.kind() != PROBE).collect()
    }

    /// The requests of this [kind](ReceivedRequest::kind), in order.
    pub(crate) async fn requests_of(&self, method: &str) -> Vec<ReceivedRequest> {
        self.all_requests().await.into_iter().filter(|sent| sent.kind() == method).collect()
    }

    /// The requests so far, in order.
    pub(crate) async fn all_requests(&self) -> Vec<ReceivedRequest> {
        let requests = self.0.received_requests().await.expect("requests are recorded");
        requests.iter().map(ReceivedRequest::from).collect()
    }

    /// The requests of this [kind](ReceivedRequest::kind). Waits for at least `count`.
    pub(crate) async fn wait_for_requests(
        &self,
        method: &str,
        count: usize,
    ) -> Vec<ReceivedRequest> {
        let wait = async {
            loop {
                let sent = self.requests_of(method).await;
                if sent.len() >= count {
                    return sent;
                }
                tokio::task::yield_now().await;
            }
        };
        with_timeout(wait).await
    }

    /// The requests so far without the [`PROBE`], one line each.
    pub(crate) async fn request_log(&self) -> String {
        request_log(&self.requests().await)
    }

    /// The requests so far without the [`PROBE`], with headers and bodies.
    pub(crate) async fn full_request_log(&self) -> String {
        full_request_log(&self.requests().await)
    }
}

/// The response to the [`PROBE`] of a server that supports these versions.
pub(crate) fn discover_response(versions: &[&str]) -> ScriptedResponse {
    result(&json!({
        "resultType": "complete",
        "supportedVersions": versions,
        "capabilities": { "tools": {} },
        "ttlMs": 60_000,
        "cacheScope": "private",
    }))
}

/// A client which knows that the server supports 2025-11-25.
pub(crate) fn stateful_client(transport: impl Transport) -> Client {
    let known = Negotiation::with_revision(Revision::V2025_11_25);
    Client::builder(transport).client_info("tests", "1").negotiation(known).build()
}

impl fmt::Debug for ScriptedServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScriptedServer({})", self.0.uri())
    }
}

/// An `HttpClient` made from a `reqwest::Client`, as an application may provide one.
pub(crate) fn reqwest_http_client() -> HttpClient {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    HttpClient::from_reqwest(client.build().expect("a usable environment"))
}
