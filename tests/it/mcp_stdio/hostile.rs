//! Servers that behave badly: each costs its own calls at most.

use futures_util::future::join_all;
use insta::assert_snapshot;
use mcp_client::Client;
use serde_json::json;

use super::support::{call, client, pid, server};
use crate::support::{outcome, soon};

#[tokio::test]
async fn noise_is_passed_over() {
    // STDIO-05
    let client = client(&["new", "banner"]);
    let first = pid(&client).await;
    assert_eq!(call(&client, "noise", json!({ "count": 50_000 })).await.unwrap(), "done");
    assert_eq!(pid(&client).await, first);
}

#[tokio::test]
async fn a_flood_on_stderr_is_drained() {
    // STDIO-06: many times what a pipe takes
    let client = client(&["new"]);
    assert_eq!(call(&client, "stderr", json!({ "count": 50_000 })).await.unwrap(), "done");
}

#[tokio::test]
async fn a_line_over_the_limit_fails_its_call_alone() {
    let client = Client::new(server(&["new"]).message_limit(10_000).build());
    let first = pid(&client).await;
    let held = call(&client, "hold", json!({}));
    let others = async {
        tokio::task::yield_now().await;
        let long = outcome(call(&client, "long", json!({ "count": 5_000_000 })).await);
        call(&client, "release", json!({})).await.unwrap();
        long
    };
    let (held, long) = soon(async { tokio::join!(held, others) }).await;
    held.unwrap();
    assert_snapshot!(long, @"
    the server sent a line of more than 10000 bytes
    -> TooLarge
    ");
    assert_eq!(pid(&client).await, first);
}

#[tokio::test]
async fn a_line_without_an_end_is_not_kept() {
    let transport = server(&["new"]).message_limit(10_000).build();
    let client = Client::new(transport);
    let process = pid(&client).await;
    let calling = client.clone();
    let call = tokio::spawn(async move { calling.call_tool("endless", ()).await });
    // It goes on for as long as the server likes: until the call is given up, and the server too.
    super::support::kill(process);
    assert!(!soon(call).await.unwrap().unwrap_err().did_not_run());
}

#[tokio::test]
async fn answers_that_nobody_waits_for_are_passed_over() {
    let client = client(&["new"]);
    assert_eq!(call(&client, "twice", json!({})).await.unwrap(), "first");
    assert_eq!(call(&client, "echo", json!({})).await.unwrap(), "{}");
}

#[tokio::test]
async fn half_a_line_is_no_answer() {
    // STDIO-08
    let client = client(&["new"]);
    let failed = outcome(call(&client, "half", json!({})).await);
    assert_snapshot!(failed.replace(env!("CARGO_BIN_EXE_stdio-server"), "[SERVER]"), @"
    `[SERVER]` ended (exit status: 0) before it answered: outcome unknown
    -> Interrupted
    ");
    assert_eq!(call(&client, "echo", json!({})).await.unwrap(), "{}", "it is started again");
}

#[tokio::test]
async fn one_that_does_not_read_holds_up_nobody_else() {
    // Other servers go on, and its own calls end with their time.
    let (deaf, good) = (client(&["new"]), client(&["new"]));
    let process = pid(&deaf).await;
    assert_eq!(call(&deaf, "deaf", json!({})).await.unwrap(), "deaf from now on");
    let long = "x".repeat(100_000);
    let calls: Vec<_> = (0..300)
        .map(|_| {
            let (deaf, long) = (deaf.clone(), long.clone());
            tokio::spawn(async move { deaf.call_tool("echo", json!({ "long": long })).await })
        })
        .collect();
    assert_eq!(call(&good, "echo", json!({})).await.unwrap(), "{}");
    super::support::kill(process);
    let ends = soon(join_all(calls)).await;
    let errors: Vec<_> = ends.into_iter().map(|end| end.unwrap().unwrap_err()).collect();
    let unsent = errors.iter().filter(|error| error.did_not_run()).count();
    assert!((290..300).contains(&unsent), "{unsent} were not sent");
}
