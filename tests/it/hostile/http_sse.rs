//! HTTP+SSE: the endpoint event, messages on the stream, and acknowledgements.

use super::frame::{Case, Operation::Sse, Reply, accepted, body, case, check, events, raw, status};

/// A case in which the stream is this one.
fn stream(name: &str, reply: Reply, expected: &'static str) -> Case {
    case(name, Sse, "GET", reply, expected)
}

fn endpoint(endpoint: &str) -> Reply {
    events(format!("event: endpoint\ndata: {endpoint}\n\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_endpoints() {
    let protocol = "Protocol, did not run";
    let blocked = "Blocked, did not run";
    check([
        stream("good", endpoint("/messages").messages(), "ok: 3"),
        stream("no event", events(""), "Protocol, did not run"),
        stream("no event, held", events("").hold(), "Timeout, did not run"),
        stream("comments without end", events("").endless(": {secrets}\n"), "Timeout, did not run"),
        stream(
            "an endpoint without end",
            events("event: endpoint\ndata: ").endless("x"),
            "TooLarge, did not run",
        ),
        stream("another event", events("data: {secrets}\n\n").hold(), protocol),
        stream("an empty endpoint", endpoint("").messages(), "Timeout, did not run"),
        stream("another origin", endpoint("http://127.0.0.1:9/{secrets}").messages(), blocked),
        stream(
            "another origin without a scheme",
            endpoint("//127.0.0.1:9/{secrets}").messages(),
            blocked,
        ),
        stream("a user", endpoint("http://{secrets}@127.0.0.1:9/").messages(), blocked),
        stream("a script", endpoint("javascript:{secrets}").messages(), blocked),
        stream("no URL", endpoint("http://[{secrets}").messages(), protocol),
        stream("JSON", accepted(), protocol),
        stream("a web page", body(200, "text/html", "{secrets}"), "Protocol, did not run"),
        stream(
            "a redirect",
            status(302).header("location", "http://127.0.0.1:9/{secrets}"),
            "Status(302), did not run",
        ),
        stream("no permission", status(401), "Unauthorized, did not run"),
        stream("a failure", status(500), "Status(500), did not run"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_messages() {
    let messages = |name: &str, events: &str, expected| {
        stream(name, endpoint("/messages").then(events).messages(), expected)
    };
    check([
        messages(
            "a response to nothing",
            "data: {\"jsonrpc\":\"2.0\",\"id\":\"{secrets}\",\"result\":{}}\n\n",
            "ok: 3",
        ),
        messages("garbage", "data: {secrets}\n\n", "ok: 3"),
        messages("another endpoint", "event: endpoint\ndata: http://127.0.0.1:9/\n\n", "ok: 3"),
        messages(
            "a ping",
            "data: {\"jsonrpc\":\"2.0\",\"id\":\"{secrets}\",\"method\":\"ping\"}\n\n",
            "ok: 3",
        ),
        stream(
            "messages without end",
            endpoint("/messages")
                .endless("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n"),
            "Timeout, did not run",
        ),
        stream(
            "responses without end",
            endpoint("/messages")
                .endless("data: {\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":{}}\n\n"),
            "Timeout, did not run",
        ),
        stream(
            "an event without end",
            endpoint("/messages").endless("data: x\n"),
            "Interrupted, did not run",
        ),
        messages("a message that is reset", "", "Interrupted").on("tools/call", raw("").reset()),
        messages("a rejected message", "", "Unauthorized, did not run")
            .on("tools/call", status(401)),
        messages("a failed message", "", "Status(500)").on("tools/call", status(500)),
        messages("an unknown session", "", "Status(404)").on("tools/call", status(404)),
        messages("a redirected message", "", "Status(307)")
            .on("tools/call", status(307).header("location", "http://127.0.0.1:9/{secrets}")),
        messages("an acknowledgement without end", "", "Timeout")
            .on("tools/call", accepted().endless("x")),
    ])
    .await;
}
