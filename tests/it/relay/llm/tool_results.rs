//! Tool results in the formats of LLM providers.

use insta::assert_snapshot;
use mcp_testkit::{CallResult, TestTool};
use relay::Provider;
use serde_json::{Value, json};

use super::support::{tool, tool_calls, toolset};

fn resource(uri: &str, kind: &str, key: &str, data: &str) -> Value {
    json!({ "type": "resource", "resource": { "uri": uri, "mimeType": kind, key: data } })
}

/// One tool for each kind of output.
fn tools_with_all_outputs() -> Vec<TestTool> {
    let text = |text: &str| json!({ "type": "text", "text": text });
    let data = |kind: &str, mime: &str| json!({ "type": kind, "data": "aGk=", "mimeType": mime });
    let one = |block: Value| CallResult::content([block]);
    let found = json!({ "found": 3 });
    let link = json!({ "type": "resource_link", "uri": "file:///a", "name": "a" });
    vec![
        tool("text", CallResult::content([text("one"), text("  "), text("two")])),
        tool("image", one(data("image", "image/png"))),
        tool("caption", CallResult::content([text("a chart"), data("image", "IMAGE/JPG; q=1")])),
        tool("gif", one(data("image", "image/gif"))),
        tool("drawing", one(data("image", "image/svg+xml"))),
        tool("audio", one(data("audio", "audio/wav"))),
        tool("embedded", one(resource("file:///a", "text/plain", "text", "in a"))),
        tool("pdf", one(resource("file:///b.pdf", "application/pdf", "blob", "aGk="))),
        tool("table", one(resource("file:///c.csv", "text/csv", "blob", "aGk="))),
        tool("link", one(link)),
        tool("json", CallResult::structured(found.clone())),
        tool("both", CallResult::text("three").member("structuredContent", found.clone())),
        tool("list", CallResult::structured(json!([1, 2]))),
        tool("failure", CallResult::tool_error("no such city")),
        tool("failed-image", one(data("image", "image/png")).member("isError", true)),
        tool("nothing", CallResult::content([])),
        tool("failed-nothing", CallResult::content([]).member("isError", true)),
        tool("spoiled", one(json!({ "type": "image", "data": "a!", "mimeType": "image/png" }))),
    ]
}

/// The result of each tool, one line each.
async fn results(provider: Provider) -> String {
    let (server, toolset) = toolset(tools_with_all_outputs()).await;
    let names: Vec<_> = toolset.iter().map(|tool| tool.name().to_owned()).collect();
    let calls: Vec<_> = names.iter().map(|name| ("call_1", name.as_str(), json!({}))).collect();
    let called = toolset.call_all(provider, tool_calls(provider, &calls)).await;
    assert_eq!((called.len(), server.violations()), (tools_with_all_outputs().len(), Vec::new()));
    let line = |called: &relay::ToolCallResult| {
        let output = called.result.as_ref().expect("an output");
        format!("{}: {}\n", &called.call.name[13..], provider.tool_result(&called.call, output))
    };
    called.iter().map(line).collect()
}

#[tokio::test]
async fn openai_chat_results_are_text() {
    assert_snapshot!(results(Provider::OpenAiChat).await, @r#"
    text: {"content":"one\ntwo","role":"tool","tool_call_id":"call_1"}
    image: {"content":"[Image data available]","role":"tool","tool_call_id":"call_1"}
    caption: {"content":"a chart\n[Image data available]","role":"tool","tool_call_id":"call_1"}
    gif: {"content":"[Image data available]","role":"tool","tool_call_id":"call_1"}
    drawing: {"content":"[Image data available]","role":"tool","tool_call_id":"call_1"}
    audio: {"content":"[Audio data available]","role":"tool","tool_call_id":"call_1"}
    embedded: {"content":"in a","role":"tool","tool_call_id":"call_1"}
    pdf: {"content":"[Resource file:///b.pdf]","role":"tool","tool_call_id":"call_1"}
    table: {"content":"[Resource file:///c.csv]","role":"tool","tool_call_id":"call_1"}
    link: {"content":"[Resource file:///a]","role":"tool","tool_call_id":"call_1"}
    json: {"content":"{\"found\":3}","role":"tool","tool_call_id":"call_1"}
    both: {"content":"three\n{\"found\":3}","role":"tool","tool_call_id":"call_1"}
    list: {"content":"[1,2]","role":"tool","tool_call_id":"call_1"}
    failure: {"content":"ERROR: no such city","role":"tool","tool_call_id":"call_1"}
    failed-image: {"content":"ERROR: [Image data available]","role":"tool","tool_call_id":"call_1"}
    nothing: {"content":"Tool executed successfully","role":"tool","tool_call_id":"call_1"}
    failed-nothing: {"content":"ERROR: Tool failed","role":"tool","tool_call_id":"call_1"}
    spoiled: {"content":"[Image data available]","role":"tool","tool_call_id":"call_1"}
    "#);
}

#[tokio::test]
async fn openai_responses_results_are_text_images_and_files() {
    assert_snapshot!(results(Provider::OpenAiResponses).await, @r#"
    text: {"call_id":"call_1","output":"one\ntwo","type":"function_call_output"}
    image: {"call_id":"call_1","output":[{"image_url":"data:image/png;base64,aGk=","type":"input_image"}],"type":"function_call_output"}
    caption: {"call_id":"call_1","output":[{"text":"a chart","type":"input_text"},{"image_url":"data:image/jpeg;base64,aGk=","type":"input_image"}],"type":"function_call_output"}
    gif: {"call_id":"call_1","output":[{"image_url":"data:image/gif;base64,aGk=","type":"input_image"}],"type":"function_call_output"}
    drawing: {"call_id":"call_1","output":"[Image data available]","type":"function_call_output"}
    audio: {"call_id":"call_1","output":"[Audio data available]","type":"function_call_output"}
    embedded: {"call_id":"call_1","output":"in a","type":"function_call_output"}
    pdf: {"call_id":"call_1","output":[{"file_data":"data:application/pdf;base64,aGk=","filename":"document.pdf","type":"input_file"}],"type":"function_call_output"}
    table: {"call_id":"call_1","output":"[Resource file:///c.csv]","type":"function_call_output"}
    link: {"call_id":"call_1","output":"[Resource file:///a]","type":"function_call_output"}
    json: {"call_id":"call_1","output":"{\"found\":3}","type":"function_call_output"}
    both: {"call_id":"call_1","output":"three\n{\"found\":3}","type":"function_call_output"}
    list: {"call_id":"call_1","output":"[1,2]","type":"function_call_output"}
    failure: {"call_id":"call_1","output":"ERROR: no such city","type":"function_call_output"}
    failed-image: {"call_id":"call_1","output":[{"text":"ERROR:","type":"input_text"},{"image_url":"data:image/png;base64,aGk=","type":"input_image"}],"type":"function_call_output"}
    nothing: {"call_id":"call_1","output":"Tool executed successfully","type":"function_call_output"}
    failed-nothing: {"call_id":"call_1","output":"ERROR: Tool failed","type":"function_call_output"}
    spoiled: {"call_id":"call_1","output":"[Image data available]","type":"function_call_output"}
    "#);
}

#[tokio::test]
async fn anthropic_results_are_text_images_and_documents() {
    assert_snapshot!(results(Provider::Anthropic).await, @r#"
    text: {"content":[{"text":"one","type":"text"},{"text":"two","type":"text"}],"is_error":false,"tool_use_id":"call_1","type":"tool_result"}
    image: {"content":[{"source":{"data":"aGk=","media_type":"image/png","type":"base64"},"type":"image"}],"is_error":false,"tool_use_id":"call_1","type":"tool_result"}
    caption: {"content":[{"text":"a chart","type":"text"},{"source":{"data":"aGk=","media_type":"image/jpeg","type":"base64"},"type":"image"}],"is_error":false,"tool_use_id":"call_1","type":"tool_result"}
    gif: {"content":[{"source":{"data":"aGk=","media_type":"image/gif","type":"base64"},"type":"image"}],"is_error":false,"tool_use_id":"call_1","type":"tool_result"}
    drawing: {"content":[{"text":"[Image data available]","type":"text"}],"is_error":false,"tool_use_id":"call_1","type":"tool_result"}
    audio: {"content":[{"text":"[Audio data available]","type":"text"}],"is_error":false,"tool_use_id":"call_1","type":"tool_result"}
    embedded: {"content":[{"text":"in a","type":"text"}],"is_error":false,"tool_use_id":"call_1","type":"tool_result"}
    pdf: {"content":[{"source":{"data":"aGk=","media_type":"application/pdf","type":"base64"},"type":"document"}],"is_error":false,"tool_use_id":"call_1","type":"tool_result"}
    table: {"content":[{"text":"[Resource file:///c.csv]","type":"text"}],"is_error":false,"tool_use_id":"call_1","type":"tool_result"}
    link: {"content":[{"text":"[Resource file:///a]","type":"text"}],"is_error":false,"tool_use_id":"call_1","type":"tool_result"}
    json: {"content":[{"text":"{\"found\":3}","type":"text"}],"is_error":false,"tool_use_id":"call_1","type":"tool_result"}
    both: {"content":[{"text":"three","type":"text"},{"text":"{\"found\":3}","type":"text"}],"is_error":false,"tool_use_id":"call_1","type":"tool_result"}
    list: {"content":[{"text":"[1,2]","type":"text"}],"is_error":false,"tool_use_id":"call_1","type":"tool_result"}
    failure: {"content":[{"text":"no such city","type":"text"}],"is_error":true,"tool_use_id":"call_1","type":"tool_result"}
    failed-image: {"content":[{"text":"[Image data available]","type":"text"}],"is_error":true,"tool_use_id":"call_1","type":"tool_result"}
    nothing: {"content":[{"text":"Tool executed successfully","type":"text"}],"is_error":false,"tool_use_id":"call_1","type":"tool_result"}
    failed-nothing: {"content":[{"text":"Tool failed","type":"text"}],"is_error":true,"tool_use_id":"call_1","type":"tool_result"}
    spoiled: {"content":[{"text":"[Image data available]","type":"text"}],"is_error":false,"tool_use_id":"call_1","type":"tool_result"}
    "#);
}

#[tokio::test]
async fn gemini_results_are_json_images_and_documents() {
    assert_snapshot!(results(Provider::Gemini).await, @r#"
    text: {"functionResponse":{"id":"call_1","name":"relay__main__text","response":{"output":"one\ntwo"}}}
    image: {"functionResponse":{"id":"call_1","name":"relay__main__image","parts":[{"inlineData":{"data":"aGk=","mimeType":"image/png"}}],"response":{"output":"attached"}}}
    caption: {"functionResponse":{"id":"call_1","name":"relay__main__caption","parts":[{"inlineData":{"data":"aGk=","mimeType":"image/jpeg"}}],"response":{"output":"a chart"}}}
    gif: {"functionResponse":{"id":"call_1","name":"relay__main__gif","response":{"output":"[Image data available]"}}}
    drawing: {"functionResponse":{"id":"call_1","name":"relay__main__drawing","response":{"output":"[Image data available]"}}}
    audio: {"functionResponse":{"id":"call_1","name":"relay__main__audio","response":{"output":"[Audio data available]"}}}
    embedded: {"functionResponse":{"id":"call_1","name":"relay__main__embedded","response":{"output":"in a"}}}
    pdf: {"functionResponse":{"id":"call_1","name":"relay__main__pdf","parts":[{"inlineData":{"data":"aGk=","mimeType":"application/pdf"}}],"response":{"output":"attached"}}}
    table: {"functionResponse":{"id":"call_1","name":"relay__main__table","response":{"output":"[Resource file:///c.csv]"}}}
    link: {"functionResponse":{"id":"call_1","name":"relay__main__link","response":{"output":"[Resource file:///a]"}}}
    json: {"functionResponse":{"id":"call_1","name":"relay__main__json","response":{"output":{"found":3}}}}
    both: {"functionResponse":{"id":"call_1","name":"relay__main__both","response":{"output":"three\n{\"found\":3}"}}}
    list: {"functionResponse":{"id":"call_1","name":"relay__main__list","response":{"output":[1,2]}}}
    failure: {"functionResponse":{"id":"call_1","name":"relay__main__failure","response":{"error":"no such city"}}}
    failed-image: {"functionResponse":{"id":"call_1","name":"relay__main__failed-image","parts":[{"inlineData":{"data":"aGk=","mimeType":"image/png"}}],"response":{"error":"attached"}}}
    nothing: {"functionResponse":{"id":"call_1","name":"relay__main__nothing","response":{"output":"Tool executed successfully"}}}
    failed-nothing: {"functionResponse":{"id":"call_1","name":"relay__main__failed-nothing","response":{"error":"Tool failed"}}}
    spoiled: {"functionResponse":{"id":"call_1","name":"relay__main__spoiled","response":{"output":"[Image data available]"}}}
    "#);
}

#[tokio::test]
async fn bedrock_results_are_text_json_images_and_documents() {
    assert_snapshot!(results(Provider::Bedrock).await, @r#"
    text: {"toolResult":{"content":[{"text":"one"},{"text":"two"}],"toolUseId":"call_1"}}
    image: {"toolResult":{"content":[{"image":{"format":"png","source":{"bytes":"aGk="}}}],"toolUseId":"call_1"}}
    caption: {"toolResult":{"content":[{"text":"a chart"},{"image":{"format":"jpeg","source":{"bytes":"aGk="}}}],"toolUseId":"call_1"}}
    gif: {"toolResult":{"content":[{"image":{"format":"gif","source":{"bytes":"aGk="}}}],"toolUseId":"call_1"}}
    drawing: {"toolResult":{"content":[{"text":"[Image data available]"}],"toolUseId":"call_1"}}
    audio: {"toolResult":{"content":[{"text":"[Audio data available]"}],"toolUseId":"call_1"}}
    embedded: {"toolResult":{"content":[{"text":"in a"}],"toolUseId":"call_1"}}
    pdf: {"toolResult":{"content":[{"document":{"format":"pdf","name":"document 1 of call1","source":{"bytes":"aGk="}}}],"toolUseId":"call_1"}}
    table: {"toolResult":{"content":[{"document":{"format":"csv","name":"document 1 of call1","source":{"bytes":"aGk="}}}],"toolUseId":"call_1"}}
    link: {"toolResult":{"content":[{"text":"[Resource file:///a]"}],"toolUseId":"call_1"}}
    json: {"toolResult":{"content":[{"json":{"found":3}}],"toolUseId":"call_1"}}
    both: {"toolResult":{"content":[{"text":"three"},{"json":{"found":3}}],"toolUseId":"call_1"}}
    list: {"toolResult":{"content":[{"text":"[1,2]"}],"toolUseId":"call_1"}}
    failure: {"toolResult":{"content":[{"text":"no such city"}],"status":"error","toolUseId":"call_1"}}
    failed-image: {"toolResult":{"content":[{"text":"[Image data available]"}],"status":"error","toolUseId":"call_1"}}
    nothing: {"toolResult":{"content":[{"text":"Tool executed successfully"}],"toolUseId":"call_1"}}
    failed-nothing: {"toolResult":{"content":[{"text":"Tool failed"}],"status":"error","toolUseId":"call_1"}}
    spoiled: {"toolResult":{"content":[{"text":"[Image data available]"}],"toolUseId":"call_1"}}
    "#);
}
