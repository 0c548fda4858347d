//! A server of version 2024-11-05, which uses the HTTP+SSE transport.

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

/// The behavior of an [`SseServer`].
#[derive(Debug, Clone)]
pub(crate) struct SseServerConfig {
    /// The events at the beginning of the stream. `[here]` is replaced by the address of the server.
    pub(crate) first_events: String,
    /// The status of a POST to the URL of the stream.
    pub(crate) post: u16,
    /// The status of GET. With 200 it opens the stream.
    pub(crate) get: u16,
    /// The status of a POST with a message. With 200, the body is a response that clients must ignore.
    pub(crate) message: u16,
    /// The content coding that the stream claims to have.
    pub(crate) encoding: &'static str,
    /// The target of redirects.
    pub(crate) redirect_target: String,
}

/// A running HTTP+SSE server.
pub(crate) struct SseServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    address: SocketAddr,
    behaviour: SseServerConfig,
    /// The requests so far, one line each.
    sent: Mutex<Vec<String>>,
    /// The stream that was opened last.
    stream: Mutex<Option<mpsc::UnboundedSender<String>>>,
}

impl Default for SseServerConfig {
    fn default() -> Self {
        let first_events = "event: endpoint\ndata: messages?session=5ecret\n\n".to_owned();
        Self {
            first_events,
            post: 405,
            get: 200,
            message: 202,
            encoding: "",
            redirect_target: String::new(),
        }
    }
}

impl SseServerConfig {
    pub(crate) async fn start(self) -> SseServer {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (sent, stream) = (Mutex::default(), Mutex::default());
        let shared = Arc::new(Shared { address, behaviour: self, sent, stream });
        let server = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((connection, _)) = listener.accept().await {
                let server = Arc::clone(&server);
                let service = service_fn(move |request| respond(Arc::clone(&server), request));
                let connection = TokioIo::new(connection);
                open.spawn(http1::Builder::new().serve_connection(connection, service));
            }
        });
        SseServer { address, shared, accepting }
    }
}

impl SseServer {
    /// The URL of the stream.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// The requests so far, one line each: HTTP method, path, JSON-RPC method, token, header names.
    pub(crate) fn request_log(&self) -> String {
        lock(&self.shared.sent).join("\n")
    }

    /// Sends a message on the stream.
    pub(crate) fn send_message(&self, message: &Value) {
        self.shared.send_message(message);
    }

    /// Sends events on the stream, unchanged.
    pub(crate) fn send_events(&self, events: &str) {
        self.shared.send_events(events.to_owned());
    }

    /// Ends the stream.
    pub(crate) fn end_stream(&self) {
        lock(&self.shared.stream).take();
    }
}

impl Shared {
    fn send_message(&self, message: &Value) {
        self.send_events(format!("event: message\ndata: {message}\n\n"));
    }

    fn send_events(&self, events: String) {
        if let Some(stream) = &*lock(&self.stream) {
            // The client may have disconnected.
            let _ = stream.send(events);
        }
    }

    fn status(&self, status: u16) -> Response<Body> {
        let status = StatusCode::from_u16(status).expect("a status");
        let mut response = Response::builder().status(status);
        if status.is_redirection() {
            response = response.header(header::LOCATION, &self.behaviour.redirect_target);
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

    fn record(&self, request: &http::request::Parts, message: &Value) {
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

async fn respond(
    server: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    server.record(&head, &message);
    let behaviour = &server.behaviour;
    let response = match (head.method, head.uri.path()) {
        (Method::GET, "/mcp") if behaviour.get == 200 => open(&server),
        (Method::GET, "/mcp") => server.status(behaviour.get),
        (Method::POST, "/mcp") => server.status(behaviour.post),
        (Method::POST, "/messages") => {
            if behaviour.message < 300 && message.get("id").is_some() {
                server.send_message(&response_to(&message));
            }
            server.status(behaviour.message)
        }
        _ => server.status(404),
    };
    Ok(response)
}

/// Opens the stream. It replaces an open one.
fn open(server: &Shared) -> Response<Body> {
    let (sender, mut events) = mpsc::unbounded_channel();
    let first_events = server.behaviour.first_events.replace("[here]", &server.address.to_string());
    let first = stream::iter([first_events]);
    let rest = stream::poll_fn(move |context| events.poll_recv(context));
    let frames = first.chain(rest).map(|event| Ok(Frame::data(Bytes::from(event))));
    *lock(&server.stream) = Some(sender);
    let mut response = Response::builder().header(header::CONTENT_TYPE, "text/event-stream");
    if !server.behaviour.encoding.is_empty() {
        response = response.header(header::CONTENT_ENCODING, server.behaviour.encoding);
    }
    response.body(StreamBody::new(frames).boxed_unsync()).expect("a response")
}

/// The successful response to a request. The tool `silent` returns none.
fn response_to(request: &Value) -> Value {
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

impl Drop for SseServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl fmt::Debug for SseServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LegacyServer({})", self.url())
    }
}
