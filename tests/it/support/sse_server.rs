//! A server of 2024-11-05, which says everything on one stream.

use std::{
    convert::Infallible,
    fmt,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::mpsc,
    task::{JoinHandle, JoinSet},
};

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// How such a server behaves.
#[derive(Debug, Clone)]
pub(crate) struct Legacy {
    /// The events that its stream begins with; `[here]` is its own address.
    pub(crate) greeting: String,
    /// The status of a POST to the URL of its stream.
    pub(crate) post: u16,
    /// The status of GET, if it has no stream.
    pub(crate) get: u16,
    /// The status of a message. 200 comes with an answer of its own, which does not count.
    pub(crate) message: u16,
    /// Where it redirects to.
    pub(crate) elsewhere: String,
}

/// One that runs.
pub(crate) struct LegacyServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    address: SocketAddr,
    behaviour: Legacy,
    /// What was sent, in a line each.
    sent: Mutex<Vec<String>>,
    /// The stream that was opened last.
    stream: Mutex<Option<mpsc::UnboundedSender<String>>>,
}

impl Default for Legacy {
    fn default() -> Self {
        let greeting = "event: endpoint\ndata: messages?session=5ecret\n\n".to_owned();
        Self { greeting, post: 405, get: 200, message: 202, elsewhere: String::new() }
    }
}

impl Legacy {
    pub(crate) async fn start(self) -> LegacyServer {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (sent, stream) = (Mutex::default(), Mutex::default());
        let shared = Arc::new(Shared { address, behaviour: self, sent, stream });
        let server = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((connection, _)) = listener.accept().await {
                let server = Arc::clone(&server);
                let service = service_fn(move |request| answer(Arc::clone(&server), request));
                let connection = TokioIo::new(connection);
                open.spawn(http1::Builder::new().serve_connection(connection, service));
            }
        });
        LegacyServer { address, shared, accepting }
    }
}

impl LegacyServer {
    /// The URL of its stream.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// What was sent so far: what and where to, with which token.
    pub(crate) fn outline(&self) -> String {
        lock(&self.shared.sent).join("\n")
    }

    /// Says something on its stream.
    pub(crate) fn say(&self, message: &Value) {
        self.shared.say(message);
    }

    /// Sends events as they are.
    pub(crate) fn send(&self, events: &str) {
        self.shared.send(events.to_owned());
    }

    /// Ends its stream.
    pub(crate) fn cut(&self) {
        lock(&self.shared.stream).take();
    }
}

impl Shared {
    fn say(&self, message: &Value) {
        self.send(format!("event: message\ndata: {message}\n\n"));
    }

    fn send(&self, events: String) {
        if let Some(stream) = &*lock(&self.stream) {
            // Nobody may be there any more.
            let _ = stream.send(events);
        }
    }

    fn status(&self, status: u16) -> Response<Body> {
        let status = StatusCode::from_u16(status).expect("a status");
        let mut response = Response::builder().status(status);
        if status.is_redirection() {
            response = response.header(header::LOCATION, &self.behaviour.elsewhere);
        }
        let body = match status {
            StatusCode::OK => {
                response = response.header(header::CONTENT_TYPE, "application/json");
                Full::from(r#"{"jsonrpc":"2.0","id":2,"error":{"code":1,"message":"not this"}}"#)
            }
            _ => Full::default(),
        };
        response.body(body.boxed_unsync()).expect("a response")
    }

    fn note(&self, request: &http::request::Parts, message: &Value) {
        let token = request.headers.get(header::AUTHORIZATION);
        let token = token.map_or("", |token| token.to_str().unwrap_or("?"));
        let about = message["method"].as_str().map(|method| format!(" {method}"));
        let about = about.unwrap_or_default();
        let path = request.uri.path();
        let is_shown = |name: &str| name.starts_with("mcp-") || name.starts_with("x-");
        let names = request.headers.keys().map(http::HeaderName::as_str);
        let names = names.filter(|name| is_shown(name));
        let names: String = names.map(|name| format!(", {name}")).collect();
        let line = format!("{} {path}{about} [{token}]{names}", request.method);
        lock(&self.sent).push(line.replace(" []", ""));
    }
}

async fn answer(
    server: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    server.note(&head, &message);
    let behaviour = &server.behaviour;
    let response = match (head.method, head.uri.path()) {
        (Method::GET, "/mcp") if behaviour.get == 200 => open(&server),
        (Method::GET, "/mcp") => server.status(behaviour.get),
        (Method::POST, "/mcp") => server.status(behaviour.post),
        (Method::POST, "/messages") => {
            if behaviour.message < 300 && message.get("id").is_some() {
                server.say(&answer_to(&message));
            }
            server.status(behaviour.message)
        }
        _ => server.status(404),
    };
    Ok(response)
}

/// Opens the stream, in place of one that is open.
fn open(server: &Shared) -> Response<Body> {
    let (sender, mut events) = mpsc::unbounded_channel();
    let greeting = server.behaviour.greeting.replace("[here]", &server.address.to_string());
    let first = stream::iter([greeting]);
    let rest = stream::poll_fn(move |context| events.poll_recv(context));
    let frames = first.chain(rest).map(|event| Ok(Frame::data(Bytes::from(event))));
    *lock(&server.stream) = Some(sender);
    let response = Response::builder().header(header::CONTENT_TYPE, "text/event-stream");
    response.body(StreamBody::new(frames).boxed_unsync()).expect("a response")
}

/// The good answer to a request; `silent` is a tool that gives none.
fn answer_to(request: &Value) -> Value {
    let result = match request["method"].as_str().unwrap_or_default() {
        "initialize" => json!({
            "protocolVersion": "2024-11-05",
            "capabilities": { "tools": { "listChanged": true } },
            "serverInfo": { "name": "old", "version": "1" },
        }),
        "tools/list" => {
            json!({ "tools": [{ "name": "add", "inputSchema": { "type": "object" } }] })
        }
        "tools/call" if request["params"]["name"] == "silent" => return json!({}),
        "tools/call" => json!({ "content": [{ "type": "text", "text": "3" }] }),
        _ => json!({}),
    };
    json!({ "jsonrpc": "2.0", "id": request["id"], "result": result })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for LegacyServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl fmt::Debug for LegacyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LegacyServer({})", self.url())
    }
}
