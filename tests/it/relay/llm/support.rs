//! Tools, toolsets, and model responses in the formats of LLM providers.

use mcp_testkit::{CallResult, TestServer, TestServerBuilder, TestTool};
use relay::{Provider, Server, ToolCall, Toolset};
use serde_json::{Value, json};

use crate::relay::support::relay_with;

/// The providers whose messages differ.
pub(super) const PROVIDERS: [Provider; 5] = [
    Provider::OpenAiChat,
    Provider::OpenAiResponses,
    Provider::Anthropic,
    Provider::Gemini,
    Provider::Bedrock,
];

/// A tool that accepts any arguments, and always returns this result.
pub(super) fn tool(name: &str, response: CallResult) -> TestTool {
    TestTool::new(name, json!({ "type": "object" }), move |_| response.clone())
}

/// A server with these tools, and a toolset of it.
pub(super) async fn toolset(tools: impl IntoIterator<Item = TestTool>) -> (TestServer, Toolset) {
    let server = tools.into_iter().fold(TestServer::builder(), TestServerBuilder::tool);
    let server = server.start().await.expect("a free port");
    let relay = relay_with(Server::http(server.url()));
    let toolset = relay.without_token().toolset().required(["main"]).await.expect("a list");
    (server, toolset)
}

/// The tool calls of a [`model_response`].
pub(super) fn tool_calls(provider: Provider, calls: &[(&str, &str, Value)]) -> Vec<ToolCall> {
    provider.tool_calls(&model_response(provider, calls))
}

/// A model response with these tool calls: ids, names and arguments.
pub(super) fn model_response(provider: Provider, calls: &[(&str, &str, Value)]) -> Value {
    let calls = calls.iter().map(|(id, name, arguments)| match provider {
        Provider::OpenAiChat | Provider::OpenAiChatStrict => {
            let function = json!({ "name": name, "arguments": arguments.to_string() });
            json!({ "id": id, "type": "function", "function": function })
        }
        Provider::OpenAiResponses | Provider::OpenAiResponsesStrict => json!({
            "type": "function_call", "id": "fc_1", "call_id": id, "name": name,
            "arguments": arguments.to_string(),
        }),
        Provider::Anthropic | Provider::AnthropicStrict => {
            json!({ "type": "tool_use", "id": id, "name": name, "input": arguments })
        }
        Provider::Gemini | Provider::GeminiJsonSchema => {
            json!({ "functionCall": { "id": id, "name": name, "args": arguments } })
        }
        Provider::Bedrock => {
            json!({ "toolUse": { "toolUseId": id, "name": name, "input": arguments } })
        }
        other => panic!("{other:?} is new"),
    });
    let calls = calls.collect::<Vec<_>>();
    match provider {
        Provider::OpenAiChat | Provider::OpenAiChatStrict => {
            let message = json!({ "role": "assistant", "content": null, "tool_calls": calls });
            json!({ "choices": [{ "index": 0, "message": message }] })
        }
        Provider::OpenAiResponses | Provider::OpenAiResponsesStrict => {
            let thought = json!({ "type": "reasoning", "id": "rs_1", "summary": [] });
            let output: Vec<_> = [thought].into_iter().chain(calls).collect();
            json!({ "object": "response", "output": output })
        }
        Provider::Anthropic | Provider::AnthropicStrict => {
            let text = json!({ "type": "text", "text": "Let me look." });
            let content: Vec<_> = [text].into_iter().chain(calls).collect();
            json!({ "role": "assistant", "content": content, "stop_reason": "tool_use" })
        }
        Provider::Gemini | Provider::GeminiJsonSchema => {
            let content = json!({ "role": "model", "parts": calls });
            json!({ "candidates": [{ "content": content }] })
        }
        Provider::Bedrock => {
            let message = json!({ "role": "assistant", "content": calls });
            json!({ "output": { "message": message }, "stopReason": "tool_use" })
        }
        other => panic!("{other:?} is new"),
    }
}
