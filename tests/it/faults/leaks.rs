//! Leaks: no connection, stream or task is left after many calls.

use futures_util::{StreamExt, stream};
use mcp_client::mcp_types::Revision;
use mcp_testkit::{Fault, On, ResponseMode};
use tokio::runtime::Handle;

use super::support::{PROTOCOL_VERSIONS, client, send_request, server};
use crate::support::with_timeout;

/// The number of calls per server. Some of them fail.
const CALLS: usize = 2_500;
const CONCURRENCY: usize = 32;

/// The tasks, connections and streams that are left after calls to a server.
async fn leaked(revision: Revision, mode: ResponseMode) -> (usize, usize, usize) {
    let server = server(revision, mode).await;
    let alive = || Handle::current().metrics().num_alive_tasks();
    let before = alive();
    for (turn, fault) in [(10, Fault::Close), (20, Fault::WrongId), (30, Fault::ResetMidBody)] {
        server.script(On::method("tools/call").nth(turn), fault);
    }
    {
        let client = client(&server, revision);
        client.connect().await.expect("the session opens");
        let calls = stream::iter(0..CALLS).map(|_| send_request(&client, "tools/call"));
        let failed = calls.buffer_unordered(CONCURRENCY).filter(|outcome| {
            let failed = outcome.is_err();
            async move { failed }
        });
        assert_eq!(failed.count().await, 3);
        client.close().await.expect("it completes");
    }
    let left =
        server.wait_for_counts(|counts| counts.open_connections == 0 && counts.open_streams == 0);
    let left = with_timeout(left).await;
    while alive() > before {
        tokio::task::yield_now().await;
    }
    (alive().saturating_sub(before), left.open_connections, left.open_streams)
}

#[tokio::test]
async fn ten_thousand_calls_leak_no_task_connection_or_stream() {
    for revision in PROTOCOL_VERSIONS {
        for mode in [ResponseMode::Json, ResponseMode::Sse] {
            assert_eq!(leaked(revision, mode).await, (0, 0, 0), "{revision}");
        }
    }
}
