//! Limits on the server requests of a call, and requests that the user has declined.

use std::{sync::Arc, time::Duration};

use insta::assert_snapshot;
use mcp_client::{Client, Limits, Negotiation, Transport, mcp_types::Revision};
use mcp_http::HttpTransport;
use mcp_testkit::{ServerRequest, Step, StepContext, TestServer, TestTool};
use serde_json::{Value, json};
use tokio::time::advance;

use crate::support::{
    ALL_CAPABILITIES, GetStream, HandlerBehavior, MemoryServer, PROTOCOL_VERSIONS,
    RecordingHandler, describe_result, with_timeout,
};

fn stateful_client(transport: impl Transport, handler: &RecordingHandler) -> Client {
    let known = Negotiation::with_revision(Revision::V2025_11_25);
    Client::builder(transport).handler(handler.clone()).negotiation(known).build()
}

fn roots_request(id: usize) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "roots/list" })
}

fn form_request(id: usize, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "elicitation/create", "params": {
        "message": message,
        "requestedSchema": { "type": "object", "properties": {} },
        "_meta": { "progressToken": id },
    } })
}

/// A server with a tool, and a client of it with a limit on server requests.
async fn server_with_steps(
    revision: Revision,
    limit: usize,
    handler: &RecordingHandler,
    steps: impl Fn(&StepContext) -> Step + Send + Sync + 'static,
) -> (TestServer, Client) {
    let tool = TestTool::with_steps("ask", json!({ "type": "object" }), steps);
    let server =
        TestServer::builder().revisions([revision]).tool(tool).start().await.expect("a free port");
    let transport = HttpTransport::builder(server.url()).build().expect("a usable URL");
    let mut limits = Limits::default();
    limits.max_server_requests = limit;
    let builder = Client::builder(transport).handler(handler.clone()).limits(limits);
    (server, builder.protocol_version(revision).build())
}

#[tokio::test]
async fn call_with_too_many_server_requests_fails_in_all_versions() {
    for revision in PROTOCOL_VERSIONS {
        let handler = RecordingHandler::new(ALL_CAPABILITIES, HandlerBehavior::Accept);
        // Two requests in each round, without end.
        let steps = |context: &StepContext| {
            let form = |name| {
                let message = format!("{name} {}?", context.round());
                ServerRequest::form(message, json!({ "type": "object", "properties": {} }))
            };
            Step::request("a", form("first")).and_request("b", form("second"))
        };
        let (_server, client) = server_with_steps(revision, 5, &handler, steps).await;
        assert_eq!(
            describe_result(client.call_tool("ask", ()).await),
            "\"tools/call\": the server sent more than 5 requests to the client during this call\n\
             -> TooManyServerRequests",
            "{revision}"
        );
        assert!(handler.requests().len() <= 5, "{revision}: {:?}", handler.requests());
    }
}

#[tokio::test]
async fn server_learns_that_it_has_sent_too_many_requests() {
    let (memory_server, handler) = (
        Arc::new(MemoryServer::new(GetStream::NotOffered)),
        RecordingHandler::new(ALL_CAPABILITIES, HandlerBehavior::Accept),
    );
    let client = stateful_client(Arc::clone(&memory_server), &handler);
    let limit = Limits::default().max_server_requests;
    (0..=limit).for_each(|id| memory_server.send_during_call(roots_request(id)));
    assert_snapshot!(describe_result(client.call_tool("ask", ()).await), @r#"
    "tools/call": the server sent more than 100 requests to the client during this call
    -> TooManyServerRequests
    "#);
    assert_eq!(handler.requests().len(), limit);
    let responses = memory_server.client_responses(limit + 1).await;
    let rejected: Vec<_> = responses.iter().filter(|it| !it["error"].is_null()).collect();
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0]["id"], limit);
    assert_eq!(rejected[0]["error"]["message"], "too many requests to the client");
    // The server still works on the call, so the client cancels it.
    let cancelled = async {
        while !memory_server.received().iter().any(|it| it["method"] == "notifications/cancelled") {
            tokio::task::yield_now().await;
        }
    };
    with_timeout(cancelled).await;
}

#[tokio::test(start_paused = true)]
async fn server_requests_outside_of_calls_are_limited_in_each_minute() {
    let (memory_server, handler) = (
        Arc::new(MemoryServer::new(GetStream::Open)),
        RecordingHandler::new(ALL_CAPABILITIES, HandlerBehavior::Accept),
    );
    let client = stateful_client(Arc::clone(&memory_server), &handler);
    client.connect().await.unwrap();
    (0..=100).for_each(|id| assert!(memory_server.send_on_get_stream(roots_request(id))));
    let responses = memory_server.client_responses(101).await;
    assert_eq!(responses.iter().filter(|it| !it["error"].is_null()).count(), 1);
    assert_eq!(handler.requests().len(), 100);
    advance(Duration::from_secs(61)).await;
    assert!(memory_server.send_on_get_stream(roots_request(101)));
    memory_server.client_responses(102).await;
    assert_eq!(handler.requests().len(), 101);
}

#[tokio::test]
async fn call_ends_if_the_server_repeats_a_declined_request() {
    // Whatever the server does with the first response
    for revision in PROTOCOL_VERSIONS {
        let handler = RecordingHandler::new(ALL_CAPABILITIES, HandlerBehavior::Decline);
        let steps = |context: &StepContext| {
            let schema = json!({ "type": "object", "properties": {} });
            let message = if context.round() == 0 { "First?" } else { "Second?" };
            Step::request("form", ServerRequest::form(message, schema))
        };
        let (_server, client) = server_with_steps(revision, 100, &handler, steps).await;
        assert_eq!(
            describe_result(client.call_tool("ask", ()).await),
            "\"tools/call\": cannot provide the required input \"elicitation/create\"\n  \
             the user declined\n-> InputUnavailable",
            "{revision}"
        );
        assert_eq!(handler.requests(), ["form: First?", "form: Second?"], "{revision}");
    }
}

#[tokio::test]
async fn declined_request_outside_of_calls_is_rejected_until_the_next_call() {
    let (memory_server, handler) = (
        Arc::new(MemoryServer::new(GetStream::Open)),
        RecordingHandler::new(ALL_CAPABILITIES, HandlerBehavior::Decline),
    );
    let client = stateful_client(Arc::clone(&memory_server), &handler);
    client.connect().await.unwrap();
    for id in 0..3 {
        assert!(memory_server.send_on_get_stream(form_request(id, "Sure?")));
        memory_server.client_responses(id + 1).await;
    }
    assert_eq!(handler.requests(), ["form: Sure?"]);
    client.ping().await.unwrap();
    assert!(memory_server.send_on_get_stream(form_request(3, "Sure?")));
    let responses = memory_server.client_responses(4).await;
    let shown: Vec<_> = responses
        .iter()
        .map(|it| format!("{}{}", it["result"]["action"], it["error"]["message"]))
        .collect();
    assert_eq!(
        shown,
        [
            "\"decline\"null",
            "null\"the user declined\"",
            "null\"the user declined\"",
            "\"decline\"null"
        ]
    );
    assert_eq!(handler.requests(), ["form: Sure?"; 2]);
}
