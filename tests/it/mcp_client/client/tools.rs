//! Listing and calling tools.

use crate::support::{Script, ScriptedServer, describe_result, error, result};
use insta::assert_snapshot;
use mcp_client::Deviation;
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};

fn initialize_response_with(capabilities: &Value) -> crate::support::ScriptedResponse {
    result(&json!({
        "protocolVersion": "2025-11-25",
        "capabilities": capabilities,
        "serverInfo": { "name": "peer", "version": "1" },
    }))
}

#[tokio::test]
async fn tools_are_not_listed_or_called_without_the_capability() {
    // TOOL-01, LIFE-09, LIFE-15
    for capabilities in [json!({ "prompts": {} }), json!({ "prompts": {}, "tools": null })] {
        let server =
            Script::new().on("initialize", initialize_response_with(&capabilities)).start().await;
        let client = server.client();
        let expected = "the capability \"tools\"";
        assert!(describe_result(client.list_tools().await).contains(expected), "{capabilities}");
        assert!(
            describe_result(client.call_tool("add", ()).await).contains(expected),
            "{capabilities}"
        );
        assert_eq!(server.requests_of("tools/list").await.len(), 0);
        assert_eq!(server.requests_of("tools/call").await.len(), 0);
    }
    let opening = initialize_response_with(&json!({ "prompts": {} }));
    let server = Script::new().on("initialize", opening).start().await;
    assert_snapshot!(describe_result(server.client().list_tools().await), @r#"
    "tools/list": the server does not declare the capability "tools"
    -> MissingCapability, did not run
    "#);
}

#[tokio::test]
async fn tools_are_listed_if_the_server_declares_no_capabilities_at_all() {
    let opening = || initialize_response_with(&json!({}));
    let server = Script::new().on("initialize", opening()).start().await;
    let client = server.client();
    assert_eq!(client.list_tools().await.unwrap().tools.len(), 1);
    assert_eq!(client.deviations(), [(Deviation::NoCapabilities, 1)]);
    let rejected = error(-32601, "Method not found", &Value::Null);
    let server = Script::new().on("initialize", opening()).on("tools/list", rejected).start().await;
    assert_snapshot!(describe_result(server.client().list_tools().await), @r#"
    "tools/list" failed: Method not found (code -32601)
    -> Rpc
    "#);
}

#[tokio::test]
async fn arguments_are_sent_as_an_object() {
    // TOOL-11
    #[derive(Serialize)]
    struct Numbers {
        a: f64,
        b: Option<i64>,
    }
    let server = ScriptedServer::start().await;
    let client = server.client();
    let raw: Box<RawValue> = serde_json::from_str(r#"{"z": 1.0, "a": 1e2}"#).unwrap();
    client.call_tool("add", ()).await.unwrap();
    client.call_tool("add", None::<Numbers>).await.unwrap();
    client.call_tool("add", json!({})).await.unwrap();
    client.call_tool("add", Numbers { a: 1.0, b: None }).await.unwrap();
    client.call_tool("add", raw).await.unwrap();
    client
        .call_tool(
            "Ünder/söre \"x\"",
            [("k", 1)].into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        )
        .await
        .unwrap();
    let calls = server.requests_of("tools/call").await;
    let calls: Vec<_> = calls.iter().map(|call| call.text().to_owned()).collect();
    assert_snapshot!(calls.join("\n"), @r#"
    {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"add","arguments":{},"_meta":{"progressToken":2}}}
    {"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"add","arguments":{},"_meta":{"progressToken":3}}}
    {"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"add","arguments":{},"_meta":{"progressToken":4}}}
    {"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"add","arguments":{"a":1.0,"b":null},"_meta":{"progressToken":5}}}
    {"jsonrpc":"2.0","id":6,"method":"tools/call","params":{"name":"add","arguments":{"z": 1.0, "a": 1e2},"_meta":{"progressToken":6}}}
    {"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"Ünder/söre \"x\"","arguments":{"k":1},"_meta":{"progressToken":7}}}
    "#);
}

#[tokio::test]
async fn arguments_other_than_an_object_are_not_sent() {
    let server = ScriptedServer::start().await;
    let client = server.client();
    for arguments in [json!([1]), json!("text"), json!(1), json!(true)] {
        assert!(client.call_tool("add", arguments).await.is_err());
    }
    assert_snapshot!(describe_result(client.call_tool("add", 5).await), @r#"
    "tools/call": invalid parameters
      the arguments must be a JSON object
    -> InvalidParams, did not run
    "#);
    assert_eq!(server.request_log().await, "");
}

#[tokio::test]
async fn list_params_are_sent_as_an_object() {
    // RPC-01: `tools/list` without a cursor
    let server = ScriptedServer::start().await;
    server.client().list_tools().await.unwrap();
    assert_snapshot!(server.requests_of("tools/list").await[0].text(), @r#"{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{}}"#);
}

#[tokio::test]
async fn tools_that_require_tasks_are_skipped() {
    // TOOL-09, TOOL-10
    let tool = |name: &str, support: &str| {
        json!({
            "name": name,
            "inputSchema": { "type": "object" },
            "execution": { "taskSupport": support },
        })
    };
    let tools =
        json!({ "tools": [tool("a", "forbidden"), tool("b", "optional"), tool("c", "required")] });
    let mut shown = String::new();
    for capabilities in [
        json!({ "tools": {}, "tasks": { "requests": { "tools": { "call": {} } } } }),
        json!({ "tools": {}, "tasks": {} }),
        json!({ "tools": {} }),
    ] {
        let script = Script::new().on("initialize", initialize_response_with(&capabilities));
        let server = script.on("tools/list", result(&tools)).start().await;
        let list = server.client().list_tools().await.unwrap();
        let names: Vec<_> = list.tools.iter().map(|tool| tool.name.as_str()).collect();
        shown += &format!("{names:?}, invalid {:?}\n", list.invalid);
    }
    assert_snapshot!(shown, @r#"
    ["a", "b"], invalid [InvalidEntry { name: Some("c"), reason: "runs only as a task, which this client does not support" }]
    ["a", "b", "c"], invalid []
    ["a", "b", "c"], invalid []
    "#);
}
