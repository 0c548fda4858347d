//! Calling tools.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use insta::assert_snapshot;
use serde::Serialize;
use serde_json::{json, value::RawValue};

use crate::relay::support::{relay_of, server_with};
use crate::support::{ALICE, ScriptedServer, describe_result, result};

#[tokio::test]
async fn arguments_may_be_any_serializable_object() {
    // TOOL-11
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Search {
        query: &'static str,
        page_size: u8,
        #[serde(skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
    }
    let server = ScriptedServer::start().await;
    let tool = relay_of(&server).tools("main").await.unwrap().get("add").unwrap();
    let raw: Box<RawValue> = serde_json::from_str(r#"{"z":1.10,"a":"\u00e9"}"#).unwrap();
    tool.call(json!({ "b": [1, null], "a": {} })).await.unwrap();
    tool.call(Search { query: "rust", page_size: 5, cursor: None }).await.unwrap();
    tool.call(&raw).await.unwrap();
    tool.call(BTreeMap::from([("k", 1)])).await.unwrap();
    tool.call(json!({})).await.unwrap();
    tool.call(()).await.unwrap();
    tool.call(None::<Search>).await.unwrap();
    let calls = server.requests_of("tools/call").await;
    let calls: Vec<_> = calls.iter().map(|call| call.text().to_owned()).collect();
    assert_snapshot!(calls.join("\n"), @r#"
    {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"add","arguments":{"b":[1,null],"a":{}},"_meta":{"progressToken":3}}}
    {"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"add","arguments":{"query":"rust","pageSize":5},"_meta":{"progressToken":4}}}
    {"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"add","arguments":{"z":1.10,"a":"\u00e9"},"_meta":{"progressToken":5}}}
    {"jsonrpc":"2.0","id":6,"method":"tools/call","params":{"name":"add","arguments":{"k":1},"_meta":{"progressToken":6}}}
    {"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"add","arguments":{},"_meta":{"progressToken":7}}}
    {"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"add","arguments":{},"_meta":{"progressToken":8}}}
    {"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"add","arguments":{},"_meta":{"progressToken":9}}}
    "#);
}

#[tokio::test]
async fn arguments_other_than_an_object_are_not_sent() {
    let server = ScriptedServer::start().await;
    let tools = relay_of(&server).tools("main").await.unwrap();
    let tool = tools.get("add").unwrap();
    for arguments in [json!([]), json!("{}"), json!(1), json!(false)] {
        let error = tool.call(&arguments).await.unwrap_err();
        assert!(matches!(error, relay::Error::ToolCall { .. }), "{arguments}: {error:?}");
        assert!(error.did_not_run());
    }
    // A map whose keys are not strings cannot be serialized as JSON.
    let keys = BTreeMap::from([(vec![1], 1)]);
    assert_snapshot!(describe_result(tool.call(keys).await), @r#"
    server "main": tool "add": invalid arguments
      "tools/call": invalid parameters
      key must be a string
    -> ToolCall, did not run
    "#);
    assert_snapshot!(describe_result(tools.call("add", [1]).await), @r#"
    server "main": tool "add": invalid arguments
      "tools/call": invalid parameters
      expected a JSON object
    -> ToolCall, did not run
    "#);
    assert_eq!(server.requests_of("tools/call").await.len(), 0);
}

#[tokio::test]
async fn tools_are_called_by_full_or_short_name() {
    let list = json!({ "tools": [{ "name": "a.b", "inputSchema": { "type": "object" } }] });
    let server = server_with("tools/list", [result(&list)]).await;
    let tools = relay_of(&server).with_token(ALICE).tools("main").await.unwrap();
    let name = tools.iter().next().unwrap().name().to_owned();
    assert_ne!(name, "relay__main__a.b");
    tools.call(&name, json!({})).await.unwrap();
    tools.call("a.b", json!({})).await.unwrap();
    for call in server.requests_of("tools/call").await {
        assert_eq!(call.json()["params"]["name"], "a.b");
    }
    assert_eq!(server.requests_of("tools/call").await.len(), 2);
}

#[tokio::test]
async fn unknown_tool_is_not_called() {
    let server = ScriptedServer::start().await;
    let tools = relay_of(&server).tools("main").await.unwrap();
    assert_snapshot!(describe_result(tools.call("relay__main__sub", json!({})).await), @r#"
    server "main": tool "relay__main__sub" not found; did you mean "relay__main__add"?
    -> UnknownTool, did not run
    "#);
    assert_snapshot!(describe_result(tools.call("Add", json!({})).await), @r#"
    server "main": tool "Add" not found; did you mean "add"?
    -> UnknownTool, did not run
    "#);
    assert_eq!(server.requests_of("tools/call").await.len(), 0);
}

#[tokio::test]
async fn concurrent_calls_share_one_session() {
    let server = ScriptedServer::start().await;
    let tools = relay_of(&server).with_token(ALICE).tools("main").await.unwrap();
    let calls = (0..20).map(|n| tools.call("add", json!({ "n": n })));
    for output in join_all(calls).await {
        assert_eq!(output.unwrap().text(), "3");
    }
    let calls = server.requests_of("tools/call").await;
    let mut ids: Vec<_> = calls.iter().filter_map(|call| call.json()["id"].as_i64()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 20);
    assert_eq!(server.requests_of("initialize").await.len(), 1);
}

#[tokio::test]
async fn tools_outlive_the_relay() {
    let server = ScriptedServer::start().await;
    let tool = relay_of(&server).with_token(ALICE).tools("main").await.unwrap().get("add").unwrap();
    let task = tokio::spawn(async move { tool.call(json!({})).await });
    assert_eq!(task.await.unwrap().unwrap().text(), "3");
}

#[tokio::test]
async fn connection_shares_the_session_of_the_user() {
    let server = ScriptedServer::start().await;
    let user = relay_of(&server).with_token(ALICE);
    user.tools("main").await.unwrap();
    user.connection("main").unwrap().call_tool("add", json!({})).await.unwrap();
    assert_snapshot!(server.request_log().await, @"
    initialize 1, [alice]
    notifications/initialized, [alice], session-1, 2025-11-25
    tools/list 2, [alice], session-1, 2025-11-25
    tools/call 3, [alice], session-1, 2025-11-25
    ");
}
