//! Server requests and notifications on the stream of a call, in floods and with hostile content.

use super::frame::{
    Case,
    Operation::{Call, Handle},
    case, check, events, status,
};

const RESULT: &str = "data: {\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"3\"}]}}\n\n";

/// A request of the server before the result.
fn request(id: &str, method: &str, params: &str) -> String {
    format!(
        "data: {{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\",\"params\":{params}}}\n\n"
    )
}

fn note(method: &str, params: &str) -> String {
    format!(
        "data: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/{method}\",\"params\":{params}}}\n\n"
    )
}

fn handle(name: &str, event: String, expected: &'static str) -> Case {
    case(name, Handle, "tools/call", events(event).then(RESULT), expected)
}

fn flood(name: &str, event: String, expected: &'static str) -> Case {
    case(name, Call, "tools/call", events("").endless(event), expected)
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_server_requests() {
    let form = "{\"mode\":\"form\",\"message\":\"{secrets}\",\"requestedSchema\":{\"type\":\"object\",\"properties\":{}}}";
    let long = format!("\"{{secrets}}{}\"", "x".repeat(100_000));
    check([
        handle("a ping", request("1", "ping", "{}"), "ok: 3"),
        handle("10,000 pings", "".into(), "ok: 3")
            .on("tools/call", events("").repeat(request("1", "ping", "{}"), 10_000).then(RESULT)),
        handle("a ping with a long id", request(&long, "ping", "{}"), "ok: 3"),
        handle("a request with a secret id", request("\"{secrets}\"", "roots/list", "{}"), "ok: 3"),
        handle("a request with the id null", request("null", "roots/list", "{}"), "ok: 3"),
        handle("a request with an object as id", request("{}", "roots/list", "{}"), "ok: 3"),
        handle("an unknown request", request("1", "{secrets}", "{}"), "ok: 3"),
        handle("a long unknown request", request("1", &"x".repeat(100_000), "{}"), "ok: 3"),
        handle("a request without parameters", request("1", "elicitation/create", "null"), "ok: 3"),
        handle(
            "a request with wrong parameters",
            request("1", "elicitation/create", "[\"{secrets}\"]"),
            "ok: 3",
        ),
        handle("a form", request("1", "elicitation/create", form), "ok: 3"),
        handle(
            "a form with a wrong schema",
            request(
                "1",
                "elicitation/create",
                "{\"message\":\"{secrets}\",\"requestedSchema\":[]}",
            ),
            "ok: 3",
        ),
        handle(
            "an undeclared request",
            request("1", "sampling/createMessage", "{\"messages\":[],\"maxTokens\":1}"),
            "ok: 3",
        ),
        handle(
            "a request of the client",
            request("1", "tools/call", "{\"name\":\"{secrets}\"}"),
            "ok: 3",
        ),
        handle("a response that is rejected", request("1", "roots/list", "{}"), "ok: 3")
            .on("response", status(401)),
        handle("a response that fails", request("1", "roots/list", "{}"), "ok: 3")
            .on("response", status(500).endless("x")),
        flood("pings without end", request("1", "ping", "{}"), "Timeout"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_notifications() {
    check([
        flood(
            "progress without end",
            note("progress", "{\"progressToken\":{id},\"progress\":1}"),
            "Timeout",
        ),
        flood(
            "progress of others without end",
            note("progress", "{\"progressToken\":\"{secrets}\",\"progress\":1}"),
            "Timeout",
        ),
        flood(
            "cancellations of others without end",
            note("cancelled", "{\"requestId\":\"{secrets}\"}"),
            "Timeout",
        ),
        flood("changes without end", note("tools/list_changed", "{}"), "Timeout"),
        handle(
            "a cancellation of the call",
            note("cancelled", "{\"requestId\":{id},\"reason\":\"{secrets}\"}"),
            "ok: 3",
        ),
        handle("a cancellation of nothing", note("cancelled", "null"), "ok: 3"),
        handle(
            "progress that is no number",
            note("progress", "{\"progressToken\":{id},\"progress\":\"{secrets}\"}"),
            "ok: 3",
        ),
        handle(
            "progress that is huge",
            note("progress", "{\"progressToken\":{id},\"progress\":1e308,\"total\":-1e308}"),
            "ok: 3",
        ),
        handle(
            "a log of an unknown level",
            note("message", "{\"level\":\"{secrets}\",\"data\":1}"),
            "ok: 3",
        ),
        handle("an unknown notification", note("{secrets}", "[]"), "ok: 3"),
        handle("wrong parameters", note("message", "[\"{secrets}\"]"), "ok: 3"),
        handle(
            "a completed elicitation of nothing",
            note("elicitation/complete", "{\"elicitationId\":\"{secrets}\"}"),
            "ok: 3",
        ),
    ])
    .await;
}
