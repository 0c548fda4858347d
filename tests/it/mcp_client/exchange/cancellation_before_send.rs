//! Dropped calls whose request was not sent: there is nothing to cancel.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::future::{BoxFuture, pending, ready};
use insta::assert_snapshot;
use mcp_client::Client;
use mcp_http::{AccessToken, HttpTransport, TokenRequest, TokenSource, mcp_client::BoxError};
use serde_json::json;
use tokio::sync::Notify;

use crate::support::{
    ALICE, Script, ScriptedServer, result, stateful_client, status, with_timeout,
};

/// Returns Alice's token, but never responds to request number `stalls_at`.
struct StallingTokenSource {
    stalls_at: usize,
    count: AtomicUsize,
    stalled: Arc<Notify>,
}

impl TokenSource for StallingTokenSource {
    fn token<'a>(
        &'a self,
        _: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
        if self.count.fetch_add(1, Ordering::Relaxed) + 1 == self.stalls_at {
            self.stalled.notify_one();
            return Box::pin(pending());
        }
        Box::pin(ready(Ok(Some(ALICE.into()))))
    }
}

/// Drops a call that waits for a token, then makes another call and closes the client.
async fn drop_call_waiting_for_token(server: &ScriptedServer, stalls_at: usize) {
    let stalled = Arc::new(Notify::new());
    let source = StallingTokenSource {
        stalls_at,
        count: AtomicUsize::new(0),
        stalled: Arc::clone(&stalled),
    };
    let transport = HttpTransport::builder(server.url()).token_source(source).build();
    let client: Client = stateful_client(transport.expect("a usable URL"));
    tokio::select! {
        outcome = client.call_tool("add", ()) => panic!("{outcome:?}"),
        () = with_timeout(stalled.notified()) => {}
    }
    client.call_tool("add", ()).await.expect("a response");
    client.close().await.expect("it closes");
}

#[tokio::test]
async fn dropped_call_waiting_for_a_token_sends_no_cancellation() {
    // CANC-01: only requests believed to be in progress are cancelled
    let server = ScriptedServer::start().await;
    drop_call_waiting_for_token(&server, 3).await;
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    tools/call 3, [alice], session-1, 2025-11-25
    DELETE, [alice], session-1, 2025-11-25
    ");
}

#[tokio::test]
async fn dropped_call_refreshing_a_rejected_token_sends_no_cancellation() {
    // CANC-01: a rejected request did not run
    let server = Script::new()
        .on("tools/call", status(401))
        .on("tools/call", result(&json!({ "content": [] })))
        .start()
        .await;
    drop_call_waiting_for_token(&server, 4).await;
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    tools/call 2, [alice], session-1, 2025-11-25
    tools/call 3, [alice], session-1, 2025-11-25
    DELETE, [alice], session-1, 2025-11-25
    ");
}
