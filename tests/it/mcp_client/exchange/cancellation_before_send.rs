//! Requests that the server does not have: there is nothing to cancel.

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

/// Gives Alice's token, but says nothing when it is asked for the `silent`th time.
struct Silent {
    silent: usize,
    asked: AtomicUsize,
    reached: Arc<Notify>,
}

impl TokenSource for Silent {
    fn token<'a>(
        &'a self,
        _: TokenRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<AccessToken>, BoxError>> {
        if self.asked.fetch_add(1, Ordering::Relaxed) + 1 == self.silent {
            self.reached.notify_one();
            return Box::pin(pending());
        }
        Box::pin(ready(Ok(Some(ALICE.into()))))
    }
}

/// Gives up a call once its source of tokens says nothing; then calls and closes.
async fn give_up_a_call(server: &ScriptedServer, silent: usize) {
    let reached = Arc::new(Notify::new());
    let source = Silent { silent, asked: AtomicUsize::new(0), reached: Arc::clone(&reached) };
    let transport = HttpTransport::builder(server.url()).token_source(source).build();
    let client: Client = stateful_client(transport.expect("a usable URL"));
    tokio::select! {
        outcome = client.call_tool("add", ()) => panic!("{outcome:?}"),
        () = with_timeout(reached.notified()) => {}
    }
    client.call_tool("add", ()).await.expect("an answer");
    client.close().await.expect("an end");
}

#[tokio::test]
async fn dropped_call_waiting_for_a_token_sends_no_cancellation() {
    // CANC-01: only what is believed to be in progress
    let server = ScriptedServer::start().await;
    give_up_a_call(&server, 3).await;
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    tools/call 3, [alice], session-1, 2025-11-25
    DELETE, [alice], session-1, 2025-11-25
    ");
}

#[tokio::test]
async fn dropped_call_refreshing_a_rejected_token_sends_no_cancellation() {
    // CANC-01: a refused request did not run
    let server = Script::new()
        .on("tools/call", status(401))
        .on("tools/call", result(&json!({ "content": [] })))
        .start()
        .await;
    give_up_a_call(&server, 4).await;
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    tools/call 2, [alice], session-1, 2025-11-25
    tools/call 3, [alice], session-1, 2025-11-25
    DELETE, [alice], session-1, 2025-11-25
    ");
}
