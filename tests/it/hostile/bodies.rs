//! Bodies: types, encodings, and JSON that is cut, deep, large or not JSON.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};

use super::frame::{Case, Operation::Call, Reply, body, case, check, json, raw};

const RESULT: &str =
    r#"{"jsonrpc":"2.0","id":{id},"result":{"content":[{"type":"text","text":"3"}]}}"#;

fn call(name: impl Into<String>, reply: Reply, expected: &'static str) -> Case {
    case(name, Call, "tools/call", reply, expected)
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_bodies() {
    let places = [
        ("before the body", ""),
        ("after the brace", "{"),
        ("in a name", "{\"json"),
        ("after a name", "{\"jsonrpc\""),
        ("after a colon", "{\"jsonrpc\":"),
        ("in a string", "{\"jsonrpc\":\"2."),
        ("after an escape", "{\"jsonrpc\":\"2.0\",\"x\":\"\\"),
        ("in an escape", "{\"jsonrpc\":\"2.0\",\"x\":\"\\u00"),
        ("after a comma", "{\"jsonrpc\":\"2.0\","),
        ("after the id", "{\"jsonrpc\":\"2.0\",\"id\":{id}"),
        ("in the result", "{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{"),
        ("in an array", "{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{\"content\":["),
        ("before the end", "{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{\"content\":[]}"),
    ];
    let cut = places
        .iter()
        .map(|(place, text)| call(format!("ended {place}"), json(*text), "InvalidResponse"));
    let closed = places.iter().map(|(place, text)| {
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n";
        call(format!("closed {place}"), raw(head).then(*text), "Interrupted")
    });
    let reset = places.iter().step_by(4).map(|(place, text)| {
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n";
        call(format!("reset {place}"), raw(head).then(*text).reset(), "Interrupted")
    });
    let held = places.iter().step_by(6).map(|(place, text)| {
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n";
        call(format!("held {place}"), raw(head).then(*text).hold(), "Timeout")
    });
    check(cut.chain(closed).chain(reset).chain(held)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_content_types() {
    let kind = |kind: &str| body(200, kind, RESULT);
    let long = format!("text/{}", "x".repeat(100_000));
    check([
        call("a web page", body(200, "text/html", "<p>{secrets}</p>"), "Protocol"),
        call(
            "a long web page",
            body(200, "text/html", "<p>{secrets}</p>").repeat("x", 5_000_000),
            "Protocol",
        ),
        call("a web page without end", body(200, "text/html", "").endless("<p>"), "Protocol"),
        call("no type", body(200, "", RESULT), "Protocol"),
        call("a type with a secret", kind("text/{secrets}"), "Protocol"),
        call("a long type", kind(&long), "Protocol"),
        call("capital letters", kind("APPLICATION/JSON"), "ok: 3"),
        call("a charset", kind("application/json; charset=utf-16"), "ok: 3"),
        call("two types", kind("text/html").header("content-type", "application/json"), "Protocol"),
        call("a list of types", kind("application/json, text/event-stream"), "Protocol"),
        call("JSON as an event stream", kind("text/event-stream"), "Interrupted"),
        call("an event stream as JSON", json("data: {}\n\n"), "InvalidResponse"),
        call("a suffix", kind("application/problem+json"), "Protocol"),
        call("a type that is not ASCII", kind("application/json\u{fc}"), "Protocol"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_content_codings() {
    let coded = |coding: &str, bytes: Vec<u8>| json(bytes).header("content-encoding", coding);
    let bomb = gzip(&vec![b' '; 64 * 1024 * 1024]);
    let half = gzip(RESULT.as_bytes());
    let half = half[..half.len() / 2].to_vec();
    check([
        call("a compressed bomb", coded("gzip", bomb.clone()), "TooLarge"),
        call("a compressed bomb, twice", coded("gzip, gzip", gzip(&bomb)), "Protocol"),
        call("no compression", coded("gzip", b"{secrets}".to_vec()), "Protocol"),
        call("half of it", coded("gzip", half), "Protocol"),
        call("an unknown coding", coded("banana", RESULT.into()), "ok: 3"),
        call(
            "a compressed web page",
            body(200, "text/html", gzip(b"<p>")).header("content-encoding", "gzip"),
            "Protocol",
        ),
        call(
            "a compressed error",
            body(500, "text/plain", bomb).header("content-encoding", "gzip"),
            "Status(500)",
        ),
        call(
            "bytes without end",
            json("")
                .header("content-encoding", "gzip")
                .endless([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]),
            "Protocol",
        ),
    ])
    .await;
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_json() {
    let text = |text: &str| {
        json(format!(
            r#"{{"jsonrpc":"2.0","id":{{id}},"result":{{"content":[{{"type":"text","text":"{text}"}}]}}}}"#
        ))
    };
    let extra = |extra: String| {
        json(format!(r#"{{"jsonrpc":"2.0","id":{{id}},"result":{{"content":[],"x":{extra}}}}}"#))
    };
    let members: Vec<_> = (0..15_000).map(|n| format!("\"{n}\":{{}}")).collect();
    check([
        call("two byte order marks", json(format!("\u{feff}\u{feff}{RESULT}")), "InvalidResponse"),
        call("NUL before it", json(format!("\0{RESULT}")), "InvalidResponse"),
        call("NUL after it", json(format!("{RESULT}\0")), "InvalidResponse"),
        call("NUL in a string", text("a\0"), "InvalidResponse"),
        call("an escaped NUL", text("a\\u0000"), "ok: a\0"),
        call("a line break in a string", text("a\nb"), "InvalidResponse"),
        call("a lone surrogate", text("\\ud800"), "ok: \u{fffd}"),
        call(
            "invalid UTF-8",
            json([b"{\"jsonrpc\":\"2.0\",\"id\":", &[0xff][..], b"}"].concat()),
            "InvalidResponse",
        ),
        call(
            "UTF-16",
            json(RESULT.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()),
            "InvalidResponse",
        ),
        call("two messages", json(RESULT.repeat(2)), "InvalidResponse"),
        call("a comment", json(format!("/* {{secrets}} */{RESULT}")), "InvalidResponse"),
        call("no object", json("\"{secrets}\""), "InvalidResponse"),
        call("null", json("null"), "InvalidResponse"),
        call("only spaces", json(" ").repeat(" ", 100_000), "InvalidResponse"),
        call("deep arrays", extra("[".repeat(50_000) + &"]".repeat(50_000)), "InvalidResponse"),
        call(
            "deep objects",
            extra("{\"a\":".repeat(20_000) + "1" + &"}".repeat(20_000)),
            "InvalidResponse",
        ),
        call("arrays without end", json("").endless("["), "TooLarge"),
        call("a string without end", json("{\"jsonrpc\":\"").endless("x"), "TooLarge"),
        call("many members", extra(format!("{{{}}}", members.join(","))), "ok: no text"),
        call(
            "the same member many times",
            extra(format!("{{{}}}", vec!["\"a\":1"; 20_000].join(","))),
            "ok: no text",
        ),
        call("a long number", extra("1".repeat(100_000)), "InvalidResponse"),
        call("a large number", extra("1e999999999".into()), "InvalidResponse"),
        call("a long name", extra(format!("{{\"{}\":1}}", "x".repeat(200_000))), "ok: no text"),
    ])
    .await;
}
