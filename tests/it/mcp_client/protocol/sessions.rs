//! Sessions that the server has lost.

use futures_util::future::join_all;
use insta::assert_snapshot;
use mcp_client::{Attempts, CallOptions};
use mcp_testkit::{Barrier, CallResult, Fault, On, Reply, TestServer, TestTool};
use mcp_types::v2025_11_25::{NotificationParams, RootsListChangedNotification};
use serde_json::json;

use crate::support::{
    Script, client_for_url, describe_result, error, initialize_response, result, start_test_server,
    status, with_timeout,
};

#[tokio::test]
async fn call_is_repeated_once_in_a_new_session_after_404() {
    // HTTP-26
    let server = Script::new()
        .on("tools/call", status(404))
        .on("tools/call", result(&json!({ "content": [] })))
        .start()
        .await;
    let client = server.client();
    assert_snapshot!(describe_result(client.call_tool("add", ()).await), @"it went well");
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    tools/call 2, [alice], session-1, 2025-11-25
    initialize 1, [alice]
    notifications/initialized, [alice], session-2, 2025-11-25
    tools/call 2, [alice], session-2, 2025-11-25
    ");
    assert_eq!(client.lost_session_count(), 1);
}

#[tokio::test]
async fn second_lost_session_is_an_error() {
    let server = Script::new()
        .on("tools/call", error(-32001, "Session not found", &json!(null)).with_status(404))
        .start()
        .await;
    assert_snapshot!(describe_result(server.client().call_tool("add", ()).await), @r#"
    [server]/mcp lost the session: HTTP status 404 Not Found: {"jsonrpc":"2.0","id":2,"error":{"code":-32001,"message":"Session not found"}}
    -> SessionEnded, did not run
    "#);
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    tools/call 2, [alice], session-1, 2025-11-25
    initialize 1, [alice]
    notifications/initialized, [alice], session-2, 2025-11-25
    tools/call 2, [alice], session-2, 2025-11-25
    ");
}

#[tokio::test]
async fn error_of_the_request_with_status_404_is_its_response() {
    // The server has read the request, so the session is not lost and the call is sent once.
    let unknown = error(-32002, "no such record", &json!(null)).with_status(404);
    let server = Script::new().on("tools/call", unknown).start().await;
    let client = server.client();
    assert_snapshot!(describe_result(client.call_tool("add", ()).await), @r#"
    "tools/call" failed: no such record (code -32002), HTTP status 404
    -> Rpc
    "#);
    assert_eq!(server.requests_of("tools/call").await.len(), 1);
    assert_eq!(client.lost_session_count(), 0);
}

#[tokio::test]
async fn status_401_with_a_text_about_the_session_opens_a_new_one_once() {
    // As older servers with rmcp respond.
    let lost = || status(401).body("Unauthorized: Session not found");
    let done = || result(&json!({ "content": [] }));
    let script = Script::new().on("tools/call", lost()).on("tools/call", done());
    let server = script.on("tools/call", lost()).on("tools/call", done()).start().await;
    let client = server.client();
    for lost_sessions in [1, 2] {
        assert!(client.call_tool("add", ()).await.is_ok());
        assert_eq!(client.lost_session_count(), lost_sessions);
    }
    // The new session is rejected too, so the user is not authorized.
    let server = Script::new().on("tools/call", lost()).start().await;
    let client = server.client();
    assert_snapshot!(describe_result(client.call_tool("add", ()).await), @"
    [server]/mcp rejected the access token
    -> Unauthorized, did not run
    ");
    assert_eq!(server.requests_of("tools/call").await.len(), 2);
    // With a challenge or another text, the 401 is not about the session.
    for response in [lost().header("www-authenticate", "Bearer"), status(401).body("no")] {
        let server = Script::new().on("tools/call", response).start().await;
        let client = server.client();
        client.call_tool("add", ()).await.unwrap_err();
        assert_eq!(client.lost_session_count(), 0);
    }
}

#[tokio::test]
async fn attempts_limit_how_often_a_call_is_sent() {
    let server = Script::new().on("tools/call", status(404)).start().await;
    let attempts = Attempts::at_most(1);
    let options = CallOptions::new().attempts(attempts.clone());
    let client = server.client().with_options(options);
    assert_snapshot!(describe_result(client.call_tool("add", ()).await), @"
    [server]/mcp lost the session: HTTP status 404 Not Found
    -> SessionEnded, did not run
    ");
    assert_eq!(server.requests_of("tools/call").await.len(), 1);
    assert_eq!((attempts.count(), attempts.remaining()), (1, 0));
}

#[tokio::test]
async fn invalid_parameter_that_names_a_session_does_not_end_the_session() {
    // The tool may have run, and its argument may be called like this.
    let invalid = error(-32602, "invalid session id", &json!(null)).with_status(400);
    let server = Script::new().on("tools/call", invalid).start().await;
    let client = server.client();
    let called = describe_result(client.call_tool("add", ()).await);
    assert!(called.contains("invalid session id"), "{called}");
    assert_eq!(server.requests_of("tools/call").await.len(), 1);
    assert_eq!(client.lost_session_count(), 0);
}

#[tokio::test]
async fn concurrent_calls_share_the_new_session() {
    // Traps 6
    let server = start_test_server().await;
    let barrier = Barrier::new();
    let lost = Fault::reply_with({
        let barrier = barrier.clone();
        move |_| Reply::status(404).hold(&barrier)
    });
    server.script(On::method("tools/call").first(3), Fault::Hold(barrier.clone()));
    server.script(On::method("tools/call").first(3), lost);
    let client = client_for_url(server.url());
    client.connect().await.unwrap();
    let calls = join_all((0..3).map(|_| client.call_tool("wait", ())));
    let open = async {
        with_timeout(barrier.wait_for_arrivals(3)).await;
        barrier.open();
    };
    let (outcomes, ()) = tokio::join!(calls, open);
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(server.count("initialize"), 2);
    assert_eq!(server.count("notifications/initialized"), 2);
    assert_eq!(server.count("tools/call"), 6);
    assert_eq!(client.lost_session_count(), 1);
}

#[tokio::test]
async fn late_404_of_the_old_session_does_not_end_the_new_one() {
    // Traps 6
    let server = start_test_server().await;
    let barrier = Barrier::new();
    server.script(On::method("tools/call").nth(1), Fault::Hold(barrier.clone()));
    server.script(On::method("tools/call").first(2), Reply::status(404));
    let client = client_for_url(server.url());
    client.connect().await.unwrap();
    let second = async {
        with_timeout(barrier.wait_for_arrivals(1)).await;
        client.call_tool("wait", ()).await.unwrap();
        barrier.open();
    };
    let (first, ()) = tokio::join!(client.call_tool("wait", ()), second);
    first.unwrap();
    assert_eq!(server.count("initialize"), 2);
    assert_eq!(client.lost_session_count(), 1);
}

#[tokio::test]
async fn status_404_without_a_session_is_an_error() {
    // HTTP-27
    let server = Script::new()
        .on("initialize", initialize_response("2025-11-25"))
        .on("tools/call", status(404).body("no such page"))
        .start()
        .await;
    assert_snapshot!(describe_result(server.client().call_tool("add", ()).await), @"
    [server]/mcp returned HTTP status 404 Not Found: no such page
    -> Status(404)
    ");
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], 2025-11-25
    tools/call 2, [alice], 2025-11-25
    ");

    let server = Script::new().on("initialize", status(404)).start().await;
    assert_snapshot!(describe_result(server.client().call_tool("add", ()).await), @"
    [server]/mcp returned HTTP status 404 Not Found
    -> Status(404), did not run
    ");
    assert_snapshot!(server.request_log().await, @"initialize 1, [alice]");
}

#[tokio::test]
async fn status_400_does_not_open_a_new_session() {
    // HTTP-28
    let server = Script::new().on("tools/call", status(400).body("bad request")).start().await;
    assert_snapshot!(describe_result(server.client().call_tool("add", ()).await), @"
    [server]/mcp returned HTTP status 400 Bad Request: bad request
    -> Status(400)
    ");
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    tools/call 2, [alice], session-1, 2025-11-25
    ");
}

#[tokio::test]
async fn status_400_naming_the_session_opens_a_new_one() {
    // HTTP-26: this is what the reference server responds
    let lost = error(-32000, "Bad Request: No valid session ID provided", &json!(null));
    let server = Script::new()
        .on("tools/call", lost.with_status(400))
        .on("tools/call", result(&json!({ "content": [] })))
        .start()
        .await;
    assert_snapshot!(describe_result(server.client().call_tool("add", ()).await), @"it went well");
    assert_eq!(server.requests_of("initialize").await.len(), 2);
}

#[tokio::test]
async fn session_lost_before_initialized_is_an_error() {
    let server = Script::new().on("notifications/initialized", status(404)).start().await;
    assert_snapshot!(describe_result(server.client().call_tool("add", ()).await), @"
    [server]/mcp lost the session: HTTP status 404 Not Found
    -> SessionEnded, did not run
    ");
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    ");
}

#[tokio::test]
async fn cursor_is_not_sent_in_a_new_session() {
    // PAGE-01
    let page = json!({ "tools": [], "nextCursor": "of session 1" });
    let server = Script::new()
        .on("tools/list", result(&page))
        .on("tools/list", status(404))
        .on("tools/list", result(&json!({ "tools": [] })))
        .start()
        .await;
    assert_snapshot!(describe_result(server.client().list_tools().await), @"it went well");
    let lists = server.requests_of("tools/list").await;
    let lists: Vec<_> = lists.iter().map(|list| list.json()["params"].to_string()).collect();
    assert_snapshot!(lists.join("\n"), @r#"
    {}
    {"cursor":"of session 1"}
    {}
    "#);
}

#[tokio::test]
async fn list_restarts_if_another_call_lost_the_session() {
    // PAGE-01: another call loses the session while the first page is on its way
    let tool =
        |name| TestTool::new(name, json!({ "type": "object" }), |_| CallResult::text("done"));
    let builder = TestServer::builder().tool(tool("a")).tool(tool("b")).page_size(1);
    let server = builder.start().await.unwrap();
    let barrier = Barrier::new();
    server.script(On::method("tools/list").nth(1), Fault::Hold(barrier.clone()));
    let client = client_for_url(server.url());
    let lose = async {
        with_timeout(barrier.wait_for_arrivals(1)).await;
        server.end_sessions();
        client.call_tool("a", ()).await.unwrap();
        barrier.open();
    };
    let (listed, ()) = tokio::join!(client.list_tools(), lose);
    assert_eq!(listed.unwrap().tools.len(), 2);
    let requests = server.requests();
    let lists = requests.iter().filter(|request| request.method() == "tools/list");
    let lists: Vec<_> = lists.map(|list| (list.header("mcp-session-id"), list.params())).collect();
    let cursors: Vec<_> =
        lists.iter().map(|(_, params)| params.map(|it| it.contains_key("cursor"))).collect();
    assert_eq!(cursors, [Some(false), Some(false), Some(true)]);
    assert!(lists[0].0 != lists[1].0 && lists[1].0 == lists[2].0, "{lists:?}");
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn notification_is_repeated_in_a_new_session() {
    // HTTP-26, HTTP-05: a rejected notification was not delivered
    let server = Script::new()
        .on("notifications/roots/list_changed", status(404))
        .on("notifications/roots/list_changed", status(202))
        .start()
        .await;
    let client = server.client();
    let params = NotificationParams::default();
    let notified = client.send_notification::<RootsListChangedNotification>(&params).await;
    assert_snapshot!(describe_result(notified), @"it went well");
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    notifications/roots/list_changed, [alice], session-1, 2025-11-25
    initialize 1, [alice]
    notifications/initialized, [alice], session-2, 2025-11-25
    notifications/roots/list_changed, [alice], session-2, 2025-11-25
    ");
    assert_eq!(client.lost_session_count(), 1);
}
