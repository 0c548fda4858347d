//! Token sources: when they are called, and how their tokens are used.

use futures_util::future::join_all;
use insta::assert_snapshot;
use mcp_client::Client;
use mcp_http::HttpTransport;
use mcp_testkit::{Bearer, CallResult, TestServer, TestTool};
use serde_json::json;

use crate::support::{
    ALICE, BOB, Script, ScriptedServer, ScriptedTokenSource, describe_result, initialize_response,
    result, stateful_client, status,
};

fn client_with_source(url: impl Into<String>, source: &ScriptedTokenSource) -> Client {
    stateful_client(
        HttpTransport::builder(url).token_source(source.clone()).build().expect("a usable URL"),
    )
}

#[tokio::test]
async fn token_source_is_called_before_each_request() {
    // AUTH-04: a new token does not need a new session
    let server = ScriptedServer::start().await;
    let source = ScriptedTokenSource::new(|turn, _| {
        Ok(Some(if turn % 2 == 1 { ALICE } else { BOB }.into()))
    });
    let client = client_with_source(server.url(), &source);
    client.call_tool("add", ()).await.unwrap();
    client.call_tool("add", ()).await.unwrap();
    client.close().await.unwrap();
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [bob], session-1, 2025-11-25
    tools/call 2, [alice], session-1, 2025-11-25
    tools/call 3, [bob], session-1, 2025-11-25
    DELETE, [alice], session-1, 2025-11-25
    ");
    assert_snapshot!(source.requests(), @"
    a token for /mcp
    a token for /mcp
    a token for /mcp
    a token for /mcp
    a token for /mcp
    ");
}

#[tokio::test]
async fn no_token_sends_no_authorization_header() {
    let server = ScriptedServer::start().await;
    let source = ScriptedTokenSource::new(|_, _| Ok(None));
    client_with_source(server.url(), &source).connect().await.unwrap();
    assert_snapshot!(server.request_log().await, @"
    initialize 1
    notifications/initialized, session-1, 2025-11-25
    ");
}

#[tokio::test]
async fn retries_once_with_a_new_token_after_401() {
    // AUTH-08: the token source receives the challenge
    let unauthorized =
        status(401).header("www-authenticate", "Bearer error=invalid_token, scope=\"a b\"");
    let server = Script::new()
        .on("initialize", unauthorized)
        .on("initialize", initialize_response("2025-11-25"))
        .start()
        .await;
    let source = ScriptedTokenSource::with_replacement(ALICE, BOB);
    assert_snapshot!(describe_result(client_with_source(server.url(), &source).connect().await), @"it went well");
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    initialize 1, [bob]
    notifications/initialized, [bob], 2025-11-25
    ");
    assert_snapshot!(source.requests(), @r#"
    a token for /mcp
    a token for /mcp
    another than [alice]: Rejected, scope Some("a b") for /mcp
    a token for /mcp
    "#);
}

#[tokio::test]
async fn retries_with_a_token_of_wider_scope_after_403() {
    // AUTH-39
    let insufficient_scope =
        status(403).header("www-authenticate", "Bearer error=insufficient_scope, scope=w");
    let response = result(&json!({ "content": [] }));
    let server =
        Script::new().on("tools/call", insufficient_scope).on("tools/call", response).start().await;
    let source = ScriptedTokenSource::with_replacement(ALICE, BOB);
    assert_snapshot!(describe_result(client_with_source(server.url(), &source).call_tool("add", ()).await), @"it went well");
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    tools/call 2, [alice], session-1, 2025-11-25
    tools/call 2, [bob], session-1, 2025-11-25
    ");
    assert_snapshot!(source.requests(), @r#"
    a token for /mcp
    a token for /mcp
    a token for /mcp
    a token for /mcp
    another than [alice]: InsufficientScope, scope Some("w") for /mcp
    "#);
}

#[tokio::test]
async fn new_token_is_tried_only_once() {
    // AUTH-40, traps 18
    let server = Script::new().on("initialize", status(401)).start().await;
    let source = ScriptedTokenSource::with_replacement(ALICE, BOB);
    assert_snapshot!(describe_result(client_with_source(server.url(), &source).connect().await), @"
    [server]/mcp rejected the access token
    -> Unauthorized, did not run
    ");
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    initialize 1, [bob]
    ");
    assert_snapshot!(source.requests(), @"
    a token for /mcp
    a token for /mcp
    another than [alice]: Rejected, scope None for /mcp
    ");
}

#[tokio::test]
async fn same_token_is_not_tried_again() {
    // AUTH-40
    let server = Script::new().on("initialize", status(401)).start().await;
    for source in [
        ScriptedTokenSource::new(|_, _| Ok(Some(ALICE.into()))),
        ScriptedTokenSource::new(|_, _| Ok(None)),
    ] {
        let shown = describe_result(client_with_source(server.url(), &source).connect().await);
        assert!(shown.ends_with("-> Unauthorized, did not run"), "{shown}");
    }
    assert_eq!(server.requests().await.len(), 2);
    // A fixed token cannot be refreshed.
    server.client().connect().await.unwrap_err();
    assert_eq!(server.requests().await.len(), 3);
}

#[tokio::test]
async fn request_is_not_retried_without_a_token() {
    let server = Script::new().on("initialize", status(401)).start().await;
    let source = ScriptedTokenSource::new(|_, rejected| Ok((!rejected).then(|| ALICE.into())));
    assert_snapshot!(describe_result(client_with_source(server.url(), &source).connect().await), @"
    [server]/mcp rejected the access token
    -> Unauthorized, did not run
    ");
    assert_snapshot!(server.request_log().await, @"initialize 1, [alice]");
}

#[tokio::test]
async fn failing_token_source_sends_nothing() {
    let server = ScriptedServer::start().await;
    let source = ScriptedTokenSource::new(|_, _| Err("the keychain is locked".into()));
    assert_snapshot!(describe_result(client_with_source(server.url(), &source).connect().await), @"
    cannot get an access token for [server]/mcp
      the keychain is locked
    -> Blocked, did not run
    ");
    assert_eq!(server.requests().await.len(), 0);
}

#[tokio::test]
async fn failed_refresh_reports_the_401() {
    // AUTH-07: the user must sign in, whatever the refresh failed for
    let server = Script::new().on("initialize", status(401)).start().await;
    let source = ScriptedTokenSource::new(|_, rejected| match rejected {
        true => Err("the authorization server is down".into()),
        false => Ok(Some(ALICE.into())),
    });
    assert_snapshot!(describe_result(client_with_source(server.url(), &source).connect().await), @"
    [server]/mcp rejected the access token
      the authorization server is down
    -> Unauthorized, did not run
    ");
    assert_eq!(server.requests().await.len(), 1);
}

#[tokio::test]
async fn concurrent_401_responses_cause_one_refresh() {
    let tool = TestTool::new("wait", json!({ "type": "object" }), |_| CallResult::text("done"));
    let server =
        TestServer::builder().tool(tool).bearer(Bearer::tokens([ALICE])).start().await.unwrap();
    let source = ScriptedTokenSource::with_replacement(ALICE, BOB);
    let client = client_with_source(server.url(), &source);
    client.connect().await.unwrap();
    server.renew_token(ALICE, BOB);
    let outcomes = join_all((0..8).map(|_| client.call_tool("wait", ()))).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let requests = source.requests();
    assert_eq!(
        requests.lines().filter(|line| line.starts_with("another")).count(),
        1,
        "{requests}"
    );
    assert_eq!(server.count("initialize"), 1);
}
