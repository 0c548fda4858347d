//! Server requests that the application's handler responds to.

use std::{sync::Arc, time::Duration};

use insta::assert_snapshot;
use mcp_client::{
    Client, HandlerCapabilities, Limits, Negotiation, Transport, mcp_types::Revision,
};
use mcp_http::HttpTransport;
use mcp_testkit::{CallResult, ServerRequest, Step, StepContext, TestServer, TestTool};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::support::{
    ALL_CAPABILITIES, GetStream, HandlerBehavior, MemoryServer, PROTOCOL_VERSIONS,
    RecordingHandler, Script, describe_result, error,
};

/// A client of a stateful server with a handler.
fn client_with_handler(transport: impl Transport, handler: &RecordingHandler) -> Client {
    let known = Negotiation::with_revision(Revision::V2025_11_25);
    Client::builder(transport).handler(handler.clone()).negotiation(known).build()
}

/// A server with one tool that sends server requests, and a client of it.
async fn server_with_steps(
    revision: Revision,
    steps: impl Fn(&StepContext) -> Step + Send + Sync + 'static,
    handler: &RecordingHandler,
) -> (TestServer, Client) {
    let tool = TestTool::with_steps("ask", json!({ "type": "object" }), steps);
    let server = TestServer::builder().revisions([revision]).tool(tool).start().await;
    let server = server.expect("a free port");
    let transport = HttpTransport::builder(server.url()).build().expect("a usable URL");
    let client =
        Client::builder(transport).handler(handler.clone()).protocol_version(revision).build();
    (server, client)
}

fn form_schema() -> Value {
    json!({ "type": "object", "properties": {
        "name": { "type": "string", "default": "Ada" }, "age": { "type": "integer" },
    } })
}

fn sampling_params() -> Value {
    let message = json!({ "role": "user", "content": { "type": "text", "text": "hi" } });
    json!({ "messages": [message], "maxTokens": 9 })
}

/// Sends every kind of server request, and returns the responses as the tool's result.
fn request_everything(context: &StepContext) -> Step {
    if context.round() == 0 {
        return Step::request("form", ServerRequest::form("Who?", form_schema()))
            .and_request("url", ServerRequest::url("Sign in", "https://example.com/in"))
            .and_request("model", ServerRequest::sampling(sampling_params()))
            .and_request("roots", ServerRequest::roots());
    }
    let got = ["form", "url", "model", "roots"].map(|key| match context.response(key) {
        Some(response) => response.to_string(),
        None => context.error(key).map_or_else(String::new, ToString::to_string),
    });
    CallResult::text(got.join("\n")).into()
}

async fn call_ask(client: &Client) -> String {
    let result = client.call_tool("ask", ()).await.expect("a result");
    let content = serde_json::to_value(&result.content).expect("JSON");
    content[0]["text"].as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn server_requests_reach_the_handler_in_all_versions() {
    // HTTP-07, ELIC-06, ELIC-07, SAMP-09, ROOT-01, N-MRTR-02, N-MRTR-04, N-MRTR-05, N-MRTR-07
    for revision in PROTOCOL_VERSIONS {
        let handler = RecordingHandler::new(ALL_CAPABILITIES, HandlerBehavior::Accept);
        let (server, client) = server_with_steps(revision, request_everything, &handler).await;
        assert_eq!(
            call_ask(&client).await,
            "{\"action\":\"accept\",\"content\":{\"name\":\"Ada\"}}\n\
             {\"action\":\"accept\"}\n\
             {\"content\":{\"type\":\"text\",\"text\":\"hello\"},\"model\":\"m\",\"role\":\"assistant\"}\n\
             {\"roots\":[{\"uri\":\"file:///home\"}]}",
            "{revision}"
        );
        let mut requests = handler.requests();
        requests.sort();
        let url = match revision {
            Revision::V2025_11_25 => "url: Sign in https://example.com/in (with an id)",
            _ => "url: Sign in https://example.com/in",
        };
        assert_eq!(requests, ["form: Who?", "roots", "sampling: 9 tokens", url]);
        assert_eq!(server.violations(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn only_the_capabilities_of_the_handler_are_declared() {
    // LIFE-10, ELIC-01, N-MRTR-10: the server sends no undeclared requests
    for revision in PROTOCOL_VERSIONS {
        let handler =
            RecordingHandler::new(HandlerCapabilities::none().roots(), HandlerBehavior::Accept);
        let (server, client) = server_with_steps(revision, request_everything, &handler).await;
        // The server decides whether that is an error of the call or of the tool.
        let _ = client.call_tool("ask", ()).await;
        assert_eq!(handler.requests(), Vec::<String>::new());
        let method = match revision {
            Revision::V2025_11_25 => "initialize",
            _ => "tools/call",
        };
        let requests = server.requests();
        let request = requests.iter().find(|request| request.method() == method).unwrap();
        let params = &request.json().unwrap()["params"];
        let declared = match revision {
            Revision::V2025_11_25 => &params["capabilities"],
            _ => &params["_meta"]["io.modelcontextprotocol/clientCapabilities"],
        };
        assert_eq!(*declared, json!({ "roots": {} }));
    }
}

/// The responses of a client to requests that a stateful server sends before the call completes.
async fn responses_to(
    capabilities: HandlerCapabilities,
    behavior: HandlerBehavior,
    requests: &[(&str, Value)],
) -> (Vec<String>, RecordingHandler) {
    let (memory_server, handler) = (
        Arc::new(MemoryServer::new(GetStream::NotOffered)),
        RecordingHandler::new(capabilities, behavior),
    );
    let client = client_with_handler(Arc::clone(&memory_server), &handler);
    for (id, (method, params)) in requests.iter().enumerate() {
        memory_server.send_during_call(
            json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }),
        );
    }
    let answered = async {
        let responses = memory_server.client_responses(requests.len()).await;
        memory_server.complete_call();
        responses
    };
    let (called, responses) = tokio::join!(client.call_tool("ask", ()), answered);
    called.expect("a result");
    let describe = |response: &Value| match &response["error"] {
        Value::Null => response["result"].to_string(),
        error => format!("{} {}", error["code"], error["message"].as_str().unwrap_or_default()),
    };
    (responses.iter().map(describe).collect(), handler)
}

#[tokio::test]
async fn unsupported_server_requests_do_not_reach_the_handler() {
    // RPC-10, ELIC-02, ELIC-03, SAMP-02, ROOT-01
    let form = |schema: Value| json!({ "message": "?", "requestedSchema": schema });
    let requests = [
        ("elicitation/create", json!({ "mode": "url", "message": "?", "url": "https://x" })),
        ("elicitation/create", json!({ "mode": "voice", "message": "?" })),
        ("elicitation/create", json!({ "message": "?" })),
        ("elicitation/create", form(json!({ "properties": [] }))),
        ("sampling/createMessage", json!({ "messages": [], "maxTokens": 1, "tools": [] })),
        ("sampling/createMessage", json!({ "messages": [], "maxTokens": 1, "toolChoice": {} })),
        ("sampling/createMessage", json!({ "maxTokens": 1 })),
        ("roots/list", json!({})),
        ("tools/list", json!({})),
    ];
    let capabilities = HandlerCapabilities::none().form().sampling();
    let (responses, handler) = responses_to(capabilities, HandlerBehavior::Accept, &requests).await;
    assert_eq!(handler.requests(), Vec::<String>::new());
    assert_snapshot!(responses.join("\n"), @r#"
    -32602 this client does not support elicitation mode "url"
    -32602 this client does not support elicitation mode "voice"
    -32602 invalid parameters: .requestedSchema: missing, required by ElicitRequestParams "form" at line 1 column 15
    -32602 invalid form: invalid type: sequence, expected a map at line 1 column 14
    -32602 this client does not support sampling with tools
    -32602 this client does not support sampling with tools
    -32602 invalid parameters: .messages: missing, required by CreateMessageRequestParams at line 1 column 15
    -32601 this client does not support "roots/list"
    -32601 this client does not support "tools/list"
    "#);
}

#[tokio::test]
async fn sampling_with_unbalanced_tool_results_is_rejected() {
    // SAMP-06, SAMP-07
    let uses = |id: &str| json!({ "type": "tool_use", "id": id, "name": "t", "input": {} });
    let result = |id: &str| json!({ "type": "tool_result", "toolUseId": id, "content": [] });
    let text = || json!({ "type": "text", "text": "and" });
    let say = |role: &str, content: Value| json!({ "role": role, "content": content });
    let requests = [
        vec![say("assistant", json!([uses("a"), uses("b")])), say("user", json!([result("a")]))],
        vec![say("assistant", uses("a"))],
        vec![say("assistant", uses("a")), say("assistant", result("a"))],
        vec![say("assistant", uses("a")), say("user", json!([result("a"), text()]))],
        vec![
            say("user", text()),
            say("assistant", json!([text(), uses("a"), uses("b")])),
            say("user", json!([result("b"), result("a")])),
        ],
    ]
    .map(|messages| ("sampling/createMessage", json!({ "messages": messages, "maxTokens": 1 })));
    let (responses, handler) =
        responses_to(ALL_CAPABILITIES, HandlerBehavior::Accept, &requests).await;
    assert_eq!(handler.requests(), ["sampling: 1 tokens"]);
    assert_snapshot!(responses.join("\n"), @r#"
    -32602 a tool use has no result in the next message
    -32602 a tool use has no result in the next message
    -32602 a tool use has no result in the next message
    -32602 tool results must not be mixed with other content
    {"content":{"type":"text","text":"hello"},"model":"m","role":"assistant"}
    "#);
}

/// One server request of each kind.
fn server_requests() -> [(&'static str, Value); 4] {
    [
        ("elicitation/create", json!({ "message": "Who?", "requestedSchema": form_schema() })),
        (
            "elicitation/create",
            json!({
                "mode": "url", "message": "Go", "url": "https://x", "elicitationId": "e",
            }),
        ),
        ("sampling/createMessage", sampling_params()),
        ("roots/list", json!({})),
    ]
}

#[tokio::test]
async fn handler_can_decline_on_behalf_of_the_user() {
    // ELIC-07, SAMP-10
    let (responses, _) =
        responses_to(ALL_CAPABILITIES, HandlerBehavior::Decline, &server_requests()).await;
    assert_snapshot!(responses.join("\n"), @r#"
    {"action":"decline"}
    {"action":"decline"}
    -1 the user declined
    -1 the user declined
    "#);
}

#[tokio::test]
async fn failing_handler_does_not_fail_the_call() {
    // RPC-10: the server does not learn the reason either
    for behavior in [HandlerBehavior::Fail, HandlerBehavior::Panic] {
        let (responses, _) = responses_to(ALL_CAPABILITIES, behavior, &server_requests()).await;
        assert_eq!(
            responses, ["-32603 the client failed to handle the request"; 4],
            "{behavior:?}"
        );
    }
}

#[tokio::test]
async fn invalid_handler_results_are_not_sent() {
    // ELIC-06, ROOT-02
    let (responses, _) =
        responses_to(ALL_CAPABILITIES, HandlerBehavior::InvalidResult, &server_requests()).await;
    assert_snapshot!(responses.join("\n"), @r#"
    -32603 the client failed to handle the request
    {"action":"cancel"}
    {"content":{"type":"text","text":"hello"},"model":"m","role":"assistant"}
    -32603 the client failed to handle the request
    "#);
}

#[tokio::test]
async fn server_can_cancel_its_request() {
    // CANC-05, CANC-06
    let (memory_server, handler) = (
        Arc::new(MemoryServer::new(GetStream::NotOffered)),
        RecordingHandler::new(ALL_CAPABILITIES, HandlerBehavior::AcceptWhenReleased),
    );
    let client = client_with_handler(Arc::clone(&memory_server), &handler);
    let cancel = |id: Value| {
        memory_server.send_during_call(json!({
            "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id },
        }));
    };
    let script = async {
        memory_server
            .send_during_call(json!({ "jsonrpc": "2.0", "id": "a", "method": "roots/list" }));
        memory_server
            .send_during_call(json!({ "jsonrpc": "2.0", "id": "b", "method": "roots/list" }));
        handler.wait_for_pending(2).await;
        cancel(json!("unknown"));
        cancel(json!(null));
        cancel(json!("a"));
        handler.wait_for_pending(1).await;
        handler.release();
        let responses = memory_server.client_responses(1).await;
        memory_server.complete_call();
        responses
    };
    let (called, responses) = tokio::join!(client.call_tool("ask", ()), script);
    called.unwrap();
    assert_eq!(responses.len(), 1);
    assert_eq!(responses[0]["id"], "b");
    assert_eq!(memory_server.client_responses(1).await.len(), 1);
}

#[tokio::test]
async fn repeated_server_request_is_handled_once() {
    // HTTP-17: as after the resumption of a stream
    let (memory_server, handler) = (
        Arc::new(MemoryServer::new(GetStream::NotOffered)),
        RecordingHandler::new(ALL_CAPABILITIES, HandlerBehavior::AcceptWhenReleased),
    );
    let client = client_with_handler(Arc::clone(&memory_server), &handler);
    let script = async {
        for id in ["a", "a", "p"] {
            let method = if id == "p" { "ping" } else { "roots/list" };
            memory_server.send_during_call(json!({ "jsonrpc": "2.0", "id": id, "method": method }));
        }
        memory_server.client_responses(1).await;
        handler.release();
        memory_server.client_responses(2).await;
        memory_server.complete_call();
    };
    let (called, ()) = tokio::join!(client.call_tool("ask", ()), script);
    called.unwrap();
    assert_eq!(handler.requests(), ["roots"]);
    assert_eq!(memory_server.client_responses(2).await.len(), 2);
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn handler_time_does_not_count_towards_the_request_timeout() {
    // LIFE-13, LIFE-14: the request timeout restarts when the handler is done
    let (memory_server, handler) = (
        Arc::new(MemoryServer::new(GetStream::NotOffered)),
        RecordingHandler::new(ALL_CAPABILITIES, HandlerBehavior::AcceptWhenReleased),
    );
    let client = client_with_handler(Arc::clone(&memory_server), &handler);
    memory_server.send_during_call(json!({ "jsonrpc": "2.0", "id": 1, "method": "roots/list" }));
    let began = Instant::now();
    let release_later = async {
        sleep(5 * MINUTE).await;
        handler.release();
    };
    let (called, ()) = tokio::join!(client.call_tool("ask", ()), release_later);
    assert_snapshot!(describe_result(called), @r#"
    "tools/call": no response within 30s
    -> Timeout
    "#);
    assert_eq!(began.elapsed(), 5 * MINUTE + Limits::default().timeout);
}

#[tokio::test(start_paused = true)]
async fn handler_time_counts_towards_the_total_timeout() {
    // LIFE-14
    let (memory_server, handler) = (
        Arc::new(MemoryServer::new(GetStream::NotOffered)),
        RecordingHandler::new(ALL_CAPABILITIES, HandlerBehavior::AcceptWhenReleased),
    );
    let client = client_with_handler(Arc::clone(&memory_server), &handler);
    memory_server.send_during_call(json!({ "jsonrpc": "2.0", "id": 1, "method": "roots/list" }));
    assert_snapshot!(describe_result(client.call_tool("ask", ()).await), @r#"
    "tools/call": no response within 600s
    -> Timeout
    "#);
    assert_eq!(handler.pending(), 0);
    let responses = memory_server.client_responses(1).await;
    assert_eq!(responses[0]["error"]["message"], "the call has ended");
}

#[tokio::test]
async fn handler_is_notified_when_a_url_elicitation_completes() {
    // ELIC-13
    let done = |id: &str| {
        let params = json!({ "elicitationId": id });
        let method = "notifications/elicitation/complete";
        json!({ "jsonrpc": "2.0", "method": method, "params": params })
    };
    for (capabilities, requests) in
        [(ALL_CAPABILITIES, &["done: e-1"][..]), (HandlerCapabilities::none().form(), &[])]
    {
        let (memory_server, handler) = (
            Arc::new(MemoryServer::new(GetStream::NotOffered)),
            RecordingHandler::new(capabilities, HandlerBehavior::Accept),
        );
        memory_server.send_during_call(done("e-1"));
        memory_server.send_during_call(
            json!({ "jsonrpc": "2.0", "method": "notifications/elicitation/complete" }),
        );
        memory_server.complete_call();
        client_with_handler(Arc::clone(&memory_server), &handler)
            .call_tool("ask", ())
            .await
            .unwrap();
        assert_eq!(handler.requests(), requests);
    }
}

#[tokio::test]
async fn error_with_url_elicitations_exposes_their_urls() {
    // TOOL-22, ELIC-15: whatever the client declared; nothing is opened or repeated
    let data = json!({ "elicitations": [
        { "mode": "url", "elicitationId": "e-1", "url": "https://example.com/in", "message": "Sign in" },
        { "mode": "form", "message": "no" },
        7,
    ] });
    let server =
        Script::new().on("tools/call", error(-32042, "sign in first", &data)).start().await;
    let handler = RecordingHandler::new(ALL_CAPABILITIES, HandlerBehavior::Accept);
    for client in [server.client(), client_with_handler(server.transport(), &handler)] {
        let error = client.call_tool("add", ()).await.unwrap_err();
        let urls = error.url_elicitations();
        assert_eq!(urls.len(), 1);
        assert_eq!(urls[0].id.as_deref(), Some("e-1"));
        assert_eq!(urls[0].url, "https://example.com/in");
        assert_eq!(urls[0].message, "Sign in");
    }
    assert_eq!(server.requests_of("tools/call").await.len(), 2);
    assert_eq!(handler.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn other_errors_have_no_url_elicitations() {
    let data = json!({ "elicitations": [{ "mode": "url", "url": "https://x", "message": "m" }] });
    let server = Script::new()
        .on("tools/call", error(-32000, "no", &data))
        .on("tools/call", error(-32042, "no", &Value::Null))
        .start()
        .await;
    let client = server.client();
    for _ in 0..2 {
        let error = client.call_tool("add", ()).await.unwrap_err();
        assert_eq!(error.url_elicitations(), Vec::new());
    }
}
