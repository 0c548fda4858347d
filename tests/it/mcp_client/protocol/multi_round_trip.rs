//! Stateless calls that require input: multi round-trip requests.

use std::time::Duration;

use futures_util::future::join_all;
use insta::assert_snapshot;
use mcp_client::{Client, HandlerCapabilities, Negotiation, mcp_types::Revision};
use mcp_http::HttpTransport;
use mcp_testkit::{
    CallResult, RecordedRequest, ServerRequest, Step, StepContext, TestServer, TestTool,
};
use serde_json::{Value, json};

use crate::support::{
    ALL_CAPABILITIES, HandlerBehavior, PROBE, RecordingHandler, Script, ScriptedServer,
    advance_until, describe_result, error, result, status,
};

/// A server with one tool that requires input, and a client of it.
async fn server_with_steps(
    steps: impl Fn(&StepContext) -> Step + Send + Sync + 'static,
    handler: &RecordingHandler,
) -> (TestServer, Client) {
    let tool = TestTool::with_steps("ask", json!({ "type": "object" }), steps);
    let builder = TestServer::builder().revisions([Revision::V2026_07_28]);
    let server = builder.tool(tool).start().await.expect("a free port");
    let transport = HttpTransport::builder(server.url()).build().expect("a usable URL");
    let client = client_with_handler(transport, handler);
    (server, client)
}

fn client_with_handler(transport: HttpTransport, handler: &RecordingHandler) -> Client {
    let builder = Client::builder(transport).handler(handler.clone());
    builder.protocol_version(Revision::V2026_07_28).build()
}

/// A server that always requires this input.
async fn server_requiring_input(input_required: &Value) -> ScriptedServer {
    let mut response = input_required.clone();
    response["resultType"] = json!("input_required");
    Script::new().on("tools/call", result(&response)).start().await
}

/// One server request of each kind that cannot be declined in its response.
fn undeclinable_requests() -> [ServerRequest; 2] {
    [ServerRequest::sampling(json!({ "messages": [], "maxTokens": 1 })), ServerRequest::roots()]
}

#[tokio::test]
async fn declined_or_failed_sampling_and_roots_end_the_call() {
    // N-MRTR-11: the call is not repeated
    for (behavior, question) in
        [HandlerBehavior::Decline, HandlerBehavior::Fail].into_iter().zip(undeclinable_requests())
    {
        let handler = RecordingHandler::new(ALL_CAPABILITIES, behavior);
        let steps = move |_: &StepContext| Step::request("it", question.clone());
        let (server, client) = server_with_steps(steps, &handler).await;
        let outcome = describe_result(client.call_tool("ask", ()).await);
        match behavior {
            HandlerBehavior::Decline => assert_snapshot!(outcome, @r#"
            "tools/call": cannot provide the required input "sampling/createMessage"
              the user declined
            -> InputUnavailable
            "#),
            _ => assert_snapshot!(outcome, @r#"
            "tools/call": cannot provide the required input "roots/list"
              the desk burns, and the password is hunter2
            -> InputUnavailable
            "#),
        }
        assert_eq!(server.count("tools/call"), 1);
    }
}

#[tokio::test]
async fn declined_elicitation_is_sent_to_the_server() {
    // N-MRTR-11
    let handler = RecordingHandler::new(ALL_CAPABILITIES, HandlerBehavior::Decline);
    let steps = |context: &StepContext| match (context.response("form"), context.response("url")) {
        (Some(form), Some(url)) => CallResult::text(format!("{form} {url}")).into(),
        _ => Step::request(
            "form",
            ServerRequest::form("?", json!({ "type": "object", "properties": {} })),
        )
        .and_request("url", ServerRequest::url("?", "https://x")),
    };
    let (server, client) = server_with_steps(steps, &handler).await;
    let result = client.call_tool("ask", ()).await.unwrap();
    let content = serde_json::to_value(&result.content).unwrap();
    assert_eq!(content[0]["text"], r#"{"action":"decline"} {"action":"decline"}"#);
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn input_request_for_an_undeclared_capability_is_an_error() {
    // N-MRTR-10, N-ELIC-01
    let handler =
        RecordingHandler::new(HandlerCapabilities::none().form(), HandlerBehavior::Accept);
    let mut outcomes = Vec::new();
    for request in [
        json!({ "method": "roots/list" }),
        json!({ "method": "elicitation/create", "params": { "mode": "url", "message": "", "url": "" } }),
        json!({ "method": "x/\u{1b}y", "params": {} }),
        json!({ "method": "elicitation/create", "params": {} }),
    ] {
        let known = json!({ "method": "elicitation/create", "params": {
            "message": "?", "requestedSchema": { "type": "object", "properties": {} },
        } });
        let input_required =
            json!({ "inputRequests": { "a": known, "b": request }, "requestState": "s" });
        let server = server_requiring_input(&input_required).await;
        outcomes.push(describe_result(
            client_with_handler(server.transport(), &handler).call_tool("ask", ()).await,
        ));
        assert_eq!(server.requests_of("tools/call").await.len(), 1);
    }
    assert_snapshot!(outcomes.join("\n"), @r#"
    "tools/call": invalid response
      the server required undeclared input: this client does not support "roots/list"
    -> InvalidResponse
    "tools/call": invalid response
      the server required undeclared input: this client does not support elicitation mode "url"
    -> InvalidResponse
    "tools/call": invalid response
      the server required undeclared input: this client does not support "x/ y"
    -> InvalidResponse
    "tools/call": invalid response
      result.inputRequests.b.params.message: missing, required by ElicitRequestParams "form" at line 1 column 262
    -> InvalidResponse
    "#);
    assert_eq!(handler.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn call_is_repeated_with_backoff_if_only_state_is_returned() {
    // N-MRTR-03, N-MRTR-04, N-MRTR-05: also without handler capabilities
    let steps = |context: &StepContext| match context.round() {
        0..3 => Step::retry(),
        _ => CallResult::text("done").into(),
    };
    let (server, client) = server_with_steps(
        steps,
        &RecordingHandler::new(HandlerCapabilities::none(), HandlerBehavior::Accept),
    )
    .await;
    let (called, passed) = advance_until(client.call_tool("ask", ())).await;
    called.unwrap();
    assert!(passed >= Duration::from_millis(3 * 250), "{passed:?}");
    assert_eq!(server.count("tools/call"), 4);
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn other_calls_do_not_carry_input_responses() {
    // N-MRTR-06
    let handler = RecordingHandler::new(ALL_CAPABILITIES, HandlerBehavior::Accept);
    let steps = |context: &StepContext| match context.response("r") {
        None => Step::request("r", ServerRequest::roots()),
        Some(_) => CallResult::text("done").into(),
    };
    let (server, client) = server_with_steps(steps, &handler).await;
    let calls = (0..8).map(|_| async {
        client.call_tool("ask", ()).await?;
        client.list_tools().await
    });
    assert!(join_all(calls).await.iter().all(Result::is_ok));
    let carries = |request: &RecordedRequest| {
        let params = &request.json().expect("a message")["params"];
        params.get("requestState").is_some() || params.get("inputResponses").is_some()
    };
    let requests = server.requests();
    assert_eq!(requests.iter().filter(|request| carries(request)).count(), 8);
    assert_eq!(server.count("tools/call"), 16);
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn failure_after_the_first_round_may_have_run() {
    // N-MRTR-03: whatever the server responds to the next round, the first round has run
    let mut shown = String::new();
    for refusal in [
        status(401),
        status(404),
        status(503),
        error(-32601, "no such method", &Value::Null).with_status(404),
        error(-32021, "a capability is missing", &Value::Null).with_status(400),
    ] {
        let input_required = json!({ "resultType": "input_required", "requestState": "s" });
        let script =
            Script::new().on("tools/call", result(&input_required)).on("tools/call", refusal);
        let server = script.on(PROBE, status(404)).start().await;
        let known = Negotiation::with_revision(Revision::V2026_07_28);
        let (called, _) =
            advance_until(server.client_with_negotiation(&known).call_tool("ask", ())).await;
        shown += &describe_result(called);
        shown += "\n";
        assert_eq!(server.requests_of("tools/call").await.len(), 2);
    }
    assert_snapshot!(shown, @r#"
    [server]/mcp requires an access token
    -> Unauthorized
    [server]/mcp returned HTTP status 404 Not Found
    -> Status(404)
    [server]/mcp returned HTTP status 503 Service Unavailable
    -> Status(503)
    "tools/call" failed: no such method (code -32601)
    -> Rpc
    "tools/call" failed: a capability is missing (code -32021)
    -> Rpc
    "#);
}

#[tokio::test]
async fn call_is_limited_to_ten_further_rounds() {
    // N-MRTR-09
    let handler = RecordingHandler::new(ALL_CAPABILITIES, HandlerBehavior::Accept);
    let (server, client) =
        server_with_steps(|_: &StepContext| Step::request("r", ServerRequest::roots()), &handler)
            .await;
    assert_snapshot!(describe_result(client.call_tool("ask", ()).await), @r#"
    "tools/call": the server required input more than 10 times
    -> TooManyRoundTrips
    "#);
    assert_eq!(server.count("tools/call"), 11);
    assert_eq!(handler.requests().len(), 11);
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn handler_time_does_not_count_towards_the_request_timeout() {
    // LIFE-13: as in stateful versions
    let handler = RecordingHandler::new(ALL_CAPABILITIES, HandlerBehavior::AcceptWhenReleased);
    let steps = |context: &StepContext| match context.response("r") {
        None => Step::request("r", ServerRequest::roots()),
        Some(_) => CallResult::text("done").into(),
    };
    let (_server, client) = server_with_steps(steps, &handler).await;
    let release_later = async {
        handler.wait_for_pending(1).await;
        advance_until(tokio::time::sleep(Duration::from_secs(5 * 60))).await;
        handler.release();
    };
    let (called, ()) = tokio::join!(client.call_tool("ask", ()), release_later);
    assert_snapshot!(describe_result(called), @"it went well");
}

#[tokio::test]
async fn handler_processes_at_most_64_inputs_at_once() {
    let handler = RecordingHandler::new(ALL_CAPABILITIES, HandlerBehavior::AcceptWhenReleased);
    let requests = (0..100).map(|key| (key.to_string(), json!({ "method": "roots/list" })));
    let requests: serde_json::Map<_, _> = requests.collect();
    let required = json!({ "resultType": "input_required", "inputRequests": requests });
    let done = json!({ "resultType": "complete", "content": [] });
    let script = Script::new().on("tools/call", result(&required)).on("tools/call", result(&done));
    let server = script.start().await;
    let client = client_with_handler(server.transport(), &handler);
    let release_later = async {
        handler.wait_for_pending(64).await;
        handler.release();
    };
    let (called, ()) = tokio::join!(client.call_tool("ask", ()), release_later);
    called.unwrap();
    assert_eq!(handler.requests().len(), 100);
}
