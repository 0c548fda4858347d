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
    text: {"role":"tool","tool_call_id":"call_1","content":"one\ntwo"}
    image: {"role":"tool","tool_call_id":"call_1","content":"[Image data available]"}
    caption: {"role":"tool","tool_call_id":"call_1","content":"a chart\n[Image data available]"}
    gif: {"role":"tool","tool_call_id":"call_1","content":"[Image data available]"}
    drawing: {"role":"tool","tool_call_id":"call_1","content":"[Image data available]"}
    audio: {"role":"tool","tool_call_id":"call_1","content":"[Audio data available]"}
    embedded: {"role":"tool","tool_call_id":"call_1","content":"in a"}
    pdf: {"role":"tool","tool_call_id":"call_1","content":"[Resource file:///b.pdf]"}
    table: {"role":"tool","tool_call_id":"call_1","content":"[Resource file:///c.csv]"}
    link: {"role":"tool","tool_call_id":"call_1","content":"[Resource file:///a]"}
    json: {"role":"tool","tool_call_id":"call_1","content":"{\"found\":3}"}
    both: {"role":"tool","tool_call_id":"call_1","content":"three\n{\"found\":3}"}
    list: {"role":"tool","tool_call_id":"call_1","content":"[1,2]"}
    failure: {"role":"tool","tool_call_id":"call_1","content":"ERROR: no such city"}
    failed-image: {"role":"tool","tool_call_id":"call_1","content":"ERROR: [Image data available]"}
    nothing: {"role":"tool","tool_call_id":"call_1","content":"Tool executed successfully"}
    failed-nothing: {"role":"tool","tool_call_id":"call_1","content":"ERROR: Tool failed"}
    spoiled: {"role":"tool","tool_call_id":"call_1","content":"[Image data available]"}
    "#);
}

#[tokio::test]
async fn openai_responses_results_are_text_images_and_files() {
    assert_snapshot!(results(Provider::OpenAiResponses).await, @r#"
    text: {"type":"function_call_output","call_id":"call_1","output":"one\ntwo"}
    image: {"type":"function_call_output","call_id":"call_1","output":[{"type":"input_image","image_url":"data:image/png;base64,aGk="}]}
    caption: {"type":"function_call_output","call_id":"call_1","output":[{"type":"input_text","text":"a chart"},{"type":"input_image","image_url":"data:image/jpeg;base64,aGk="}]}
    gif: {"type":"function_call_output","call_id":"call_1","output":[{"type":"input_image","image_url":"data:image/gif;base64,aGk="}]}
    drawing: {"type":"function_call_output","call_id":"call_1","output":"[Image data available]"}
    audio: {"type":"function_call_output","call_id":"call_1","output":"[Audio data available]"}
    embedded: {"type":"function_call_output","call_id":"call_1","output":"in a"}
    pdf: {"type":"function_call_output","call_id":"call_1","output":[{"type":"input_file","filename":"document.pdf","file_data":"data:application/pdf;base64,aGk="}]}
    table: {"type":"function_call_output","call_id":"call_1","output":"[Resource file:///c.csv]"}
    link: {"type":"function_call_output","call_id":"call_1","output":"[Resource file:///a]"}
    json: {"type":"function_call_output","call_id":"call_1","output":"{\"found\":3}"}
    both: {"type":"function_call_output","call_id":"call_1","output":"three\n{\"found\":3}"}
    list: {"type":"function_call_output","call_id":"call_1","output":"[1,2]"}
    failure: {"type":"function_call_output","call_id":"call_1","output":"ERROR: no such city"}
    failed-image: {"type":"function_call_output","call_id":"call_1","output":[{"type":"input_text","text":"ERROR:"},{"type":"input_image","image_url":"data:image/png;base64,aGk="}]}
    nothing: {"type":"function_call_output","call_id":"call_1","output":"Tool executed successfully"}
    failed-nothing: {"type":"function_call_output","call_id":"call_1","output":"ERROR: Tool failed"}
    spoiled: {"type":"function_call_output","call_id":"call_1","output":"[Image data available]"}
    "#);
}

#[tokio::test]
async fn anthropic_results_are_text_images_and_documents() {
    assert_snapshot!(results(Provider::Anthropic).await, @r#"
    text: {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}],"is_error":false}
    image: {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}}],"is_error":false}
    caption: {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"a chart"},{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"aGk="}}],"is_error":false}
    gif: {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"image","source":{"type":"base64","media_type":"image/gif","data":"aGk="}}],"is_error":false}
    drawing: {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"[Image data available]"}],"is_error":false}
    audio: {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"[Audio data available]"}],"is_error":false}
    embedded: {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"in a"}],"is_error":false}
    pdf: {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"aGk="}}],"is_error":false}
    table: {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"[Resource file:///c.csv]"}],"is_error":false}
    link: {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"[Resource file:///a]"}],"is_error":false}
    json: {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"{\"found\":3}"}],"is_error":false}
    both: {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"three"},{"type":"text","text":"{\"found\":3}"}],"is_error":false}
    list: {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"[1,2]"}],"is_error":false}
    failure: {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"no such city"}],"is_error":true}
    failed-image: {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"[Image data available]"}],"is_error":true}
    nothing: {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"Tool executed successfully"}],"is_error":false}
    failed-nothing: {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"Tool failed"}],"is_error":true}
    spoiled: {"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"[Image data available]"}],"is_error":false}
    "#);
}

#[tokio::test]
async fn gemini_results_are_json_images_and_documents() {
    assert_snapshot!(results(Provider::Gemini).await, @r#"
    text: {"functionResponse":{"name":"relay__main__text","response":{"output":"one\ntwo"},"id":"call_1"}}
    image: {"functionResponse":{"name":"relay__main__image","response":{"output":"attached"},"id":"call_1","parts":[{"inlineData":{"mimeType":"image/png","data":"aGk="}}]}}
    caption: {"functionResponse":{"name":"relay__main__caption","response":{"output":"a chart"},"id":"call_1","parts":[{"inlineData":{"mimeType":"image/jpeg","data":"aGk="}}]}}
    gif: {"functionResponse":{"name":"relay__main__gif","response":{"output":"[Image data available]"},"id":"call_1"}}
    drawing: {"functionResponse":{"name":"relay__main__drawing","response":{"output":"[Image data available]"},"id":"call_1"}}
    audio: {"functionResponse":{"name":"relay__main__audio","response":{"output":"[Audio data available]"},"id":"call_1"}}
    embedded: {"functionResponse":{"name":"relay__main__embedded","response":{"output":"in a"},"id":"call_1"}}
    pdf: {"functionResponse":{"name":"relay__main__pdf","response":{"output":"attached"},"id":"call_1","parts":[{"inlineData":{"mimeType":"application/pdf","data":"aGk="}}]}}
    table: {"functionResponse":{"name":"relay__main__table","response":{"output":"[Resource file:///c.csv]"},"id":"call_1"}}
    link: {"functionResponse":{"name":"relay__main__link","response":{"output":"[Resource file:///a]"},"id":"call_1"}}
    json: {"functionResponse":{"name":"relay__main__json","response":{"output":{"found":3}},"id":"call_1"}}
    both: {"functionResponse":{"name":"relay__main__both","response":{"output":"three\n{\"found\":3}"},"id":"call_1"}}
    list: {"functionResponse":{"name":"relay__main__list","response":{"output":[1,2]},"id":"call_1"}}
    failure: {"functionResponse":{"name":"relay__main__failure","response":{"error":"no such city"},"id":"call_1"}}
    failed-image: {"functionResponse":{"name":"relay__main__failed-image","response":{"error":"attached"},"id":"call_1","parts":[{"inlineData":{"mimeType":"image/png","data":"aGk="}}]}}
    nothing: {"functionResponse":{"name":"relay__main__nothing","response":{"output":"Tool executed successfully"},"id":"call_1"}}
    failed-nothing: {"functionResponse":{"name":"relay__main__failed-nothing","response":{"error":"Tool failed"},"id":"call_1"}}
    spoiled: {"functionResponse":{"name":"relay__main__spoiled","response":{"output":"[Image data available]"},"id":"call_1"}}
    "#);
}

#[tokio::test]
async fn bedrock_results_are_text_json_images_and_documents() {
    assert_snapshot!(results(Provider::Bedrock).await, @r#"
    text: {"toolResult":{"toolUseId":"call_1","content":[{"text":"one"},{"text":"two"}]}}
    image: {"toolResult":{"toolUseId":"call_1","content":[{"image":{"format":"png","source":{"bytes":"aGk="}}}]}}
    caption: {"toolResult":{"toolUseId":"call_1","content":[{"text":"a chart"},{"image":{"format":"jpeg","source":{"bytes":"aGk="}}}]}}
    gif: {"toolResult":{"toolUseId":"call_1","content":[{"image":{"format":"gif","source":{"bytes":"aGk="}}}]}}
    drawing: {"toolResult":{"toolUseId":"call_1","content":[{"text":"[Image data available]"}]}}
    audio: {"toolResult":{"toolUseId":"call_1","content":[{"text":"[Audio data available]"}]}}
    embedded: {"toolResult":{"toolUseId":"call_1","content":[{"text":"in a"}]}}
    pdf: {"toolResult":{"toolUseId":"call_1","content":[{"document":{"format":"pdf","name":"document 1 of call1","source":{"bytes":"aGk="}}}]}}
    table: {"toolResult":{"toolUseId":"call_1","content":[{"document":{"format":"csv","name":"document 1 of call1","source":{"bytes":"aGk="}}}]}}
    link: {"toolResult":{"toolUseId":"call_1","content":[{"text":"[Resource file:///a]"}]}}
    json: {"toolResult":{"toolUseId":"call_1","content":[{"json":{"found":3}}]}}
    both: {"toolResult":{"toolUseId":"call_1","content":[{"text":"three"},{"json":{"found":3}}]}}
    list: {"toolResult":{"toolUseId":"call_1","content":[{"text":"[1,2]"}]}}
    failure: {"toolResult":{"toolUseId":"call_1","content":[{"text":"no such city"}],"status":"error"}}
    failed-image: {"toolResult":{"toolUseId":"call_1","content":[{"text":"[Image data available]"}],"status":"error"}}
    nothing: {"toolResult":{"toolUseId":"call_1","content":[{"text":"Tool executed successfully"}]}}
    failed-nothing: {"toolResult":{"toolUseId":"call_1","content":[{"text":"Tool failed"}],"status":"error"}}
    spoiled: {"toolResult":{"toolUseId":"call_1","content":[{"text":"[Image data available]"}]}}
    "#);
}
