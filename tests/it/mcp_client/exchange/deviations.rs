//! Deviations of real servers that the client accepts and counts.

use futures_util::StreamExt;
use mcp_client::{
    Deviation, ServerChange, SubscriptionFilter, mcp_types::v2026_07_28::ContentBlock,
};
use mcp_testkit::{CallResult, ServerNotification, TestServer, TestTool};
use serde_json::json;

use crate::support::{
    PROTOCOL_VERSIONS, Script, ScriptedResponse, error, json as body, result, start_and_connect,
    with_timeout,
};

/// Calls a tool whose response deviates. Returns the text of the result and the deviations.
async fn call(response: ScriptedResponse) -> (String, Vec<(Deviation, u64)>) {
    let server = Script::new().on("tools/call", response).start().await;
    let client = server.client();
    let result = client.call_tool("add", ()).await.expect("a result");
    let text = match result.content.first() {
        Some(ContentBlock::Text(text)) => text.text.clone(),
        _ => format!("{:?}", result.structured_content.map(|content| content.to_string())),
    };
    (text, client.deviations())
}

#[tokio::test]
async fn id_in_a_string_is_the_id_of_the_request() {
    for event_stream in [false, true] {
        let response = body(
            r#"{"jsonrpc":"2.0","id":"$id","result":{"content":[{"type":"text","text":"3"}]}}"#,
        );
        let response = if event_stream { response.into_event_stream() } else { response };
        let expected = vec![(Deviation::IdAsString, 1)];
        assert_eq!(call(response).await, ("3".to_owned(), expected));
    }
}

#[tokio::test]
async fn lone_surrogate_becomes_the_replacement_character() {
    for event_stream in [false, true] {
        let response = body(
            r#"{"jsonrpc":"2.0","id":$id,"result":{"content":[{"type":"text","text":"a\ud83d"}]}}"#,
        );
        let response = if event_stream { response.into_event_stream() } else { response };
        let expected = vec![(Deviation::LoneSurrogate, 1)];
        assert_eq!(call(response).await, ("a\u{fffd}".to_owned(), expected));
    }
}

#[tokio::test]
async fn byte_order_mark_before_a_message_is_skipped() {
    let response = result(&json!({ "content": [{ "type": "text", "text": "3" }] }));
    let expected = vec![(Deviation::ByteOrderMark, 1)];
    assert_eq!(call(response.with_prefix("\u{feff}")).await, ("3".to_owned(), expected));
}

#[tokio::test]
async fn structured_content_alone_is_a_result() {
    let response = result(&json!({ "structuredContent": { "a": 1 } }));
    let expected = vec![(Deviation::MissingContent, 1)];
    assert_eq!(call(response).await, (r#"Some("{\"a\":1}")"#.to_owned(), expected));
}

#[tokio::test]
async fn texts_in_an_event_stream_are_skipped() {
    let response = result(&json!({ "content": [{ "type": "text", "text": "3" }] }));
    let response = response.into_event_stream().with_prefix("data: hello\n\ndata: {}\n\n");
    let expected = vec![(Deviation::TextInStream, 2)];
    assert_eq!(call(response).await, ("3".to_owned(), expected));
}

#[tokio::test]
async fn texts_in_streams_of_both_versions_are_skipped() {
    for revision in PROTOCOL_VERSIONS {
        let tool = TestTool::new("wait", json!({ "type": "object" }), |_| CallResult::text("done"));
        let builder = TestServer::builder().allow_get(true).tool(tool);
        let (server, client) = start_and_connect(builder, revision).await;
        let mut changes = client.subscribe(SubscriptionFilter::new().tools()).await.unwrap();
        // On the GET stream of the session, or on the stream of the subscription.
        assert_eq!(server.send(&json!("keep-alive")), 1);
        server.push(&ServerNotification::ToolsChanged);
        let change = with_timeout(changes.next()).await.expect("a change").expect("no error");
        assert_eq!(change, ServerChange::Tools);
        client.call_tool("wait", ()).await.unwrap();
    }
}

#[tokio::test]
async fn valid_responses_are_no_deviations() {
    let response = result(&json!({ "content": [{ "type": "text", "text": "\u{1f600}" }] }));
    assert_eq!(call(response).await, ("\u{1f600}".to_owned(), Vec::new()));
    let server = Script::new().on("tools/call", error(-32602, "no", &json!(null))).start().await;
    let client = server.client();
    client.call_tool("add", ()).await.unwrap_err();
    assert_eq!(client.deviations(), []);
}
