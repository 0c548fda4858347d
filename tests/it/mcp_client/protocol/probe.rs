//! Detecting whether a server is stateful or stateless.
//!
//! The tests follow the table in the MCP 2026-07-28 specification, basic/versioning, "Backward
//! Compatibility".

use std::future::pending;

use futures_util::future::BoxFuture;
use insta::assert_snapshot;
use mcp_client::{
    Client, Deviation, MessageContext, Negotiation, OutgoingMessage, Transport, TransportError,
    TransportResponse,
};
use mcp_http::HttpTransport;
use serde_json::{Value, json};

use crate::support::{
    PROBE, Script, ScriptedResponse, ScriptedServer, describe_result, discover_response, error,
    initialize_response, json as body, request_log, result, sse, status,
};

/// An unsupported-version error of a server that supports these versions.
pub(super) fn unsupported_version(supported: &Value) -> ScriptedResponse {
    let data = json!({ "supported": supported, "requested": "2026-07-28" });
    error(-32022, "unsupported protocol version", &data).with_status(400)
}

/// Lists tools without a known version. Shows the requests, the result and the negotiated version.
async fn list_tools_once(script: Script) -> String {
    let server = script.start().await;
    list_tools_log(&server, &Negotiation::new()).await
}

pub(super) async fn list_tools_log(server: &ScriptedServer, known: &Negotiation) -> String {
    let before = server.all_requests().await.len();
    let outcome = match server.client_with_negotiation(known).list_tools().await {
        Ok(list) => format!("{} tool", list.tools.len()),
        failure => describe_result(failure),
    };
    let verdict = match known.revision() {
        Some(revision) => revision.to_string(),
        None => "unknown".to_owned(),
    };
    let sent = request_log(server.all_requests().await.iter().skip(before));
    format!("{sent}\n{outcome}\nverdict: {verdict}\n")
}

pub(super) fn stateful_script() -> Script {
    Script::new().on("initialize", initialize_response("2025-06-18"))
}

#[tokio::test]
async fn discover_result_identifies_a_stateless_server() {
    // N-BASE-01, N-HTTP-03, N-VER-02: only a response to this method is conclusive
    let new = Script::new().on(PROBE, discover_response(&["2026-07-28", "2025-11-25"]));
    assert_snapshot!(list_tools_once(new).await, @r#"
    server/discover "probe-1", 2026-07-28
    tools/list 1, 2026-07-28
    1 tool
    verdict: 2026-07-28
    "#);
}

#[tokio::test]
async fn unsupported_version_error_selects_a_listed_version() {
    // N-VER-01: a supported version, even the rejected one; the same error again; only unsupported
    // versions; no list at all
    let mut shown = String::new();
    for (name, again) in [
        ("once", discover_response(&["2026-07-28"])),
        ("twice", unsupported_version(&json!(["2026-07-28"]))),
    ] {
        let script = stateful_script()
            .on(PROBE, unsupported_version(&json!(["2026-07-28"])))
            .on(PROBE, again);
        shown += &format!("--- {name}\n{}", list_tools_once(script).await);
    }
    for supported in
        [json!(["2027-01-01"]), json!(["2027-01-01", "2025-06-18"]), json!([]), json!(null)]
    {
        shown += &format!(
            "--- {supported}\n{}",
            list_tools_once(stateful_script().on(PROBE, unsupported_version(&supported))).await
        );
    }
    assert_snapshot!(shown, @r#"
    --- once
    server/discover "probe-1", 2026-07-28
    server/discover "probe-2", 2026-07-28
    tools/list 1, 2026-07-28
    1 tool
    verdict: 2026-07-28
    --- twice
    server/discover "probe-1", 2026-07-28
    server/discover "probe-2", 2026-07-28
    "server/discover" failed: unsupported protocol version (code -32022), data {"supported":["2026-07-28"],"requested":"2026-07-28"}, HTTP status 400
    -> Rpc, did not run
    verdict: unknown
    --- ["2027-01-01"]
    server/discover "probe-1", 2026-07-28
    cannot agree on a protocol version: the server supports 2027-01-01; this client supports 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25, 2026-07-28
    -> UnsupportedProtocolVersion, did not run
    verdict: unknown
    --- ["2027-01-01","2025-06-18"]
    server/discover "probe-1", 2026-07-28
    cannot agree on a protocol version: the server supports 2027-01-01, 2025-06-18; this client supports 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25, 2026-07-28
    -> UnsupportedProtocolVersion, did not run
    verdict: unknown
    --- []
    server/discover "probe-1", 2026-07-28
    cannot agree on a protocol version: the server supports (none named); this client supports 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25, 2026-07-28
    -> UnsupportedProtocolVersion, did not run
    verdict: unknown
    --- null
    server/discover "probe-1", 2026-07-28
    cannot agree on a protocol version: the server supports (none named); this client supports 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25, 2026-07-28
    -> UnsupportedProtocolVersion, did not run
    verdict: unknown
    "#);
}

#[tokio::test]
async fn unsupported_version_error_with_old_versions_leads_to_initialize() {
    let versions = unsupported_version(&json!(["2025-06-18", "2024-11-05"]));
    let server = stateful_script().on(PROBE, versions).start().await;
    assert_snapshot!(list_tools_log(&server, &Negotiation::new()).await, @r#"
    server/discover "probe-1", 2026-07-28
    initialize 1
    notifications/initialized, 2025-06-18
    tools/list 2, 2025-06-18
    1 tool
    verdict: 2025-06-18
    "#);
    let offer = server.requests_of("initialize").await[0].json();
    assert_eq!(offer["params"]["protocolVersion"], "2025-06-18");
}

#[tokio::test]
async fn other_stateless_errors_identify_a_stateless_server() {
    // N-VER-04: the client does not fall back to `initialize`, then or later
    let mut shown = String::new();
    for code in [-32020, -32021] {
        let server = stateful_script()
            .on(PROBE, error(code, "no", &Value::Null).with_status(400))
            .start()
            .await;
        let known = Negotiation::new();
        shown += &list_tools_log(&server, &known).await;
        shown += &list_tools_log(&server, &known).await;
    }
    assert_snapshot!(shown, @r#"
    server/discover "probe-1", 2026-07-28
    "server/discover" failed: no (code -32020), HTTP status 400
    -> Rpc, did not run
    verdict: 2026-07-28
    tools/list 1, 2026-07-28
    1 tool
    verdict: 2026-07-28
    server/discover "probe-1", 2026-07-28
    "server/discover" failed: no (code -32021), HTTP status 400
    -> Rpc, did not run
    verdict: 2026-07-28
    tools/list 1, 2026-07-28
    1 tool
    verdict: 2026-07-28
    "#);
}

#[tokio::test]
async fn overload_redirects_and_invalid_responses_are_inconclusive() {
    let mut shown = String::new();
    for response in [
        status(307).header("location", "http://localhost:1/"),
        status(407),
        status(408),
        status(425),
        status(429),
        error(-32601, "busy", &Value::Null).with_status(429),
        // An incomplete body.
        body("{"),
    ] {
        let server = stateful_script().on(PROBE, response).start().await;
        let known = Negotiation::new();
        let first = list_tools_log(&server, &known).await;
        let again = list_tools_log(&server, &known).await;
        assert_eq!(first, again, "it is asked again");
        shown += &first;
    }
    assert_snapshot!(shown, @r#"
    server/discover "probe-1", 2026-07-28
    [server]/mcp redirects to http://localhost:1/, which is not followed; configure that URL if it is correct
    -> Status(307), did not run
    verdict: unknown
    server/discover "probe-1", 2026-07-28
    [server]/mcp returned HTTP status 407 Proxy Authentication Required
    -> Status(407), did not run
    verdict: unknown
    server/discover "probe-1", 2026-07-28
    [server]/mcp returned HTTP status 408 Request Timeout
    -> Status(408), did not run
    verdict: unknown
    server/discover "probe-1", 2026-07-28
    [server]/mcp returned HTTP status 425 Too Early
    -> Status(425), did not run
    verdict: unknown
    server/discover "probe-1", 2026-07-28
    [server]/mcp returned HTTP status 429 Too Many Requests
    -> Status(429), did not run
    verdict: unknown
    server/discover "probe-1", 2026-07-28
    "server/discover" failed: busy (code -32601), HTTP status 429
    -> Rpc, did not run
    verdict: unknown
    server/discover "probe-1", 2026-07-28
    "server/discover": invalid response
      EOF while parsing an object at line 1 column 1
    -> InvalidResponse, did not run
    verdict: unknown
    "#);
}

/// Responses to the probe of a server, or a gateway before it, that knows only `initialize`.
fn rejected_probes() -> [(ScriptedResponse, Deviation); 9] {
    use Deviation::{DiscoverRejected as Rejected, NoDiscoverResponse as NoResponse};
    let modern = || unsupported_version(&json!(["2025-11-25"]));
    [
        (status(401), Rejected),
        (modern().with_status(401), Rejected),
        (status(403), Rejected),
        (modern().with_status(403), Rejected),
        (status(500), Rejected),
        (error(-32601, "broken", &Value::Null).with_status(500), Rejected),
        (sse(": nothing\n\n"), NoResponse),
        (status(202), NoResponse),
        (status(200).header("content-type", "text/html").body("<html>hi</html>"), NoResponse),
    ]
}

#[tokio::test]
async fn server_that_rejects_the_probe_and_accepts_initialize_is_stateful() {
    for (response, deviation) in rejected_probes() {
        let server = stateful_script().on(PROBE, response).start().await;
        let known = Negotiation::new();
        assert_eq!(
            list_tools_log(&server, &known).await,
            "server/discover \"probe-1\", 2026-07-28\n\
             initialize 1\n\
             notifications/initialized, 2025-06-18\n\
             tools/list 2, 2025-06-18\n\
             1 tool\nverdict: 2025-06-18\n"
        );
        assert_eq!(known.deviations(), [(deviation, 1)]);
    }
}

#[tokio::test]
async fn a_405_for_the_probe_is_followed_by_initialize() {
    let server = stateful_script().on(PROBE, status(405)).start().await;
    let known = Negotiation::new();
    assert!(list_tools_log(&server, &known).await.ends_with("1 tool\nverdict: 2025-06-18\n"));
    assert_eq!(server.requests_of("GET").await.len(), 0);
}

#[tokio::test]
async fn server_that_rejects_both_requests_is_inconclusive() {
    // N-AUTH: a 401 is reported, whatever follows
    let mut shown = String::new();
    for (probe, opening) in [(401, 401), (401, 404), (403, 403), (503, 503), (503, 401)] {
        let script = Script::new().on(PROBE, status(probe)).on("initialize", status(opening));
        let known = Negotiation::new();
        shown += &list_tools_log(&script.start().await, &known).await;
        assert_eq!(known.deviations(), []);
    }
    assert_snapshot!(shown, @r#"
    server/discover "probe-1", 2026-07-28
    initialize 1
    [server]/mcp requires an access token
    -> Unauthorized, did not run
    verdict: unknown
    server/discover "probe-1", 2026-07-28
    initialize 1
    [server]/mcp requires an access token
    -> Unauthorized, did not run
    verdict: unknown
    server/discover "probe-1", 2026-07-28
    initialize 1
    [server]/mcp returned HTTP status 403 Forbidden
    -> Status(403), did not run
    verdict: unknown
    server/discover "probe-1", 2026-07-28
    initialize 1
    [server]/mcp returned HTTP status 503 Service Unavailable
    -> Status(503), did not run
    verdict: unknown
    server/discover "probe-1", 2026-07-28
    initialize 1
    [server]/mcp requires an access token
    -> Unauthorized, did not run
    verdict: unknown
    "#);
}

#[tokio::test]
async fn unreachable_server_is_inconclusive() {
    let known = Negotiation::new();
    let unreachable = HttpTransport::builder("http://127.0.0.1:1/mcp").build().unwrap();
    let client = Client::builder(unreachable).negotiation(known.clone()).build();
    client.list_tools().await.unwrap_err();
    assert_eq!(known.revision(), None);
}

/// A transport that never responds.
#[derive(Debug)]
struct SilentTransport;

impl Transport for SilentTransport {
    fn send(&self, _: OutgoingMessage) -> BoxFuture<'_, Result<TransportResponse, TransportError>> {
        Box::pin(pending())
    }

    fn close(&self, _: MessageContext) -> BoxFuture<'_, Result<(), TransportError>> {
        Box::pin(pending())
    }
}

#[tokio::test(start_paused = true)]
async fn timeout_is_inconclusive() {
    let known = Negotiation::new();
    let client = Client::builder(SilentTransport).negotiation(known.clone()).build();
    assert_snapshot!(describe_result(client.connect().await), @r#"
    "server/discover": no response within 30s
    -> Timeout
    "#);
    assert_eq!(known.revision(), None);
}

#[tokio::test]
async fn unknown_method_identifies_a_stateful_server() {
    // N-HTTP-16, N-HTTP-17, N-BASE-07, N-VER-05: whatever the code
    for (name, response) in [
        ("method not found", error(-32601, "no", &Value::Null)),
        ("method not found, 404", error(-32601, "no", &Value::Null).with_status(404)),
        ("invalid parameters", error(-32602, "no", &Value::Null).with_status(400)),
        ("no session", error(-32000, "Bad Request: no session", &Value::Null).with_status(400)),
        (
            "without an id",
            body(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"x"}}"#)
                .with_status(400),
        ),
        ("in a stream", error(-32601, "no", &Value::Null).into_event_stream()),
        ("another result", result(&json!({ "tools": [] }))),
        ("400", status(400)),
        ("404", status(404)),
        ("406", status(406)),
        ("422", status(422)),
    ] {
        let initialized = concat!(
            "server/discover \"probe-1\", 2026-07-28\n",
            "initialize 1\n",
            "notifications/initialized, 2025-06-18\n",
            "tools/list 2, 2025-06-18\n",
            "1 tool\nverdict: 2025-06-18\n",
        );
        assert_eq!(
            list_tools_once(stateful_script().on(PROBE, response)).await,
            initialized,
            "{name}"
        );
    }
}

#[tokio::test]
async fn error_of_initialize_after_the_probe_may_lead_to_a_second_probe() {
    let mut shown = String::new();
    for (name, first, second) in [
        ("versions of the new era", unsupported_version(&json!(["2026-07-28"])), None),
        (
            "another version",
            error(-32602, "no", &json!({ "supported": ["2025-03-26"] })),
            Some(initialize_response("2025-03-26")),
        ),
        ("an unknown version", initialize_response("2099-01-01"), None),
        (
            "its own text",
            error(-32000, "speak 2026-07-28 to me", &Value::Null).with_status(400),
            None,
        ),
        ("400", status(400), None),
        ("404", status(404), None),
        ("405", status(405), None),
        ("500", status(500), None),
        ("401", status(401), None),
    ] {
        let mut script =
            Script::new().on(PROBE, status(404)).on(PROBE, discover_response(&["2026-07-28"]));
        script = script.on("initialize", first);
        if let Some(second) = second {
            script = script.on("initialize", second);
        }
        shown += &format!("--- {name}\n{}", list_tools_once(script).await);
    }
    assert_snapshot!(shown, @r#"
    --- versions of the new era
    server/discover "probe-1", 2026-07-28
    initialize 1
    server/discover "probe-2", 2026-07-28
    tools/list 1, 2026-07-28
    1 tool
    verdict: 2026-07-28
    --- another version
    server/discover "probe-1", 2026-07-28
    initialize 1
    initialize 1
    notifications/initialized, 2025-03-26
    tools/list 2, 2025-03-26
    1 tool
    verdict: 2025-03-26
    --- an unknown version
    server/discover "probe-1", 2026-07-28
    initialize 1
    cannot agree on a protocol version: the server supports 2099-01-01; this client supports 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25, 2026-07-28
    -> UnsupportedProtocolVersion, did not run
    verdict: unknown
    --- its own text
    server/discover "probe-1", 2026-07-28
    initialize 1
    "initialize" failed: speak 2026-07-28 to me (code -32000), HTTP status 400
    -> Rpc, did not run
    verdict: unknown
    --- 400
    server/discover "probe-1", 2026-07-28
    initialize 1
    GET
    not an MCP server: "server/discover" failed: [server]/mcp returned HTTP status 404 Not Found; the fallback transport failed: invalid response from [server]/mcp: expected an event stream in response to GET; "initialize" failed
      [server]/mcp returned HTTP status 400 Bad Request
    -> Status(400), did not run
    verdict: unknown
    --- 404
    server/discover "probe-1", 2026-07-28
    initialize 1
    GET
    not an MCP server: "server/discover" failed: [server]/mcp returned HTTP status 404 Not Found; the fallback transport failed: invalid response from [server]/mcp: expected an event stream in response to GET; "initialize" failed
      [server]/mcp returned HTTP status 404 Not Found
    -> Status(404), did not run
    verdict: unknown
    --- 405
    server/discover "probe-1", 2026-07-28
    initialize 1
    GET
    not an MCP server: "server/discover" failed: [server]/mcp returned HTTP status 404 Not Found; the fallback transport failed: invalid response from [server]/mcp: expected an event stream in response to GET; "initialize" failed
      [server]/mcp returned HTTP status 405 Method Not Allowed
    -> Status(405), did not run
    verdict: unknown
    --- 500
    server/discover "probe-1", 2026-07-28
    initialize 1
    [server]/mcp returned HTTP status 500 Internal Server Error
    -> Status(500), did not run
    verdict: unknown
    --- 401
    server/discover "probe-1", 2026-07-28
    initialize 1
    [server]/mcp requires an access token
    -> Unauthorized, did not run
    verdict: unknown
    "#);
}
