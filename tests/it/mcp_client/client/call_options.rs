//! Call options: metadata, headers, timeouts, progress and log callbacks.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::{BoxFuture, join_all};
use mcp_client::{
    CallOptions, Client, CompletionRequest, Error,
    mcp_types::{
        Era,
        v2025_11_25::{ListPromptsRequest, LoggingLevel, PaginatedRequestParams},
    },
};
use mcp_http::Headers;
use mcp_testkit::{Barrier, CallResult, Fault, On, ResponseMode, Step, TestServer, TestTool};
use serde_json::{Value, json};

use crate::support::{
    PROTOCOL_VERSIONS, Script, ScriptedResponse, ScriptedServer, advance_time, client_with_version,
    describe_result, result, start_and_connect, with_timeout,
};

const TRACE_PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

type Call = for<'a> fn(&'a Client) -> BoxFuture<'a, Result<(), Error>>;

/// A call of each method, with the name of the method.
const CALLS: [(&str, Call); 10] = [
    ("tools/list", |client| Box::pin(async { client.list_tools().await.map(drop) })),
    ("tools/call", |client| Box::pin(async { client.call_tool("a", ()).await.map(drop) })),
    ("resources/list", |client| Box::pin(async { client.list_resources().await.map(drop) })),
    ("resources/templates/list", |client| {
        Box::pin(async { client.list_resource_templates().await.map(drop) })
    }),
    ("resources/read", |client| Box::pin(async { client.read_resource("a").await.map(drop) })),
    ("prompts/list", |client| Box::pin(async { client.list_prompts().await.map(drop) })),
    ("prompts/get", |client| Box::pin(async { client.get_prompt("a", ()).await.map(drop) })),
    ("completion/complete", |client| {
        Box::pin(async {
            client.complete(&CompletionRequest::for_prompt("a", "b", "")).await.map(drop)
        })
    }),
    ("prompts/list", |client| {
        let all = PaginatedRequestParams::default();
        Box::pin(async move { client.send_request::<ListPromptsRequest>(&all).await.map(drop) })
    }),
    ("x-own/method", |client| {
        Box::pin(async {
            client.send_request_raw("x-own/method", json!({ "a": 1 })).await.map(drop)
        })
    }),
];

/// A result with the required members of every method in [`CALLS`].
fn result_of_any_method() -> Value {
    json!({
        "tools": [], "resources": [], "resourceTemplates": [], "prompts": [],
        "content": [], "contents": [], "messages": [], "completion": { "values": [] },
    })
}

/// A response on a stream, after decreasing progress and a log message of an unknown level.
fn response_with_progress_and_log() -> ScriptedResponse {
    let notifications = [
        r#"progress","params":{"progressToken":$id,"progress":0.5,"total":2,"message":"half"}"#,
        r#"progress","params":{"progressToken":$id,"progress":0.25}"#,
        r#"progress","params":{"progressToken":"of another","progress":9}"#,
        r#"progress","params":{"progress":9}"#,
        r#"message","params":{"level":"loud","data":[1]}"#,
    ];
    let notifications = notifications
        .map(|it| format!("data: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/{it}}}\n\n"));
    result(&result_of_any_method()).into_event_stream().with_prefix(&notifications.concat())
}

async fn server_with_progress_and_logs() -> ScriptedServer {
    let opening = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": { "tools": {}, "resources": {}, "prompts": {}, "completions": {} },
        "serverInfo": { "name": "peer", "version": "1" },
    });
    let script = Script::new().on("initialize", result(&opening));
    CALLS
        .iter()
        .fold(script, |script, (method, _)| script.on(method, response_with_progress_and_log()))
        .start()
        .await
}

/// The events that the callbacks received.
#[derive(Clone, Default)]
struct Received(Arc<Mutex<Vec<String>>>);

impl Received {
    fn options(&self) -> CallOptions {
        let (progress, log) = (self.clone(), self.clone());
        CallOptions::new()
            .on_progress(move |it| progress.record(format!("{} of {:?}", it.progress, it.total)))
            .on_log(LoggingLevel::Debug, move |it| log.record(format!("{}: {}", it.level, it.data)))
    }

    fn record(&self, text: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[tokio::test]
async fn every_method_sends_meta_and_delivers_progress_and_logs() {
    // META-01, PROG-01, PROG-02, PROG-03, LOG-02, N-BASE-14, N-LOG-01
    for revision in PROTOCOL_VERSIONS {
        let server = server_with_progress_and_logs().await;
        let received = Received::default();
        let options = received
            .options()
            .meta("com.example/trace", "t-1")
            .meta("traceparent", TRACE_PARENT)
            .meta("progressToken", "mine")
            .extension(Headers::new().with("x-only", "2"));
        let client = client_with_version(server.transport(), revision).with_options(options);
        for (method, call) in CALLS {
            call(&client).await.unwrap();
            let notifications = ["0.5 of Some(2.0)", "0.25 of None", "loud: [1]"];
            assert_eq!(received.take(), notifications, "{method}");
            let sent = server.requests_of(method).await.pop().unwrap();
            let message = sent.json();
            let meta = &message["params"]["_meta"];
            assert_eq!(meta["progressToken"], message["id"], "{method}");
            assert_eq!(meta["com.example/trace"], "t-1", "{method}");
            assert_eq!(meta["traceparent"], TRACE_PARENT, "{method}");
            let level = &meta["io.modelcontextprotocol/logLevel"];
            let expected = match revision.era() {
                Era::Stateful => Value::Null,
                Era::Stateless => json!("debug"),
            };
            assert_eq!(*level, expected, "{method}");
            assert_eq!(sent.header("x-only").as_deref(), Some("2"), "{method}");
        }
    }
}

#[tokio::test]
async fn only_tool_calls_ask_for_progress_without_a_callback() {
    // PROG-01; LOG-02: an unexpected log message is not an error
    for revision in PROTOCOL_VERSIONS {
        let server = server_with_progress_and_logs().await;
        let client = client_with_version(server.transport(), revision);
        for (method, call) in CALLS {
            call(&client).await.unwrap();
            let sent = server.requests_of(method).await.pop().unwrap().json();
            let token = &sent["params"]["_meta"]["progressToken"];
            let expected = if method == "tools/call" { &sent["id"] } else { &Value::Null };
            assert_eq!(token, expected, "{method}");
        }
    }
}

#[tokio::test]
async fn every_method_times_out_after_the_timeout_of_its_options() {
    // LIFE-13, N-TIME-01
    for revision in PROTOCOL_VERSIONS {
        let (server, client) =
            start_and_connect(TestServer::builder().tool(echo_tool()), revision).await;
        let client = client.with_options(CallOptions::new().timeout(Duration::from_secs(5)));
        for (number, method) in ["tools/list", "tools/call"].into_iter().enumerate() {
            let barrier = Barrier::new();
            server.script(On::method(method), Fault::Hold(barrier.clone()));
            let call = CALLS.iter().find(|(name, _)| *name == method).unwrap().1;
            let advance_later = async {
                with_timeout(barrier.wait_for_arrivals(1)).await;
                advance_time(Duration::from_secs(6)).await;
            };
            let (called, ()) = tokio::join!(call(&client), advance_later);
            let expected = format!("\"{method}\": no response within 5s\n-> Timeout");
            assert_eq!(describe_result(called), expected);
            if revision.era() == Era::Stateful {
                with_timeout(server.wait_for_requests("notifications/cancelled", number + 1)).await;
            }
        }
        assert_eq!(server.violations(), Vec::<String>::new());
    }
}

fn echo_tool() -> TestTool {
    TestTool::new("a", json!({ "type": "object" }), |_| CallResult::text("a"))
}

#[tokio::test]
async fn progress_restarts_the_timeout_but_not_the_total() {
    // LIFE-14, N-TIME-01
    for (revision, listens) in PROTOCOL_VERSIONS
        .into_iter()
        .zip([true, false])
        .chain(PROTOCOL_VERSIONS.into_iter().zip([false, true]))
    {
        let (barriers, last) = ([Barrier::new(), Barrier::new()], Barrier::new());
        let held = [barriers[0].clone(), barriers[1].clone()];
        let slow = TestTool::with_steps("a", json!({ "type": "object" }), move |_| {
            let step = Step::finish(CallResult::text("a"));
            let progress = json!({ "progress": 1 });
            let held = held.iter();
            // The log message shows that the progress before it has arrived.
            let report = |step: Step, barrier| {
                step.hold(barrier).progress(progress.clone()).log(LoggingLevel::Error, "halfway")
            };
            held.fold(step, report).hold(&last)
        });
        let builder = TestServer::builder().tool(slow).response_mode(ResponseMode::Sse);
        let (_server, client) = start_and_connect(builder, revision).await;
        let notifications = Arc::new(tokio::sync::Semaphore::new(0));
        let progress_arrived = Arc::clone(&notifications);
        let options = CallOptions::new()
            .timeout(Duration::from_secs(5))
            .max_total_timeout(Duration::from_secs(11))
            .on_log(LoggingLevel::Error, move |_| progress_arrived.add_permits(1));
        let options = if listens { options.on_progress(|_| {}) } else { options };
        let client = client.with_options(options);
        let clock = async {
            for barrier in &barriers {
                with_timeout(barrier.wait_for_arrivals(1)).await;
                advance_time(Duration::from_secs(4)).await;
                barrier.open();
                with_timeout(notifications.acquire()).await.unwrap().forget();
            }
            // 8 seconds have passed, and each progress notification arrived in time.
            advance_time(Duration::from_secs(4)).await;
        };
        let (called, ()) = tokio::join!(client.call_tool("a", ()), clock);
        assert_eq!(describe_result(called), "\"tools/call\": no response within 11s\n-> Timeout");
    }
}

#[tokio::test]
async fn concurrent_calls_have_distinct_progress_tokens() {
    // PROG-01, N-PROG-01
    for revision in PROTOCOL_VERSIONS {
        let barrier = Barrier::new();
        let hold = barrier.clone();
        let slow = TestTool::with_steps("a", json!({ "type": "object" }), move |context| {
            let progress = json!({ "progress": context.arguments()["n"] });
            Step::finish(CallResult::text("a")).hold(&hold).progress(progress)
        });
        let (server, client) = start_and_connect(TestServer::builder().tool(slow), revision).await;
        let calls = (0..8).map(async |number| {
            let received = Received::default();
            let client = client.with_options(received.options());
            client.call_tool("a", json!({ "n": number })).await.unwrap();
            (received.take(), number)
        });
        let release = async {
            with_timeout(barrier.wait_for_arrivals(8)).await;
            barrier.open();
        };
        let (calls, ()) = tokio::join!(join_all(calls), release);
        for (received, number) in calls {
            assert_eq!(received, [format!("{number} of None")]);
        }
        let requests = server.requests();
        let tokens = requests.iter().filter(|it| it.method() == "tools/call");
        let tokens = tokens.map(|it| it.params().unwrap()["_meta"]["progressToken"].to_string());
        assert_eq!(tokens.collect::<HashSet<_>>().len(), 8);
    }
}

#[tokio::test]
async fn panicking_callback_ends_only_its_own_call() {
    // HTTP-09: the call is cancelled on the server
    for revision in PROTOCOL_VERSIONS {
        let barrier = Barrier::new();
        let hold = barrier.clone();
        let slow = TestTool::with_steps("a", json!({ "type": "object" }), move |_| {
            let step = Step::finish(CallResult::text("a"));
            step.progress(json!({ "progress": 1 })).hold(&hold)
        });
        let (server, client) = start_and_connect(TestServer::builder().tool(slow), revision).await;
        let panicking =
            client.with_options(CallOptions::new().on_progress(|_| panic!("on purpose")));
        let called = tokio::spawn(async move { panicking.call_tool("a", ()).await.map(drop) });
        assert!(with_timeout(called).await.unwrap_err().is_panic());
        with_timeout(server.wait_for_cancelled(1)).await;
        barrier.open();
        client.call_tool("a", ()).await.unwrap();
        assert_eq!(server.violations(), Vec::<String>::new());
    }
}
