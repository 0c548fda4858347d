//! Hostile responses: each error, in every form, and its log stay short.

use std::time::Duration;

use mcp_client::mcp_types::Revision;
use mcp_http::SseTransport;
use mcp_stdio::{LineTransport, StdioTransport};
use relay::{Relay, Server};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use super::support::{Answer, Output, RawServer, as_event, http};
use crate::support::{PROTOCOL_VERSIONS, client_with_version, with_timeout};

/// The maximum length of each text, in bytes.
const MAX_LEN: usize = 10_000;

/// The sizes of the hostile part, in characters.
const SIZES: [usize; 6] = [1, 199, 201, 1_000, 5_000, 30_000];

/// Texts of a size, from characters that are easy to get wrong.
fn texts(size: usize) -> Vec<String> {
    let repeat = |part: &str| part.repeat(size / part.chars().count() + 1);
    ["a", "ü", "🦀", "\u{202e}", "\\u001b", "a\\n", "\\\"", "k\\\",\\\"", "/~"].map(repeat).into()
}

/// The responses with a text in every place.
fn responses(text: &str) -> Vec<(&'static str, String)> {
    let json = "application/json";
    let message =
        |members: &str| http("200 OK", "", json, &format!(r#"{{"jsonrpc":"2.0",{members}}}"#));
    let many = |part: &str| part.repeat((text.len() / (part.len() + 1)).min(10_000));
    let header = text.chars().take(8_000).filter(char::is_ascii).collect::<String>();
    vec![
        ("a body", http("500 Failed", "", "text/html", text)),
        ("lines", http("500 Failed", "", "text/html", &many("<p>\n"))),
        ("a body with 200", http("200 OK", "", "text/html", text)),
        ("a message", message(&format!(r#""id":$id,"error":{{"code":1,"message":"{text}"}}"#))),
        (
            "data",
            message(&format!(r#""id":$id,"error":{{"code":1,"message":"a","data":"{text}"}}"#)),
        ),
        (
            "a member",
            message(&format!(
                r#""id":$id,"error":{{"code":1,"message":"a","data":{{"{text}":1}}}}"#
            )),
        ),
        ("an id", message(&format!(r#""id":"{text}","result":{{}}"#))),
        ("a method", message(&format!(r#""id":1,"method":"{text}""#))),
        ("a result", message(&format!(r#""id":$id,"result":"{text}""#))),
        ("a type", message(&format!(r#""id":$id,"result":{{"tools":[],"resultType":"{text}"}}"#))),
        ("a wrong member", message(&format!(r#""id":$id,"result":{{"tools":"{text}"}}"#))),
        ("invalid JSON", http("200 OK", "", json, text)),
        ("a media type", http("200 OK", "", &format!("text/{header}"), "")),
        ("a redirect", http("307 Moved", &format!("location: /{header}\r\n"), "text/html", "")),
        (
            "an odd redirect",
            http("307 Moved", &format!("location: data:{header}\r\n"), "text/html", ""),
        ),
        (
            "a challenge",
            http(
                "401 Unauthorized",
                &format!(
                    "www-authenticate: Bearer error_description=\"{header}\", scope=\"{header}\"\r\n"
                ),
                "text/html",
                "",
            ),
        ),
        (
            "challenges",
            http(
                "401 Unauthorized",
                &format!("www-authenticate: {}\r\n", "Bearer a=b, ".repeat(header.len() / 12)),
                "text/html",
                "",
            ),
        ),
        (
            "an event",
            http("200 OK", "", "text/event-stream", &format!("id: {header}\ndata: {text}\n\n")),
        ),
        (
            "a request",
            http(
                "200 OK",
                "",
                "text/event-stream",
                &format!(
                    "data: {{\"jsonrpc\":\"2.0\",\"id\":\"{text}\",\"method\":\"{text}\"}}\n\n"
                ),
            ),
        ),
    ]
}

/// Checks the texts of an output.
#[track_caller]
fn assert_short(output: &Output, what: &str) {
    for (form, text) in output.texts() {
        // A wire trace shows up to 4,000 characters of each message. The HTTP library traces each
        // connection, and a stream that ends early is opened again.
        let is_counted =
            |line: &&str| !line.contains("::wire: ") && !line.contains(" hyper_util::");
        let lines = text.lines().filter(is_counted);
        let length: usize = lines.map(|line| line.len() + 1).sum();
        assert!(length < MAX_LEN, "{what}, {form}: {length}");
        let shown = text.contains(['\u{1b}', '\u{202e}']);
        assert!(!shown, "{what}, {form}");
    }
}

/// Calls `call` with every response, and checks the outputs. Returns the number of responses.
async fn check(call: impl AsyncFn(usize, String) -> Option<Output>) -> usize {
    let mut count = 0;
    for size in SIZES {
        for (kind, text) in texts(size).into_iter().enumerate() {
            for (place, response) in responses(&text) {
                let output = with_timeout(call(count, response)).await;
                count += 1;
                let what = format!("{place}, text {kind} of {size}");
                output.iter().for_each(|output| assert_short(output, &what));
            }
        }
    }
    count
}

#[tokio::test]
async fn errors_and_logs_of_hostile_responses_are_short() {
    let count = check(async |number, response| {
        let server = RawServer::start(Answer::Http, "session-1", response).await;
        let transport = mcp_http::HttpTransport::builder(&server.url).build().unwrap();
        let client = client_with_version(transport, PROTOCOL_VERSIONS[number % 2]);
        Output::of_any(async { client.list_tools().await.map(drop) }).await
    })
    .await;
    assert!(count >= 1_000, "{count}");
}

#[tokio::test]
async fn errors_and_logs_of_hostile_responses_over_http_sse_are_short() {
    let count = check(async |_, response| {
        let (answer, response) = as_event(response);
        let server = RawServer::start(answer, "session-1", response).await;
        let transport = mcp_http::HttpTransport::builder(&server.url).build().unwrap();
        let client = client_with_version(SseTransport::new(transport), Revision::V2025_11_25);
        Output::of_any(async { client.list_tools().await.map(drop) }).await
    })
    .await;
    assert!(count >= 1_000, "{count}");
}

#[tokio::test]
async fn errors_and_logs_of_hostile_responses_through_relay_are_short() {
    let count = check(async |number, response| {
        let server = RawServer::start(Answer::Http, "session-1", response).await;
        let settings = Server::http(&server.url)
            .max_retries(0)
            .protocol_version(PROTOCOL_VERSIONS[number % 2]);
        let relay = Relay::builder().server("main", settings).build().unwrap();
        Output::of_any(async { relay.with_token("t0ken-1").tools("main").await.map(drop) }).await
    })
    .await;
    assert!(count >= 1_000, "{count}");
}

/// Returns the lines of a process for a response.
fn line(response: &str) -> String {
    let body = response.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    body.replace("data: ", "").replace("$id", "1").replace(['\r', '\n'], " ")
}

#[tokio::test]
async fn errors_and_logs_of_hostile_lines_are_short() {
    let count = check(async |_, response| {
        let (transport, server) = LineTransport::in_memory();
        let client = client_with_version(transport, Revision::V2026_07_28);
        let serving = tokio::spawn(async move {
            let mut server = BufReader::new(server);
            server.read_line(&mut String::new()).await.unwrap();
            // The stream ends after the line.
            let _ = server.write_all(format!("{}\n", line(&response)).as_bytes()).await;
        });
        let output = Output::of_any(async { client.list_tools().await.map(drop) }).await;
        serving.await.unwrap();
        output
    })
    .await;
    assert!(count >= 1_000, "{count}");
}

#[tokio::test]
async fn errors_and_logs_of_hostile_processes_are_short() {
    /// Writes the same text to stdout and to stderr, and exits.
    const PROGRAM: &str = "read -r request; printf '%s\\n' \"$1\" >&2; printf '%s\\n' \"$1\"";
    for (kind, text) in texts(30_000).into_iter().enumerate() {
        for (place, response) in responses(&text).into_iter().step_by(4) {
            let transport = StdioTransport::builder("/bin/sh")
                .args(["-c", PROGRAM, "sh", &line(&response)])
                .shutdown_timeout(Duration::from_millis(300))
                .build();
            let client = client_with_version(transport, Revision::V2026_07_28);
            let call = async { client.list_tools().await.map(drop) };
            let output = with_timeout(Output::of_any(call)).await;
            output.iter().for_each(|output| assert_short(output, &format!("{place}, text {kind}")));
        }
    }
}
