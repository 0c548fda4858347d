//! A server that writes raw responses, and what comes out of a failed call.

use std::{
    error::Error,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};

use crate::support::TraceCapture;

/// The channel on which a response is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// The response to the request.
    Http,
    /// An event on the stream of HTTP+SSE. The request itself is accepted.
    Event,
}

/// A server that responds to `initialize`, and to all other requests with the same raw response.
pub(super) struct RawServer {
    pub(super) url: String,
    task: AbortHandle,
}

impl RawServer {
    /// Starts a server. `$id` in the `response` becomes the id of the request.
    pub(super) async fn start(answer: Answer, session: &str, response: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/mcp", listener.local_addr().expect("an address"));
        let (response, session) = (Arc::new(response), Arc::new(session.to_owned()));
        let events = Arc::new(tokio::sync::Mutex::new(None));
        let serving = async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (response, session) = (Arc::clone(&response), Arc::clone(&session));
                tokio::spawn(respond(stream, answer, session, response, Arc::clone(&events)));
            }
        };
        Self { url, task: tokio::spawn(serving).abort_handle() }
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Responds to the request of one connection.
async fn respond(
    mut stream: TcpStream,
    answer: Answer,
    session: Arc<String>,
    response: Arc<String>,
    events: Arc<tokio::sync::Mutex<Option<TcpStream>>>,
) {
    let request = read_request(&mut stream).await;
    let id = request.split_once("\"id\":").map_or("", |(_, rest)| rest);
    let id: String = id.chars().take_while(char::is_ascii_digit).collect();
    if answer == Answer::Event && request.starts_with("GET") {
        let start = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
        let session: String = url::form_urlencoded::byte_serialize(session.as_bytes()).collect();
        let endpoint = format!("event: endpoint\ndata: /mcp?sessionId={session}\n\n");
        stream.write_all(format!("{start}{endpoint}").as_bytes()).await.expect("a client");
        *events.lock().await = Some(stream);
        return;
    }
    let is_initialize = request.contains("\"initialize\"");
    let initialized = format!(
        r#"{{"jsonrpc":"2.0","id":{id},"result":{{"protocolVersion":"2025-11-25","capabilities":{{"tools":{{}},"prompts":{{}},"resources":{{}},"completions":{{}}}},"serverInfo":{{"name":"peer","version":"1"}}}}}}"#
    );
    let message = match is_initialize {
        true if answer == Answer::Event => format!("data: {initialized}\n\n"),
        true => http(
            "200 OK",
            &format!("mcp-session-id: {session}\r\n"),
            "application/json",
            &initialized,
        ),
        false => response.replace("$id", &id),
    };
    // A notification has no response.
    let accepted = http("202 Accepted", "", "text/plain", "");
    let to_stream = if id.is_empty() || answer == Answer::Event { &accepted } else { &message };
    let _ = stream.write_all(to_stream.as_bytes()).await;
    let _ = stream.shutdown().await;
    if answer == Answer::Event
        && !id.is_empty()
        && let Some(events) = &mut *events.lock().await
    {
        let _ = events.write_all(message.as_bytes()).await;
    }
}

/// Reads a request with its body.
async fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
            });
            if body.len() >= length.unwrap_or(0_usize) {
                return text;
            }
        }
        match stream.read_buf(&mut request).await {
            Ok(1..) => {}
            _ => return text,
        }
    }
}

/// Returns a raw response. Its body ends with the connection, because its length is not known before
/// `$id` is replaced.
pub(super) fn http(status: &str, headers: &str, content_type: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\n{headers}content-type: {content_type}\r\nconnection: close\r\n\r\n{body}"
    )
}

/// Returns the body of a successful response as an event on the stream of HTTP+SSE, and any other
/// response unchanged.
pub(super) fn as_event(response: String) -> (Answer, String) {
    let body = response.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let end = "data: {\"jsonrpc\":\"2.0\",\"id\":$id,\"error\":{}}\n\n";
    let field = if body.starts_with('{') { "data: " } else { "" };
    match response.starts_with("HTTP/1.1 200") {
        true => (Answer::Event, format!("{field}{body}\n\n{end}")),
        false => (Answer::Http, response),
    }
}

/// The output of a failed call: the forms of the error, and the events that were traced.
pub(super) struct Output {
    pub(super) display: String,
    pub(super) debug: String,
    pub(super) pretty: String,
    pub(super) trace: String,
}

impl Output {
    /// Runs a call that fails.
    pub(super) async fn of<T, E>(call: impl Future<Output = Result<T, E>>) -> Self
    where
        E: Error + 'static,
    {
        Self::of_any(call).await.expect("the call fails")
    }

    /// Runs a call. Returns `None` if it does not fail.
    pub(super) async fn of_any<T, E>(call: impl Future<Output = Result<T, E>>) -> Option<Self>
    where
        E: Error + 'static,
    {
        let trace = TraceCapture::start();
        let error = call.await.err();
        let trace = trace.finish();
        error.map(|error| Self::new(&error, trace))
    }

    /// Runs a call whose result shows a text, unless it fails.
    pub(super) async fn of_shown<E>(call: impl Future<Output = Result<String, E>>) -> Self
    where
        E: Error + 'static,
    {
        let trace = TraceCapture::start();
        let outcome = call.await;
        let trace = trace.finish();
        match outcome {
            Ok(display) => Self { display, debug: String::new(), pretty: String::new(), trace },
            Err(error) => Self::new(&error, trace),
        }
    }

    fn new(error: &(dyn Error + 'static), trace: String) -> Self {
        let (mut display, mut debug, mut pretty) = (String::new(), String::new(), String::new());
        let mut next = Some(error);
        while let Some(error) = next {
            display += &format!("{error}\n");
            debug += &format!("{error:?}\n");
            pretty += &format!("{error:#?}\n");
            next = error.source();
        }
        Self { display, debug, pretty, trace }
    }

    /// Returns all texts with their names.
    pub(super) fn texts(&self) -> [(&'static str, &str); 4] {
        let Self { display, debug, pretty, trace } = self;
        [("Display", display), ("Debug", debug), ("pretty Debug", pretty), ("trace", trace)]
    }
}

/// Collects the lines that a callback gets.
pub(super) fn line_collector() -> (Arc<Mutex<String>>, impl Fn(&str) + Send + Sync + 'static) {
    let lines = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&lines);
    (lines, move |line: &str| seen.lock().expect("no panic").push_str(&format!("{line}\n")))
}
