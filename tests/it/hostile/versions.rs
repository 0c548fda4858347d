//! Protocol versions: hostile responses to `initialize` and `server/discover`.

use super::frame::{
    Case,
    Operation::{Call, Connect, Detect},
    Reply, body, case, check, events, json, raw, result, status,
};

fn initialize(name: &str, members: &str, expected: &'static str) -> Case {
    case(name, Connect, "initialize", result(&format!("{{{members}}}")), expected)
}

fn discover(name: &str, reply: Reply, expected: &'static str) -> Case {
    case(name, Detect, "server/discover", reply, expected)
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_initialize() {
    let invalid = "InvalidResponse, did not run";
    let unsupported = "UnsupportedProtocolVersion, did not run";
    let info = r#""capabilities":{},"serverInfo":{"name":"a","version":"1"}"#;
    let version = |name: &str, version: &str, expected| {
        initialize(name, &format!(r#""protocolVersion":{version},{info}"#), expected)
    };
    let long = format!("\"{}\"", "x".repeat(200_000));
    check([
        version("a version with a secret", "\"{secrets}\"", unsupported),
        version("a long version", &long, unsupported),
        version("an empty version", "\"\"", unsupported),
        version("a number as a version", "20251125", invalid),
        version("a future version", "\"2099-01-01\"", unsupported),
        version("a stateless version", "\"2026-07-28\"", unsupported),
        version("a version with control characters", "\"\\u001b[31m\\u202e\\r\\n\"", unsupported),
        initialize("no version", info, invalid),
        initialize("nothing", "", invalid),
        initialize("a text as capabilities", r#""protocolVersion":"2025-11-25","capabilities":"{secrets}","serverInfo":{"name":"a","version":"1"}"#, invalid),
        initialize("a text as the server", r#""protocolVersion":"2025-11-25","capabilities":{},"serverInfo":"{secrets}""#, invalid),
        initialize("long instructions", &format!(r#""protocolVersion":"2025-11-25","instructions":{long},{info}"#), "ok: 2025-11-25"),
        initialize("unknown capabilities", r#""protocolVersion":"2025-11-25","capabilities":{"{secrets}":[1],"tools":{"listChanged":1}},"serverInfo":{"name":"a","version":"1"}"#, invalid),
        case("no response", Connect, "initialize", body(202, "text/plain", ""), invalid),
        case("an event stream without end", Connect, "initialize", events("").endless(": x\n"), "Timeout"),
        case("an error", Connect, "initialize", json(r#"{"jsonrpc":"2.0","id":{id},"error":{"code":-32000,"message":"{secrets}"}}"#), "Rpc, did not run"),
        case("a version after the session", Call, "tools/call", result(r#"{"protocolVersion":"x","content":[]}"#), "ok: no text"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_discover() {
    let old = "ok: 2025-11-25";
    let versions = |versions: &str| {
        result(&format!(
            r#"{{"resultType":"complete","supportedVersions":{versions},"capabilities":{{"tools":{{}}}},"ttlMs":1,"cacheScope":"private"}}"#
        ))
    };
    let many: Vec<_> = (0..20_000).map(|n| format!("\"{n}\"")).collect();
    check([
        discover("a good version", versions("[\"2026-07-28\"]"), "ok: 2026-07-28"),
        discover("an old version", versions("[\"2025-11-25\"]"), old),
        discover("no version", versions("[]"), "UnsupportedProtocolVersion, did not run"),
        discover("unknown versions", versions("[\"{secrets}\"]"), "UnsupportedProtocolVersion, did not run"),
        discover("many versions", versions(&format!("[{}]", many.join(","))), "UnsupportedProtocolVersion, did not run"),
        discover("a text as versions", versions("\"{secrets}\""), old),
        discover("a negative lifetime", result(r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{},"ttlMs":-1,"cacheScope":"private"}"#), "ok: 2026-07-28"),
        discover("a huge lifetime", result(r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{},"ttlMs":1e300,"cacheScope":"{secrets}"}"#), "ok: 2026-07-28"),
        discover("an unknown method", json(r#"{"jsonrpc":"2.0","id":{id},"error":{"code":-32601,"message":"{secrets}"}}"#), old),
        discover("an unsupported version", json(r#"{"jsonrpc":"2.0","id":{id},"error":{"code":-32022,"message":"{secrets}","data":{"supported":["{secrets}"],"requested":"x"}}}"#), "UnsupportedProtocolVersion, did not run"),
        discover("a web page", body(200, "text/html", "{secrets}"), old),
        discover("a failure", status(500), old),
        discover("a failure of both", status(500), "Status(500), did not run").on("initialize", status(500)),
        discover("a method that is not allowed", status(405), old),
        discover("no response", raw("").hold(), old).within(15),
        discover("an event stream without end", events("").endless(": x\n"), old).within(15),
        discover("a body without end", json("").endless(" "), "TooLarge, did not run"),
        discover("no MCP at all", status(400), "Status(400), did not run").on("initialize", status(400)),
        discover("a failure of all", status(404), "Status(404), did not run").on("initialize", status(404)).on("GET", status(404)),
    ])
    .await;
}
