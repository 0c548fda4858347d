//! A server on loopback that answers by JSON-RPC method and keeps what it was sent.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use mcp_client::{Client, Negotiation, Transport, mcp_types::Revision};
use mcp_http::{HttpClient, HttpTransport};
use serde_json::json;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

use super::{ALICE, Answer, Sent, exact, outline, result, soon, status};

/// What a client asks first, to find out which era a server belongs to.
pub(crate) const PROBE: &str = "server/discover";

/// What a server answers; to all that is not scripted it gives a good answer.
///
/// Several answers to one method are given in turn, the last one from then on.
#[derive(Debug, Default)]
pub(crate) struct Script {
    answers: HashMap<&'static str, Vec<Answer>>,
    asked: Mutex<HashMap<String, usize>>,
}

/// A server that runs.
pub(crate) struct Peer(MockServer);

impl Script {
    /// A server that does everything right.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The next answer to this method; `DELETE` and `answer` stand for what has no method.
    pub(crate) fn on(mut self, method: &'static str, answer: Answer) -> Self {
        self.answers.entry(method).or_default().push(answer);
        self
    }

    /// Runs the server.
    pub(crate) async fn start(self) -> Peer {
        // Not one out of the pool, which late requests of an earlier test may still reach.
        let server = MockServer::builder().start().await;
        Mock::given(any()).respond_with(self).mount(&server).await;
        Peer(server)
    }
}

impl Respond for Script {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let method = Sent::from(request).about();
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = asked.entry(method.clone()).or_default();
        *turn += 1;
        let scripted = self.answers.get(method.as_str());
        let scripted = scripted.and_then(|answers| answers.get(*turn - 1).or(answers.last()));
        let answer = scripted.cloned().unwrap_or_else(|| good(&method, *turn));
        answer.to(request)
    }
}

/// The right answer to a method that is asked for the `turn`th time.
fn good(method: &str, turn: usize) -> Answer {
    match method {
        "initialize" => {
            initialized("2025-11-25").header("mcp-session-id", format!("session-{turn}"))
        }
        "tools/list" => result(&json!({ "tools": [
            { "name": "add", "description": "Adds", "inputSchema": { "type": "object" } },
        ] })),
        "tools/call" => result(&json!({ "content": [{ "type": "text", "text": "3" }] })),
        "ping" => result(&json!({})),
        "DELETE" => status(200),
        // As a server of the handshake era that is not asked in a session.
        PROBE => status(400),
        _ => status(202),
    }
}

/// The answer to `initialize`, without a session.
pub(crate) fn initialized(version: &str) -> Answer {
    result(&json!({
        "protocolVersion": version,
        "capabilities": { "tools": {} },
        "serverInfo": { "name": "peer", "version": "1" },
    }))
}

impl Peer {
    /// A server that does everything right.
    pub(crate) async fn start() -> Self {
        Script::new().start().await
    }

    /// The URL of its MCP endpoint.
    pub(crate) fn url(&self) -> String {
        format!("{}/mcp", self.0.uri())
    }

    /// A transport to it with Alice's token.
    pub(crate) fn transport(&self) -> HttpTransport {
        let builder = HttpTransport::builder(self.url()).bearer_token(ALICE);
        builder.build().expect("a usable URL")
    }

    /// A client of it with Alice's token.
    pub(crate) fn client(&self) -> Client {
        client(self.transport())
    }

    /// A client of it, without a token, that shares what is known of how to speak with it.
    pub(crate) fn stranger(&self, known: &Negotiation) -> Client {
        let transport = HttpTransport::builder(self.url()).build().expect("a usable URL");
        Client::builder(transport).client_info("tests", "1").negotiation(known.clone()).build()
    }

    /// What it was sent, in order, but for the [`PROBE`].
    pub(crate) async fn sent(&self) -> Vec<Sent> {
        self.all_sent().await.into_iter().filter(|sent| sent.about() != PROBE).collect()
    }

    /// What it was sent that is about `method`, in order.
    pub(crate) async fn sent_of(&self, method: &str) -> Vec<Sent> {
        self.all_sent().await.into_iter().filter(|sent| sent.about() == method).collect()
    }

    /// What it was sent, in order.
    pub(crate) async fn all_sent(&self) -> Vec<Sent> {
        let requests = self.0.received_requests().await.expect("they are recorded");
        requests.iter().map(Sent::from).collect()
    }

    /// What it was sent that is about `method`, as soon as there are `count` of it.
    pub(crate) async fn wait_for(&self, method: &str, count: usize) -> Vec<Sent> {
        let wait = async {
            loop {
                let sent = self.sent_of(method).await;
                if sent.len() >= count {
                    return sent;
                }
                tokio::task::yield_now().await;
            }
        };
        soon(wait).await
    }

    /// What it was sent, one a line.
    pub(crate) async fn outline(&self) -> String {
        outline(&self.sent().await)
    }

    /// What it was sent, whole.
    pub(crate) async fn exact(&self) -> String {
        exact(&self.sent().await)
    }
}

/// The answer to the [`PROBE`] of a server that speaks these versions.
pub(crate) fn discovered(versions: &[&str]) -> Answer {
    result(&json!({
        "resultType": "complete",
        "supportedVersions": versions,
        "capabilities": { "tools": {} },
        "ttlMs": 60_000,
        "cacheScope": "private",
    }))
}

/// A client by the name of these tests, which knows that the server is one of the handshake era.
pub(crate) fn client(transport: impl Transport) -> Client {
    let known = Negotiation::known(Revision::V2025_11_25);
    Client::builder(transport).client_info("tests", "1").negotiation(known).build()
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Peer({})", self.0.uri())
    }
}

/// Connections of an application's own, set up as it is told to.
pub(crate) fn given() -> HttpClient {
    let alone = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    HttpClient::from_reqwest(alone.build().expect("a usable machine"))
}
