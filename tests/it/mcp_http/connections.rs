//! Connections that are kept, and that are found dead.

use std::time::Duration;

use mcp_testkit::{Fault, On, Recorded, Reply};
use tokio::{runtime::Handle, task, time};

use crate::support::{Front, client_of, passing, soon, strict};

#[tokio::test]
async fn a_connection_that_is_found_dead_fails_no_call() {
    // It was closed between two calls, so that nothing is sent over it.
    let server = strict().await;
    let front = Front::plain(server.url()).await;
    let client = client_of(&front.url());
    client.call_tool("wait", ()).await.unwrap();
    let tasks = || Handle::current().metrics().num_alive_tasks();
    for turn in 1..=20 {
        let open = tasks();
        front.cut().await;
        // The tasks of the connection end: of the client, of the front, of the server.
        let closed = async {
            while tasks() > open - 3 {
                task::yield_now().await;
            }
        };
        soon(closed).await;
        client.call_tool("wait", ()).await.unwrap();
        assert_eq!((front.connections(), server.count("tools/call")), (turn + 1, turn + 1));
    }
}

#[tokio::test]
async fn calls_one_after_the_other_share_a_connection() {
    // HTTP-08: whatever the answer, and how it comes
    let server = strict().await;
    let front = Front::plain(server.url()).await;
    let client = client_of(&front.url());
    let streamed = |answer: &'static str| {
        Fault::reply_with(move |request: &Recorded| {
            let id = request.id().expect("an id");
            let event = format!("data: {{\"jsonrpc\":\"2.0\",\"id\":{id},{answer}}}\n\n");
            Reply::sse([event, ": bye\n\n".to_owned()])
        })
    };
    let error = r#""error":{"code":-32000,"message":"no"}"#;
    server.script(On::method("tools/call").nth(1), streamed(r#""result":{"content":[]}"#));
    server.script(On::method("tools/call").nth(2), streamed(error));
    for turn in 1..=4 {
        assert_eq!(client.call_tool("wait", ()).await.is_err(), turn == 2);
        // What is left of a body may be read elsewhere.
        settled().await;
    }
    assert_eq!(front.connections(), 1);
}

/// Gives everything that takes no time the time to happen.
async fn settled() {
    passing(time::sleep(Duration::from_millis(100))).await;
}
