//! Arrays of messages, which only 2025-03-26 has.

use insta::assert_snapshot;

use crate::support::{Peer, Script, initialized, json, outcome, outline, sse};

const ANSWER: &str = r#"{"jsonrpc":"2.0","id":$id,"result":{"content":[]}}"#;
const LOG: &str =
    r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}"#;
const CHANGE: &str = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;
const PING: &str = r#"{"jsonrpc":"2.0","id":"p","method":"ping"}"#;

async fn peer_of(version: &str, messages: &[&str], streamed: bool) -> Peer {
    let batch = format!("[{}]", messages.join(","));
    let answer = if streamed { sse(&format!("data: {batch}\n\n")) } else { json(&batch) };
    let script = Script::new().on("initialize", initialized(version)).on("tools/call", answer);
    script.start().await
}

#[tokio::test]
async fn batches_are_accepted_under_2025_03_26_only() {
    // LIFE-17
    let mut shown = String::new();
    for version in ["2025-03-26", "2025-06-18", "2025-11-25", "2024-11-05"] {
        for streamed in [false, true] {
            let peer = peer_of(version, &[LOG, ANSWER], streamed).await;
            let outcome = outcome(peer.client().call_tool("add", ()).await);
            shown += &format!("{version}: {outcome}\n");
        }
    }
    assert_snapshot!(shown, @"
    2025-03-26: it went well
    2025-03-26: it went well
    2025-06-18: the answer to `tools/call` is not valid
      invalid type: sequence, expected a JSON-RPC message at line 1 column 0
    -> InvalidAnswer
    2025-06-18: the answer to `tools/call` is not valid
      invalid type: sequence, expected a JSON-RPC message at line 1 column 0
    -> InvalidAnswer
    2025-11-25: the answer to `tools/call` is not valid
      invalid type: sequence, expected a JSON-RPC message at line 1 column 0
    -> InvalidAnswer
    2025-11-25: the answer to `tools/call` is not valid
      invalid type: sequence, expected a JSON-RPC message at line 1 column 0
    -> InvalidAnswer
    2024-11-05: the answer to `tools/call` is not valid
      invalid type: sequence, expected a JSON-RPC message at line 1 column 0
    -> InvalidAnswer
    2024-11-05: the answer to `tools/call` is not valid
      invalid type: sequence, expected a JSON-RPC message at line 1 column 0
    -> InvalidAnswer
    ");
}

#[tokio::test]
async fn batch_without_the_response_is_an_error() {
    let mut shown = String::new();
    for messages in
        [&[][..], &[LOG], &[PING], &["1"], &[r#"{"jsonrpc":"2.0","id":77,"result":{}}"#]]
    {
        let peer = peer_of("2025-03-26", messages, false).await;
        shown += &outcome(peer.client().call_tool("add", ()).await);
        shown += "\n";
    }
    assert_snapshot!(shown, @"
    the answer to `tools/call` is not valid
      the stream ended before `tools/call` was answered
    -> InvalidAnswer
    the answer to `tools/call` is not valid
      the stream ended before `tools/call` was answered; of the last message: it is the notification `notifications/message`
    -> InvalidAnswer
    the answer to `tools/call` is not valid
      the stream ended before `tools/call` was answered
    -> InvalidAnswer
    the answer to `tools/call` is not valid
      invalid type: integer `1`, expected a JSON-RPC message at line 1 column 1
    -> InvalidAnswer
    the answer to `tools/call` is not valid
      the stream ended before `tools/call` was answered; of the last message: it answers request 77, not 2
    -> InvalidAnswer
    ");
}

#[tokio::test]
async fn server_requests_in_a_batch_are_answered() {
    // PING-01: in front of the answer to the call, and behind it
    for messages in [[CHANGE, PING, ANSWER], [ANSWER, PING, CHANGE]] {
        for streamed in [true, false] {
            let peer = peer_of("2025-03-26", &messages, streamed).await;
            let client = peer.client();
            client.call_tool("add", ()).await.unwrap();
            assert_eq!(client.tool_changes(), 1);
            let answers = peer.wait_for("answer", 1).await;
            let answered = r#"{"jsonrpc":"2.0","id":"p","result":{}}, [alice], 2025-03-26"#;
            assert_eq!(outline(&answers), answered);
        }
    }
}

#[tokio::test]
async fn batched_response_to_initialize_is_an_error() {
    let opening = initialized("2025-03-26");
    let peer = Script::new().on("initialize", opening.in_array()).start().await;
    assert_snapshot!(outcome(peer.client().list_tools().await), @"
    the answer to `initialize` is not valid
      invalid type: sequence, expected a JSON-RPC message at line 1 column 0
    -> InvalidAnswer, did not run
    ");
}
