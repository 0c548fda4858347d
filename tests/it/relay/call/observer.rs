//! Observers of lists and calls.

use std::sync::{Arc, Mutex};

use insta::assert_snapshot;
use mcp_testkit::{Barrier, CallResult, Fault, On, Reply, TestServer, TestTool};
use relay::{CallOptions, Observer, Operation, Relay, Server};
use serde_json::json;

use crate::support::{ALICE, with_timeout};

/// Records operations, and provides a trace context.
#[derive(Clone, Default)]
struct RecordingObserver(Arc<Mutex<Vec<String>>>);

impl Observer for RecordingObserver {
    fn operation_ended(&self, operation: &Operation<'_>) {
        let Operation { method, server, tool, error_type, .. } = operation;
        assert!(!operation.duration.is_zero());
        let line = format!("{method} {server} {tool:?} {error_type:?}");
        self.0.lock().expect("no thread panics").push(line);
    }

    fn trace_context(&self) -> Vec<(&'static str, String)> {
        vec![("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned())]
    }
}

async fn server() -> TestServer {
    let tool = |name, response: fn() -> CallResult| {
        TestTool::new(name, json!({ "type": "object" }), move |_| response())
    };
    let builder = TestServer::builder().tool(tool("add", || CallResult::text("3")));
    let builder = builder.tool(tool("fail", || CallResult::tool_error("no")));
    builder.start().await.expect("a free port")
}

fn relay_of(server: &TestServer, observer: &RecordingObserver) -> Relay {
    let builder = Relay::builder().server("main", Server::http(server.url()));
    builder.observer(observer.clone()).build().expect("usable settings")
}

#[tokio::test]
async fn each_operation_is_observed_once_with_its_outcome() {
    let (server, observer) = (server().await, RecordingObserver::default());
    let tools = relay_of(&server, &observer).with_token(ALICE).tools("main").await.unwrap();
    tools.call("add", json!({})).await.unwrap();
    tools.call("fail", json!({})).await.unwrap();
    tools.call("add", json!([])).await.unwrap_err();
    for reply in [Reply::status(500), Reply::status(404), Reply::unauthorized("x")] {
        server.script(On::method("tools/call").nth(1), reply);
        tools.call("add", json!({})).await.ok();
    }
    let barrier = Barrier::new();
    server.script(On::method("tools/call"), Fault::Hold(barrier.clone()));
    let call = tools.call("add", json!({}));
    tokio::select! { _ = call => panic!("a response"), () = with_timeout(barrier.wait_for_arrivals(1)) => {} }
    assert_snapshot!(observer.0.lock().unwrap().join("\n"), @r#"
    tools/list main None None
    tools/call main Some("add") None
    tools/call main Some("fail") Some("tool_error")
    tools/call main Some("add") Some("tool_call")
    tools/call main Some("add") Some("500")
    tools/call main Some("add") None
    tools/call main Some("add") Some("authorization")
    tools/call main Some("add") Some("cancelled")
    "#);
}

#[tokio::test]
async fn trace_context_is_sent_to_the_server() {
    // N-BASE-14
    let (server, observer) = (server().await, RecordingObserver::default());
    let tool = relay_of(&server, &observer).tools("main").await.unwrap().get("add").unwrap();
    tool.with_options(CallOptions::new().meta("com.example/a", 1)).call(()).await.unwrap();
    let sent = server.requests();
    let call = sent.iter().find(|request| request.method() == "tools/call").unwrap();
    assert_snapshot!(call.json().unwrap()["params"]["_meta"], @r#"{"progressToken":3,"com.example/a":1,"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}"#);
}
