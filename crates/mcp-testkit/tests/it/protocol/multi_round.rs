//! Multi-round calls, progress and log messages, in both eras.

use std::collections::BTreeMap;

use mcp_testkit::{
    Barrier, CallResult, ServerRequest, Step, TestPrompt, TestResource, TestServer, TestTool,
};
use mcp_types::{error_code, v2025_11_25::LoggingLevel};
use reqwest::Response;
use serde_json::{Value, json};

use crate::support::{EventReader, StatefulClient, StatelessClient, both_eras, read, tool};

/// Returns a tool that requests a name and the roots, then a confirmation, and then responses.
fn greet_tool() -> TestTool {
    TestTool::with_steps("greet", json!({ "type": "object" }), |context| {
        let content =
            |key| context.response(key).map_or(&Value::Null, |response| &response["content"]);
        match context.round() {
            0 => Step::request("name", form("Who are you?"))
                .and_request("roots", ServerRequest::roots()),
            1 => Step::request("sure", form("Are you sure?")),
            rounds => CallResult::structured(json!({
                "rounds": rounds,
                "name": content("name"),
                "sure": content("sure"),
                "roots": context.response("roots"),
                "arguments": context.arguments(),
            }))
            .into(),
        }
    })
}

fn form(message: &str) -> ServerRequest {
    ServerRequest::form(
        message,
        json!({ "type": "object", "properties": { "a": { "type": "string" } } }),
    )
}

fn accepted_form(text: &str) -> Value {
    json!({ "action": "accept", "content": { "a": text } })
}

fn capabilities() -> Value {
    json!({ "elicitation": {}, "roots": {} })
}

async fn greeter() -> TestServer {
    both_eras()
        .tool(greet_tool())
        .tool(tool("hello", "hi"))
        .start()
        .await
        .expect("the server starts")
}

fn stateless_client(server: &TestServer) -> StatelessClient {
    StatelessClient { capabilities: capabilities(), ..StatelessClient::new(server) }
}

/// Returns the parameters of a retry: the input responses and the request state.
fn retry_params(result: &Value, responses: &Value) -> Value {
    json!({
        "name": "greet",
        "inputResponses": responses,
        "requestState": result["result"]["requestState"],
    })
}

#[tokio::test]
async fn stateless_call_returns_input_required_until_all_responses_arrive() {
    // N-MRTR-02, N-MRTR-04, N-MRTR-05, N-MRTR-07
    let server = greeter().await;
    let mut stateless = stateless_client(&server);
    let first = stateless.request_json("tools/call", json!({ "name": "greet" })).await;
    let expected = json!({
        "name": { "method": "elicitation/create", "params": {
            "message": "Who are you?",
            "requestedSchema": { "type": "object", "properties": { "a": { "type": "string" } } },
        } },
        "roots": { "method": "roots/list", "params": {} },
    });
    assert_eq!(first["result"]["inputRequests"], expected);
    assert_eq!(first["result"]["resultType"], "input_required");
    assert_eq!(first["result"].get("ttlMs"), None);

    let responses = json!({ "name": accepted_form("Ann"), "roots": { "roots": [] } });
    let second = stateless.request_json("tools/call", retry_params(&first, &responses)).await;
    let request = second["result"]["inputRequests"].as_object().unwrap();
    assert_eq!(request.keys().collect::<Vec<_>>(), ["sure"]);
    assert_ne!(first["result"]["requestState"], second["result"]["requestState"]);

    let last = stateless
        .request_json("tools/call", retry_params(&second, &json!({ "sure": accepted_form("yes") })))
        .await;
    assert_eq!(last["result"]["resultType"], "complete");
    let expected = json!({
        "rounds": 2,
        "name": { "a": "Ann" },
        "sure": { "a": "yes" },
        "roots": { "roots": [] },
        "arguments": {},
    });
    assert_eq!(last["result"]["structuredContent"], expected);
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn stateful_call_sends_requests_on_its_own_stream() {
    // HTTP-07, ELIC-02
    let server = greeter().await;
    let mut stateful = StatefulClient::connect_with_capabilities(&server, capabilities()).await;
    let call = json!({ "name": "greet", "arguments": { "x": 1 } });
    let mut events = EventReader::new(stateful.request("tools/call", call).await);
    let (name, roots) = (events.message().await, events.message().await);
    assert_eq!((&name["jsonrpc"], &name["method"]), (&json!("2.0"), &json!("elicitation/create")));
    assert_eq!(name["params"]["message"], "Who are you?");
    assert_eq!(roots["method"], "roots/list");
    assert_ne!(roots["id"], name["id"]);
    // The order of the responses does not matter.
    assert_eq!(stateful.respond(&roots["id"], json!({ "roots": [] })).await.status(), 202);
    assert_eq!(stateful.respond(&name["id"], accepted_form("Ann")).await.status(), 202);
    let sure = events.message().await;
    assert_eq!(stateful.respond(&sure["id"], accepted_form("yes")).await.status(), 202);
    let response = events.message().await;
    let expected = json!({
        "rounds": 2,
        "name": { "a": "Ann" },
        "sure": { "a": "yes" },
        "roots": { "roots": [] },
        "arguments": { "x": 1 },
    });
    assert_eq!(response["result"]["structuredContent"], expected);
    assert_eq!(events.next().await, None, "the stream ends with the response");
    assert_eq!(server.violations(), [""; 0]);

    assert_eq!(stateful.respond(&sure["id"], accepted_form("no")).await.status(), 400);
    let mut other = StatefulClient::connect_with_capabilities(&server, capabilities()).await;
    let mut events =
        EventReader::new(other.request("tools/call", json!({ "name": "greet" })).await);
    let name = events.message().await;
    assert_eq!(stateful.respond(&name["id"], accepted_form("Bob")).await.status(), 400);
    let expected = ["POST: duplicate response", "POST: response to a request of another session"];
    assert_eq!(server.violations(), expected);
}

#[tokio::test]
async fn stateful_error_response_reaches_the_tool() {
    // RPC-10, SAMP-10
    let tool = TestTool::with_steps("think", json!({ "type": "object" }), |context| match context
        .error("m")
    {
        None => {
            Step::request("m", ServerRequest::sampling(json!({ "messages": [], "maxTokens": 1 })))
                .and_request("p", ServerRequest::other("no/such", json!({ "a": 1 })))
        }
        Some(error) => {
            CallResult::text(format!("{} {:?}", error.code, context.response("p"))).into()
        }
    });
    let server = both_eras().tool(tool).start().await.unwrap();
    let mut stateful =
        StatefulClient::connect_with_capabilities(&server, json!({ "sampling": {} })).await;
    let mut events =
        EventReader::new(stateful.request("tools/call", json!({ "name": "think" })).await);
    for expected in ["sampling/createMessage", "no/such"] {
        let request = events.message().await;
        assert_eq!(request["method"], expected);
        let error = json!({ "code": -1, "message": "no" });
        let refusal = json!({ "jsonrpc": "2.0", "id": request["id"], "error": error });
        assert_eq!(stateful.post(&refusal).send().await.unwrap().status(), 202);
    }
    assert_eq!(events.message().await["result"]["content"][0]["text"], "-1 None");
    assert_eq!(server.violations(), [""; 0]);
}

#[tokio::test]
async fn sends_requests_on_the_get_stream_if_there_is_one() {
    // HTTP-22
    let tool = TestTool::with_steps("where", json!({ "type": "object" }), |context| match context
        .round()
    {
        0 => Step::request("u", ServerRequest::url("Sign in", "https://example.com/"))
            .on_get_stream(),
        _ => CallResult::text("there").into(),
    });
    let server = both_eras().allow_get(true).tool(tool).start().await.unwrap();
    let mut stateful =
        StatefulClient::connect_with_capabilities(&server, json!({ "elicitation": { "url": {} } }))
            .await;
    let mut listening = EventReader::new(stateful.listen(None).await);
    let call = stateful.message("tools/call", json!({ "name": "where" }));
    let mut events = EventReader::new(stateful.post(&call).send().await.unwrap());
    let request = listening.message().await;
    assert_eq!(request["params"]["mode"], "url");
    assert!(request["params"]["elicitationId"].is_string(), "{request}");
    stateful.respond(&request["id"], json!({ "action": "accept" })).await;
    assert_eq!(events.message().await["result"]["content"][0]["text"], "there");

    // Without a GET stream the requests come on the stream of the call.
    let mut deaf =
        StatefulClient::connect_with_capabilities(&server, json!({ "elicitation": { "url": {} } }))
            .await;
    let mut events = EventReader::new(deaf.request("tools/call", json!({ "name": "where" })).await);
    assert_eq!(events.message().await["method"], "elicitation/create");
}

#[tokio::test]
async fn fails_the_call_if_the_client_lacks_a_capability() {
    // N-MRTR-10, ELIC-01, SAMP-02
    let server = greeter().await;
    let url = TestTool::with_steps("url", json!({ "type": "object" }), |_| {
        Step::request("u", ServerRequest::url("Sign in", "https://example.com/"))
    });
    let sampling = TestTool::with_steps("sampling", json!({ "type": "object" }), |_| {
        Step::request(
            "m",
            ServerRequest::sampling(json!({ "messages": [], "maxTokens": 1, "tools": [] })),
        )
    });
    server.add_tool(url);
    server.add_tool(sampling);
    for (tool, declared, missing) in [
        ("greet", json!({}), json!({ "elicitation": { "form": {} } })),
        (
            "greet",
            json!({ "elicitation": { "url": {} } }),
            json!({ "elicitation": { "form": {} } }),
        ),
        ("greet", json!({ "elicitation": {} }), json!({ "roots": {} })),
        ("url", json!({ "elicitation": {} }), json!({ "elicitation": { "url": {} } })),
        ("sampling", json!({ "sampling": {} }), json!({ "sampling": { "tools": {} } })),
    ] {
        let call = json!({ "name": tool });
        let mut stateless =
            StatelessClient { capabilities: declared.clone(), ..StatelessClient::new(&server) };
        let response = stateless.request("tools/call", call.clone()).await;
        assert_eq!(response.status(), 400);
        let error = read(response).await["error"].take();
        assert_eq!(error["code"], error_code::MISSING_REQUIRED_CLIENT_CAPABILITY);
        assert_eq!(error["data"]["requiredCapabilities"], missing);

        let mut stateful = StatefulClient::connect_with_capabilities(&server, declared).await;
        let response = stateful.request_json("tools/call", call).await;
        assert_eq!(response["result"]["isError"], true);
    }
    assert_eq!(server.violations(), [""; 0]);
}

/// Sends an invalid retry, and checks that it is rejected and recorded for this reason.
async fn assert_retry_rejected(spoil: impl Fn(&mut Value), reason: &str) {
    let server = greeter().await;
    let mut stateless = stateless_client(&server);
    let first = stateless.request_json("tools/call", json!({ "name": "greet" })).await;
    let responses = json!({ "name": accepted_form("Ann"), "roots": { "roots": [] } });
    let mut second = stateless.message("tools/call", retry_params(&first, &responses));
    spoil(&mut second);
    let response = stateless.post(&second).send().await.expect("a response");
    assert_eq!(response.status(), 400, "{reason}");
    let violations = server.violations();
    assert!(matches!(&*violations, [one] if one.contains(reason)), "{reason}: {violations:?}");
}

#[tokio::test]
async fn rejects_a_changed_or_misplaced_request_state() {
    // N-MRTR-04..07
    fn member<'a>(call: &'a mut Value, name: &str) -> &'a mut Value {
        &mut call["params"][name]
    }
    let trimmed = |call: &mut Value| {
        let state = member(call, "requestState");
        *state = json!(state.as_str().unwrap().trim());
    };
    assert_retry_rejected(trimmed, r#"unknown "requestState""#).await;
    assert_retry_rejected(
        |call| *member(call, "requestState") = json!(1),
        r#""requestState": expected a string"#,
    )
    .await;
    let without = |call: &mut Value| {
        call["params"].as_object_mut().unwrap().remove("requestState");
    };
    assert_retry_rejected(
        without,
        r#"unexpected "inputResponses": no pending request without "requestState""#,
    )
    .await;
    assert_retry_rejected(
        |call| *member(call, "name") = json!("hello"),
        r#""requestState" of another request"#,
    )
    .await;
    assert_retry_rejected(
        |call| *member(call, "arguments") = json!({ "b": 1 }),
        r#""requestState" of another request"#,
    )
    .await;
    assert_retry_rejected(
        |call| *member(call, "inputResponses") = json!([]),
        r#""inputResponses": expected an object"#,
    )
    .await;
    assert_retry_rejected(|call| call["id"] = json!(1), "the id of an earlier request").await;

    let server = greeter().await;
    let mut stateless = stateless_client(&server);
    let stray = json!({ "requestState": "x", "inputResponses": {} });
    assert_eq!(stateless.request("tools/list", stray).await.status(), 200);
    let expected = [
        r#"tools/list: parameter "requestState" not allowed for this method"#,
        r#"tools/list: parameter "inputResponses" not allowed for this method"#,
    ];
    assert_eq!(server.violations(), expected);
}

#[tokio::test]
async fn records_missing_unexpected_and_invalid_responses() {
    // N-MRTR-02, N-MRTR-07, ELIC-07
    let server = greeter().await;
    let mut stateless = stateless_client(&server);
    let first = stateless.request_json("tools/call", json!({ "name": "greet" })).await;
    let responses = json!({ "name": { "action": "accept" }, "more": {} });
    assert_eq!(
        stateless.request("tools/call", retry_params(&first, &responses)).await.status(),
        200
    );
    let expected = [
        r#"tools/call: missing response to "roots""#,
        r#"tools/call: unexpected response to "more""#,
        r#"tools/call: response to "name": "content" missing or invalid"#,
    ];
    assert_eq!(server.violations(), expected);

    let mut stateful = StatefulClient::connect_with_capabilities(&server, capabilities()).await;
    let mut events =
        EventReader::new(stateful.request("tools/call", json!({ "name": "greet" })).await);
    for _ in 0..2 {
        let request = events.message().await;
        stateful.respond(&request["id"], json!({ "action": "maybe", "roots": [] })).await;
    }
    events.message().await;
    let expected = r#"tools/call: response to "name": "action" missing or invalid"#;
    assert_eq!(server.violations().last().map(String::as_str), Some(expected));
}

#[tokio::test]
async fn supports_rounds_with_only_a_state_and_rounds_without_one() {
    // N-MRTR-03
    let again = TestTool::with_steps("again", json!({ "type": "object" }), |context| match context
        .round()
    {
        0 => Step::retry(),
        1 => Step::request("name", form("Who?")).without_state(),
        _ => CallResult::text("done").into(),
    });
    let server = both_eras().tool(again).start().await.unwrap();
    let mut stateless = stateless_client(&server);
    let first = stateless.request_json("tools/call", json!({ "name": "again" })).await;
    assert_eq!(first["result"].get("inputRequests"), None);
    let state = first["result"]["requestState"].clone();
    let params = json!({ "name": "again", "requestState": state });
    let second = stateless.request_json("tools/call", params).await;
    assert_eq!(second["result"].get("requestState"), None);
    let responses = json!({ "name": accepted_form("Ann") });
    let params = json!({ "name": "again", "requestState": state, "inputResponses": responses });
    assert_eq!(
        stateless.request("tools/call", params).await.status(),
        400,
        "from an earlier round"
    );
    let expected = [r#"tools/call: unexpected "requestState": the last result had none"#];
    assert_eq!(server.violations(), expected);
    let params = json!({ "name": "again", "inputResponses": { "name": accepted_form("Ann") } });
    let last = stateless.request_json("tools/call", params.clone()).await;
    assert_eq!(last["result"]["content"][0]["text"], "done");
    assert_eq!(server.violations(), expected);
    assert_eq!(
        stateless.request("tools/call", params).await.status(),
        400,
        "there is no second request"
    );
}

/// Returns a tool that sends progress and log messages, and waits for the barrier in between.
fn progress_tool(barrier: &Barrier) -> TestTool {
    let barrier = barrier.clone();
    TestTool::with_steps("tell", json!({ "type": "object" }), move |_| {
        Step::finish(CallResult::text("done"))
            .progress(json!({ "progress": 0.5, "total": 1 }))
            .log(LoggingLevel::Debug, "details")
            .log(LoggingLevel::Error, json!({ "a": 1 }))
            .hold(&barrier)
            .progress(0.25)
            .message(json!({ "jsonrpc": "2.0", "method": "notifications/x" }))
    })
}

async fn received_messages(response: Response, barrier: &Barrier) -> Vec<String> {
    let mut events = EventReader::new(response);
    let first = events.message().await;
    barrier.open();
    let brief = |message: &Value| match &message["params"] {
        Value::Null => message["method"].as_str().unwrap_or("response").to_owned(),
        // The order of members depends on the features of serde_json.
        Value::Object(params) => json!(BTreeMap::from_iter(params)).to_string(),
        params => params.to_string(),
    };
    let rest = events.remaining_messages().await;
    [first].iter().chain(&rest).map(brief).collect()
}

#[tokio::test]
async fn sends_progress_and_log_messages_only_if_requested() {
    // PROG-01, PROG-02, LOG-02, N-LOG-01, N-PROG-01
    let barrier = Barrier::new();
    let server = both_eras().tool(progress_tool(&barrier)).start().await.unwrap();
    let call = |meta: Value| json!({ "name": "tell", "_meta": meta });
    let mut stateless = StatelessClient::new(&server);
    let level = "io.modelcontextprotocol/logLevel";
    let meta = json!({ "progressToken": "t", level: "warning" });
    let response = stateless.request("tools/call", call(meta)).await;
    let expected = [
        r#"{"progress":0.5,"progressToken":"t","total":1}"#,
        r#"{"data":{"a":1},"level":"error"}"#,
        r#"{"progress":0.25,"progressToken":"t"}"#,
        "notifications/x",
        "response",
    ];
    assert_eq!(received_messages(response, &barrier).await, expected);
    let response = stateless.request("tools/call", call(json!({}))).await;
    assert_eq!(received_messages(response, &barrier).await, ["notifications/x", "response"]);
    let wrong = stateless.request("tools/call", call(json!({ level: "loud" }))).await;
    assert_eq!(wrong.status(), 400);

    let mut stateful = StatefulClient::connect(&server).await;
    let response = stateful.request("tools/call", call(json!({ "progressToken": 7 }))).await;
    let expected = [
        r#"{"progress":0.5,"progressToken":7,"total":1}"#,
        r#"{"data":"details","level":"debug"}"#,
        r#"{"data":{"a":1},"level":"error"}"#,
        r#"{"progress":0.25,"progressToken":7}"#,
        "notifications/x",
        "response",
    ];
    assert_eq!(received_messages(response, &barrier).await, expected);
}

#[tokio::test]
async fn records_a_progress_token_that_is_already_in_use() {
    // PROG-01, N-PROG-01
    let barrier = Barrier::new();
    let server =
        both_eras().assume_single_client().tool(progress_tool(&barrier)).start().await.unwrap();
    let call = |token: Value| json!({ "name": "tell", "_meta": { "progressToken": token } });
    let mut stateful = StatefulClient::connect(&server).await;
    let mut other = StatefulClient::connect(&server).await;
    let mut stateless = StatelessClient::new(&server);
    let mut open = Vec::new();
    for _ in 0..2 {
        open.push(stateful.request("tools/call", call(json!("t"))).await);
    }
    open.push(other.request("tools/call", call(json!("t"))).await);
    let expected = [r#"tools/call: progress token "t" already in use by another request"#];
    assert_eq!(server.violations(), expected);
    for _ in 0..2 {
        open.push(stateless.request("tools/call", call(json!(1.5))).await);
    }
    let expected = [
        expected[0],
        "tools/call: progress token: expected a string or an integer",
        "tools/call: progress token: expected a string or an integer",
        "tools/call: progress token 1.5 already in use by another request",
    ];
    assert_eq!(server.violations(), expected);
    barrier.open();
    for response in open {
        response.text().await.unwrap();
    }
    stateful.request("tools/call", call(json!("t"))).await;
    assert_eq!(server.violations().len(), 4, "the token is free again");
}

#[tokio::test]
async fn prompts_and_resources_can_send_requests() {
    // N-MRTR-01
    let roots = |context: &mcp_testkit::StepContext| match context.response("roots") {
        None => Step::request("roots", ServerRequest::roots()),
        Some(roots) => CallResult::messages([]).member("roots", roots.clone()).into(),
    };
    let builder = both_eras().prompt(TestPrompt::with_steps("p", roots));
    let server =
        builder.resource(TestResource::with_steps("r:", "r", roots)).start().await.unwrap();
    let capabilities = json!({ "roots": {} });
    let mut stateless =
        StatelessClient { capabilities: capabilities.clone(), ..StatelessClient::new(&server) };
    let mut stateful = StatefulClient::connect_with_capabilities(&server, capabilities).await;
    for (method, params) in
        [("prompts/get", json!({ "name": "p" })), ("resources/read", json!({ "uri": "r:" }))]
    {
        let first = stateless.request_json(method, params.clone()).await["result"].take();
        assert_eq!(first["resultType"], "input_required");
        let mut again = params.clone();
        again["requestState"] = first["requestState"].clone();
        again["inputResponses"] = json!({ "roots": { "roots": [] } });
        let last = stateless.request_json(method, again).await;
        assert_eq!(last["result"]["roots"], json!({ "roots": [] }));

        let mut events = EventReader::new(stateful.request(method, params).await);
        let request = events.message().await;
        stateful.respond(&request["id"], json!({ "roots": [] })).await;
        assert_eq!(events.message().await["result"]["roots"], json!({ "roots": [] }));
    }
    assert_eq!(server.violations(), [""; 0]);
}
