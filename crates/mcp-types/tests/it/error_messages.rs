//! Errors contain the path to the invalid value, the expected value and the actual one.

use std::fmt::Debug;

use insta::assert_snapshot;
use mcp_types::{JsonRpcMessage, Method, v2025_11_25, v2026_07_28::*};
use serde::de::DeserializeOwned;

use crate::support::reading::error;

/// Returns the error of a response to `M`, without its position.
fn answer<M: Method<Result: Debug + DeserializeOwned>>(result: &str) -> String {
    let text = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#);
    message::<M::Result>(&text)
}

fn message<R: Debug + DeserializeOwned>(text: &str) -> String {
    let error = error::<JsonRpcMessage<R>>(text);
    let (error, position) = error.rsplit_once(" at line 1 column ").expect(text);
    assert!(position.parse::<usize>().is_ok(), "{position}");
    error.to_owned()
}

/// Joins the messages, one a line.
fn lines(messages: &[String]) -> String {
    messages.join("\n")
}

#[test]
fn wrong_results_are_reported_with_their_path() {
    let tools = |tools: &[&str]| {
        let tools = tools.join(",");
        answer::<ListToolsRequest>(&format!(r#"{{"tools":[{tools}]}}"#))
    };
    let good = r#"{"name":"n","inputSchema":{}}"#;
    assert_snapshot!(lines(&[
        tools(&[good, good, good, r#"{"name":"n"}"#]),
        tools(&[good, r#"{"name":"n","inputSchema":null}"#]),
        tools(&[r#"{"name":"n","inputSchema":[]}"#]),
        tools(&[r#"{"name":7,"inputSchema":{}}"#]),
        tools(&[r#"{"name":"n","inputSchema":{},"icons":[{"sizes":[1]}]}"#]),
        tools(&[r#"{"name":"n","inputSchema":{},"annotations":{"readOnlyHint":"yes"}}"#]),
        tools(&["[]"]),
        answer::<ListToolsRequest>("{}"),
        answer::<ListToolsRequest>(r#"{"tools":{}}"#),
        answer::<ListToolsRequest>(r#"{"tools":[],"tools":[]}"#),
        answer::<ListToolsRequest>(r#"{"tools":[],"ttlMs":"1"}"#),
        answer::<ListToolsRequest>("null"),
    ]), @r#"
    result.tools[3].inputSchema: missing, required by Tool
    result.tools[1].inputSchema: invalid type: null, expected an object (JSON Schema)
    result.tools[0].inputSchema: invalid type: an array, expected an object (JSON Schema)
    result.tools[0].name: invalid type: integer `7`, expected a string
    result.tools[0].icons[0].sizes[0]: invalid type: integer `1`, expected a string
    result.tools[0].annotations.readOnlyHint: invalid type: string "yes", expected a boolean
    result.tools[0]: invalid type: sequence, expected an object (Tool)
    result.tools: missing, required by ListToolsResult
    result.tools: invalid type: map, expected an array
    result.tools: duplicate member
    result.ttlMs: invalid type: string "1", expected an integer
    result: invalid type: null, expected an object (ListToolsResult)
    "#);
}

#[test]
fn wrong_content_is_reported_with_its_path() {
    let content = |block: &str| answer::<CallToolRequest>(&format!(r#"{{"content":[{block}]}}"#));
    assert_snapshot!(lines(&[
        content(r#"{"type":"text"}"#),
        content(r#"{"text":"a"}"#),
        content(r#"{"type":1}"#),
        content(r#"{"type":"text","text":1}"#),
        content(r#"{"text":1,"type":"text"}"#),
        content(r#"{"type":"text","text":"","type":"image"}"#),
        content(r#"{"type":"resource","resource":{"text":""}}"#),
        content(r#"{"type":"resource_link","name":"n","uri":"a:b","size":"5"}"#),
        content("7"),
        answer::<CallToolRequest>(r#"{"resultType":1}"#),
        answer::<CallToolRequest>(r#"{"resultType":"complete"}"#),
        answer::<CallToolRequest>("[]"),
    ]), @r#"
    result.content[0].text: missing, required by ContentBlock "text"
    result.content[0].type: missing, required by ContentBlock
    result.content[0].type: invalid type: integer `1`, expected a string
    result.content[0].text: invalid type: integer `1`, expected a string
    result.content[0].text: invalid type: integer `1`, expected a string
    result.content[0].type: duplicate member
    result.content[0].resource.uri: missing, required by ResourceContents "text"
    result.content[0].size: invalid type: string "5", expected an integer
    result.content[0]: invalid type: integer `7`, expected an object (ContentBlock)
    result.resultType: invalid type: integer `1`, expected a string
    result.content: missing, required by CallToolResult
    result: invalid type: sequence, expected an object (CallToolResult or InputRequiredResult)
    "#);
}

#[test]
fn wrong_input_requests_are_reported_with_their_path() {
    let input = |request: &str| {
        let requests = format!(r#"{{"my input":{request}}}"#);
        let result = format!(r#"{{"resultType":"input_required","inputRequests":{requests}}}"#);
        answer::<CallToolRequest>(&result)
    };
    let sampling = |content: &str| {
        let messages = format!(r#"[{{"role":"user","content":{content}}}]"#);
        let params = format!(r#"{{"maxTokens":1,"messages":{messages}}}"#);
        input(&format!(r#"{{"method":"sampling/createMessage","params":{params}}}"#))
    };
    assert_snapshot!(lines(&[
        input(r#"{"method":"elicitation/create"}"#),
        input(r#"{"method":"elicitation/create","params":{"mode":"url"}}"#),
        input(r#"{"params":{},"method":"sampling/createMessage"}"#),
        sampling(r#""hi""#),
        sampling(r#"[{"type":"text","text":""},{"type":"text"}]"#),
    ]), @r#"
    result.inputRequests["my input"].params: missing, required by InputRequest "elicitation/create"
    result.inputRequests["my input"].params.message: missing, required by ElicitRequestParams "url"
    result.inputRequests["my input"].params.maxTokens: missing, required by CreateMessageRequestParams
    result.inputRequests["my input"].params.messages[0].content: invalid type: string "hi", expected an object or an array of objects
    result.inputRequests["my input"].params.messages[0].content[1].text: missing, required by SamplingMessageContentBlock "text"
    "#);
}

#[test]
fn wrong_metadata_and_capabilities_are_reported_with_their_path() {
    let meta = r#"{"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"n"}},"tools":[]}"#;
    let discovered = |capabilities: &str| {
        let result = format!(r#"{{"supportedVersions":[],"capabilities":{capabilities}}}"#);
        answer::<DiscoverRequest>(&result)
    };
    assert_snapshot!(lines(&[
        answer::<ListToolsRequest>(meta),
        discovered(r#"{"tools":true}"#),
        discovered(r#"{"tools":{"listChanged":1}}"#),
        answer::<DiscoverRequest>(r#"{"supportedVersions":"2026-07-28"}"#),
        answer::<v2025_11_25::InitializeRequest>(r#"{"capabilities":{}}"#),
    ]), @r#"
    result._meta["io.modelcontextprotocol/serverInfo"].version: missing, required by Implementation
    result.capabilities.tools: invalid type: boolean `true`, expected an object (ServerCapabilitiesTools)
    result.capabilities.tools.listChanged: invalid type: integer `1`, expected a boolean
    result.supportedVersions: invalid type: string "2026-07-28", expected an array
    result.protocolVersion: missing, required by InitializeResult
    "#);
}

#[test]
fn wrong_envelopes_are_reported_with_their_path() {
    let message = message::<ListToolsResult>;
    assert_snapshot!(lines(&[
        message(r#"{"jsonrpc":"2.0","id":1,"error":{"code":"x","message":""}}"#),
        message(r#"{"jsonrpc":"2.0","id":1,"error":{"code":1}}"#),
        message(r#"{"jsonrpc":"2.0","id":1.5,"result":{"tools":[]}}"#),
        message(r#"{"jsonrpc":"1.0","id":1,"result":{"tools":[]}}"#),
        message(r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"na"#),
    ]), @r#"
    error.code: invalid type: string "x", expected an integer
    error.message: missing, required by ErrorObject
    id: invalid value: floating point `1.5`, expected a string or an integer
    jsonrpc: invalid value: string "1.0", expected the string "2.0"
    result.tools[0]: EOF while parsing a string
    "#);
}

#[test]
fn paths_start_at_the_value_that_is_read() {
    let late =
        r#"{"x":1,"structuredContent":1,"content":[{"type":"text"}],"resultType":"complete"}"#;
    assert_snapshot!(lines(&[
        error::<Tool>(r#"{"name":"n","inputSchema":1}"#),
        error::<Tool>("1"),
        error::<TextContent>(r#"{"type":"image","text":""}"#),
        error::<TextContent>(r#"{"text":""}"#),
        error::<InputRequiredResult>(r#"{"inputRequests":{"a.b":[]}}"#),
        error::<<CallToolRequest as Method>::Result>(late),
    ]), @r#"
    .inputSchema: invalid type: a number, expected an object (JSON Schema) at line 1 column 28
    invalid type: integer `1`, expected an object (Tool) at line 1 column 1
    .type: expected "text", found "image" at line 1 column 15
    .type: missing, required by TextContent at line 1 column 11
    .inputRequests["a.b"]: invalid type: sequence, expected an object (InputRequest) at line 1 column 24
    .content[0].text: missing, required by ContentBlock "text" at line 1 column 55
    "#);
}
