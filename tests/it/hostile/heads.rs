//! Status lines, headers and the framing of bodies.

use super::frame::{
    Case,
    Operation::{Call, CallTwice},
    Reply, body, case, check, raw,
};

const RESULT: &str =
    r#"{"jsonrpc":"2.0","id":{id},"result":{"content":[{"type":"text","text":"3"}]}}"#;
/// The length of [`RESULT`], in which the id has one digit.
const LENGTH: usize = RESULT.len() - 3;

fn call(name: &str, reply: Reply, expected: &'static str) -> Case {
    case(name, Call, "tools/call", reply, expected)
}

/// A reply with this status line and these headers, and with a result as its body.
fn head(head: &str) -> Reply {
    raw(format!("{head}\r\nconnection: close\r\n\r\n{RESULT}"))
}

/// A successful reply with these headers, and with a result as its body.
fn headers(headers: &str) -> Reply {
    head(&format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{headers}"))
}

fn chunked(body: &str) -> Reply {
    raw(format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{body}"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_status_lines() {
    let json = "\r\ncontent-type: application/json";
    let long = "x".repeat(1_000_000);
    check([
        call("nothing", raw(""), "Interrupted"),
        call("reset at once", raw("").reset(), "Interrupted"),
        call("no HTTP", raw("banana {secrets}\r\n\r\n"), "Interrupted"),
        call("a body without a head", raw(RESULT), "Interrupted"),
        call("a status line without end", raw("HTTP/1.1 200 ").endless("x"), "Interrupted"),
        call("half a status line", raw("HTTP/1.1 20").hold(), "Timeout"),
        call("a long reason", head(&format!("HTTP/1.1 200 {long}{json}")), "Interrupted"),
        call("no reason", head(&format!("HTTP/1.1 200{json}")), "ok: 3"),
        call("HTTP/1.0", head(&format!("HTTP/1.0 200 OK{json}")), "ok: 3"),
        call("HTTP/0.9", head(&format!("HTTP/0.9 200 OK{json}")), "Interrupted"),
        call("HTTP/3.0", head(&format!("HTTP/3.0 200 OK{json}")), "Interrupted"),
        call("the preface of HTTP/2", raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "Interrupted"),
        call("status 0", head(&format!("HTTP/1.1 000 OK{json}")), "Interrupted"),
        call("status 1000", head(&format!("HTTP/1.1 1000 OK{json}")), "Interrupted"),
        call("status -1", head(&format!("HTTP/1.1 -1 OK{json}")), "Interrupted"),
        call("status 999", head(&format!("HTTP/1.1 999 {{secrets}}{json}")), "Status(999)"),
        call("status 299", head(&format!("HTTP/1.1 299 OK{json}")), "ok: 3"),
        call("status 203", head(&format!("HTTP/1.1 203 OK{json}")), "ok: 3"),
        call("status 204 with a body", head(&format!("HTTP/1.1 204 OK{json}")), "InvalidResponse"),
        call("status 205 with a body", head(&format!("HTTP/1.1 205 OK{json}")), "ok: 3"),
        call("status 206 with a body", head(&format!("HTTP/1.1 206 OK{json}")), "ok: 3"),
        call("status 304 with a body", head(&format!("HTTP/1.1 304 OK{json}")), "Status(304)"),
        call("status 101", raw("HTTP/1.1 101 Go\r\nupgrade: x\r\n\r\n{secrets}"), "Status(101)"),
        call(
            "some informational responses",
            raw("HTTP/1.1 103 {secrets}\r\nlink: x\r\n\r\n".repeat(20))
                .then(format!("HTTP/1.1 200 OK{json}\r\nconnection: close\r\n\r\n{RESULT}")),
            "ok: 3",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_headers() {
    let start = "HTTP/1.1 200 OK\r\n";
    let many: String = (0..10_000).map(|n| format!("x-{n}: {{secrets}}\r\n")).collect();
    let long = format!("x: {}", "y".repeat(1_000_000));
    check([
        call("headers without end", raw(start).endless("a: b\r\n"), "Interrupted"),
        call("a header without end", raw(start).then("a: ").endless("b"), "Interrupted"),
        call("a name without end", raw(start).endless("b"), "Interrupted"),
        call("half a head", raw(start).then("content-type: app").hold(), "Timeout"),
        call("a long header", headers(&long), "Interrupted"),
        call("10,000 headers", headers(&many), "Interrupted"),
        call("a header without a colon", headers("banana {secrets}"), "Interrupted"),
        call("a header without a name", headers(": {secrets}"), "Interrupted"),
        call("a header with NUL", headers("x: \0"), "Interrupted"),
        call("a header with a carriage return", headers("x: a\rb: c"), "Interrupted"),
        call("a folded header", headers("x: a\r\n b"), "Interrupted"),
        call("a space before the colon", headers("x : a"), "Interrupted"),
        call("a header that is not ASCII", headers("x: \u{fc}\u{202e}"), "ok: 3"),
        call("the session as a header", headers("mcp-session-id: {secrets}"), "ok: 3"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_lengths() {
    let length = |length: &str| headers(&format!("content-length: {length}"));
    check([
        call("negative length", length("-1"), "Interrupted"),
        call("no number as length", length("{secrets}"), "Interrupted"),
        call("empty length", length(""), "Interrupted"),
        call("length with a sign", length("+5"), "Interrupted"),
        call("length as hexadecimal", length("0x50"), "Interrupted"),
        call("length of 2^64", length("18446744073709551616"), "Interrupted"),
        call("length of 2^63", length("9223372036854775808"), "TooLarge"),
        call("two lengths", length("5\r\ncontent-length: 6"), "Interrupted"),
        call("a list of lengths", length("5, 6"), "Interrupted"),
        call("length is too long", length(&(LENGTH + 1).to_string()), "Interrupted"),
        call("length is too short", length("10"), "InvalidResponse"),
        call("length 0", length("0"), "InvalidResponse"),
        call("length of 1 TB", length("1000000000000"), "TooLarge"),
        call("length of 200 KB, without a body", length("200000").hold(), "Timeout"),
        call(
            "length with chunks",
            headers("content-length: 3\r\ntransfer-encoding: chunked"),
            "Interrupted",
        ),
        call("a body without end", body(200, "application/json", "").endless(" "), "TooLarge"),
        // The bytes after the body are the beginning of the next response on this connection.
        case(
            "a response before its request",
            CallTwice,
            "tools/call",
            raw(format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                 content-length: {LENGTH}\r\n\r\n{RESULT}\
                 HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n[]"
            ))
            .keep_alive(),
            "ok: 3; ok: 3",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_chunks() {
    let all = format!("{LENGTH:x}\r\n{RESULT}\r\n");
    check([
        call("a size that is no number", chunked("banana\r\n"), "Interrupted"),
        call("a negative size", chunked("-5\r\n"), "Interrupted"),
        call("an empty size", chunked("\r\n\r\n"), "Interrupted"),
        call("a size of 2^64", chunked("10000000000000000\r\n"), "Interrupted"),
        call("a size of 2^63", chunked("8000000000000000\r\n").hold(), "Timeout"),
        call("a size without end", chunked("").endless("0"), "Timeout"),
        call("an extension without end", chunked("5;").endless("x"), "Interrupted"),
        call(
            "an extension",
            chunked(&format!("{LENGTH:x};a={{secrets}}\r\n{RESULT}\r\n0\r\n\r\n")),
            "ok: 3",
        ),
        call(
            "a chunk that is too long",
            chunked(&format!("{:x}\r\n{RESULT}0\r\n\r\n", LENGTH - 1)),
            "Interrupted",
        ),
        call("no last chunk", chunked(&all), "Interrupted"),
        call("no last chunk, held", chunked(&all).hold(), "Timeout"),
        call("reset before the last chunk", chunked(&all).reset(), "Interrupted"),
        call("half a chunk", chunked("fff\r\n{\"jsonrpc\""), "Interrupted"),
        call(
            "chunks without end",
            chunked("").endless(format!("80\r\n{}\r\n", " ".repeat(128))),
            "TooLarge",
        ),
        call(
            "trailers without end",
            chunked(&format!("{all}0\r\n")).endless("a: b\r\n"),
            "Interrupted",
        ),
        call("an unknown transfer coding", headers("transfer-encoding: banana"), "ok: 3"),
        call(
            "a transfer coding before the chunks",
            headers("transfer-encoding: gzip, chunked"),
            "Interrupted",
        ),
        call("good chunks", chunked(&format!("{all}0\r\n\r\n")), "ok: 3"),
        call("the old coding", headers("transfer-encoding: identity"), "ok: 3"),
    ])
    .await;
}
