//! Interceptors, which an application puts around lists and calls.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use futures_util::future::BoxFuture;
use insta::assert_snapshot;
use mcp_testkit::{Barrier, Fault, On};
use relay::{
    CallRequest, Error, Interceptor, ListRequest, NextCall, NextList, Relay, Server, ToolList,
    ToolOutput,
};
use serde_json::{json, value::RawValue};

use crate::support::{
    ALICE, BOB, ScriptedServer, describe_result, start_test_server, with_timeout,
};

/// Changes, rejects or answers calls, depending on their arguments.
struct ScriptedInterceptor;

impl Interceptor for ScriptedInterceptor {
    fn call_tool<'a>(
        &'a self,
        mut call: CallRequest,
        next: NextCall<'a>,
    ) -> BoxFuture<'a, Result<ToolOutput, Error>> {
        Box::pin(async move {
            match call.arguments.get() {
                r#"{"wish":"change"}"# => {
                    call.arguments =
                        RawValue::from_string(r#"{"wish":"changed"}"#.to_owned()).expect("JSON");
                    let mut output = next.run(call).await?;
                    output.meta.get_or_insert_default().insert("seen".to_owned(), json!(true));
                    Ok(output)
                }
                r#"{"wish":"reject"}"# => Err(call.reject("not today")),
                r#"{"wish":"answer"}"# => Ok("from memory".to_owned().into()),
                _ => next.run(call).await,
            }
        })
    }

    fn list_tools<'a>(
        &'a self,
        request: ListRequest,
        next: NextList<'a>,
    ) -> BoxFuture<'a, Result<ToolList, Error>> {
        Box::pin(async move {
            let mut list = next.run(request).await?;
            for tool in &mut list.tools {
                Arc::make_mut(tool).description = Some("as we say".to_owned());
            }
            Ok(list)
        })
    }
}

/// Logs each call.
#[derive(Clone, Default)]
struct LoggingInterceptor(Arc<Mutex<Vec<String>>>);

impl Interceptor for LoggingInterceptor {
    fn call_tool<'a>(
        &'a self,
        call: CallRequest,
        next: NextCall<'a>,
    ) -> BoxFuture<'a, Result<ToolOutput, Error>> {
        Box::pin(async move {
            let (server, arguments) = (call.tool.server().to_owned(), call.arguments.to_string());
            let outcome = next.run(call).await;
            let line = format!("{server} {arguments} {}", outcome.is_ok());
            self.0.lock().expect("no thread panics").push(line);
            outcome
        })
    }
}

#[tokio::test]
async fn interceptor_can_change_reject_and_answer_calls() {
    let server = ScriptedServer::start().await;
    let (outer, inner) = (LoggingInterceptor::default(), LoggingInterceptor::default());
    let builder = Relay::builder().server("main", Server::http(server.url()));
    let builder = builder.interceptor(outer.clone()).interceptor(ScriptedInterceptor);
    let relay = builder.interceptor(inner.clone()).build().unwrap();
    let tools = relay.with_token(ALICE).tools("main").await.unwrap();
    let output = tools.call("add", json!({ "wish": "change" })).await.unwrap();
    assert_eq!(output.meta.unwrap()["seen"], true);
    let rejected = tools.call("add", json!({ "wish": "reject" })).await;
    assert_snapshot!(describe_result(rejected), @r#"
    server "main": tool "add": not today
    -> ToolCall, did not run
    "#);
    let answered = tools.call("add", json!({ "wish": "answer" })).await.unwrap();
    assert_eq!(answered.text(), "from memory");
    let sent = server.requests_of("tools/call").await;
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].json()["params"]["arguments"], json!({ "wish": "changed" }));
    assert_snapshot!(outer.0.lock().unwrap().join("\n"), @r#"
    main {"wish":"change"} true
    main {"wish":"reject"} false
    main {"wish":"answer"} true
    "#);
    assert_snapshot!(inner.0.lock().unwrap().join("\n"), @r#"main {"wish":"changed"} true"#);
}

#[tokio::test]
async fn interceptor_changes_lists_before_they_are_cached() {
    let server = ScriptedServer::start().await;
    let builder = Relay::builder().server("main", Server::http(server.url()));
    let relay = builder.interceptor(ScriptedInterceptor).build().unwrap();
    for _ in 0..2 {
        let tools = relay.with_token(BOB).tools("main").await.unwrap();
        assert_eq!(tools.get("add").unwrap().description(), "as we say");
    }
    assert_eq!(server.requests_of("tools/list").await.len(), 1);
}

/// Panics once, after the first list was received.
#[derive(Default)]
struct PanickingInterceptor(AtomicBool);

impl Interceptor for PanickingInterceptor {
    fn list_tools<'a>(
        &'a self,
        request: ListRequest,
        next: NextList<'a>,
    ) -> BoxFuture<'a, Result<ToolList, Error>> {
        Box::pin(async move {
            let list = next.run(request).await;
            assert!(self.0.swap(true, Ordering::Relaxed), "on purpose");
            list
        })
    }
}

#[tokio::test]
async fn panicking_interceptor_fails_only_its_own_caller() {
    let server = start_test_server().await;
    let barrier = Barrier::new();
    server.script(On::method("tools/list").nth(1), Fault::Hold(barrier.clone()));
    let builder = Relay::builder().server("main", Server::http(server.url()));
    let relay = builder.interceptor(PanickingInterceptor::default()).build().unwrap();
    let ask = || {
        let relay = relay.clone();
        tokio::spawn(async move { relay.tools("main").await.expect("a list").len() })
    };
    let first = ask();
    with_timeout(barrier.wait_for_arrivals(1)).await;
    let second = ask();
    with_timeout(async {
        while relay.cache_stats().joined == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    barrier.open();
    let outcomes = with_timeout(async { [first.await, second.await] }).await;
    let lists: Vec<_> = outcomes.into_iter().filter_map(Result::ok).collect();
    assert_eq!(lists, [1], "one has panicked, and the other has got the list");
}
