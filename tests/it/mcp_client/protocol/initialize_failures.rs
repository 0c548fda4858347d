//! `initialize` that fails, or whose callers are dropped.

use std::{future::pending, sync::Arc, time::Duration};

use futures_util::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use insta::assert_snapshot;
use mcp_client::{BoxError, TransportErrorKind};
use mcp_http::{AccessToken, HttpTransport, TokenRequest, TokenSource};
use mcp_testkit::{Barrier, Fault, On};
use tokio::sync::Notify;

use crate::support::{
    Script, advance_time, advance_until, client_for_url, describe_result, request_log,
    start_test_server, stateful_client, status, with_timeout,
};

#[tokio::test]
async fn session_is_deleted_if_initialized_is_rejected() {
    // HTTP-29: the server has assigned a session anyway
    let mut shown = String::new();
    for code in [401, 404, 500] {
        let server = Script::new().on("notifications/initialized", status(code)).start().await;
        shown += &describe_result(server.client().connect().await);
        shown += &format!("\n{}\n", request_log(&server.wait_for_requests("DELETE", 1).await));
    }
    assert_snapshot!(shown, @"
    [server]/mcp rejected the access token
    -> Unauthorized, did not run
    DELETE, [alice], session-1, 2025-11-25
    [server]/mcp lost the session: HTTP status 404 Not Found
    -> SessionEnded, did not run
    DELETE, [alice], session-1, 2025-11-25
    [server]/mcp returned HTTP status 500 Internal Server Error
    -> Status(500), did not run
    DELETE, [alice], session-1, 2025-11-25
    ");
}

#[tokio::test]
async fn session_is_deleted_if_all_callers_are_dropped() {
    // HTTP-29
    for method in ["initialize", "notifications/initialized"] {
        let server = start_test_server().await;
        let barrier = Barrier::new();
        server.script(On::method(method), Fault::Hold(barrier.clone()));
        let client = client_for_url(server.url());
        let callers = join_all((0..3).map(|_| client.call_tool("wait", ())));
        tokio::select! {
            outcomes = callers => panic!("{outcomes:?}"),
            () = with_timeout(barrier.wait_for_arrivals(1)) => {}
        }
        barrier.open();
        with_timeout(server.wait_for_requests("DELETE", 1)).await;
        assert_eq!((server.open_sessions(), server.violations()), (0, vec![]), "{method}");
        // The next call opens another session.
        server.clear_script();
        client.call_tool("wait", ()).await.unwrap();
        assert_eq!((server.count("initialize"), server.open_sessions()), (2, 1), "{method}");
    }
}

#[tokio::test]
async fn deletion_of_an_unused_session_is_limited_in_time() {
    // Otherwise a server that never answers would keep a task and a connection of each caller.
    let server = start_test_server().await;
    let barrier = Barrier::new();
    server.script(On::method("notifications/initialized"), Fault::Hold(barrier.clone()));
    server.script(On::method("DELETE"), Fault::Hold(Barrier::new()));
    let client = client_for_url(server.url());
    tokio::select! {
        outcome = client.call_tool("wait", ()) => panic!("{outcome:?}"),
        () = with_timeout(barrier.wait_for_arrivals(1)) => {}
    }
    with_timeout(server.wait_for_requests("DELETE", 1)).await;
    let connections = server.counts().open_connections;
    advance_time(Duration::from_secs(11)).await;
    with_timeout(server.wait_for_counts(|counts| counts.open_connections < connections)).await;
}

#[tokio::test]
async fn waiting_for_a_session_without_callers_is_limited_in_time() {
    let server = start_test_server().await;
    let barrier = Barrier::new();
    server.script(On::method("initialize"), Fault::Hold(barrier.clone()));
    let client = client_for_url(server.url());
    tokio::select! {
        outcome = client.call_tool("wait", ()) => panic!("{outcome:?}"),
        () = with_timeout(barrier.wait_for_arrivals(1)) => {}
    }
    let connections = server.counts().open_connections;
    let closed = server.wait_for_counts(|counts| counts.open_connections < connections);
    let (_, waited) = advance_until(closed).await;
    assert!((5..9).contains(&waited.as_secs()), "{waited:?}");
    assert_eq!(server.count("DELETE"), 0);
}

/// Never returns a token. Notifies when it waits, and when its future is dropped.
#[derive(Clone, Default)]
struct PendingTokenSource {
    waits: Arc<Notify>,
    dropped: Arc<Notify>,
}

struct NotifyOnDrop(Arc<Notify>);

impl Drop for NotifyOnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl TokenSource for PendingTokenSource {
    fn token<'a>(
        &'a self,
        _: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
        let guard = NotifyOnDrop(Arc::clone(&self.dropped));
        self.waits.notify_one();
        Box::pin(async move {
            let _guard = guard;
            pending().await
        })
    }
}

#[tokio::test]
async fn initialize_that_was_not_sent_ends_with_its_caller() {
    let server = start_test_server().await;
    let source = PendingTokenSource::default();
    let transport = HttpTransport::builder(server.url()).token_source(source.clone());
    let client = stateful_client(transport.build().unwrap());
    tokio::select! {
        outcome = client.call_tool("wait", ()) => panic!("{outcome:?}"),
        () = with_timeout(source.waits.notified()) => {}
    }
    assert!(source.dropped.notified().now_or_never().is_some());
    assert_eq!(server.count("initialize"), 0);
}

#[tokio::test]
async fn close_waits_for_a_running_initialize() {
    // HTTP-29: otherwise the session would open after `close`
    for method in ["initialize", "notifications/initialized"] {
        let server = start_test_server().await;
        let barrier = Barrier::new();
        server.script(On::method(method), Fault::Hold(barrier.clone()));
        let client = client_for_url(server.url());
        let close = async {
            with_timeout(barrier.wait_for_arrivals(1)).await;
            let mut closing = Box::pin(client.close());
            assert!((&mut closing).now_or_never().is_none(), "{method}");
            barrier.open();
            closing.await
        };
        let (connected, closed) = tokio::join!(client.connect(), close);
        connected.unwrap();
        closed.unwrap();
        assert_eq!((server.count("DELETE"), server.open_sessions()), (1, 0), "{method}");
        assert_eq!(server.violations(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn waiting_callers_share_the_failure_of_initialize() {
    // AUTH-07: a rejected token is not tried once per caller
    let server = Script::new().on("initialize", status(401)).start().await;
    let client = server.client();
    let outcomes = join_all((0..20).map(|_| client.list_tools())).await;
    for outcome in outcomes {
        let error = outcome.unwrap_err();
        assert_eq!(error.transport_kind(), Some(TransportErrorKind::Unauthorized));
        assert!(error.did_not_run());
    }
    assert_eq!(server.requests().await.len(), 1);
    // Later callers try again.
    client.list_tools().await.unwrap_err();
    assert_eq!(server.requests_of("initialize").await.len(), 2);
}
