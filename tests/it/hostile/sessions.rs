//! Sessions: hostile ids, and sessions that end at each step.

use super::frame::{
    Case,
    Operation::{Call, CallTwice, Connect},
    Reply, accepted, case, check, result, status,
};

fn initialize() -> Reply {
    result(
        r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"a","version":"1"}}"#,
    )
}

fn session(name: &str, id: &str, expected: &'static str) -> Case {
    case(name, CallTwice, "initialize", initialize().header("mcp-session-id", id), expected)
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_session_ids() {
    let invalid = "Protocol, did not run; Protocol, did not run";
    check([
        session("an empty id", "", invalid),
        session("the longest id", &"x".repeat(1_024), "ok: 3; ok: 3"),
        session("a long id", &"x".repeat(1_025), invalid),
        session("a space", "a b", invalid),
        session("characters that are not ASCII", "\u{fc}\u{202e}", invalid),
        session("a tab", "a\tb", invalid),
        session("a header", "a\r\nx-injected: {secrets}", "ok: 3; ok: 3"),
        session("the token", "5ecret+token/4711==", "ok: 3; ok: 3"),
        case(
            "two ids",
            CallTwice,
            "initialize",
            initialize().header("mcp-session-id", "a").header("mcp-session-id", "b"),
            "ok: 3; ok: 3",
        ),
        case("no id", CallTwice, "initialize", initialize(), "ok: 3; ok: 3"),
        case(
            "another id each time",
            CallTwice,
            "tools/call",
            result(r#"{"content":[]}"#).header("mcp-session-id", "other"),
            "ok: no text; ok: no text",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_sessions() {
    let ended = "SessionEnded, did not run";
    let good = || result(r#"{"content":[{"type":"text","text":"3"}]}"#);
    check([
        case("ended in initialize", Connect, "initialize", status(404), "Status(404), did not run"),
        case("ended in the notification", Connect, "notifications/initialized", status(404), ended),
        case("ended in each call", Call, "tools/call", status(404), ended),
        case("ended in the first call", CallTwice, "tools/call", status(404), "ok: 3; ok: 3")
            .on("tools/call", good()),
        case("ended in the second call", CallTwice, "tools/call", good(), "ok: 3; ok: 3")
            .on("tools/call", status(404))
            .on("tools/call", good()),
        case(
            "ended with a long body",
            Call,
            "tools/call",
            status(404).repeat("{secrets}", 1_000_000),
            ended,
        ),
        case("ended with a body that is held", Call, "tools/call", status(404).hold(), ended),
        case(
            "ended with status 400",
            Call,
            "tools/call",
            super::frame::body(400, "text/plain", "Invalid session ID {secrets}"),
            "Status(400)",
        ),
        case("not ended", Call, "DELETE", status(500), "ok: 3"),
        case("the end is rejected", Call, "DELETE", status(401), "ok: 3"),
        case(
            "the end is redirected",
            Call,
            "DELETE",
            status(307).header("location", "http://127.0.0.1:9/{secrets}"),
            "ok: 3",
        ),
        case("the end is unknown", Call, "DELETE", status(404), "ok: 3"),
        case("the end has a body without end", Call, "DELETE", status(500).endless("x"), "ok: 3"),
        case("the end is reset", Call, "DELETE", accepted().reset(), "ok: 3"),
        case(
            "the notification is rejected",
            Connect,
            "notifications/initialized",
            status(500),
            "Status(500), did not run",
        ),
        case(
            "the notification is held",
            Connect,
            "notifications/initialized",
            super::frame::raw("").hold(),
            "Timeout",
        ),
        case("initialize is held", Connect, "initialize", super::frame::raw("").hold(), "Timeout"),
    ])
    .await;
}
