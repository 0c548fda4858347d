//! The output of tools.

use insta::assert_snapshot;
use relay::ToolOutput;
use serde_json::{Value, json};

use crate::relay::support::{relay_of, server_with};
use crate::support::{ScriptedResponse, describe_result, json, result};

async fn output_of(response: ScriptedResponse) -> Result<ToolOutput, relay::Error> {
    let server = server_with("tools/call", [response]).await;
    relay_of(&server).tools("main").await?.call("add", json!({})).await
}

fn text_block(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

#[tokio::test]
async fn output_is_rendered_as_text() {
    // TOOL-12, TOOL-14, TOOL-18
    let image = json!({ "type": "image", "data": "aGk=", "mimeType": "image/png" });
    let mut shown = String::new();
    for output in [
        json!({ "content": [text_block("one")] }),
        json!({ "content": [text_block("one"), text_block("two")] }),
        json!({ "content": [text_block("one"), image, text_block("two")] }),
        json!({ "content": [image] }),
        json!({ "content": [image, image] }),
        json!({ "content": [] }),
        json!({ "content": [text_block("")] }),
        json!({ "content": [text_block("it broke")], "isError": true }),
        json!({ "content": [image], "isError": true }),
        json!({ "content": [], "isError": true }),
        json!({ "content": [text_block("3")], "structuredContent": { "sum": 3 } }),
        json!({ "content": [], "structuredContent": { "sum": 3 } }),
        json!({ "content": [{ "type": "audio", "data": "aGk=", "mimeType": "audio/wav" }] }),
        json!({ "content": [{ "type": "resource_link", "uri": "file:///a", "name": "a" }] }),
        json!({ "content": [{ "type": "resource", "resource": { "uri": "file:///a", "text": "in a" } }] }),
        json!({ "content": [{ "type": "resource", "resource": { "uri": "file:///a", "blob": "aGk=" } }] }),
        json!({ "content": [{ "type": "hologram", "data": 1 }] }),
        json!({ "content": [{ "type": "hologram", "data": 1 }, text_block("flat")] }),
    ] {
        let output = output_of(result(&output)).await.unwrap();
        shown += &format!("{:?}\n", output.text());
    }
    assert_snapshot!(shown, @r#"
    "one"
    "one\ntwo"
    "one\ntwo"
    "[Image data available]"
    "[Image data available]\n[Image data available]"
    "Tool executed successfully"
    "Tool executed successfully"
    "ERROR: it broke"
    "ERROR: [Image data available]"
    "ERROR: Tool executed"
    "3"
    "{\"sum\":3}"
    "[Audio data available]"
    "[Resource file:///a]"
    "in a"
    "[Resource file:///a]"
    "[Content of type \"hologram\"]"
    "flat"
    "#);
}

#[tokio::test]
async fn output_keeps_everything_the_server_sent() {
    // TOOL-12, TOOL-13, RPC-08
    let sent = json!({
        "content": [
            { "type": "text", "text": "a", "annotations": { "priority": 0.5 }, "_meta": { "k": 1 }, "x": 2 },
            { "type": "hologram", "data": [1] },
        ],
        "structuredContent": { "sum": 3, "deep": [{}] },
        "_meta": { "a.example/b": null },
        "x": true,
    });
    let output = output_of(result(&sent)).await.unwrap();
    assert_eq!(json!(output.content), sent["content"]);
    assert_eq!(output.structured_content, Some(sent["structuredContent"].clone()));
    assert!(!output.is_error);
    assert_eq!(json!(output.meta), sent["_meta"]);
}

#[tokio::test]
async fn tool_error_is_an_output() {
    // TOOL-14, TOOL-15, traps 24
    let failed = json!({ "content": [text_block("no such city")], "isError": true });
    let output = output_of(result(&failed)).await.unwrap();
    assert!(output.is_error);
    assert_eq!(output.text(), "ERROR: no such city");
}

#[tokio::test]
async fn output_may_arrive_as_an_event_stream() {
    // HTTP-06
    let output = output_of(result(&json!({ "content": [text_block("done")] })).into_event_stream())
        .await
        .unwrap();
    assert_eq!(output.text(), "done");
}

#[tokio::test]
async fn invalid_output_is_an_error() {
    let mut shown = String::new();
    for response in [
        result(&json!({})),
        result(&json!({ "content": "text" })),
        result(&json!({ "content": [{ "type": "text" }] })),
        result(&json!({ "content": [{ "text": "no type" }] })),
        result(&json!({ "content": [], "isError": "yes" })),
        json("nonsense"),
        json(r#"{"jsonrpc":"2.0","id":77,"result":{"content":[]}}"#),
    ] {
        shown += &describe_result(output_of(response).await);
        shown += "\n";
    }
    assert_snapshot!(shown, @r#"
    server "main": tool "add": invalid response
      "tools/call": invalid response
      result.content: missing, required by CallToolResult at line 1 column 35
    -> ToolCall
    server "main": tool "add": invalid response
      "tools/call": invalid response
      result.content: invalid type: string, expected an array at line 1 column 50
    -> ToolCall
    server "main": tool "add": invalid response
      "tools/call": invalid response
      result.content[0].text: missing, required by ContentBlock "text" at line 1 column 60
    -> ToolCall
    server "main": tool "add": invalid response
      "tools/call": invalid response
      result.content[0].type: missing, required by ContentBlock at line 1 column 63
    -> ToolCall
    server "main": tool "add": invalid response
      "tools/call": invalid response
      result.isError: invalid type: string, expected a boolean at line 1 column 62
    -> ToolCall
    server "main": tool "add": invalid response
      "tools/call": invalid response
      expected ident at line 1 column 2
    -> ToolCall
    server "main": tool "add": invalid response
      "tools/call": invalid response
      expected a response to request 3, got one to request 77
    -> ToolCall
    "#);
}
