//! Servers that misbehave: at most their own calls fail.

use futures_util::future::join_all;
use insta::assert_snapshot;
use mcp_client::Client;
use serde_json::json;
use tokio::process::Command;

use super::support::{call, client, pid, server};
use crate::support::{describe_result, with_timeout};

#[tokio::test]
async fn non_json_lines_are_ignored() {
    // STDIO-05
    let client = client(&["new", "banner"]);
    let first = pid(&client).await;
    assert_eq!(call(&client, "noise", json!({ "count": 50_000 })).await.unwrap(), "done");
    assert_eq!(pid(&client).await, first);
}

#[tokio::test]
async fn stderr_is_drained() {
    // STDIO-06: many times the size of a pipe
    let client = client(&["new"]);
    assert_eq!(call(&client, "stderr", json!({ "count": 50_000 })).await.unwrap(), "done");
}

#[tokio::test]
async fn oversized_line_fails_only_its_own_call() {
    let client = Client::new(server(&["new"]).max_message_size(10_000).build());
    let first = pid(&client).await;
    let held = call(&client, "hold", json!({}));
    let others = async {
        tokio::task::yield_now().await;
        let long = describe_result(call(&client, "long", json!({ "count": 5_000_000 })).await);
        call(&client, "release", json!({})).await.unwrap();
        long
    };
    let (held, long) = with_timeout(async { tokio::join!(held, others) }).await;
    held.unwrap();
    assert_snapshot!(long, @"
    the server sent a line of more than 10000 bytes
    -> TooLarge
    ");
    assert_eq!(pid(&client).await, first);
}

#[tokio::test]
async fn endless_line_is_not_buffered() {
    // In a process of its own, whose memory is not shared with other tests.
    let application = Command::new(env!("CARGO_BIN_EXE_stdio-application"))
        .args([env!("CARGO_BIN_EXE_stdio-server"), "is flooded"])
        .kill_on_drop(true)
        .output();
    let output = with_timeout(application).await.unwrap();
    let peak = String::from_utf8_lossy(&output.stdout);
    let peak: u64 = peak.trim().parse().unwrap_or_else(|_| panic!("{output:?}"));
    assert!(peak < 64 * 1024, "{peak} KiB for a line of 200 MB");
}

#[tokio::test]
async fn both_sides_can_write_more_than_a_pipe_holds() {
    // STDIO-02: the server writes while the client writes, and reads nothing meanwhile
    let client = client(&["old"]);
    let long = "x".repeat(100_000);
    let echoes = (0..64).map(|_| call(&client, "echo", json!({ "long": long, "asks": 10 })));
    for echoed in with_timeout(join_all(echoes)).await {
        assert!(echoed.unwrap().len() > 100_000);
    }
    let answered = async {
        while call(&client, "pongs", json!({})).await.unwrap() != (64 * 10).to_string() {}
    };
    with_timeout(answered).await;
}

#[tokio::test]
async fn unexpected_responses_are_ignored() {
    let client = client(&["new"]);
    assert_eq!(call(&client, "twice", json!({})).await.unwrap(), "first");
    assert_eq!(call(&client, "echo", json!({})).await.unwrap(), "{}");
}

#[tokio::test]
async fn incomplete_line_is_not_a_response() {
    // STDIO-08
    let client = client(&["new"]);
    let failed = describe_result(call(&client, "half", json!({})).await);
    assert_snapshot!(failed.replace(env!("CARGO_BIN_EXE_stdio-server"), "[SERVER]"), @r#"
    "[SERVER]" exited (exit status: 0) before a response arrived; the outcome is unknown
    -> Interrupted
    "#);
    assert_eq!(call(&client, "echo", json!({})).await.unwrap(), "{}", "it is started again");
}

#[tokio::test]
async fn server_that_does_not_read_blocks_no_other() {
    // Calls to other servers succeed, and the calls to this server end with their timeout.
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
    let ends = with_timeout(join_all(calls)).await;
    let errors: Vec<_> = ends.into_iter().map(|end| end.unwrap().unwrap_err()).collect();
    let unsent = errors.iter().filter(|error| error.did_not_run()).count();
    assert!((290..300).contains(&unsent), "{unsent} were not sent");
}
