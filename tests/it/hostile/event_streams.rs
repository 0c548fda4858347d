//! Event streams: comments, ids, large events and streams that never end.

use super::frame::{
    Case,
    Operation::{Call, CallTwice, Handle},
    Reply, accepted, case, check, events, status,
};

const RESULT: &str =
    r#"data: {"jsonrpc":"2.0","id":{id},"result":{"content":[{"type":"text","text":"3"}]}}"#;
const NOTE: &str = r#"data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"{secrets}"}}"#;

fn call(name: impl Into<String>, reply: Reply, expected: &'static str) -> Case {
    case(name, Call, "tools/call", reply, expected)
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_events() {
    let good = format!("{RESULT}\n\n");
    let other = good.replace("{id}", "\"{secrets}\"");
    check([
        call("no event", events(""), "Interrupted"),
        call("no event, held", events("").hold(), "Timeout"),
        call("only a secret", events("{secrets}\n\n"), "Interrupted"),
        call("comments without end", events("").endless(": {secrets}\n"), "Timeout"),
        call(
            "comments before it",
            events("").repeat(": {secrets}\n\n", 10_000).then(good.clone()),
            "ok: 3",
        ),
        call("line breaks without end", events("").endless("\n"), "Timeout"),
        call("a comment without end", events(":").endless("x"), "TooLarge"),
        call("a line without end", events("data: ").endless("x"), "TooLarge"),
        call("a field without end", events("").endless("x"), "TooLarge"),
        call("an event without end", events("").endless("data: x\n"), "TooLarge"),
        call("empty data without end", events("").endless("data\n"), "TooLarge"),
        call(
            "large events without end",
            events("").endless(format!(
                "{}\n\n",
                NOTE.replace("info\"", &format!("{}\"", "x".repeat(100_000)))
            )),
            "Timeout",
        ),
        call("notifications without end", events("").endless(format!("{NOTE}\n\n")), "Timeout"),
        call("responses to others without end", events("").endless(other.clone()), "Timeout"),
        call("a response to another request before it", events(other).then(good.clone()), "ok: 3"),
        call("no empty line", events(RESULT), "Interrupted"),
        call("no empty line, held", events(format!("{RESULT}\n")).hold(), "Timeout"),
        call("not ended", events(good.clone()).hold(), "ok: 3"),
        call("comments after it without end", events(good.clone()).endless(": x\n"), "ok: 3"),
        call("data after it without end", events(good.clone()).endless("x"), "ok: 3"),
        call("reset after it", events(good.clone()).reset(), "ok: 3"),
        call("twice", events(good.repeat(2)), "ok: 3"),
        call("carriage returns", events(good.replace('\n', "\r")), "ok: 3"),
        call("a byte order mark", events(format!("\u{feff}{good}")), "ok: 3"),
        call("data in many lines", events(good.replace(",\"", ",\ndata: \"")), "ok: 3"),
        call("an unknown type", events(format!("event: {{secrets}}\n{good}")), "Interrupted"),
        call(
            "a long type",
            events(format!("event: {}\n{good}", "x".repeat(200_000))),
            "Interrupted",
        ),
        call(
            "an error event",
            events(format!("event: error\ndata: {{secrets}}\n\n{good}")),
            "ok: 3",
        ),
        call("NUL", events(format!("\0\n{good}")), "ok: 3"),
        call(
            "invalid UTF-8",
            events([b"data: \xff\n\n".as_slice(), good.as_bytes()].concat()),
            "ok: 3",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_events() {
    let places = [
        ("in a field", "da"),
        ("after a field", "data"),
        ("after the colon", "data:"),
        ("in the data", "data: {\"jsonrpc\":\"2.0\",\"id\":{id},"),
        ("after a comment", ": {secrets}\n"),
        ("after an event", "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n"),
        ("after an empty event", "data\n\n"),
        ("after a carriage return", "data: {}\r"),
    ];
    let closed = places
        .iter()
        .map(|(place, text)| call(format!("closed {place}"), events(*text), "Interrupted"));
    let reset = places
        .iter()
        .map(|(place, text)| call(format!("reset {place}"), events(*text).reset(), "Interrupted"));
    check(closed.chain(reset)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_resumption() {
    let id = |id: &str| events(format!("id: {id}\nretry: 0\ndata:\n\n"));
    let good = format!("{RESULT}\n\n").replace("{id}", "2");
    let long = "x".repeat(100_000);
    let ids: String = (0..1_000).map(|n| format!("id: {n}\n")).collect();
    check([
        // Without a GET stream, the response is lost.
        call("an id", id("1"), "Interrupted"),
        call("an id with a secret", id("{secrets}"), "Interrupted"),
        call("an id with NUL", id("a\0b"), "Interrupted"),
        call("an id that is not ASCII", id("\u{202e}"), "Interrupted"),
        call("a long id", id(&long), "Interrupted"),
        call("many ids", events(format!("{ids}data:\n\n")), "Interrupted"),
        call("ids without end", events("").endless("id: {secrets}\n"), "Timeout"),
        call("an id and a response", id("1"), "ok: 3").on("GET", events(good.clone())),
        call("a stream that always ends", id("1"), "Timeout").on("GET", id("2")),
        call("a stream that is always reset", id("1"), "Timeout").on("GET", id("2").reset()),
        call("a stream that is rejected", id("1"), "Interrupted")
            .on("GET", status(500))
            .with_timeout(3),
        call("a stream without the right", id("1"), "Unauthorized").on("GET", status(401)),
        call("a stream without a session", id("1"), "SessionEnded").on("GET", status(404)),
        call("a redirected stream", id("1"), "Interrupted")
            .on("GET", status(307).header("location", "http://127.0.0.1:9/{secrets}")),
        call("a negative retry", events("id: 1\nretry: -1\ndata:\n\n"), "Timeout"),
        call("a huge retry", events("id: 1\nretry: 99999999999999999999\ndata:\n\n"), "Timeout"),
        call("a long retry", events("id: 1\nretry: 100000\ndata:\n\n"), "Timeout"),
        call("no number as retry", events("id: 1\nretry: {secrets}\ndata:\n\n"), "Timeout"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_get_streams() {
    let listen = |name: &str, reply: Reply| case(name, Handle, "GET", reply, "ok: 3");
    let ping = r#"data: {"jsonrpc":"2.0","id":"{secrets}","method":"ping"}"#;
    check([
        listen("comments without end", events("").endless(": {secrets}\n")),
        listen("an event without end", events("").endless("data: x\n")),
        listen("notifications without end", events("").endless(format!("{NOTE}\n\n"))),
        listen("pings without end", events("").endless(format!("{ping}\n\n"))),
        listen("closed at once", events("")),
        listen("reset at once", events("").reset()),
        listen("held", events("").hold()),
        listen("no permission", status(401)),
        listen("no session", status(404)),
        listen("a failure", status(500).header("retry-after", "0")),
        listen("JSON", accepted()),
        case(
            "a stream that ends while two calls run",
            CallTwice,
            "GET",
            events(""),
            "ok: 3; ok: 3",
        ),
    ])
    .await;
}
