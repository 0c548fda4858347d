//! Nothing is left behind: no connection, no stream, no task.

use futures_util::{StreamExt, stream};
use mcp_client::mcp_types::Revision;
use mcp_testkit::{AnswerMode, Fault, On};
use tokio::runtime::Handle;

use super::support::{ERAS, client, send, server};
use crate::support::with_timeout;

/// As many calls, some of which go wrong.
const CALLS: usize = 2_500;
const AT_ONCE: usize = 32;

/// What is left after calls to a server of this kind: tasks, connections and streams.
async fn left(revision: Revision, answers: AnswerMode) -> (usize, usize, usize) {
    let server = server(revision, answers).await;
    let alive = || Handle::current().metrics().num_alive_tasks();
    let before = alive();
    for (turn, fault) in [(10, Fault::Close), (20, Fault::WrongId), (30, Fault::ResetInside)] {
        server.script(On::method("tools/call").nth(turn), fault);
    }
    {
        let client = client(&server, revision);
        client.connect().await.expect("it opens");
        let calls = stream::iter(0..CALLS).map(|_| send(&client, "tools/call"));
        let failed = calls.buffer_unordered(AT_ONCE).filter(|outcome| {
            let failed = outcome.is_err();
            async move { failed }
        });
        assert_eq!(failed.count().await, 3);
        client.close().await.expect("it ends");
    }
    let left = server.when(|counts| counts.open_connections == 0 && counts.open_streams == 0);
    let left = with_timeout(left).await;
    while alive() > before {
        tokio::task::yield_now().await;
    }
    (alive().saturating_sub(before), left.open_connections, left.open_streams)
}

#[tokio::test]
async fn ten_thousand_calls_leak_no_task_connection_or_stream() {
    for revision in ERAS {
        for answers in [AnswerMode::Json, AnswerMode::Sse] {
            assert_eq!(left(revision, answers).await, (0, 0, 0), "{revision}");
        }
    }
}
