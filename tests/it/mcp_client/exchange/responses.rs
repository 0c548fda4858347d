//! Invalid responses.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Script, ScriptedResponse, describe_result, error, json, sse, status};

/// Calls a tool once for each response, and describes the results.
async fn call_with_responses(responses: impl IntoIterator<Item = ScriptedResponse>) -> String {
    let mut shown = Vec::new();
    for response in responses {
        let server = Script::new().on("tools/call", response).start().await;
        shown.push(describe_result(server.client().call_tool("add", ()).await));
        // The call is not retried.
        assert_eq!(server.requests_of("tools/call").await.len(), 1);
    }
    shown.join("\n")
}

#[tokio::test]
async fn response_must_have_the_id_of_the_request() {
    // RPC-03, RPC-05
    assert_snapshot!(call_with_responses([
        json(r#"{"jsonrpc":"2.0","id":77,"result":{"content":[]}}"#),
        json(r#"{"jsonrpc":"2.0","id":"$id","result":{"content":[]}}"#),
        json(r#"{"jsonrpc":"2.0","id":77,"error":{"code":1,"message":"of another"}}"#),
        json(r#"{"jsonrpc":"2.0","id":null,"result":{"content":[]}}"#),
        json(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"cannot read it"}}"#),
        json(r#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"cannot read it"}}"#),
    ]).await, @r#"
    "tools/call": invalid response
      expected a response to request 2, got one to request 77
    -> InvalidResponse
    it went well
    "tools/call": invalid response
      expected a response to request 2, got one to request 77
    -> InvalidResponse
    "tools/call": invalid response
      id: missing, required for a result at line 1 column 51
    -> InvalidResponse
    "tools/call" failed: cannot read it (code -32700)
    -> Rpc
    "tools/call" failed: cannot read it (code -32700)
    -> Rpc
    "#);
}

#[tokio::test]
async fn response_must_be_either_a_valid_result_or_an_error() {
    // RPC-04, RPC-09
    assert_snapshot!(call_with_responses([
        json(r#"{"jsonrpc":"2.0","id":$id,"result":{"content":[]},"error":{"code":1,"message":"m"}}"#),
        json(r#"{"jsonrpc":"2.0","id":$id}"#),
        json(r#"{"jsonrpc":"2.0","id":$id,"result":null}"#),
        json(r#"{"jsonrpc":"2.0","id":$id,"result":[]}"#),
        json(r#"{"jsonrpc":"2.0","id":$id,"result":{}}"#),
        json(r#"{"jsonrpc":"2.0","id":$id,"result":{"tools":[]}}"#),
        json(r#"{"jsonrpc":"1.0","id":$id,"result":{"content":[]}}"#),
        json(r#"{"id":$id,"result":{"content":[]}}"#),
        json(r#"{"jsonrpc":"2.0","id":$id,"error":"broken"}"#),
        json(r#"{"jsonrpc":"2.0","id":$id,"error":{"code":"E1","message":"m"}}"#),
        json(r#"{"jsonrpc":"2.0","id":$id,"error":{"message":"m"}}"#),
    ]).await, @r#"
    "tools/call": invalid response
      more than one of "method", "result" and "error" at line 1 column 81
    -> InvalidResponse
    "tools/call": invalid response
      missing "method", "result" or "error" at line 1 column 24
    -> InvalidResponse
    "tools/call": invalid response
      result: invalid type: null, expected an object (CallToolResult or InputRequiredResult) at line 1 column 38
    -> InvalidResponse
    "tools/call": invalid response
      result: invalid type: sequence, expected an object (CallToolResult or InputRequiredResult) at line 1 column 33
    -> InvalidResponse
    "tools/call": invalid response
      result.content: missing, required by CallToolResult at line 1 column 35
    -> InvalidResponse
    "tools/call": invalid response
      result.content: missing, required by CallToolResult at line 1 column 45
    -> InvalidResponse
    "tools/call": invalid response
      jsonrpc: invalid value: string, expected the string "2.0" at line 1 column 16
    -> InvalidResponse
    "tools/call": invalid response
      jsonrpc: missing, required in all messages at line 1 column 32
    -> InvalidResponse
    "tools/call": invalid response
      error: invalid type: string, expected an object (ErrorObject) at line 1 column 40
    -> InvalidResponse
    "tools/call": invalid response
      error.code: invalid type: string, expected an integer at line 1 column 44
    -> InvalidResponse
    "tools/call": invalid response
      error.code: missing, required by ErrorObject at line 1 column 47
    -> InvalidResponse
    "#);
}

#[tokio::test]
async fn body_that_is_not_one_response_is_an_error() {
    assert_snapshot!(call_with_responses([
        json(""),
        json("{"),
        json("nonsense"),
        json("[]"),
        json(r#"[{"jsonrpc":"2.0","id":$id,"result":{"content":[]}}]"#),
        json("null"),
        json(r#"{"jsonrpc":"2.0","method":"notifications/message"}"#),
        json(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#),
        json("").body([b'"', 0xff, b'"']),
    ]).await, @r#"
    "tools/call": invalid response
      EOF while parsing a value at line 1 column 0
    -> InvalidResponse
    "tools/call": invalid response
      EOF while parsing an object at line 1 column 1
    -> InvalidResponse
    "tools/call": invalid response
      expected ident at line 1 column 2
    -> InvalidResponse
    "tools/call": invalid response
      invalid type: sequence, expected a JSON-RPC message at line 1 column 0
    -> InvalidResponse
    "tools/call": invalid response
      invalid type: sequence, expected a JSON-RPC message at line 1 column 0
    -> InvalidResponse
    "tools/call": invalid response
      invalid type: null, expected a JSON-RPC message at line 1 column 4
    -> InvalidResponse
    "tools/call": invalid response
      expected a response, got the notification "notifications/message"
    -> InvalidResponse
    "tools/call": invalid response
      expected a response, got a request
    -> InvalidResponse
    "tools/call": invalid response
      invalid unicode code point at line 1 column 2
    -> InvalidResponse
    "#);
}

#[tokio::test]
async fn accepted_without_a_response_is_an_error() {
    // HTTP-04
    let ok = r#"{"jsonrpc":"2.0","id":$id,"result":{"content":[]}}"#;
    assert_snapshot!(call_with_responses([status(202), status(204), json(ok).with_status(202)]).await, @r#"
    "tools/call": invalid response
      the server accepted the request but sent no response
    -> InvalidResponse
    expected JSON or an event stream from [server]/mcp, got a body without a content type
    -> Protocol
    it went well
    "#);
}

#[tokio::test]
async fn server_errors_keep_code_message_and_data() {
    // RPC-04, TOOL-22: whatever the code
    assert_snapshot!(call_with_responses([
        error(-32602, "Unknown tool: add", &Value::Null),
        error(-32603, "broken", &json!({ "at": [1, "x"] })),
        error(-32042, "sign in", &json!({ "elicitations": [{ "mode": "url", "url": "https://a.example" }] })),
        error(-32601, "what\u{1b}[2J?", &json!("text")),
        error(-32603, "streamed", &json!(1)).into_event_stream(),
        error(-32000, "busy", &Value::Null).with_status(503),
        error(-32600, "bad request", &Value::Null).with_status(400),
        json(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"no id"}}"#).with_status(400),
        json(r#"{"jsonrpc":"2.0","error":{"code":-32000,"message":"no id"}}"#).with_status(500),
    ]).await, @r#"
    "tools/call" failed: Unknown tool: add (code -32602)
    -> Rpc
    "tools/call" failed: broken (code -32603), data {"at":[1,"x"]}
    -> Rpc
    "tools/call" failed: sign in (code -32042), data {"elicitations":[{"mode":"url","url":"https://a.example"}]}
    -> Rpc
    "tools/call" failed: what [2J? (code -32601), data "text"
    -> Rpc
    "tools/call" failed: streamed (code -32603), data 1
    -> Rpc
    "tools/call" failed: busy (code -32000), HTTP status 503
    -> Rpc
    "tools/call" failed: bad request (code -32600), HTTP status 400
    -> Rpc
    "tools/call" failed: no id (code -32000), HTTP status 400
    -> Rpc
    "tools/call" failed: no id (code -32000), HTTP status 500
    -> Rpc
    "#);
}

#[tokio::test]
async fn stream_that_ends_without_the_response_is_interrupted() {
    // HTTP-10
    let ping = r#"data: {"jsonrpc":"2.0","id":"p","method":"ping"}"#;
    assert_snapshot!(call_with_responses([
        sse(""),
        sse(": comment\n\n"),
        sse("data: {\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"content\":[]}}\n"),
        sse("data: {\"jsonrpc\":\"2.0\",\"id\":$id,\"resu"),
        sse(&format!("{ping}\n\n")),
        sse("data: {\"jsonrpc\":\"2.0\",\"id\":77,\"result\":{\"content\":[]}}\n\n"),
    ]).await, @r#"
    "tools/call": the stream ended before the response
    -> Interrupted
    "tools/call": the stream ended before the response
    -> Interrupted
    "tools/call": the stream ended before the response
    -> Interrupted
    "tools/call": the stream ended before the response
    -> Interrupted
    "tools/call": the stream ended before the response
    -> Interrupted
    "tools/call": the stream ended before the response; last message: expected a response to request 2, got one to request 77
    -> Interrupted
    "#);
}

#[tokio::test]
async fn event_that_is_not_a_message_is_skipped() {
    assert_snapshot!(call_with_responses([
        sse("data: nonsense\n\n"),
        sse("data: []\n\n"),
        sse("data: {\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{}}\n\n"),
        sse("data: {}\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"content\":[]}}\n\n"),
    ]).await, @r#"
    "tools/call": the stream ended before the response; last message: expected a response, got the text "nonsense"
    -> Interrupted
    "tools/call": the stream ended before the response; last message: expected a response, got the text "[]"
    -> Interrupted
    "tools/call": invalid response
      result.content: missing, required by CallToolResult at line 1 column 35
    -> InvalidResponse
    it went well
    "#);
}
