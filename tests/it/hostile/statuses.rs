//! Statuses: redirects, rejected tokens, and errors with hostile bodies and headers.

use super::frame::{
    Case,
    Operation::{Call, Connect, Detect, List, RelayCall, StatelessCall},
    Reply, body, case, check, raw, status,
};

fn call(name: impl Into<String>, reply: Reply, expected: &'static str) -> Case {
    case(name, Call, "tools/call", reply, expected)
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_redirects() {
    let to = |code: u16, location: &str| status(code).header("location", location);
    let long = format!("/{}", "x".repeat(100_000));
    let codes = [300, 301, 302, 303, 305, 306, 307, 308].map(|code| {
        let expected: &'static str = format!("Status({code})").leak();
        call(
            format!("{code} to another origin"),
            to(code, "http://127.0.0.1:9/{secrets}"),
            expected,
        )
    });
    let targets = [
        call("to a script", to(302, "javascript:alert('{secrets}')"), "Status(302)"),
        call("to a file", to(302, "file:///etc/passwd"), "Status(302)"),
        call("to data", to(302, "data:text/html,{secrets}"), "Status(302)"),
        call("to a user", to(302, "http://{secrets}@127.0.0.1:9/"), "Status(302)"),
        call("to a query", to(302, "/?token={secrets}"), "Status(302)"),
        call("to a fragment", to(302, "/#{secrets}"), "Status(302)"),
        call("to another path", to(307, "/{secrets}"), "Status(307)"),
        call("to nowhere", status(302), "Status(302)"),
        call("to no URL", to(302, "http://[{secrets}"), "Status(302)"),
        call("to a long path", to(302, &long), "Status(302)"),
        call("to control characters", to(302, "/\u{202e}\u{1b}[31m"), "Interrupted"),
        call("to two places", to(302, "/a").header("location", "/{secrets}"), "Status(302)"),
        case(
            "of initialize",
            Connect,
            "initialize",
            to(308, "http://127.0.0.1:9/"),
            "Status(308), did not run",
        ),
    ];
    check(codes.into_iter().chain(targets)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_challenges() {
    let challenge = |value: &str| status(401).header("www-authenticate", value);
    let rejected = "Unauthorized, did not run";
    let many = (0..80).fold(status(401), |reply, n| {
        reply.header("www-authenticate", format!("Bearer a{n}=\"{{secrets}}\""))
    });
    check([
        call("no challenge", status(401), rejected),
        call("an empty challenge", challenge(""), rejected),
        call("garbage", challenge(",,==\"\\{secrets},Bearer,, ="), rejected),
        call("a quote without end", challenge("Bearer realm=\"{secrets}"), rejected),
        call(
            "a secret in each parameter",
            challenge("Bearer realm=\"{secrets}\", error=\"{secrets}\", scope=\"{secrets}\""),
            rejected,
        ),
        call("control characters", challenge("Bearer error_description=\"\t\u{202e}\""), rejected),
        call(
            "a long challenge",
            challenge(&format!("Bearer realm=\"{}\"", "x".repeat(200_000))),
            rejected,
        ),
        call("many challenges", many, rejected),
        call("many schemes", challenge(&"A, ".repeat(30_000)), rejected),
        call(
            "a secret URL of metadata",
            challenge("Bearer resource_metadata=\"http://x/?{secrets}\""),
            rejected,
        ),
        call("a body without end", body(401, "text/plain", "").endless("{secrets}"), rejected),
        call("a body that is held", status(401).hold(), rejected),
        call(
            "a scope that is missing",
            body(403, "text/plain", "").header(
                "www-authenticate",
                "Bearer error=\"insufficient_scope\", scope=\"{secrets}\"",
            ),
            rejected,
        ),
        call("403 without a challenge", status(403), "Status(403)"),
        case("of initialize", Connect, "initialize", status(401), rejected),
        case("of a list", List, "tools/list", status(401), rejected),
        case("of a stateless call", StatelessCall, "tools/call", status(401), rejected),
        case("of the probe", Detect, "server/discover", status(401), "ok: 2025-11-25"),
        case("of both", Detect, "server/discover", status(401), rejected)
            .on("initialize", status(401)),
        case("in relay", RelayCall, "tools/call", status(401), "Authorization, did not run"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_errors() {
    let codes = [
        400, 402, 405, 406, 408, 409, 410, 413, 415, 422, 429, 431, 451, 500, 501, 502, 503, 504,
        599,
    ];
    let codes = codes.map(|code| {
        let expected: &'static str = format!("Status({code})").leak();
        call(format!("status {code}"), status(code), expected)
    });
    let text = |text: &str| body(500, "text/plain", text);
    let others = [
        call("a long body", text("{secrets}").repeat("{secrets}", 100_000), "Status(500)"),
        call("a body without end", text("").endless("{secrets}"), "Status(500)"),
        call(
            "a body that is held",
            raw("HTTP/1.1 500 x\r\ncontent-length: 9999\r\n\r\n{secrets}").hold(),
            "Status(500)",
        ),
        call(
            "a body that is reset",
            raw("HTTP/1.1 500 x\r\ncontent-length: 9999\r\n\r\n{secrets}").reset(),
            "Status(500)",
        ),
        call("many lines", text(&"{secrets}\n".repeat(500)), "Status(500)"),
        call("control characters", text("\u{1b}[2J\u{202e}\u{7}\0{secrets}\r"), "Status(500)"),
        call("invalid UTF-8", body(500, "text/plain", vec![0xff; 3000]), "Status(500)"),
        call("a secret that is cut", text("").repeat("x", 65_530).then("{secrets}"), "Status(500)"),
        call(
            "a secret at the end of a line",
            text(&format!("{}{{secrets}}", "x".repeat(190))),
            "Status(500)",
        ),
        call(
            "a secret at the end of a text",
            text(&format!("{}{{secrets}}", "x".repeat(290))),
            "Status(500)",
        ),
        call(
            "an event stream",
            body(500, "text/event-stream", "data: {secrets}\n\n"),
            "Status(500)",
        ),
        call("418", status(418), "Status(418)"),
    ];
    check(codes.into_iter().chain(others)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_retry_after() {
    // Only with a valid time, the request did not run.
    let respond = |value: &str, expected| {
        let reply = status(503).header("retry-after", value);
        call(format!("after {}", value.chars().take(20).collect::<String>()), reply, expected)
    };
    let after = |value: &str| respond(value, "Status(503)");
    let valid = |value: &str| respond(value, "Status(503), did not run");
    let long = "9".repeat(10_000);
    check([
        valid("0"),
        after("-1"),
        after("1.5"),
        after("{secrets}"),
        valid("18446744073709551615"),
        after("18446744073709551616"),
        after(&long),
        valid("Fri, 31 Dec 9999 23:59:59 GMT"),
        valid("Thu, 01 Jan 1970 00:00:00 GMT"),
        after("Fri, 99 Foo 0000 99:99:99 GMT"),
        case(
            "a wait in relay",
            RelayCall,
            "tools/call",
            status(429).header("retry-after", "18446744073709551615"),
            "Transport, did not run",
        ),
        case(
            "a wait for initialize",
            Connect,
            "initialize",
            status(429).header("retry-after", "99999"),
            "Status(429), did not run",
        ),
    ])
    .await;
}
