//! Hostile responses: each error, in every form, and its log stay short.

use super::support::{Answer, Output, RawServer, http};
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

#[tokio::test]
async fn errors_and_logs_of_hostile_responses_are_short() {
    let mut count = 0;
    for size in SIZES {
        for (kind, text) in texts(size).into_iter().enumerate() {
            for (place, response) in responses(&text) {
                let revision = PROTOCOL_VERSIONS[count % 2];
                count += 1;
                let server = RawServer::start(Answer::Http, "session-1", response).await;
                let transport = mcp_http::HttpTransport::builder(&server.url).build().unwrap();
                let client = client_with_version(transport, revision);
                let call = async { client.list_tools().await.map(drop) };
                let Some(output) = with_timeout(Output::of_any(call)).await else { continue };
                for (form, text) in output.texts() {
                    // A wire trace shows up to 4,000 characters of each message.
                    let lines = text.lines().filter(|line| !line.contains("::wire: "));
                    let length: usize = lines.map(|line| line.len() + 1).sum();
                    assert!(length < MAX_LEN, "{place}, text {kind} of {size}, {form}: {length}");
                    let shown = text.contains(['\u{1b}', '\u{202e}']);
                    assert!(!shown, "{place}, text {kind} of {size}, {form}");
                }
            }
        }
    }
    assert!(count >= 1_000, "{count}");
}
