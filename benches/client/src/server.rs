//! The server. It sends prepared results over HTTP/1.1 with hyper.
//!
//! The path of a request selects the response: `/json/100/50` is a server with a hundred tools that
//! responds with JSON and takes 50 ms for a call.

use std::{
    convert::Infallible,
    io::{self, BufRead, BufReader, Write},
    net::Ipv4Addr,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Empty, Full, StreamBody, combinators::BoxBody};
use hyper::{
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::{
    net::{TcpListener, TcpStream},
    time,
};

use crate::{meter, prepared};

/// The lengths of the prepared tool lists.
const LISTS: [usize; 3] = [1, 100, 1000];

/// A server in its own process. Dropping it ends the process.
pub(crate) struct Server {
    process: Child,
    address: String,
}

impl Server {
    /// Starts a server and waits until it listens.
    pub(crate) fn start() -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().context("the server has no output")?;
        let mut server = Self { process, address: String::new() };
        BufReader::new(output).read_line(&mut server.address)?;
        server.address = server.address.trim().to_owned();
        Ok(server)
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// Prints the address, and serves until the standard input is closed.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn run() -> Result<()> {
    meter::allow_many_files()?;
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{}", socket.local_addr()?);
    io::stdout().flush()?;
    let results = Arc::new(PreparedResults::new());
    let mut nothing = [0];
    let mut input = tokio::io::stdin();
    tokio::select! {
        _ = tokio::io::AsyncReadExt::read(&mut input, &mut nothing) => Ok(()),
        accepted = accept(socket, results) => accepted,
    }
}

async fn accept(socket: TcpListener, results: Arc<PreparedResults>) -> Result<()> {
    loop {
        let (connection, _) = socket.accept().await?;
        tokio::spawn(serve(connection, Arc::clone(&results)));
    }
}

async fn serve(connection: TcpStream, results: Arc<PreparedResults>) {
    _ = connection.set_nodelay(true);
    let service = service_fn(|request| respond(Arc::clone(&results), request));
    // A closed connection is not an error.
    _ = http1::Builder::new().serve_connection(TokioIo::new(connection), service).await;
}

struct PreparedResults {
    initialized: String,
    called: String,
    lists: [String; LISTS.len()],
}

impl PreparedResults {
    fn new() -> Self {
        let (initialized, called) = (prepared::initialized(), prepared::called());
        Self { initialized, called, lists: LISTS.map(prepared::list) }
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    method: &'a str,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

type Body = BoxBody<Bytes, Infallible>;

async fn respond(
    results: Arc<PreparedResults>,
    request: Request<Incoming>,
) -> Result<Response<Body>, hyper::Error> {
    let (parts, body) = request.into_parts();
    if parts.method != Method::POST {
        let allowed = parts.method == Method::DELETE;
        return Ok(empty(if allowed { StatusCode::OK } else { StatusCode::METHOD_NOT_ALLOWED }));
    }
    let body = body.collect().await?.to_bytes();
    let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(&body) else {
        return Ok(empty(StatusCode::BAD_REQUEST));
    };
    let Some(id) = envelope.id else { return Ok(empty(StatusCode::ACCEPTED)) };
    let mut path = parts.uri.path().split('/').skip(1);
    let (format, tools, delay) = (path.next(), path.next(), path.next());
    let outcome = match envelope.method {
        "initialize" => &results.initialized,
        "tools/call" => {
            let delay = delay.and_then(|delay| delay.parse().ok()).unwrap_or_default();
            if delay > 0 {
                time::sleep(Duration::from_millis(delay)).await;
            }
            &results.called
        }
        "tools/list" => {
            let index = LISTS.iter().position(|count| tools == Some(&*count.to_string()));
            &results.lists[index.unwrap_or_default()]
        }
        _ => {
            let error = format!(
                r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32601,"message":"not found"}}}}"#
            );
            return Ok(json(error));
        }
    };
    let message = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{outcome}}}"#);
    let mut response = match format {
        Some("sse") => events(&message),
        _ => json(message),
    };
    if envelope.method == "initialize" {
        let session = HeaderValue::from_static("1868a90c-7f2c-4d6e-9c35-1d2b8e5a4f70");
        response.headers_mut().insert("mcp-session-id", session);
    }
    Ok(response)
}

fn json(message: String) -> Response<Body> {
    let mut response = Response::new(Full::from(message).boxed());
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// Returns one event in a body of unknown length.
fn events(message: &str) -> Response<Body> {
    let event = Bytes::from(format!("event: message\ndata: {message}\n\n"));
    let body = StreamBody::new(stream::iter([Ok(Frame::data(event))]));
    let mut response = Response::new(body.boxed());
    let events = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, events);
    response
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Empty::new().boxed());
    *response.status_mut() = status;
    response
}
