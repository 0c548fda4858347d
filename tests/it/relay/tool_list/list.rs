//! Reading and naming of listed tools.

use insta::assert_snapshot;
use relay::ServerTools;
use serde_json::{Value, json};

use crate::relay::support::{relay_of, server_with};
use crate::support::{describe_result, error, json, result, sse};

/// The tools of a list with these entries.
async fn tools_of(entries: &Value) -> ServerTools {
    let server = server_with("tools/list", [result(&json!({ "tools": entries }))]).await;
    relay_of(&server).tools("main").await.expect("a list")
}

/// The tools with their names, and the skipped ones with the reasons, one line each.
fn describe(tools: &ServerTools) -> String {
    let offered = tools.iter().map(|tool| format!("{} is {}", tool.name(), tool.definition().name));
    let invalid = tools.invalid().iter().map(|entry| {
        format!("invalid {}: {}", entry.name.as_deref().unwrap_or("(no name)"), entry.reason)
    });
    offered.chain(invalid).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn tool_definition_keeps_all_known_fields() {
    let tools = tools_of(&json!([{
        "name": "add",
        "title": "Add",
        "description": "Adds numbers",
        "inputSchema": { "type": "object" },
        "outputSchema": { "type": "object", "properties": { "sum": { "type": "number" } } },
        "annotations": { "readOnlyHint": true, "x": 1 },
        "icons": [{ "src": "https://a.example/i.png" }],
        "_meta": { "a.example/b": 1 },
        "unknown": true,
    }]))
    .await;
    assert_eq!((tools.len(), tools.is_empty()), (1, false));
    let tool = tools.get("add").unwrap();
    assert_eq!((tool.name(), tool.server()), ("relay__main__add", "main"));
    assert_eq!(tool.description(), "Adds numbers");
    let definition = tool.definition();
    assert_eq!(definition.title.as_deref(), Some("Add"));
    let output = definition.output_schema.as_ref().unwrap();
    assert_snapshot!(output.as_str(), @r#"{"type":"object","properties":{"sum":{"type":"number"}}}"#);
    assert_eq!(definition.annotations.as_ref().unwrap().read_only_hint, Some(true));
    assert_eq!(definition.icons.as_ref().unwrap().len(), 1);
    assert_eq!(definition.meta.as_ref().unwrap()["a.example/b"], 1);
}

#[tokio::test]
async fn input_schemas_are_kept_byte_for_byte() {
    // SCHEMA-04, TOOL-04, traps 22
    for schema in [
        r#"{"type":"object"}"#,
        r#"{"type":"object","additionalProperties":false}"#,
        r##"{ "type":"object", "$defs": {"p":{"type":"object","properties":{"x":{"$ref":"#/$defs/p"}}}}, "properties":{"p":{"$ref":"#/$defs/p"}} }"##,
        r#"{"type":"object","properties":{"z":{"anyOf":[{"type":"string"},{"type":"null"}]},"a":{"enum":[1,1.0,1e2,"x"]}},"required":["z"]}"#,
        r#"{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","oneOf":[{"required":["a"]},{"required":["b"]}],"x-own":{"deep":[[[]]]},"patternProperties":{"^x":{}}}"#,
        r#"{"type":"object","properties":{"big":{"maximum":123456789012345678901234567890.5,"const":1.10}},"description":"\u00e9\/✓"}"#,
    ] {
        let list = r#"{"jsonrpc":"2.0","id":$id,"result":{"tools":[{"name":"t","inputSchema":"#;
        let server = server_with("tools/list", [json(&format!("{list}{schema}}}]}}}}"))]).await;
        let tools = relay_of(&server).tools("main").await.unwrap();
        assert_eq!(tools.get("t").unwrap().input_schema().as_str(), schema);
    }
}

#[tokio::test]
async fn invalid_tools_are_skipped_with_a_reason() {
    // TOOL-04
    let object = json!({ "type": "object" });
    let tools = tools_of(&json!([
        { "name": "first", "inputSchema": object },
        { "inputSchema": object },
        { "name": "no-schema" },
        { "name": "null-schema", "inputSchema": null },
        { "name": "list-schema", "inputSchema": [] },
        { "name": "text-schema", "inputSchema": "object" },
        { "name": "true-schema", "inputSchema": true },
        { "name": 5, "inputSchema": object },
        { "name": "bad-description", "description": 5, "inputSchema": object },
        "no-object",
        null,
        { "name": "first", "inputSchema": object, "description": "again" },
        { "name": "last", "inputSchema": object },
    ]))
    .await;
    assert_snapshot!(describe(&tools), @r#"
    relay__main__first is first
    relay__main__last is last
    invalid (no name): .name: missing, required by Tool at line 1 column 33
    invalid no-schema: .inputSchema: missing, required by Tool at line 1 column 20
    invalid null-schema: .inputSchema: invalid type: null, expected an object (JSON Schema) at line 1 column 41
    invalid list-schema: .inputSchema: invalid type: an array, expected an object (JSON Schema) at line 1 column 39
    invalid text-schema: .inputSchema: invalid type: a string, expected an object (JSON Schema) at line 1 column 45
    invalid true-schema: .inputSchema: invalid type: a boolean, expected an object (JSON Schema) at line 1 column 41
    invalid (no name): .name: invalid type: integer `5`, expected a string at line 1 column 9
    invalid bad-description: .description: invalid type: integer `5`, expected a string at line 1 column 41
    invalid (no name): invalid type: string "no-object", expected an object (Tool) at line 1 column 11
    invalid (no name): invalid type: null, expected an object (Tool) at line 1 column 4
    invalid first: duplicate tool name
    "#);
    assert_eq!(tools.get("first").unwrap().description(), "");
}

#[tokio::test]
async fn input_schemas_must_be_of_type_object() {
    // TOOL-04: model providers reject whole requests with other schemas
    let tools = tools_of(&json!([
        { "name": "untyped", "inputSchema": {} },
        { "name": "string", "inputSchema": { "type": "string" } },
        { "name": "either", "inputSchema": { "type": ["object", "null"] } },
        { "name": "deep", "inputSchema": { "properties": { "type": { "type": "object" } } } },
        { "name": "object", "inputSchema": { "properties": {}, "type": "object" } },
    ]))
    .await;
    assert_snapshot!(describe(&tools), @r#"
    relay__main__object is object
    invalid untyped: input schema: expected type "object"
    invalid string: input schema: expected type "object"
    invalid either: input schema: expected type "object"
    invalid deep: input schema: expected type "object"
    "#);
}

#[tokio::test]
async fn missing_description_is_empty() {
    let tools = tools_of(&json!([
        { "name": "absent", "inputSchema": { "type": "object" } },
        { "name": "null", "description": null, "inputSchema": { "type": "object" } },
        { "name": "empty", "description": "", "inputSchema": { "type": "object" } },
    ]))
    .await;
    assert_eq!(tools.iter().map(|tool| tool.description().to_owned()).collect::<Vec<_>>(), [""; 3]);
}

#[tokio::test]
async fn tool_names_are_valid_for_every_provider() {
    // TOOL-02, TOOL-03
    let long = "x".repeat(128);
    let names = ["add", "Add", "a.b", "a/b", "a b", "\u{e4}\u{2713}", "", "a__b", &long];
    let entries: Vec<_> = names
        .iter()
        .map(|name| json!({ "name": name, "inputSchema": { "type": "object" } }))
        .collect();
    let tools = tools_of(&json!(entries)).await;
    assert_snapshot!(describe(&tools), @"
    relay__main__add is add
    relay__main__Add is Add
    relay__main__a_b_ef2ed03755 is a.b
    relay__main__a_b_974f53411c is a/b
    relay__main__a_b_3a34e7549f is a b
    relay__main_____b5da123d80 is ä✓
    relay__main___76e04c1af2 is 
    relay__main__a__b is a__b
    relay__main__xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_35432aa1e7 is xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
    ");
    for (tool, name) in tools.iter().zip(names) {
        // A tool is found by both names.
        assert_eq!(tools.get(tool.name()).unwrap().definition().name, name);
        assert_eq!(tools.get(name).unwrap().name(), tool.name());
    }
    assert!(tools.get("ADD").is_none() && tools.get("relay__other__add").is_none());
}

#[tokio::test]
async fn full_name_precedes_short_name() {
    let tools = tools_of(&json!([
        { "name": "add", "description": "right", "inputSchema": { "type": "object" } },
        { "name": "relay__main__add", "description": "wrong", "inputSchema": { "type": "object" } },
    ]))
    .await;
    assert_eq!(tools.get("relay__main__add").unwrap().description(), "right");
}

#[tokio::test]
async fn server_may_have_no_tools() {
    let tools = tools_of(&json!([])).await;
    assert_eq!((tools.len(), tools.is_empty(), tools.invalid().len()), (0, true, 0));
}

#[tokio::test]
async fn list_may_arrive_as_an_event_stream() {
    let list = result(&json!({ "tools": [{ "name": "a", "inputSchema": { "type": "object" } }] }));
    let server = server_with("tools/list", [list.into_event_stream()]).await;
    assert_eq!(describe(&relay_of(&server).tools("main").await.unwrap()), "relay__main__a is a");
}

#[tokio::test]
async fn pages_are_merged_into_one_list() {
    let page = |name: &str, next: Value| {
        let tool = json!({ "name": name, "inputSchema": { "type": "object" } });
        result(&json!({ "tools": [tool], "nextCursor": next }))
    };
    let server = server_with("tools/list", [page("a", json!("2")), page("b", Value::Null)]).await;
    assert_snapshot!(describe(&relay_of(&server).tools("main").await.unwrap()), @"
    relay__main__a is a
    relay__main__b is b
    ");
}

#[tokio::test]
async fn invalid_list_is_a_tool_definition_error() {
    let mut outcomes = String::new();
    for response in [
        result(&json!({ "tools": {} })),
        result(&json!({ "tools": null })),
        result(&json!({ "tools": "none" })),
        result(&json!({})),
        result(&json!([])),
        json("nonsense"),
        sse("data: nonsense\n\n"),
        result(&json!({ "tools": [], "nextCursor": 5 })),
        result(&json!({ "tools": [], "nextCursor": "x" })),
        error(-32601, "Method not found", &Value::Null),
    ] {
        let server = server_with("tools/list", [response]).await;
        outcomes += &describe_result(relay_of(&server).tools("main").await);
        outcomes += "\n";
    }
    assert_snapshot!(outcomes, @r#"
    server "main": no usable tool list
      "tools/list": invalid response
      result.tools: invalid type: map, expected an array at line 1 column 42
    -> ToolDefinition
    server "main": no usable tool list
      "tools/list": invalid response
      result.tools: invalid type: null, expected an array at line 1 column 46
    -> ToolDefinition
    server "main": no usable tool list
      "tools/list": invalid response
      result.tools: invalid type: string, expected an array at line 1 column 48
    -> ToolDefinition
    server "main": no usable tool list
      "tools/list": invalid response
      result.tools: missing, required by ListToolsResult at line 1 column 35
    -> ToolDefinition
    server "main": no usable tool list
      "tools/list": invalid response
      result: invalid type: sequence, expected an object (ListToolsResult) at line 1 column 33
    -> ToolDefinition
    server "main": no usable tool list
      "tools/list": invalid response
      expected ident at line 1 column 2
    -> ToolDefinition
    server "main": connection closed
      "tools/list": the stream ended before the response; last message: expected a response, got the text "nonsense"
    -> Transport Closed, retryable
    server "main": no usable tool list
      "tools/list": invalid response
      result.nextCursor: invalid type: integer `5`, expected a string at line 1 column 59
    -> ToolDefinition
    server "main": no usable tool list
      "tools/list": the list repeats a cursor and would never end
    -> ToolDefinition
    server "main": JSON-RPC error -32601
      "tools/list" failed: Method not found (code -32601)
    -> Transport Rpc(-32601)
    "#);
}

#[tokio::test]
async fn server_without_the_tools_capability_is_an_error() {
    let opening = result(&json!({
        "protocolVersion": "2025-11-25",
        "capabilities": { "prompts": {} },
        "serverInfo": { "name": "peer", "version": "1" },
    }));
    let server = server_with("initialize", [opening]).await;
    assert_snapshot!(describe_result(relay_of(&server).tools("main").await), @r#"
    server "main": no usable tool list
      "tools/list": the server does not declare the capability "tools"
    -> ToolDefinition, did not run
    "#);
}
