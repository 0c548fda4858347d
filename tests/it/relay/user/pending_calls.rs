//! Pending calls, which wait for a sign-in and are then made once.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::{BoxFuture, join_all};
use insta::{allow_duplicates, assert_snapshot};
use mcp_testkit::{Barrier, Bearer, CallResult, Fault, On, TestServer, TestTool};
use relay::{
    AccessToken, CallRequest, Error, Interceptor, NextCall, PendingCall, Relay, Server, ToolOutput,
};
use serde_json::{Value, json, value::to_raw_value};

use crate::relay::support::relay_with;
use crate::support::{ALICE, BOB, assert_no_secrets, describe_result, with_timeout};

async fn server() -> TestServer {
    let tool = TestTool::new("pay", json!({ "type": "object" }), |_| CallResult::text("paid"));
    let bearer = Bearer::tokens([ALICE]).scope("pay now");
    TestServer::builder().bearer(bearer).tool(tool).start().await.expect("a free port")
}

/// The pending call of Alice, whose token has expired. It is serialized and read back.
async fn pending_call(server: &TestServer, relay: &Relay) -> PendingCall {
    let tools =
        relay.for_user("alice", AccessToken::new(ALICE)).tools("main").await.expect("a list");
    server.expire_token(ALICE);
    let error =
        tools.call("pay", json!({ "amount": 1.10 })).await.expect_err("an authorization error");
    let authorization = error.authorization().expect("an authorization error");
    let stored =
        serde_json::to_string(authorization.pending_call.as_ref().expect("it did not run"))
            .expect("it is serializable");
    assert_no_secrets(&format!("{stored}{authorization:?}"));
    assert!(!format!("{authorization:?}").contains("1.1"), "arguments are not shown");
    serde_json::from_str(&stored).expect("it is a pending call")
}

#[tokio::test]
async fn pending_call_is_resumed_once_after_the_sign_in() {
    let server = server().await;
    let relay = relay_with(Server::http(server.url()));
    let pending = pending_call(&server, &relay).await;
    let shown = (&*pending.server, &*pending.tool, &*pending.arguments, pending.user.as_deref());
    assert_eq!(shown, ("main", "pay", r#"{"amount":1.1}"#, Some("alice")));
    assert_eq!(pending.scopes, ["pay", "now"]);
    // Resuming too early does no harm.
    let user = relay.for_user("alice", AccessToken::new(ALICE));
    assert!(user.resume(pending.clone()).await.unwrap_err().authorization().is_some());
    server.renew_token(ALICE, BOB);
    let user = relay.for_user("alice", AccessToken::new(BOB));
    let before = server.count("tools/call");
    let resumed = join_all((0..3).map(|_| user.resume(pending.clone()))).await;
    let (paid, rejected): (Vec<_>, Vec<_>) = resumed.into_iter().partition(Result::is_ok);
    assert_eq!((paid.len(), rejected.len()), (1, 2));
    assert_eq!(server.count("tools/call"), before + 1);
    let sent = server.requests();
    let call = sent.iter().rfind(|request| request.method() == "tools/call").unwrap();
    assert_eq!(call.json().unwrap()["params"]["arguments"], json!({ "amount": 1.1 }));
    for error in rejected {
        allow_duplicates!(assert_snapshot!(describe_result(error), @r#"
        server "main": tool "pay": the pending call was already resumed
        -> ToolCall, did not run
        "#));
    }
}

#[tokio::test]
async fn pending_call_of_unknown_outcome_is_not_resumed_again() {
    let server = server().await;
    let relay = relay_with(Server::http(server.url()));
    let pending = pending_call(&server, &relay).await;
    server.renew_token(ALICE, BOB);
    server.script(On::method("tools/call"), Fault::Close);
    let user = relay.for_user("alice", AccessToken::new(BOB));
    let error = user.resume(pending.clone()).await.unwrap_err();
    assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
    let before = server.count("tools/call");
    assert!(user.resume(pending).await.is_err());
    assert_eq!(server.count("tools/call"), before);
}

#[tokio::test]
async fn pending_call_stays_valid_until_the_call_is_sent() {
    let server = server().await;
    let builder = Relay::builder().server("main", Server::http(server.url()));
    let relay = builder.cache_duration(Duration::ZERO).build().unwrap();
    let pending = pending_call(&server, &relay).await;
    server.renew_token(ALICE, BOB);
    let user = relay.for_user("alice", AccessToken::new(BOB));
    let barrier = Barrier::new();
    server.script(On::method("tools/list"), Fault::Hold(barrier.clone()));
    tokio::select! {
        outcome = user.resume(pending.clone()) => panic!("{outcome:?}"),
        () = with_timeout(barrier.wait_for_arrivals(1)) => {}
    }
    server.clear_script();
    assert_eq!(user.resume(pending).await.unwrap().text(), "paid");
}

#[tokio::test]
async fn pending_call_belongs_to_its_user() {
    let server = server().await;
    let relay = relay_with(Server::http(server.url()));
    let pending = pending_call(&server, &relay).await;
    server.accept_token(BOB);
    for user in [relay.for_user("bob", AccessToken::new(BOB)), relay.with_token(BOB)] {
        let outcome = describe_result(user.resume(pending.clone()).await);
        allow_duplicates!(assert_snapshot!(outcome, @r#"
        server "main": the pending call belongs to another user
        -> Configuration, did not run
        "#));
    }
    // A user who is known by a token alone has another token after the sign-in.
    server.accept_token(ALICE);
    let tools = relay.with_token(ALICE).tools("main").await.unwrap();
    server.expire_token(ALICE);
    let error = tools.call("pay", ()).await.unwrap_err();
    let pending = error.authorization().unwrap().pending_call.clone().unwrap();
    // The anonymous principal is not this user. It uses the API key of the server.
    let outcome = describe_result(relay.without_token().resume(pending.clone()).await);
    assert!(outcome.contains("another user"), "{outcome}");
    assert_eq!(relay.with_token(BOB).resume(pending).await.unwrap().text(), "paid");
}

/// Adds a signature to the arguments.
struct SigningInterceptor;

impl Interceptor for SigningInterceptor {
    fn call_tool<'a>(
        &'a self,
        mut call: CallRequest,
        next: NextCall<'a>,
    ) -> BoxFuture<'a, Result<ToolOutput, Error>> {
        let mut arguments: Value = serde_json::from_str(call.arguments.get()).expect("JSON");
        let signatures = arguments["signatures"].as_u64().unwrap_or(0);
        arguments["signatures"] = json!(signatures + 1);
        call.arguments = to_raw_value(&arguments).expect("JSON");
        next.run(call)
    }
}

#[tokio::test]
async fn interceptors_see_a_resumed_call_with_its_original_arguments() {
    let server = server().await;
    let relay =
        Relay::builder().server("main", Server::http(server.url())).interceptor(SigningInterceptor);
    let relay = relay.build().unwrap();
    let pending = pending_call(&server, &relay).await;
    assert_eq!(pending.arguments, r#"{"amount":1.1}"#);
    server.renew_token(ALICE, BOB);
    relay.for_user("alice", AccessToken::new(BOB)).resume(pending).await.unwrap();
    let sent = server.requests();
    let call = sent.iter().rfind(|request| request.method() == "tools/call").unwrap();
    let signed = json!({ "amount": 1.1, "signatures": 1 });
    assert_eq!(call.json().unwrap()["params"]["arguments"], signed);
}

/// Returns an error of another call, once.
#[derive(Clone, Default)]
struct ForeignErrorInterceptor(Arc<Mutex<Option<Error>>>);

impl Interceptor for ForeignErrorInterceptor {
    fn call_tool<'a>(
        &'a self,
        call: CallRequest,
        next: NextCall<'a>,
    ) -> BoxFuture<'a, Result<ToolOutput, Error>> {
        match self.0.lock().expect("no thread panics").take() {
            Some(error) => Box::pin(async { Err(error) }),
            None => next.run(call),
        }
    }
}

#[tokio::test]
async fn error_of_another_call_gets_no_pending_call_of_this_one() {
    // This call may have run before the interceptor made the other one.
    let tool = |name| TestTool::new(name, json!({ "type": "object" }), |_| CallResult::text("x"));
    let builder = || TestServer::builder().bearer(Bearer::tokens([ALICE])).tool(tool("pay"));
    let main = builder().tool(tool("ship")).start().await.unwrap();
    let other = builder().start().await.unwrap();
    let foreign = ForeignErrorInterceptor::default();
    let relay = Relay::builder().server("main", Server::http(main.url()));
    let relay = relay.server("other", Server::http(other.url())).interceptor(foreign.clone());
    let user = relay.build().unwrap().with_tokens([("main", ALICE), ("other", ALICE)]);
    let (tools, other_tools) =
        (user.tools("main").await.unwrap(), user.tools("other").await.unwrap());
    for server in [&main, &other] {
        server.expire_token(ALICE);
    }
    for (error, place) in [
        (other_tools.call("pay", ()).await.unwrap_err(), ("other", "pay")),
        (tools.call("ship", ()).await.unwrap_err(), ("main", "ship")),
    ] {
        *foreign.0.lock().unwrap() = Some(error);
        let error = tools.call("pay", ()).await.unwrap_err();
        let pending = error.authorization().unwrap().pending_call.as_ref().unwrap();
        assert_eq!((&*pending.server, &*pending.tool), place);
    }
}

#[tokio::test]
async fn pending_calls_have_different_ids() {
    // Otherwise only one of two calls could be resumed.
    let mut ids = Vec::new();
    for _ in 0..2 {
        let server = server().await;
        ids.push(pending_call(&server, &relay_with(Server::http(server.url()))).await.id);
    }
    assert_eq!(ids[0].len(), 32);
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn tampered_pending_call_is_rejected() {
    let server = server().await;
    let relay = relay_with(Server::http(server.url()));
    let mut pending = pending_call(&server, &relay).await;
    pending.arguments = "{".to_owned();
    server.renew_token(ALICE, BOB);
    let before = server.count("tools/call");
    let user = relay.for_user("alice", AccessToken::new(BOB));
    assert_snapshot!(describe_result(user.resume(pending).await), @r#"
    server "main": tool "pay": the arguments of the pending call are not valid JSON
    -> ToolCall, did not run
    "#);
    assert_eq!(server.count("tools/call"), before);
}
