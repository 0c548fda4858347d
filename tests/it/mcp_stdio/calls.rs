//! Calls to a server process.

use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use mcp_client::{CallOptions, Client};
use serde_json::{Value, json};

use super::support::{call, client, pid, server, text};
use crate::support::with_timeout;

#[tokio::test]
async fn concurrent_calls_share_one_process() {
    // STDIO-02
    let client = client(&["new"]);
    let held = (0..20).map(|_| call(&client, "hold", json!({})));
    let held = join_all(held);
    let released = async {
        // After the others, because requests are written in order.
        tokio::task::yield_now().await;
        call(&client, "release", json!({})).await
    };
    let (held, released) = with_timeout(async { tokio::join!(held, released) }).await;
    assert_eq!(released.unwrap(), "released");
    let held: Result<Vec<_>, _> = held.into_iter().collect();
    assert_eq!(held.unwrap().len(), 20);
}

#[tokio::test]
async fn server_requests_and_progress_arrive_during_a_call() {
    for era in ["old", "new"] {
        let client = client(&[era]);
        let progress_count: Arc<Mutex<usize>> = Arc::default();
        let progress = Arc::clone(&progress_count);
        let telling = client
            .with_options(CallOptions::new().on_progress(move |_| *progress.lock().unwrap() += 1));
        assert_eq!(call(&telling, "tell", json!({})).await.unwrap(), "told");
        assert_eq!(*progress_count.lock().unwrap(), 1);
        if era == "old" {
            assert_eq!(call(&client, "ask", json!({})).await.unwrap(), "{}");
        }
    }
}

#[tokio::test]
async fn large_messages_are_sent_and_received() {
    let client = client(&["new"]);
    let long = "x".repeat(3_000_000);
    let echoed = call(&client, "echo", json!({ "long": long })).await.unwrap();
    assert_eq!(serde_json::from_str::<Value>(&echoed).unwrap()["long"], long);
}

#[tokio::test]
async fn late_response_to_a_dropped_call_is_ignored() {
    // N-CANC-01
    let client = client(&["new"]);
    let before = pid(&client).await;
    let calling = client.clone();
    let held = tokio::spawn(async move { calling.call_tool("hold", ()).await });
    let releasing = async { while call(&client, "echo", json!({})).await.is_err() {} };
    with_timeout(releasing).await;
    held.abort();
    assert!(held.await.is_err());
    assert_eq!(pid(&client).await, before);
}

#[tokio::test]
async fn lists_and_calls_work_in_all_versions() {
    for era in ["old", "new"] {
        let client = client(&[era]);
        let list = with_timeout(client.list_tools()).await.unwrap();
        assert_eq!(list.tools[0].name, "pid");
        let result = with_timeout(client.call_tool("echo", json!({ "b": [1] }))).await.unwrap();
        assert_eq!(text(&result), r#"{"b":[1]}"#);
    }
}

#[tokio::test]
async fn clones_share_a_process_started_by_the_first_call() {
    let transport = server(&["new"]).build();
    let client = Client::new(transport.clone());
    let pids = join_all((0..8).map(|_| pid(&client))).await;
    assert!(pids.iter().all(|pid| *pid == pids[0]), "{pids:?}");
}
